//! An event that is to be published: its parts, which become an [`Event`] in a slot of the ring.

use super::{Event, Extras};
use crate::ring::{Fill, Sequence};
use crate::sync::{Arc, Moment};
use crate::topic::TopicRef;
use std::mem::{forget, needs_drop, replace};

/// An event without its sequence, which it gets where it is published.
pub(crate) struct Parts<P> {
    pub(crate) topic: TopicRef,
    pub(crate) published: Moment,
    pub(crate) extras: Option<Arc<Extras>>,
    #[cfg(feature = "tracing")]
    pub(crate) span: Option<tracing::Id>,
    pub(crate) payload: P,
}

/// What has to be dropped of an event that was overwritten.
#[allow(dead_code, reason = "kept to be dropped")]
pub(crate) struct Left<P> {
    extras: Option<Arc<Extras>>,
    #[cfg(feature = "tracing")]
    span: Option<tracing::Id>,
    payload: Option<P>,
}

impl<P> Fill<Event<P>> for Parts<P> {
    type Left = Left<P>;

    /// Mostly nothing.
    #[inline(always)]
    fn owns(&self) -> bool {
        #[cfg(feature = "tracing")]
        if self.span.is_some() {
            return true;
        }
        needs_drop::<P>() || self.extras.is_some()
    }

    #[inline(always)]
    fn value(self, sequence: Sequence) -> Event<P> {
        Event {
            sequence,
            topic: self.topic,
            published: self.published,
            extras: self.extras,
            #[cfg(feature = "tracing")]
            span: self.span,
            payload: self.payload,
        }
    }

    #[inline(always)]
    fn overwrite(self, sequence: Sequence, old: &mut Event<P>) -> Option<Left<P>> {
        old.sequence = sequence;
        // References of events in the ring are lent: dropping one would only ask whether it is.
        forget(replace(&mut old.topic, self.topic));
        old.published = self.published;
        let extras = replace(&mut old.extras, self.extras);
        #[cfg(feature = "tracing")]
        let span = replace(&mut old.span, self.span);
        let payload = replace(&mut old.payload, self.payload);
        Some(Left {
            extras,
            #[cfg(feature = "tracing")]
            span,
            payload: needs_drop::<P>().then_some(payload),
        })
    }
}

//! An event as subscribers see it.
//!
//! The ring carries it by value. Its topic is an interned name, which an event in the ring refers to without counting, and
//! an owned copy as an `Arc` does; what its publisher added stands in an allocation of its own, which events without it do
//! not have.
//! A publisher has the event's [`Parts`], which become an event in the slot of the sequence that they got.

mod id;
mod metadata;
mod parts;

pub use id::{EventId, IdError};
pub use metadata::Metadata;
pub(crate) use parts::Parts;

use crate::ring::Sequence;
use crate::sync::{Arc, Moment};
use crate::topic::{TopicName, TopicRef};
use std::fmt;
use std::time::SystemTime;

/// One published event: where and when it was published, its payload, and what its publisher
/// [added](crate::Bus::event). Immutable.
///
/// Cloning one clones the payload, and the clone keeps its topic on the bus; a payload above 256 bytes or one that owns memory is cheaper as `Arc<…>`.
///
/// # Examples
/// ```
/// let bus = eventcast::Bus::<u32>::builder().build()?;
/// let mut sub = bus.subscribe("orders.*")?;
/// bus.publish("orders.created", 7)?;
/// let event = sub.recv()?;
/// assert_eq!(event.topic(), "orders.created");
/// assert_eq!(event.sequence(), 0);
/// assert_eq!(*event.payload(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Event<P> {
    sequence: Sequence,
    topic: TopicRef,
    published: Moment,
    extras: Option<Arc<Extras>>,
    /// The span in which it was published.
    #[cfg(feature = "tracing")]
    span: Option<tracing::Id>,
    payload: P,
}

/// What a publisher can add to an event.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) id: Option<EventId>,
    pub(crate) message: Option<Box<str>>,
    pub(crate) metadata: Metadata,
    pub(crate) time: Option<SystemTime>,
}

impl Extras {
    /// Nothing where there is nothing: no allocation.
    pub(crate) fn shared(self) -> Option<Arc<Self>> {
        let Self { id, message, metadata, time } = &self;
        let any = id.is_some() || message.is_some() || !metadata.is_empty() || time.is_some();
        any.then(|| Arc::new(self))
    }
}

impl<P> Event<P> {
    /// What its publisher gave it.
    pub(crate) fn into_parts(self) -> (Option<Arc<Extras>>, P) {
        (self.extras, self.payload)
    }

    pub(crate) fn topic_name(&self) -> &TopicName {
        self.topic.name()
    }

    pub(crate) fn topic_ref(&self) -> &TopicRef {
        &self.topic
    }

    /// From now on it keeps its topic itself.
    #[inline]
    pub(crate) fn keep_topic(&mut self) {
        self.topic.count();
    }

    /// When the engine took it, whatever its publisher says.
    pub(crate) fn published(&self) -> Moment {
        self.published
    }

    /// Its position in the bus's total order: 0 first, no gaps.
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// What tells it from every other event, also of other buses; what its publisher [gave](crate::EventBuilder::id) it is the
    /// publisher's word.
    ///
    /// # Examples
    /// ```
    /// # let bus = eventcast::Bus::<u32>::builder().build()?;
    /// # let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("orders.created", 7)?;
    /// bus.publish("orders.created", 7)?;
    /// assert_ne!(sub.recv()?.id(), sub.recv()?.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id(&self) -> EventId {
        let given = self.extras.as_ref().and_then(|extras| extras.id);
        given.unwrap_or_else(|| EventId::own(self.topic_name().bus(), self.sequence()))
    }

    /// The topic it was published to.
    pub fn topic(&self) -> &str {
        self.topic_name().as_str()
    }

    /// When it was published, by the [clock](crate::Clock) of its bus, unless its publisher [set](crate::EventBuilder::time) a time.
    pub fn timestamp(&self) -> SystemTime {
        self.extras.as_ref().and_then(|extras| extras.time).unwrap_or_else(|| self.published.into())
    }

    /// What its publisher [says](crate::EventBuilder::message) of it.
    pub fn message(&self) -> Option<&str> {
        self.extras.as_ref()?.message.as_deref()
    }

    /// Texts that its publisher [added](crate::EventBuilder::metadata), by name.
    pub fn metadata(&self) -> &Metadata {
        self.extras.as_ref().map_or(Metadata::EMPTY, |extras| &extras.metadata)
    }

    /// The span in which it was published, of the publisher's `tracing` subscriber. It may have ended.
    ///
    /// # Examples
    /// ```
    /// # let bus = eventcast::Bus::<u32>::builder().build()?;
    /// # let mut sub = bus.subscribe("orders.*")?;
    /// tracing::info_span!("checkout").in_scope(|| bus.publish("orders.created", 7))?;
    /// let event = sub.recv()?;
    /// let span = tracing::info_span!("bookkeeping");
    /// span.follows_from(event.span());
    /// span.in_scope(|| println!("{}", event.payload()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "tracing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
    pub fn span(&self) -> Option<tracing::Id> {
        self.span.clone()
    }

    /// What it carries.
    pub fn payload(&self) -> &P {
        &self.payload
    }

    /// What it carries, without the rest.
    pub fn into_payload(self) -> P {
        self.payload
    }
}

impl<P: Clone> Event<P> {
    /// A copy that does not keep its topic.
    ///
    /// # Safety
    /// As [`TopicRef::lend_again`]'s, until the copy is dropped or [keeps its topic](Self::keep_topic).
    #[allow(unsafe_code, reason = "copies whose topic is counted once for many")]
    pub(crate) unsafe fn copy_lent(&self) -> Self {
        // SAFETY: as this function's.
        let topic = unsafe { self.topic.lend_again() };
        self.copy_with(topic)
    }

    #[inline]
    fn copy_with(&self, topic: TopicRef) -> Self {
        Self {
            sequence: self.sequence,
            topic,
            published: self.published,
            extras: self.extras.clone(),
            #[cfg(feature = "tracing")]
            span: self.span.clone(),
            payload: self.payload.clone(),
        }
    }
}

impl<P: Clone> Clone for Event<P> {
    #[inline]
    fn clone(&self) -> Self {
        self.copy_with(self.topic.clone())
    }
}

impl<P: fmt::Debug> fmt::Debug for Event<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut event = f.debug_struct("Event");
        event
            .field("sequence", &self.sequence())
            .field("topic", &self.topic())
            .field("timestamp", &self.timestamp());
        if let Some(extras) = &self.extras {
            event
                .field("id", &extras.id)
                .field("message", &extras.message)
                .field("metadata", &extras.metadata);
        }
        event.field("payload", &self.payload).finish()
    }
}

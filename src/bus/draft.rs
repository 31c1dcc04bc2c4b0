//! Publishing an event with more than its payload.

use super::error::{PublishError, TryPublishError, Turned};
use super::outlet::{Offer, Outlet};
use crate::event::{EventId, Extras, IdError};
use crate::ring::Sequence;
use crate::sync::Arc;
use crate::topic::{TopicError, TopicName};
use std::fmt;
use std::time::{Duration, SystemTime};

/// An event that is not published yet; see [`Bus::event`](super::Bus::event) and [`Topic::event`](super::Topic::event).
///
/// Publishing one allocates once if anything was added, and what is added is shared by all copies of the event.
///
/// # Examples
/// ```
/// use std::time::UNIX_EPOCH;
/// let bus = eventcast::Bus::<u32>::builder().build()?;
/// let mut sub = bus.subscribe("orders.*")?;
/// bus.event("orders.created")
///     .id("order-7")
///     .message("somebody ordered")
///     .metadata("tenant", "acme")
///     .time(UNIX_EPOCH)
///     .publish(7)?;
/// let event = sub.recv()?;
/// assert_eq!(event.id().to_string(), "order-7");
/// assert_eq!(event.message(), Some("somebody ordered"));
/// assert_eq!(event.metadata().get("tenant"), Some("acme"));
/// assert_eq!(event.timestamp(), UNIX_EPOCH);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an event is nothing until it is published"]
pub struct EventBuilder<'a, P: Send + Sync + 'static> {
    outlet: &'a Outlet<P>,
    topic: Result<Arc<TopicName>, TopicError>,
    extras: Extras,
    wrong_id: Option<IdError>,
}

impl<'a, P: Send + Sync + 'static> EventBuilder<'a, P> {
    pub(super) fn new(outlet: &'a Outlet<P>, topic: Result<Arc<TopicName>, TopicError>) -> Self {
        Self { outlet, topic, extras: Extras::default(), wrong_id: None }
    }

    /// What tells the event from others, 1 to [`EventId::MAX_LEN`] bytes; anything else is refused when the event is published.
    /// Nobody checks that it is unique. Default: an id of the bus.
    pub fn id(mut self, id: impl AsRef<str>) -> Self {
        let id = EventId::given(id.as_ref());
        self.wrong_id = id.err();
        self.extras.id = id.ok();
        self
    }

    /// What a person should read. Default: none.
    pub fn message(mut self, message: impl Into<Box<str>>) -> Self {
        self.extras.message = Some(message.into());
        self
    }

    /// Adds a text by name; one of the same name is replaced.
    pub fn metadata(mut self, name: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        self.extras.metadata.insert(name.as_ref(), text.as_ref());
        self
    }

    /// When it happened. Default: when it is published.
    pub fn time(mut self, time: SystemTime) -> Self {
        self.extras.time = Some(time);
        self
    }

    /// Publishes it with this payload; waits and fails as [`Bus::publish`](super::Bus::publish).
    ///
    /// # Errors
    /// [`PublishError`] with the payload.
    pub fn publish(self, payload: P) -> Result<Sequence, PublishError<P>> {
        let outlet = self.outlet;
        outlet.publish(self.build(payload)?)
    }

    /// As [`publish`](Self::publish), if there is room now. Never waits for room.
    ///
    /// # Errors
    /// [`TryPublishError`] with the payload.
    pub fn try_publish(self, payload: P) -> Result<Sequence, TryPublishError<P>> {
        let outlet = self.outlet;
        outlet.try_publish(self.build(payload)?)
    }

    /// As [`publish`](Self::publish), but waits for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// [`PublishError`] with the payload.
    pub fn publish_timeout(self, payload: P, timeout: Duration) -> Result<Sequence, PublishError<P>> {
        let outlet = self.outlet;
        outlet.publish_timeout(self.build(payload)?, timeout)
    }

    fn build(self, payload: P) -> Result<Offer<P>, Turned<P>> {
        let topic = match self.topic {
            Ok(topic) => topic,
            Err(error) => return Err(Turned::InvalidTopic(self.outlet.invalid_topic(payload, error))),
        };
        if let Some(error) = self.wrong_id {
            return Err(Turned::InvalidId(self.outlet.invalid_id(payload, error)));
        }
        Ok(self.outlet.event_with(&topic, self.extras.shared(), payload))
    }
}

impl<P: Send + Sync + 'static> fmt::Debug for EventBuilder<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBuilder")
            .field("topic", &self.topic.as_ref().map(|topic| topic.as_str()))
            .field("id", &self.extras.id)
            .field("message", &self.extras.message)
            .field("metadata", &self.extras.metadata)
            .field("time", &self.extras.time)
            .finish_non_exhaustive()
    }
}

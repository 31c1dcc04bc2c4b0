//! The way into the ring that the bus and its topic handles share.

use super::error::{Invalid, InvalidId, InvalidTopic, PublishError, TryPublishError};
use super::gate::{Gate, Turned, Verdict};
use super::stats::{Refused, Stats};
use crate::error::{self, PublishTimeoutError};
use crate::event::{Event, Extras, IdError};
use crate::ring::{Publisher, Sequence};
use crate::sync::{Arc, wall_clock};
use crate::topic::{TopicError, TopicName};
use std::time::{Duration, SystemTime};

/// One publisher for all of them: a handle of the ring remembers how far it may publish without looking at the subscribers,
/// and a topic that publishes seldom would look every time.
pub(super) struct Outlet<P: Send + Sync + 'static> {
    publisher: Publisher<Event<P>>,
    timeout: Option<Duration>,
    gate: Option<Box<Gate<P>>>,
    refused: Refused,
}

impl<P: Send + Sync + 'static> Outlet<P> {
    pub(super) fn new(
        publisher: Publisher<Event<P>>,
        timeout: Option<Duration>,
        gate: Option<Box<Gate<P>>>,
    ) -> Self {
        Self { publisher, timeout, gate, refused: Refused::default() }
    }

    pub(super) fn publisher(&self) -> &Publisher<Event<P>> {
        &self.publisher
    }

    /// An event with nothing but its payload.
    #[inline]
    pub(super) fn event(&self, topic: &Arc<TopicName>, payload: P) -> Event<P> {
        self.event_with(topic, wall_clock(), None, payload)
    }

    #[inline]
    pub(super) fn event_with(
        &self,
        topic: &Arc<TopicName>,
        time: SystemTime,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Event<P> {
        Event::new(self.publisher.next_sequence(), topic.clone(), time, extras, payload)
    }

    #[inline]
    pub(super) fn publish(&self, event: Event<P>) -> Result<Sequence, PublishError<P>> {
        if let Some(timeout) = self.timeout {
            return self.publish_timeout(event, timeout);
        }
        match self.publisher.publish(self.admit(event)?) {
            Ok(sequence) => Ok(sequence),
            Err(error) => {
                self.refused.closed.count();
                Err(PublishError::Closed(error.into_inner().into_payload()))
            }
        }
    }

    #[inline]
    pub(super) fn try_publish(&self, event: Event<P>) -> Result<Sequence, TryPublishError<P>> {
        match self.publisher.try_publish(self.admit(event)?) {
            Ok(sequence) => Ok(sequence),
            Err(error::TryPublishError::Full(event)) => {
                self.refused.full.count();
                Err(TryPublishError::Full(event.into_payload()))
            }
            Err(error::TryPublishError::Closed(event)) => {
                self.refused.closed.count();
                Err(TryPublishError::Closed(event.into_payload()))
            }
        }
    }

    #[inline]
    pub(super) fn publish_timeout(
        &self,
        event: Event<P>,
        timeout: Duration,
    ) -> Result<Sequence, PublishError<P>> {
        match self.publisher.publish_timeout(self.admit(event)?, timeout) {
            Ok(sequence) => Ok(sequence),
            Err(PublishTimeoutError::Timeout(event)) => {
                self.refused.timeout.count();
                Err(PublishError::Timeout(event.into_payload()))
            }
            Err(PublishTimeoutError::Closed(event)) => {
                self.refused.closed.count();
                Err(PublishError::Closed(event.into_payload()))
            }
        }
    }

    /// Lets an event through that the bus has nothing against.
    #[inline]
    fn admit(&self, event: Event<P>) -> Result<Event<P>, Turned<P>> {
        match &self.gate {
            None => Ok(event),
            Some(gate) => self.ask(gate, event),
        }
    }

    #[cold]
    fn ask(&self, gate: &Gate<P>, event: Event<P>) -> Result<Event<P>, Turned<P>> {
        match gate.check(&event) {
            Verdict::Passes => Ok(event),
            // Closed comes first: a closed bus has no opinion on payloads.
            _ if self.publisher.is_closed() => Ok(event),
            Verdict::TooLarge => {
                self.refused.too_large.count();
                Err(Turned::TooLarge(event.into_payload()))
            }
            Verdict::Filtered { panicked } => {
                self.refused.filtered.count();
                if panicked {
                    self.refused.filter_panics.count();
                }
                Err(Turned::Filtered(event.into_payload()))
            }
        }
    }

    /// Counts a refusal and keeps the payload and the reason together.
    #[cold]
    pub(super) fn invalid_topic(&self, payload: P, error: TopicError) -> InvalidTopic<P> {
        self.refused.invalid_topic.count();
        Invalid { payload, error }
    }

    /// Counts a refusal and keeps the payload and the reason together.
    #[cold]
    pub(super) fn invalid_id(&self, payload: P, error: IdError) -> InvalidId<P> {
        self.refused.invalid_id.count();
        Invalid { payload, error }
    }

    pub(super) fn stats(&self, topics: usize) -> Stats {
        self.refused.stats(self.publisher.next_sequence(), self.publisher.subscriber_count(), topics)
    }
}

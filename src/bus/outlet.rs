//! The way into the ring that the bus and its topic handles share.

use super::error::{InvalidTopic, PublishError, TryPublishError};
use super::stats::{Refused, Stats};
use crate::error::{self, PublishTimeoutError};
use crate::event::Event;
use crate::ring::{Publisher, Sequence};
use crate::sync::{Arc, wall_clock};
use crate::topic::{TopicError, TopicName};
use std::time::Duration;

/// One publisher for all of them: a handle of the ring remembers how far it may publish without looking at the subscribers,
/// and a topic that publishes seldom would look every time.
pub(super) struct Outlet<P: Send + Sync + 'static> {
    publisher: Publisher<Event<P>>,
    timeout: Option<Duration>,
    refused: Refused,
}

impl<P: Send + Sync + 'static> Outlet<P> {
    pub(super) fn new(publisher: Publisher<Event<P>>, timeout: Option<Duration>) -> Self {
        Self { publisher, timeout, refused: Refused::default() }
    }

    pub(super) fn publisher(&self) -> &Publisher<Event<P>> {
        &self.publisher
    }

    #[inline]
    fn event(&self, topic: &Arc<TopicName>, payload: P) -> Event<P> {
        Event::new(self.publisher.next_sequence(), topic.clone(), wall_clock(), payload)
    }

    #[inline]
    pub(super) fn publish(&self, topic: &Arc<TopicName>, payload: P) -> Result<Sequence, PublishError<P>> {
        if let Some(timeout) = self.timeout {
            return self.publish_timeout(topic, payload, timeout);
        }
        match self.publisher.publish(self.event(topic, payload)) {
            Ok(sequence) => Ok(sequence),
            Err(error) => {
                self.refused.closed();
                Err(PublishError::Closed(error.into_inner().into_payload()))
            }
        }
    }

    #[inline]
    pub(super) fn try_publish(
        &self,
        topic: &Arc<TopicName>,
        payload: P,
    ) -> Result<Sequence, TryPublishError<P>> {
        match self.publisher.try_publish(self.event(topic, payload)) {
            Ok(sequence) => Ok(sequence),
            Err(error::TryPublishError::Full(event)) => {
                self.refused.full();
                Err(TryPublishError::Full(event.into_payload()))
            }
            Err(error::TryPublishError::Closed(event)) => {
                self.refused.closed();
                Err(TryPublishError::Closed(event.into_payload()))
            }
        }
    }

    #[inline]
    pub(super) fn publish_timeout(
        &self,
        topic: &Arc<TopicName>,
        payload: P,
        timeout: Duration,
    ) -> Result<Sequence, PublishError<P>> {
        let event = self.event(topic, payload);
        match self.publisher.publish_timeout(event, timeout) {
            Ok(sequence) => Ok(sequence),
            Err(PublishTimeoutError::Timeout(event)) => {
                self.refused.timeout();
                Err(PublishError::Timeout(event.into_payload()))
            }
            Err(PublishTimeoutError::Closed(event)) => {
                self.refused.closed();
                Err(PublishError::Closed(event.into_payload()))
            }
        }
    }

    /// Counts a refusal and keeps the payload and the reason together.
    #[cold]
    pub(super) fn invalid_topic(&self, payload: P, error: TopicError) -> InvalidTopic<P> {
        self.refused.invalid_topic();
        InvalidTopic { payload, error }
    }

    pub(super) fn stats(&self, topics: usize) -> Stats {
        self.refused.stats(self.publisher.next_sequence(), self.publisher.subscriber_count(), topics)
    }
}

//! The way into the ring that the bus and its topic handles share.

use super::audience::Audience;
use super::error::{Invalid, InvalidId, InvalidTopic, PublishError, TryPublishError, Turned};
use super::gate::{Gate, Verdict};
use super::stats::{Refused, Stats, Unrouted};
use crate::contain::contain;
use crate::error::{self, PublishTimeoutError};
use crate::event::{Event, Extras, IdError};
use crate::ring::{Publisher, Sequence};
use crate::stats::{Health, Monitor, Sampling, Snapshot, Times};
use crate::sync::{Arc, Clock};
use crate::topic::{TopicError, TopicName};
use std::time::Duration;

/// One publisher for all of them: a handle of the ring remembers how far it may publish without looking at the subscribers,
/// and a topic that publishes seldom would look every time.
pub(super) struct Outlet<P: Send + Sync + 'static> {
    publisher: Publisher<Event<P>>,
    rules: Rules<P>,
    refused: Refused,
    audience: Arc<Audience>,
    unrouted: Unrouted,
    /// Of `times`, without the way to it.
    sampling: Sampling,
    times: Arc<Times>,
}

/// An event that is going to be published.
pub(super) struct Offer<P> {
    event: Event<P>,
    aside: Option<Aside>,
}

/// What is to be done for an event beside publishing it. Most have none.
struct Aside {
    topic: Arc<TopicName>,
    /// No subscription wants it.
    unwanted: bool,
    expected: Sequence,
    /// It is timed: when its publish began.
    start: Option<u64>,
}

/// How a bus was built to treat its events.
pub(super) struct Rules<P> {
    pub(super) publish_timeout: Option<Duration>,
    pub(super) max_age: Option<Duration>,
    pub(super) clock: Clock,
    pub(super) gate: Option<Box<Gate<P>>>,
    pub(super) on_unrouted: Option<OnUnrouted>,
    pub(super) sampling: Sampling,
    pub(super) monitor: Monitor,
}

/// Called with the topic and the sequence of an event that no subscription wanted.
pub(super) type OnUnrouted = Box<dyn Fn(&str, Sequence) + Send + Sync>;

impl<P: Send + Sync + 'static> Outlet<P> {
    pub(super) fn new(publisher: Publisher<Event<P>>, rules: Rules<P>) -> Self {
        let times = Arc::new(Times::new(rules.sampling, publisher.capacity()));
        Self {
            publisher,
            sampling: rules.sampling,
            rules,
            refused: Refused::default(),
            audience: Arc::new(Audience::new()),
            unrouted: Unrouted::default(),
            times,
        }
    }

    pub(super) fn publisher(&self) -> &Publisher<Event<P>> {
        &self.publisher
    }

    pub(super) fn audience(&self) -> &Arc<Audience> {
        &self.audience
    }

    pub(super) fn times(&self) -> &Arc<Times> {
        &self.times
    }

    pub(super) fn max_age(&self) -> Option<Duration> {
        self.rules.max_age
    }

    #[inline]
    pub(super) fn clock(&self) -> Clock {
        self.rules.clock
    }

    /// An event with nothing but its payload.
    #[inline(always)]
    pub(super) fn event(&self, topic: &Arc<TopicName>, payload: P) -> Offer<P> {
        self.event_with(topic, None, payload)
    }

    #[inline(always)]
    pub(super) fn event_with(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Offer<P> {
        let expected = self.publisher.next_sequence();
        let aside = self.aside(topic, expected);
        Offer { event: Event::new(expected, topic.clone(), self.clock().now(), extras, payload), aside }
    }

    #[inline(always)]
    fn aside(&self, topic: &Arc<TopicName>, expected: Sequence) -> Option<Aside> {
        let unwanted = !self.audience.wants(topic);
        let timed = self.sampling.hits(expected);
        (unwanted || timed).then(|| {
            let start = if timed { self.times.begin(expected) } else { None };
            Aside { topic: topic.clone(), unwanted, expected, start }
        })
    }

    #[inline(always)]
    pub(super) fn publish(&self, offer: Offer<P>) -> Result<Sequence, PublishError<P>> {
        if let Some(timeout) = self.rules.publish_timeout {
            return self.publish_timeout(offer, timeout);
        }
        let Offer { event, aside } = offer;
        let event = match self.admit(event) {
            Ok(event) => event,
            Err(turned) => {
                self.withdrawn(aside);
                return Err(turned.into());
            }
        };
        match self.publisher.publish(event) {
            Ok(sequence) => Ok(self.accepted(sequence, aside)),
            Err(error) => {
                self.withdrawn(aside);
                self.refused.closed.count();
                Err(PublishError::Closed(error.into_inner().into_payload()))
            }
        }
    }

    #[inline(always)]
    pub(super) fn try_publish(&self, offer: Offer<P>) -> Result<Sequence, TryPublishError<P>> {
        let Offer { event, aside } = offer;
        let event = match self.admit(event) {
            Ok(event) => event,
            Err(turned) => {
                self.withdrawn(aside);
                return Err(turned.into());
            }
        };
        match self.publisher.try_publish(event) {
            Ok(sequence) => Ok(self.accepted(sequence, aside)),
            Err(error::TryPublishError::Full(event)) => {
                self.withdrawn(aside);
                self.refused.full.count();
                Err(TryPublishError::Full(event.into_payload()))
            }
            Err(error::TryPublishError::Closed(event)) => {
                self.withdrawn(aside);
                self.refused.closed.count();
                Err(TryPublishError::Closed(event.into_payload()))
            }
        }
    }

    #[inline(always)]
    pub(super) fn publish_timeout(
        &self,
        offer: Offer<P>,
        timeout: Duration,
    ) -> Result<Sequence, PublishError<P>> {
        let Offer { event, aside } = offer;
        let event = match self.admit(event) {
            Ok(event) => event,
            Err(turned) => {
                self.withdrawn(aside);
                return Err(turned.into());
            }
        };
        match self.publisher.publish_timeout(event, timeout) {
            Ok(sequence) => Ok(self.accepted(sequence, aside)),
            Err(PublishTimeoutError::Timeout(event)) => {
                self.withdrawn(aside);
                self.refused.timeout.count();
                Err(PublishError::Timeout(event.into_payload()))
            }
            Err(PublishTimeoutError::Closed(event)) => {
                self.withdrawn(aside);
                self.refused.closed.count();
                Err(PublishError::Closed(event.into_payload()))
            }
        }
    }

    #[inline(always)]
    fn accepted(&self, sequence: Sequence, aside: Option<Aside>) -> Sequence {
        if let Some(aside) = aside {
            self.afterwards(sequence, &aside);
        }
        sequence
    }

    #[cold]
    fn afterwards(&self, sequence: Sequence, aside: &Aside) {
        if let Some(start) = aside.start {
            self.times.published(start);
        }
        if aside.unwanted {
            self.unrouted(sequence, &aside.topic);
        }
    }

    #[inline(always)]
    fn withdrawn(&self, aside: Option<Aside>) {
        if let Some(Aside { start: Some(_), expected, .. }) = aside {
            self.times.withdraw(expected);
        }
    }

    #[cold]
    fn unrouted(&self, sequence: Sequence, topic: &TopicName) {
        // A subscription that has come since may have it.
        if self.audience.wants(topic) {
            return;
        }
        self.unrouted.events.count();
        if let Some(on_unrouted) = &self.rules.on_unrouted
            && contain(|| on_unrouted(topic.as_str(), sequence)).is_none()
        {
            self.unrouted.panics.count();
        }
    }

    /// Lets an event through that the bus has nothing against.
    #[inline(always)]
    fn admit(&self, event: Event<P>) -> Result<Event<P>, Turned<P>> {
        match &self.rules.gate {
            None => Ok(event),
            Some(gate) => self.ask(gate, event),
        }
    }

    #[inline(never)]
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
        let mut stats = self.refused.stats(self.publisher.next_sequence());
        self.unrouted.add_to(&mut stats);
        Stats { subscriptions: self.publisher.subscriber_count(), topics, ..stats }
    }

    pub(super) fn health(&self, topics: usize) -> Health {
        self.rules.monitor.judge(&self.snapshot(topics))
    }

    pub(super) fn snapshot(&self, topics: usize) -> Snapshot {
        let capacity = self.publisher.capacity() as u64;
        let (subscriptions, totals) = self.audience.snapshot(|| self.publisher.standings(), capacity);
        Snapshot {
            stats: self.stats(topics),
            totals,
            capacity,
            backlog: self.publisher.len() as u64,
            closed: self.publisher.is_closed(),
            drop_panics: self.publisher.drop_panics(),
            sample: self.sampling.interval(),
            publish_time: self.times.publish_time(),
            delivery_time: self.times.delivery_time(),
            subscriptions,
        }
    }
}

//! The way into one ring of a bus, which the bus and its topic handles share.

use super::audience::Audience;
use super::dispatcher::Dispatcher;
use super::error::{Invalid, InvalidId, InvalidTopic, PublishError, TryPublishError, Turned};
use super::gate::{Gate, Verdict};
use super::stats::{Refused, Stats, TopicStats, Unrouted};
use crate::contain::contain;
use crate::error::{self, PublishTimeoutError};
use crate::event::{Event, Extras, IdError};
use crate::ring::{Leader, Publisher, Sequence};
use crate::stats::{Sampling, Snapshot, Times};
use crate::sync::{Arc, Clock, Deadline, PlainArc};
use crate::topic::{TopicError, TopicName, TopicRef, Topics};
use crate::worker::{WorksFor, address_of};
use std::time::Duration;

/// One publisher for all of them: a handle of the ring remembers how far it may publish without looking at the subscribers,
/// and a topic that publishes seldom would look every time.
pub(super) struct Outlet<P: Send + Sync + 'static> {
    publisher: Publisher<Event<P>>,
    topics: Arc<Topics>,
    rules: Rules<P>,
    refused: Refused,
    audience: Arc<Audience>,
    unrouted: Unrouted,
    dispatcher: Arc<Dispatcher<P>>,
    /// Of `times`, without the way to it.
    sampling: Sampling,
    times: Arc<Times>,
}

/// An event that the bus has nothing against.
struct Offer<P> {
    event: Event<P>,
    aside: Option<Aside>,
}

/// What is to be done for an event beside publishing it. Most have none.
struct Aside {
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
    pub(super) gate: Option<Arc<Gate<P>>>,
    pub(super) on_unrouted: Option<OnUnrouted>,
    /// Count the events of each topic?
    pub(super) statistics: bool,
    pub(super) sampling: Sampling,
}

/// Each ring of a bus has them at hand.
impl<P> Clone for Rules<P> {
    fn clone(&self) -> Self {
        Self { gate: self.gate.clone(), on_unrouted: self.on_unrouted.clone(), ..*self }
    }
}

/// Called with the topic and the sequence of an event that no subscription wanted.
pub(super) type OnUnrouted = PlainArc<dyn Fn(&str, Sequence) + Send + Sync>;

impl<P: Send + Sync + 'static> Outlet<P> {
    pub(super) fn new(
        publisher: Publisher<Event<P>>,
        topics: Topics,
        rules: Rules<P>,
        dispatcher: Arc<Dispatcher<P>>,
    ) -> Self {
        let times = Arc::new(Times::new(rules.sampling, publisher.capacity()));
        Self {
            publisher,
            topics: Arc::new(topics),
            sampling: rules.sampling,
            rules,
            refused: Refused::default(),
            audience: Arc::new(Audience::new()),
            unrouted: Unrouted::default(),
            dispatcher,
            times,
        }
    }

    /// Takes nothing more; what was taken still goes out.
    pub(super) fn close(&self) {
        self.publisher.close();
        self.dispatcher.call();
    }

    pub(super) fn dispatcher(&self) -> &Arc<Dispatcher<P>> {
        &self.dispatcher
    }

    pub(super) fn publisher(&self) -> &Publisher<Event<P>> {
        &self.publisher
    }

    /// Is this a subscriber of this ring?
    pub(super) fn has(&self, leader: &Leader<Event<P>>) -> bool {
        self.publisher.leads(leader)
    }

    pub(super) fn audience(&self) -> &Arc<Audience> {
        &self.audience
    }

    /// Whoever reads events of the ring has to keep it.
    pub(super) fn shared_topics(&self) -> &Arc<Topics> {
        &self.topics
    }

    /// The one name with this text.
    pub(super) fn intern(&self, text: &str) -> Result<Arc<TopicName>, TopicError> {
        let (name, due) = self.topics.intern(text, &self.publisher)?;
        if due {
            let named = self.audience.named();
            self.topics.sweep(&self.publisher, |text| named.contains(text));
        }
        Ok(name)
    }

    pub(super) fn max_age(&self) -> Option<Duration> {
        self.rules.max_age
    }

    pub(super) fn times(&self) -> &Arc<Times> {
        &self.times
    }

    #[inline]
    pub(super) fn clock(&self) -> Clock {
        self.rules.clock
    }

    /// An event to be published here while the caller has its topic, unless the bus has something against it.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the ring's events count no references")]
    fn offer(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Result<Offer<P>, Turned<P>> {
        let expected = self.publisher.next_sequence();
        let aside = self.aside(topic, expected);
        // SAFETY: each caller drops the event or moves it into the ring before it returns, and `topic` is borrowed until then.
        // The name is of `topics`, which the bus, its handles and its subscriptions keep. The bus's filter sees the event in
        // between, by reference.
        let lent = unsafe { TopicRef::lend(topic) };
        let event = Event::new(expected, lent, self.clock().now(), extras, payload);
        match self.admit(event) {
            Ok(event) => Ok(Offer { event, aside }),
            Err(turned) => {
                self.withdrawn(aside);
                Err(turned)
            }
        }
    }

    #[inline(always)]
    fn aside(&self, topic: &TopicName, expected: Sequence) -> Option<Aside> {
        let unwanted = !self.audience.wants(topic);
        let timed = self.sampling.hits(expected);
        (unwanted || timed).then(|| {
            let start = if timed { self.times.begin(expected) } else { None };
            Aside { unwanted, expected, start }
        })
    }

    #[inline(always)]
    pub(super) fn publish(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Result<Sequence, PublishError<P>> {
        self.publish_within(topic, extras, payload, self.rules.publish_timeout.unwrap_or(Duration::MAX))
    }

    #[inline(always)]
    pub(super) fn try_publish(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Result<Sequence, TryPublishError<P>> {
        let Offer { event, aside } = self.offer(topic, extras, payload)?;
        match self.publisher.try_publish(event) {
            Ok(sequence) => Ok(self.accepted(topic, sequence, aside)),
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
    pub(super) fn publish_within(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
        timeout: Duration,
    ) -> Result<Sequence, PublishError<P>> {
        let Offer { event, aside } = self.offer(topic, extras, payload)?;
        let deadline = || Deadline::after(if self.is_own_thread() { Duration::ZERO } else { timeout });
        match self.publisher.publish_until(event, deadline) {
            Ok(sequence) => Ok(self.accepted(topic, sequence, aside)),
            Err(error) => {
                self.withdrawn(aside);
                Err(self.no_room(error))
            }
        }
    }

    #[cold]
    fn no_room(&self, error: PublishTimeoutError<Event<P>>) -> PublishError<P> {
        let (count, refusal): (_, fn(P) -> PublishError<P>) = match error {
            PublishTimeoutError::Closed(_) => (&self.refused.closed, PublishError::Closed),
            PublishTimeoutError::Timeout(_) if self.is_own_thread() => {
                (&self.refused.would_deadlock, PublishError::WouldDeadlock)
            }
            PublishTimeoutError::Timeout(_) => (&self.refused.timeout, PublishError::Timeout),
        };
        count.count();
        refusal(error.into_inner().into_payload())
    }

    /// Is this a thread that must not wait for room, because the bus's own work may have to make it?
    fn is_own_thread(&self) -> bool {
        WorksFor::is(address_of(&self.dispatcher))
    }

    /// After a publish: nothing may come before the count, without which the topic could leave.
    #[inline(always)]
    fn accepted(&self, topic: &TopicName, sequence: Sequence, aside: Option<Aside>) -> Sequence {
        if self.rules.statistics {
            topic.count();
        } else {
            topic.mark();
        }
        if let Some(aside) = aside {
            self.afterwards(topic, sequence, &aside);
        }
        if self.dispatcher.is_inline() {
            self.dispatcher.pump();
        }
        sequence
    }

    #[cold]
    fn afterwards(&self, topic: &TopicName, sequence: Sequence, aside: &Aside) {
        if let Some(start) = aside.start {
            self.times.published(start);
        }
        if aside.unwanted {
            self.unrouted(sequence, topic);
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

    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.refused.stats(self.publisher.next_sequence());
        self.unrouted.add_to(&mut stats);
        stats.subscriptions = self.publisher.subscriber_count();
        let (topics, left) = self.topics.tally();
        stats.topics = topics;
        stats.topics_evicted = left.names;
        stats.evicted = self.counted(left.published);
        stats
    }

    pub(super) fn topics(&self) -> Vec<TopicStats> {
        let topics = self.topics.list();
        let stats = |topic: &Arc<TopicName>| TopicStats {
            name: topic.as_str().into(),
            id: topic.id(),
            published: self.counted(topic.published()),
        };
        topics.iter().map(stats).collect()
    }

    /// What topics say is no count on a bus that does not count.
    fn counted(&self, published: u64) -> u64 {
        if self.rules.statistics { published } else { 0 }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let capacity = self.publisher.capacity() as u64;
        let (subscriptions, totals) = self.audience.snapshot(|| self.publisher.standings(), capacity);
        Snapshot {
            stats: self.stats(),
            totals,
            capacity,
            backlog: self.publisher.len() as u64,
            lanes: Vec::new(),
            closed: self.publisher.is_closed(),
            drop_panics: self.publisher.drop_panics(),
            sample: self.sampling.interval(),
            publish_time: self.times.publish_time(),
            delivery_time: self.times.delivery_time(),
            topics: self.topics(),
            subscriptions,
        }
    }
}

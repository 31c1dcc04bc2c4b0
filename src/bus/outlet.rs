//! The way into one ring of a bus, which the bus and its topic handles share.

use super::audience::Audience;
use super::dispatcher::Dispatcher;
use super::error::{Invalid, InvalidId, InvalidTopic, PublishError, TryPublishError, Turned};
use super::gate::{Gate, Verdict};
use super::stats::{Refused, Stats, TopicStats, Unrouted};
use crate::contain::contain;
use crate::error::note_blocked_by;
use crate::event::{Event, Extras, IdError, Parts};
use crate::ring::{Claim, Fill, Leader, NoClaim, Publisher, Sequence};
use crate::stats::{Sampling, Snapshot, Times};
use crate::sync::{Arc, Clock, Deadline, Moment, PlainArc};
use crate::topic::{Held, TopicError, TopicName, TopicRef, Topics};
#[cfg(feature = "tracing")]
use crate::trace;
use crate::worker::{WorksFor, address_of};
use std::time::Duration;

/// One publisher for all of them: a handle of the ring remembers how far it may publish without looking at the subscribers,
/// and a topic that publishes seldom would look every time.
///
/// On lines of its own, as every publish reads it.
#[repr(align(64))]
pub(super) struct Outlet<P: Send + Sync + 'static> {
    publisher: Publisher<Event<P>>,
    hot: HotRules<P>,
    topics: Arc<Topics>,
    rules: Rules,
    refused: Refused,
    audience: Arc<Audience>,
    unrouted: Unrouted,
    dispatcher: Arc<Dispatcher<P>>,
    times: Arc<Times>,
}

/// What is to be done for an event beside publishing it. Most have none.
struct Aside {
    /// No subscription wants it.
    unwanted: bool,
    expected: Sequence,
    /// It is timed: when its publish began.
    start: Option<u64>,
}

/// How a bus was built to treat its events: what every publish looks at, close together.
pub(super) struct HotRules<P> {
    pub(super) clock: Clock,
    pub(super) gate: Option<Arc<Gate<P>>>,
    /// Count the events of each topic?
    pub(super) statistics: bool,
    pub(super) sampling: Sampling,
    /// Do publishers fill the queues?
    pub(super) inline: bool,
}

/// Each ring of a bus has it at hand.
impl<P> Clone for HotRules<P> {
    fn clone(&self) -> Self {
        Self { gate: self.gate.clone(), ..*self }
    }
}

/// The rest of it.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) publish_timeout: Option<Duration>,
    pub(super) max_age: Option<Duration>,
    pub(super) on_unrouted: Option<OnUnrouted>,
}

/// Called with the topic and the sequence of an event that no subscription wanted.
pub(super) type OnUnrouted = PlainArc<dyn Fn(&str, Sequence) + Send + Sync>;

impl<P: Send + Sync + 'static> Outlet<P> {
    pub(super) fn new(
        publisher: Publisher<Event<P>>,
        topics: Topics,
        hot: HotRules<P>,
        rules: Rules,
        dispatcher: Arc<Dispatcher<P>>,
    ) -> Self {
        let times = Arc::new(Times::new(hot.sampling, publisher.capacity()));
        Self {
            publisher,
            hot,
            topics: Arc::new(topics),
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

    /// The same for who publishes to it now and is done before anything else.
    pub(super) fn hold(&self, text: &str) -> Result<Held, TopicError> {
        match self.topics.hold(text) {
            Some(held) => Ok(held),
            None => Ok(Held::Counted(self.intern(text)?)),
        }
    }

    pub(super) fn max_age(&self) -> Option<Duration> {
        self.rules.max_age
    }

    pub(super) fn times(&self) -> &Arc<Times> {
        &self.times
    }

    #[inline]
    pub(super) fn clock(&self) -> Clock {
        self.hot.clock
    }

    #[inline(always)]
    fn aside(&self, topic: &TopicName) -> Option<Aside> {
        let expected = self.publisher.next_sequence();
        let unwanted = !self.audience.wants(topic);
        let timed = self.hot.sampling.hits(expected);
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
        let timeout = || self.rules.publish_timeout.unwrap_or(Duration::MAX);
        self.publish_by(topic, extras, payload, || self.claim(timeout), Self::no_room)
    }

    #[inline(always)]
    pub(super) fn publish_within(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
        timeout: Duration,
    ) -> Result<Sequence, PublishError<P>> {
        self.publish_by(topic, extras, payload, || self.claim(|| timeout), Self::no_room)
    }

    #[inline(always)]
    pub(super) fn try_publish(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Result<Sequence, TryPublishError<P>> {
        self.publish_by(topic, extras, payload, || self.publisher.claim_now(), Self::no_room_now)
    }

    #[inline(always)]
    fn publish_by<E: From<Turned<P>>>(
        &self,
        topic: &Arc<TopicName>,
        extras: Option<Arc<Extras>>,
        payload: P,
        claim: impl FnOnce() -> Result<Claim, NoClaim>,
        refuse: impl FnOnce(&Self, NoClaim) -> fn(P) -> E,
    ) -> Result<Sequence, E> {
        let published = self.hot.clock.moment();
        match &self.hot.gate {
            None => self.put(topic, published, extras, payload, claim, refuse),
            Some(gate) => {
                let (extras, payload) = self.ask(gate, topic, published, extras, payload)?;
                self.put(topic, published, extras, payload, claim, refuse)
            }
        }
    }

    /// Publishes an event that the bus has nothing against.
    #[inline(always)]
    #[allow(unsafe_code, reason = "the ring's events count no references")]
    fn put<E>(
        &self,
        topic: &Arc<TopicName>,
        published: Moment,
        extras: Option<Arc<Extras>>,
        payload: P,
        claim: impl FnOnce() -> Result<Claim, NoClaim>,
        refuse: impl FnOnce(&Self, NoClaim) -> fn(P) -> E,
    ) -> Result<Sequence, E> {
        // Behind the clock: the precise one waits for every load before it, and another core may have this line.
        let aside = self.aside(topic);
        #[cfg(feature = "tracing")]
        let span = trace::current_span();
        let claim = match claim() {
            Ok(claim) => claim,
            Err(refused) => {
                self.withdrawn(aside);
                return Err(refuse(self, refused)(payload));
            }
        };
        let parts = Parts {
            // SAFETY: it goes into the ring now, while `topic` is borrowed. The name is of `topics`, which the bus, its handles and
            // its subscriptions keep.
            topic: unsafe { TopicRef::lend(topic) },
            published,
            extras,
            #[cfg(feature = "tracing")]
            span,
            payload,
        };
        let sequence = self.publisher.finish(claim, parts);
        Ok(self.accepted(topic, sequence, aside))
    }

    /// Claims a sequence and waits for so long, unless this is a thread that must not wait.
    #[inline(always)]
    fn claim(&self, timeout: impl FnOnce() -> Duration) -> Result<Claim, NoClaim> {
        let deadline = || Deadline::after(if self.is_own_thread() { Duration::ZERO } else { timeout() });
        self.publisher.claim_until(deadline)
    }

    /// Counts the refusal and says what it is called.
    #[cold]
    fn no_room(&self, refused: NoClaim) -> fn(P) -> PublishError<P> {
        let (count, refusal): (_, fn(P) -> PublishError<P>) = match refused {
            NoClaim::Closed => (&self.refused.closed, PublishError::Closed),
            NoClaim::Full(_) if self.is_own_thread() => {
                (&self.refused.would_deadlock, PublishError::WouldDeadlock)
            }
            NoClaim::Full(subscriber) => {
                note_blocked_by(subscriber);
                (&self.refused.timeout, PublishError::Timeout)
            }
        };
        count.count();
        refusal
    }

    #[cold]
    fn no_room_now(&self, refused: NoClaim) -> fn(P) -> TryPublishError<P> {
        let (count, refusal): (_, fn(P) -> TryPublishError<P>) = match refused {
            NoClaim::Closed => (&self.refused.closed, TryPublishError::Closed),
            NoClaim::Full(_) => (&self.refused.full, TryPublishError::Full),
        };
        count.count();
        refusal
    }

    /// Is this a thread that must not wait for room, because the bus's own work may have to make it?
    fn is_own_thread(&self) -> bool {
        WorksFor::is(address_of(&self.dispatcher))
    }

    /// After a publish: nothing may come before the count, without which the topic could leave.
    #[inline(always)]
    fn accepted(&self, topic: &TopicName, sequence: Sequence, aside: Option<Aside>) -> Sequence {
        if self.hot.statistics {
            topic.count();
        } else {
            topic.mark();
        }
        if let Some(aside) = aside {
            self.afterwards(topic, sequence, &aside);
        }
        if self.hot.inline {
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
    #[inline(never)]
    #[allow(unsafe_code, reason = "the event is gone before its topic")]
    fn ask(
        &self,
        gate: &Gate<P>,
        topic: &Arc<TopicName>,
        published: Moment,
        extras: Option<Arc<Extras>>,
        payload: P,
    ) -> Result<(Option<Arc<Extras>>, P), Turned<P>> {
        let parts = Parts {
            // SAFETY: the event that is made of it ends below, while `topic` is borrowed; others see it by reference.
            topic: unsafe { TopicRef::lend(topic) },
            published,
            extras,
            #[cfg(feature = "tracing")]
            span: trace::current_span(),
            payload,
        };
        let event = parts.value(self.publisher.next_sequence());
        match gate.check(&event) {
            Verdict::Passes => Ok(event.into_parts()),
            // Closed comes first: a closed bus has no opinion on payloads.
            _ if self.publisher.is_closed() => Ok(event.into_parts()),
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
        stats.subscriptions = self.audience.len();
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
        if self.hot.statistics { published } else { 0 }
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
            sample: self.hot.sampling.interval(),
            publish_time: self.times.publish_time(),
            delivery_time: self.times.delivery_time(),
            topics: self.topics(),
            subscriptions,
        }
    }
}

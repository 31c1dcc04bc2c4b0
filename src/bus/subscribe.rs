//! Making a subscription.

use super::audience::{Audience, Seat, Seated};
use super::direct;
use super::error::SubscribeError;
use super::gate::Filter;
use super::lanes::Lanes;
use super::merged::Merged;
use super::outlet::Outlet;
use super::queue::{self, QueueOverflow, QueueSize};
use super::start::Start;
use super::subscription::Subscription;
use crate::event::Event;
use crate::ring::{Leader, Overflow, SubscriberId};
use crate::sync::PlainArc;
use crate::topic::{TopicError, TopicPattern};
use std::fmt;

/// Settings of a subscription to be made; see [`Bus::subscription`](super::Bus::subscription).
#[must_use = "a builder does nothing until `subscribe`"]
pub struct SubscriptionBuilder<'a, P: Send + Sync + 'static> {
    lanes: &'a Lanes<P>,
    pattern: Result<TopicPattern, TopicError>,
    overflow: Option<Overflow>,
    queue: Option<(QueueSize, SubscribeQueued<P>)>,
    queue_overflow: Option<QueueOverflow>,
    start: Start,
    filter: Option<Filter<P>>,
    name: Option<Box<str>>,
}

/// Makes a queued subscription of payloads that can be cloned.
type SubscribeQueued<P> =
    fn(&Outlet<P>, Plan<P>, QueueSize, QueueOverflow) -> Result<Subscription<P>, SubscribeError>;

/// What both kinds of subscription ask for, of one ring.
pub(super) struct Plan<P> {
    /// The same on each ring that the subscription reads.
    pub(super) id: SubscriberId,
    pub(super) pattern: TopicPattern,
    pub(super) start: Start,
    pub(super) filter: Option<Filter<P>>,
    pub(super) leaders: Box<[Leader<Event<P>>]>,
    name: Option<Box<str>>,
}

impl<P: Send + Sync + 'static> Plan<P> {
    /// Takes a place in the audience, before anything joins the ring.
    pub(super) fn seat(
        &self,
        outlet: &Outlet<P>,
        overflow: Overflow,
        queue: Option<QueueOverflow>,
    ) -> Seated {
        let seat = Seat::new(self.pattern.clone(), self.name.clone(), overflow, queue);
        Audience::join(outlet.audience(), seat)
    }
}

impl<'a, P: Send + Sync + 'static> SubscriptionBuilder<'a, P> {
    pub(super) fn new(lanes: &'a Lanes<P>, pattern: &str) -> Self {
        Self {
            lanes,
            pattern: TopicPattern::new(pattern),
            overflow: None,
            queue: None,
            queue_overflow: None,
            start: Start::default(),
            filter: None,
            name: None,
        }
    }

    /// What happens when the subscription is a full ring behind. Default: [`Overflow::Block`]. Not together with a
    /// [`queue`](Self::queue).
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = Some(overflow);
        self
    }

    /// What happens when the subscription's [`queue`](Self::queue) is full. Default: [`QueueOverflow::DropOldest`].
    pub fn queue_overflow(mut self, overflow: QueueOverflow) -> Self {
        self.queue_overflow = Some(overflow);
        self
    }

    /// Where it starts. Default: [`Start::Now`].
    pub fn start(mut self, start: impl Into<Start>) -> Self {
        self.start = start.into();
        self
    }

    /// Which events of its topics it hands out: those of which `filter` says yes. It reads past the others, and counts them as
    /// `filtered`. Default: all.
    ///
    /// Called on the reader's thread, in place; a panic in it is contained, counted, and means no.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut large = bus.subscription("orders.*").filter(|event| *event.payload() > 10).subscribe()?;
    /// bus.publish("orders.created", 7)?;
    /// bus.publish("orders.created", 70)?;
    /// assert_eq!(*large.recv()?.payload(), 70);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter(mut self, filter: impl Fn(&Event<P>) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// The filter so far, to be part of another.
    pub(super) fn take_filter(&mut self) -> Option<Filter<P>> {
        self.filter.take()
    }

    /// The name by which [`Bus::subscriptions`](super::Bus::subscriptions) lists it; need not be unique. Default: none.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Makes the subscription. One that starts at a time reads past older events first, on the calling thread. On a closed bus it reads what is kept from its start on and is then `Closed`.
    ///
    /// # Errors
    /// [`SubscribeError::InvalidPattern`] when the pattern breaks the rules, [`SubscribeError::Start`] when the event to start
    /// at is no longer kept or not published yet, [`SubscribeError::Conflict`] when it has a queue and an overflow of its place
    /// in the ring or no queue and an overflow of one, [`SubscribeError::QueueSize`] when the queue is too small or too large,
    /// [`SubscribeError::Thread`] when the system gives no thread for the dispatcher, [`SubscribeError::AmbiguousStart`] when it
    /// is to start at a sequence and reads several [lanes](super::BusBuilder::lane).
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, Start};
    /// let bus = Bus::<u32>::builder().build()?;
    /// let error = bus.subscription(">").start(Start::Sequence(9)).subscribe().unwrap_err();
    /// assert_eq!(error.to_string(), "sequence 9 is not published yet; the next is 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(self) -> Result<Subscription<P>, SubscribeError> {
        self.subscribe_after(&[])
    }

    /// As [`subscribe`](Self::subscribe), for a subscription that reads only what all of these have released: it comes to an event
    /// once each of them has read it and let it go, or has left. A direct subscription of the same bus releases an event when
    /// the closure, the guard or the receive that handed it out is over (a blocking one at the latest when it has none left,
    /// or before it waits). Woken when the slowest of them lets go; in [`wait_any`](crate::wait_any) and as a stream it looks again
    /// and again meanwhile.
    ///
    /// On a bus with [lanes](super::BusBuilder::lane) it follows the others on each lane that both read. One that reads several lanes
    /// looks again and again wherever it waits for what another lets go.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe); [`SubscribeError::Conflict`] as well when it has a queue, or one of these has one or is
    /// of another bus.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut check = bus.subscribe("orders.*")?;
    /// let mut ship = bus.subscription("orders.*").subscribe_after(&[&check])?;
    /// bus.publish("orders.created", 7)?;
    /// assert!(ship.try_recv().is_err());
    /// check.drain(10, |_| ())?;
    /// assert_eq!(*ship.recv()?.payload(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe_after(self, others: &[&Subscription<P>]) -> Result<Subscription<P>, SubscribeError> {
        let mut leaders = Vec::new();
        for other in others {
            let theirs = other.leaders();
            if theirs.is_empty() || self.queue.is_some() || !theirs.iter().all(|one| self.lanes.has(one)) {
                return Err(SubscribeError::Conflict);
            }
            leaders.extend(theirs);
        }
        let pattern = self.pattern?;
        let make = match (self.queue, self.overflow, self.queue_overflow) {
            (Some(_), Some(_), _) | (None, _, Some(_)) => return Err(SubscribeError::Conflict),
            (Some((size, subscribe)), None, overflow) => {
                Make::Queued(subscribe, size, overflow.unwrap_or_default())
            }
            (None, overflow, None) => Make::Direct(overflow.unwrap_or_default()),
        };
        let rings = self.lanes.read_by(&pattern);
        if let (Start::Sequence(sequence), 2..) = (self.start, rings.len()) {
            return Err(SubscribeError::AmbiguousStart { sequence, lanes: rings.len() });
        }
        let mut filters = Filters::new(self.filter, rings.len());
        let id = self.lanes.next_id();
        let mut part = |outlet: &Outlet<P>| {
            let plan = Plan {
                id,
                pattern: pattern.clone(),
                start: self.start,
                filter: filters.next(),
                leaders: leaders.extract_if(.., |leader| outlet.has(leader)).collect(),
                name: self.name.clone(),
            };
            make.subscribe(outlet, plan)
        };
        match rings.as_slice() {
            [only] => part(only),
            several => {
                let parts = several.iter().map(|outlet| part(outlet)).collect::<Result<_, _>>()?;
                Ok(Subscription::merged(Merged::new(parts)))
            }
        }
    }
}

/// Which kind of subscription.
enum Make<P: Send + Sync + 'static> {
    Direct(Overflow),
    Queued(SubscribeQueued<P>, QueueSize, QueueOverflow),
}

impl<P: Send + Sync + 'static> Make<P> {
    fn subscribe(&self, outlet: &Outlet<P>, plan: Plan<P>) -> Result<Subscription<P>, SubscribeError> {
        match *self {
            Self::Direct(overflow) => direct::subscribe(outlet, plan, overflow),
            Self::Queued(subscribe, size, overflow) => subscribe(outlet, plan, size, overflow),
        }
    }
}

/// A filter for each ring that a subscription reads.
enum Filters<P> {
    One(Option<Filter<P>>),
    Several(Option<SharedFilter<P>>),
}

// Std's: the model checker's cannot hold a trait object.
type SharedFilter<P> = PlainArc<dyn Fn(&Event<P>) -> bool + Send + Sync>;

impl<P: 'static> Filters<P> {
    fn new(filter: Option<Filter<P>>, rings: usize) -> Self {
        // What is shared takes a step more to call.
        if rings == 1 { Self::One(filter) } else { Self::Several(filter.map(PlainArc::from)) }
    }

    fn next(&mut self) -> Option<Filter<P>> {
        match self {
            Self::One(filter) => filter.take(),
            Self::Several(shared) => {
                let shared = shared.clone()?;
                Some(Box::new(move |event| shared(event)))
            }
        }
    }
}

impl<P: Clone + Send + Sync + 'static> SubscriptionBuilder<'_, P> {
    /// Gives the subscription a queue of its own for `events` events, 1 to [`MAX_CAPACITY`](crate::ring::MAX_CAPACITY), which the
    /// bus's dispatcher fills with copies. It may then be slow without taking up room in the ring, and chooses by
    /// [`queue_overflow`](Self::queue_overflow) what it loses when its queue is full. Memory for so many events is taken at once.
    ///
    /// The dispatcher is a thread of the bus, named `eventcast-dispatch`, that ends with the last queued subscription. A
    /// [`filter`](Self::filter) runs there. Events may go in and out in chunks of up to a quarter of the queue, at most
    /// 256: a reader may have so many in hand beside those that wait.
    ///
    /// A subscription that reads several [lanes](super::BusBuilder::lane) has a queue of this size for each of them, so that a flood
    /// on one pushes nothing of another out.
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, QueueOverflow};
    /// use std::time::Duration;
    /// let bus = Bus::<u32>::builder().build()?;
    /// let mut audit = bus
    ///     .subscription("orders.>")
    ///     .queue(256)
    ///     .queue_overflow(QueueOverflow::Block { within: Duration::from_secs(1) })
    ///     .subscribe()?;
    /// bus.publish("orders.created", 7)?;
    /// assert_eq!(*audit.recv()?.payload(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue(mut self, events: usize) -> Self {
        self.queue = Some((QueueSize::Events(events), queue::subscribe));
        self
    }

    /// As [`queue`](Self::queue), but takes memory as it is needed, up to `ceiling` bytes; then the queue is full. An event counts
    /// its own size and 16 bytes; what its payload owns on the heap is not counted.
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, QueueOverflow};
    /// use std::time::Duration;
    /// let bus = Bus::<u32>::builder().build()?;
    /// let lossless = QueueOverflow::Block { within: Duration::MAX };
    /// let mut archive = bus.subscription(">").unbounded_queue(64 << 20).queue_overflow(lossless).subscribe()?;
    /// for n in 0..10_000 {
    ///     bus.publish("orders.created", n)?;
    /// }
    /// assert_eq!(*archive.recv()?.payload(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unbounded_queue(mut self, ceiling: usize) -> Self {
        self.queue = Some((QueueSize::Bytes(ceiling), queue::subscribe));
        self
    }
}

impl<P: Send + Sync + 'static> fmt::Debug for SubscriptionBuilder<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionBuilder")
            .field("pattern", &self.pattern)
            .field("overflow", &self.overflow)
            .field("queue", &self.queue.as_ref().map(|(size, _)| size))
            .field("queue_overflow", &self.queue_overflow)
            .field("start", &self.start)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

//! Our bus: published to through a topic's handle or by name, read by direct and by queued subscriptions.

use std::marker::PhantomData;
use std::time::Duration;

use eventcast::{Bus, BusBuilder, Fanout, QueueOverflow, RecvError, Subscription, Topic, TryRecvError};

use super::eventcast::{overflow, ring_wait};
use super::timed_ring::{Coarse, Timing};
use super::{CAPACITY, Idle, Polled, Racer, Rx, Setup, Shares, SleepRx, SleepTx, Tx};
use crate::event::{Event, Load};
use crate::share;

/// Events that the ring of a bus with queues holds.
pub(crate) const QUEUED_RING: usize = 4096;

/// A bus that waits for room as long as it takes.
pub(crate) fn builder(capacity: usize) -> BusBuilder<Event> {
    Bus::builder().capacity(capacity).publish_timeout(None).prefault(true)
}

/// The bus with one topic, its handle, and direct subscriptions that want everything.
pub(crate) struct Direct<C>(PhantomData<C>);

/// A topic's handle, and the bus that it needs.
pub(crate) struct Handle {
    topic: Topic<Event>,
    _bus: Bus<Event>,
}

impl Handle {
    /// Of the topic of this number.
    pub(crate) fn new(bus: &Bus<Event>, topic: u64) -> Self {
        let topic = bus.topic(share::name(topic)).expect("the name is valid");
        Self { topic, _bus: bus.clone() }
    }
}

impl<C: Timing> Racer<Event> for Direct<C> {
    type Tx = Handle;
    type Rx = Subscription<Event>;

    fn build(setup: &Setup) -> (Vec<Handle>, Vec<Subscription<Event>>) {
        let builder = C::set(builder(CAPACITY)).wait(ring_wait(setup.wait));
        let bus = builder.build().expect("the capacity is in range");
        let subscribe = |_| {
            let subscription = bus.subscription(">").overflow(overflow(setup.lossy));
            subscription.subscribe().expect("the pattern is valid")
        };
        let rxs = (0..setup.subscribers).map(subscribe).collect();
        ((0..setup.publishers).map(|_| Handle::new(&bus, 0)).collect(), rxs)
    }
}

/// The same, published to sixteen topics by their names.
pub(crate) struct Named;

/// The bus, and the names in the order in which they are used.
pub(crate) struct ByName {
    bus: Bus<Event>,
    names: Vec<String>,
}

impl Racer<Event> for Named {
    type Tx = ByName;
    type Rx = Subscription<Event>;

    fn build(setup: &Setup) -> (Vec<ByName>, Vec<Subscription<Event>>) {
        let (txs, rxs) = Direct::<Coarse>::build(setup);
        let names = || (0..share::TOPICS).map(share::name).collect();
        (txs.into_iter().map(|tx| ByName { bus: tx._bus, names: names() }).collect(), rxs)
    }
}

impl Tx<Event> for ByName {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> Event, _: &Idle) -> bool {
        let event = make();
        let name = &self.names[(event.number() % share::TOPICS) as usize];
        self.bus.publish(name, event).is_ok()
    }
}

/// The bus with sixteen topics and direct subscriptions that each want a share of them.
pub(crate) struct Patterns;

/// Handles of all topics.
pub(crate) struct Handles(Vec<Handle>);

impl Racer<Event> for Patterns {
    type Tx = Handles;
    type Rx = Subscription<Event>;

    fn build(setup: &Setup) -> (Vec<Handles>, Vec<Subscription<Event>>) {
        let bus = builder(CAPACITY).wait(ring_wait(setup.wait)).build().expect("the capacity is in range");
        let subscribe = |at| bus.subscribe(share::pattern(at).0).expect("the pattern is valid");
        let rxs = (0..setup.subscribers).map(subscribe).collect();
        let handles = |_| Handles((0..share::TOPICS).map(|topic| Handle::new(&bus, topic)).collect());
        ((0..setup.publishers).map(handles).collect(), rxs)
    }
}

impl Tx<Event> for Handles {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> Event, _: &Idle) -> bool {
        let event = make();
        self.0[(event.number() % share::TOPICS) as usize].topic.publish(event).is_ok()
    }
}

/// The bus with lossless queued subscriptions, filled by the dispatcher, or by the publisher if `INLINE`.
pub(crate) struct Queued<const INLINE: bool>;

/// Who fills the queues.
pub(crate) fn fanout(inline: bool) -> Fanout {
    if inline { Fanout::Inline } else { Fanout::Dispatcher }
}

/// A queued subscription to everything.
pub(crate) fn queued(bus: &Bus<Event>, overflow: QueueOverflow) -> Subscription<Event> {
    let subscription = bus.subscription(">").queue(CAPACITY).queue_overflow(overflow);
    subscription.subscribe().expect("the pattern is valid and there is a thread")
}

/// Loses nothing.
pub(crate) const LOSSLESS: QueueOverflow = QueueOverflow::Block { within: Duration::MAX };

impl<const INLINE: bool> Racer<Event> for Queued<INLINE> {
    type Tx = Handle;
    type Rx = Subscription<Event>;

    fn build(setup: &Setup) -> (Vec<Handle>, Vec<Subscription<Event>>) {
        let builder = builder(QUEUED_RING).wait(ring_wait(setup.wait)).fanout(fanout(INLINE));
        let bus = builder.build().expect("the capacity is in range");
        let rxs = (0..setup.subscribers).map(|_| queued(&bus, LOSSLESS)).collect();
        ((0..setup.publishers).map(|_| Handle::new(&bus, 0)).collect(), rxs)
    }
}

impl Tx<Event> for Handle {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> Event, _: &Idle) -> bool {
        self.topic.publish(make()).is_ok()
    }
}

impl SleepTx<Event> for Handle {
    #[inline]
    fn send(&mut self, event: Event) -> bool {
        self.topic.publish(event).is_ok()
    }
}

impl Rx<Event> for Subscription<Event> {
    #[inline]
    fn poll(&mut self, max: usize, mut read: impl FnMut(&Event)) -> Polled {
        match self.drain(max, |event| read(event.payload())) {
            Ok(got) => Polled { got, ..Polled::default() },
            Err(TryRecvError::Empty) => Polled::default(),
            Err(TryRecvError::Lagged(lost)) => Polled { lost, ..Polled::default() },
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

impl SleepRx<Event> for Subscription<Event> {
    #[inline]
    fn recv(&mut self, mut read: impl FnMut(&Event)) -> Polled {
        match self.drain_wait(CAPACITY, |event| read(event.payload())) {
            Ok(got) => Polled { got, ..Polled::default() },
            Err(RecvError::Lagged(lost)) => Polled { lost, ..Polled::default() },
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

impl Shares for Subscription<Event> {
    #[inline]
    fn passed(&self) -> u64 {
        self.sequence()
    }
}

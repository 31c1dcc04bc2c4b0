//! The queue itself: one side puts in, one side takes out, and the first may take out what is too old.
//!
//! A channel carries items, each one event or a small batch of them; how many events wait is known from three counts, each
//! written by one side only: put in and evicted by the intake, taken by the outflow. The outflow counts after it has taken, so
//! there is never less room than the counts say. An eviction counts what it has in hand, never what it expected to find: the
//! outflow may have been faster.

use super::awaiter::Awaiter;
use crate::ring::Bed;
use crate::sync::channel::{self, Receiver, Sender};
use crate::sync::{Arc, AtomicBool, AtomicU64, Barrier, Countdown, Ordering::*};
use crossbeam_utils::CachePadded;
use std::collections::VecDeque;

/// What the channel carries.
enum Item<T, K> {
    One(T),
    // Boxed, so that a slot of the channel is no larger than an event asks for.
    Many(Box<Chunk<T, K>>),
}

/// Events that go in together, and what they have to be kept with while they wait and are in hand.
pub(in crate::bus) struct Chunk<T, K> {
    pub(in crate::bus) events: Vec<T>,
    pub(in crate::bus) keeps: Vec<K>,
}

/// How many events wait at most, and whether there is memory for them from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) struct Size {
    pub(in crate::bus) events: usize,
    pub(in crate::bus) reserved: bool,
}

/// What both sides and the bus look at.
pub(in crate::bus) struct Gauge {
    capacity: u64,
    barrier: Barrier,
    /// Written by the intake.
    put: CachePadded<[AtomicU64; 2]>,
    /// Written by the outflow.
    taken: CachePadded<AtomicU64>,
    /// The intake waits for room.
    awaited: AtomicBool,
    /// The outflow waits for an item, or its end.
    reader: Awaiter,
    /// See [`End`]; written once, before the sender goes.
    end: AtomicU64,
}

const IN: usize = 0;
const EVICTED: usize = 1;

/// Words of [`Gauge::end`]; the last plus the number of missed events.
const OPEN: u64 = 0;
const CLOSED: u64 = 1;
const DISCONNECTED: u64 = 2;

/// Why nothing more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) enum End {
    Closed,
    /// The queue overflowed; so many events before that were missed.
    Disconnected(u64),
}

/// Why there is nothing to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) enum Nothing {
    Yet,
    Ever,
}

impl Gauge {
    /// How many events wait.
    pub(in crate::bus) fn waiting(&self) -> u64 {
        // The intake's counts last: what was taken by then had been put in.
        let taken = self.taken.load(Acquire);
        (self.put[IN].load(Relaxed) - self.put[EVICTED].load(Relaxed)).saturating_sub(taken)
    }

    /// How many events have been put in so far.
    pub(in crate::bus) fn put_in(&self) -> u64 {
        self.put[IN].load(Relaxed)
    }

    /// How many of them were evicted.
    pub(in crate::bus) fn evicted(&self) -> u64 {
        self.put[EVICTED].load(Relaxed)
    }

    pub(in crate::bus) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// How many more events fit.
    pub(in crate::bus) fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.waiting())
    }

    /// Before the intake sleeps until there is room; the heavy barrier and another look must follow.
    pub(in crate::bus) fn await_room(&self) {
        // ORDERING: Relaxed; the barriers of the handshake order it against the outflow's look.
        self.awaited.store(true, Relaxed);
    }

    pub(in crate::bus) fn end(&self) -> End {
        // ORDERING: Relaxed: asked once the channel is disconnected, which the sender's drop has made visible.
        match self.end.load(Relaxed) {
            OPEN | CLOSED => End::Closed,
            n => End::Disconnected(n - DISCONNECTED),
        }
    }

    pub(in crate::bus) fn barrier(&self) -> Barrier {
        self.barrier
    }

    /// After an item was put in, or the end: wakes an outflow that waits for it.
    fn call_reader(&self) {
        self.barrier.light();
        self.reader.call();
    }
}

/// Only one thread writes it.
fn add(count: &AtomicU64, n: u64) {
    // ORDERING: Release pairs with the Acquire of `waiting`: who sees that an event was taken sees that it was put in.
    count.store(count.load(Relaxed) + n, Release);
}

/// The side of the dispatcher.
pub(in crate::bus) struct Intake<T, K> {
    sender: Sender<Item<T, K>>,
    head: Receiver<Item<T, K>>,
    gauge: Arc<Gauge>,
}

/// The side of the subscription.
pub(in crate::bus) struct Outflow<T, K> {
    receiver: Receiver<Item<T, K>>,
    /// Came at the end of a wait, and was not looked at yet.
    arrived: Option<Item<T, K>>,
    in_hand: VecDeque<T>,
    /// Of the events in hand, and of the last one that was taken.
    keeps: Vec<K>,
    gauge: Arc<Gauge>,
}

pub(in crate::bus) fn pipe<T, K>(size: Size, barrier: Barrier) -> (Intake<T, K>, Outflow<T, K>) {
    let (sender, receiver) = if size.reserved { channel::bounded(size.events) } else { channel::unbounded() };
    let gauge = Arc::new(Gauge {
        capacity: size.events as u64,
        barrier,
        put: CachePadded::new([AtomicU64::new(0), AtomicU64::new(0)]),
        taken: CachePadded::new(AtomicU64::new(0)),
        awaited: AtomicBool::new(false),
        reader: Awaiter::new(),
        end: AtomicU64::new(OPEN),
    });
    let intake = Intake { sender, head: receiver.clone(), gauge: gauge.clone() };
    (intake, Outflow { receiver, arrived: None, in_hand: VecDeque::new(), keeps: Vec::new(), gauge })
}

impl<T, K> Intake<T, K> {
    pub(in crate::bus) fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    /// Puts one event in; there has to be room.
    pub(in crate::bus) fn put(&self, event: T) {
        self.send(Item::One(event), 1);
    }

    /// Puts events in, in one go; there have to be some, and room.
    pub(in crate::bus) fn put_all(&self, chunk: Chunk<T, K>) {
        let n = chunk.events.len() as u64;
        self.send(Item::Many(Box::new(chunk)), n);
    }

    fn send(&self, item: Item<T, K>, events: u64) {
        // Before the item can be taken, or the outflow would be ahead.
        add(&self.gauge.put[IN], events);
        if self.sender.try_send(item).is_err() {
            unreachable!("no room for an item where there is room for an event");
        }
        self.gauge.call_reader();
    }

    /// Makes sure that there is room for one event, by taking out the oldest that waits if need be. Nothing comes out where the
    /// outflow took it first, which made room as well. Only where events were put in one by one.
    pub(in crate::bus) fn evict(&self) -> Option<T> {
        if self.gauge.room() > 0 {
            return None;
        }
        match self.head.try_recv() {
            Ok(Item::One(event)) => {
                add(&self.gauge.put[EVICTED], 1);
                Some(event)
            }
            Ok(Item::Many(_)) => unreachable!("a batch in a queue that evicts"),
            Err(_) => None,
        }
    }

    /// Nothing more will come. What waits can still be taken.
    pub(in crate::bus) fn finish(self, end: End) {
        let Self { sender, gauge, .. } = self;
        let word = match end {
            End::Closed => CLOSED,
            End::Disconnected(missed) => DISCONNECTED + missed,
        };
        // ORDERING: Relaxed: the drop of the sender publishes it.
        gauge.end.store(word, Relaxed);
        drop(sender);
        gauge.call_reader();
    }
}

impl<T, K> Outflow<T, K> {
    /// Takes the next event; true beside it if the intake waits for the room that this has made. What the event is kept with
    /// stays until the next call.
    pub(in crate::bus) fn take(&mut self) -> Result<(T, bool), Nothing> {
        if let Some(event) = self.in_hand.pop_front() {
            return Ok((event, false));
        }
        self.keeps.clear();
        match self.next_item() {
            Ok(Item::One(event)) => Ok((event, self.took(1))),
            Ok(Item::Many(chunk)) => {
                let awaited = self.took(chunk.events.len() as u64);
                self.in_hand = chunk.events.into();
                self.keeps = chunk.keeps;
                let first = self.in_hand.pop_front().expect("a chunk has events");
                Ok((first, awaited))
            }
            Err(crossbeam_channel::TryRecvError::Empty) => Err(Nothing::Yet),
            Err(crossbeam_channel::TryRecvError::Disconnected) => Err(Nothing::Ever),
        }
    }

    /// Takes events in hand until there are `max`, as far as they are there, and says how many; at least one. True beside
    /// them as with [`take`](Self::take).
    pub(in crate::bus) fn take_in_hand(&mut self, max: usize) -> Result<(usize, bool), Nothing> {
        if self.in_hand.is_empty() {
            self.keeps.clear();
        }
        let mut awaited = false;
        while self.in_hand.len() < max {
            match self.next_item() {
                Ok(Item::One(event)) => {
                    awaited |= self.took(1);
                    self.in_hand.push_back(event);
                }
                Ok(Item::Many(chunk)) => {
                    awaited |= self.took(chunk.events.len() as u64);
                    self.in_hand.extend(chunk.events);
                    self.keeps.extend(chunk.keeps);
                }
                Err(_) if !self.in_hand.is_empty() => break,
                Err(crossbeam_channel::TryRecvError::Empty) => return Err(Nothing::Yet),
                Err(crossbeam_channel::TryRecvError::Disconnected) => return Err(Nothing::Ever),
            }
        }
        Ok((self.in_hand.len().min(max), awaited))
    }

    /// Lets go what the events in hand are kept with, after `own` has made each of them keep itself.
    pub(in crate::bus) fn own(&mut self, own: impl FnMut(&mut T)) {
        self.in_hand.iter_mut().for_each(own);
        self.keeps.clear();
    }

    /// The events in hand.
    pub(in crate::bus) fn in_hand(&self) -> &VecDeque<T> {
        &self.in_hand
    }

    /// Lets the first `n` of those in hand go.
    pub(in crate::bus) fn release(&mut self, n: usize) {
        self.in_hand.drain(..n);
    }

    /// After taking from the channel: does the intake wait for room?
    fn took(&self, events: u64) -> bool {
        add(&self.gauge.taken, events);
        self.gauge.barrier.light();
        // ORDERING: Relaxed; the barriers of the handshake order it against the intake's registration.
        self.gauge.awaited.load(Relaxed) && self.gauge.awaited.swap(false, Relaxed)
    }

    fn next_item(&mut self) -> Result<Item<T, K>, crossbeam_channel::TryRecvError> {
        match self.arrived.take() {
            Some(item) => Ok(item),
            None => self.receiver.try_recv(),
        }
    }

    /// Waits until there is something to take or nothing will ever come; false when the time is over first.
    pub(in crate::bus) fn wait(&mut self, left: &Countdown) -> bool {
        if !self.in_hand.is_empty() || self.arrived.is_some() {
            return true;
        }
        match channel::take_within(&self.receiver, left) {
            Ok(item) => {
                self.arrived = Some(item);
                true
            }
            Err(over) => over == channel::RecvTimeoutError::Disconnected,
        }
    }
}

/// Waiting beside other things.
impl<T, K> Outflow<T, K> {
    /// Would a take answer anything but [`Nothing::Yet`]? Just before the end, maybe not at once.
    pub(in crate::bus) fn is_ready(&self) -> bool {
        // ORDERING: Relaxed; the barriers of the handshake order it against the intake's look. A take looks properly.
        !self.in_hand.is_empty()
            || self.arrived.is_some()
            || !self.receiver.is_empty()
            || self.gauge.end.load(Relaxed) != OPEN
    }

    /// Registers for the next item or the end. The heavy barrier and another look must follow.
    pub(in crate::bus) fn enlist(&self, bed: Bed) -> Barrier {
        self.gauge.reader.register(bed);
        self.gauge.barrier()
    }

    /// Has the intake woken the thread that is registered?
    pub(in crate::bus) fn is_called(&self) -> bool {
        self.gauge.reader.is_called()
    }

    /// Takes the registration back, if nobody has.
    pub(in crate::bus) fn leave(&self) {
        self.gauge.reader.cancel();
    }

    /// Will this task be woken for the next item?
    #[cfg(feature = "stream")]
    pub(in crate::bus) fn waits_for(&self, waker: &std::task::Waker) -> bool {
        self.gauge.reader.waits_for(waker)
    }
}

/// What the models of the queue reach.
#[cfg(eventcast_loom)]
#[allow(missing_docs, missing_debug_implementations, reason = "no public face")]
pub mod model {
    use super::{Bed, End, Nothing, Size};
    use crate::sync::{Arc, Barrier, Deadline, park_until};

    pub struct Intake<T>(super::Intake<T, ()>);
    pub struct Outflow<T>(super::Outflow<T, ()>);

    pub fn pipe<T>(events: usize) -> (Intake<T>, Outflow<T>) {
        let (intake, outflow) = super::pipe(Size { events, reserved: true }, Barrier::detect());
        (Intake(intake), Outflow(outflow))
    }

    impl<T> Intake<T> {
        pub fn put(&self, event: T) {
            self.0.put(event);
        }

        pub fn evict(&self) -> Option<T> {
            self.0.evict()
        }

        /// Announces that it waits for room, and says whether it has to.
        pub fn await_room(&self) -> bool {
            self.0.gauge().await_room();
            self.0.gauge().barrier.heavy();
            self.0.gauge().room() == 0
        }

        pub fn room(&self) -> u64 {
            self.0.gauge().room()
        }

        pub fn finish(self) -> Counts {
            let gauge: Arc<super::Gauge> = self.0.gauge().clone();
            self.0.finish(End::Disconnected(7));
            Counts(gauge)
        }
    }

    pub struct Counts(Arc<super::Gauge>);

    impl Counts {
        /// Put in, evicted, waiting.
        pub fn all(&self) -> (u64, u64, u64) {
            (self.0.put_in(), self.0.evicted(), self.0.waiting())
        }

        pub fn is_disconnected(&self) -> bool {
            self.0.end() == End::Disconnected(7)
        }
    }

    impl<T> Outflow<T> {
        /// An event, and whether the intake waits for the room; `Err(true)` when nothing more will come.
        pub fn take(&mut self) -> Result<(T, bool), bool> {
            self.0.take().map_err(|nothing| nothing == Nothing::Ever)
        }

        /// Waits as a thread that waits for several queues does.
        pub fn sleep(&self) {
            self.0.enlist(Bed::here()).heavy();
            while !self.0.is_ready() && !self.0.is_called() {
                park_until(&Deadline::NEVER, None);
            }
            self.0.leave();
        }
    }
}

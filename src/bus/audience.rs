//! Who listens: the patterns of a bus's subscriptions, and which topics any of them wants.
//!
//! A topic remembers whether it was wanted when the subscriptions last changed; publishing compares two numbers, and asks the
//! index of patterns only for the first event of a topic after a change. Joining and leaving wait for one another and for
//! nobody else.

use super::queue::QueueOverflow;
use super::stats::SubscriptionInfo;
use crate::ring::{Overflow, SubscriberId};
use crate::sync::{Arc, ArcSwap, AtomicU64, Mutex, Ordering::*, PlainArc};
use crate::topic::{PatternIndex, TopicName, TopicPattern};
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// The subscriptions of a bus.
pub(super) struct Audience {
    /// In the order in which they came. Held while `index` is replaced.
    seats: Mutex<Seats>,
    index: ArcSwap<PatternIndex<Arc<Seat>>>,
    /// Moves on after each change of `index`.
    generation: AtomicU64,
}

#[derive(Default)]
struct Seats {
    by_number: BTreeMap<u64, Arc<Seat>>,
    /// Of the next to come.
    next: u64,
}

/// What is known of one subscription.
pub(super) struct Seat {
    pub(super) pattern: TopicPattern,
    pub(super) name: Option<Box<str>>,
    pub(super) overflow: Overflow,
    pub(super) queue_overflow: Option<QueueOverflow>,
    /// Unknown until it has joined the ring.
    id: OnceLock<SubscriberId>,
}

impl Seat {
    pub(super) fn new(
        pattern: TopicPattern,
        name: Option<Box<str>>,
        overflow: Overflow,
        queue_overflow: Option<QueueOverflow>,
    ) -> Self {
        Self { pattern, name, overflow, queue_overflow, id: OnceLock::new() }
    }
}

/// A place in the audience; dropping it leaves.
pub(super) struct Seated {
    audience: Arc<Audience>,
    seat: Arc<Seat>,
    number: u64,
}

impl Audience {
    pub(super) fn new() -> Self {
        Self {
            seats: Mutex::new(Seats::default()),
            index: ArcSwap::from_pointee(PatternIndex::new()),
            // Topics that nobody has asked about remember generation 0.
            generation: AtomicU64::new(1),
        }
    }

    /// Before the subscriber joins the ring: whatever it will see is wanted.
    pub(super) fn join(audience: &Arc<Self>, seat: Seat) -> Seated {
        let seat = Arc::new(seat);
        let mut seats = audience.seats.lock();
        let number = seats.next;
        seats.next += 1;
        seats.by_number.insert(number, seat.clone());
        audience.change(|index| index.with(&seat.pattern, number, seat.clone()));
        drop(seats);
        Seated { audience: audience.clone(), seat, number }
    }

    /// Under the lock of `seats`.
    fn change(&self, change: impl FnOnce(&PatternIndex<Arc<Seat>>) -> PatternIndex<Arc<Seat>>) {
        self.index.store(PlainArc::new(change(&self.index.load())));
        // ORDERING: Release pairs with the Acquire of `wants`: whoever sees this number sees the index of before.
        self.generation.fetch_add(1, Release);
    }

    /// Does any subscription want the events of this topic now?
    #[inline]
    pub(super) fn wants(&self, topic: &TopicName) -> bool {
        let generation = self.generation.load(Acquire);
        match topic.was_wanted(generation) {
            Some(wanted) => wanted,
            None => self.ask(topic, generation),
        }
    }

    #[cold]
    fn ask(&self, topic: &TopicName, generation: u64) -> bool {
        let wanted = self.index.load().any_match(topic.as_str());
        topic.remember_wanted(generation, wanted);
        wanted
    }

    /// The topics that a subscription refers to by name.
    pub(super) fn named(&self) -> HashSet<Box<str>> {
        let seats = self.seats.lock();
        let named = seats.by_number.values().filter(|seat| seat.pattern.is_name());
        named.map(|seat| seat.pattern.as_str().into()).collect()
    }

    /// Those that have joined.
    pub(super) fn list(&self) -> Vec<SubscriptionInfo> {
        let seats = self.seats.lock();
        let joined = seats.by_number.values().filter_map(|seat| {
            let id = *seat.id.get()?;
            Some(SubscriptionInfo {
                id,
                pattern: seat.pattern.clone(),
                name: seat.name.clone(),
                overflow: seat.overflow,
                queue_overflow: seat.queue_overflow,
            })
        });
        joined.collect()
    }
}

impl Seated {
    pub(super) fn sit(&self, id: SubscriberId) {
        let _ = self.seat.id.set(id);
    }

    pub(super) fn pattern(&self) -> &TopicPattern {
        &self.seat.pattern
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.seat.name.as_deref()
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut seats = self.audience.seats.lock();
        seats.by_number.remove(&self.number);
        self.audience.change(|index| index.without(&self.seat.pattern, self.number));
    }
}

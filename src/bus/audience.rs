//! Who listens: the patterns of a bus's subscriptions, and which topics any of them wants.
//!
//! A topic remembers whether it was wanted when the subscriptions last changed; publishing compares two numbers, and looks at
//! the patterns only for the first event of a topic after a change.

use super::stats::SubscriptionInfo;
use crate::ring::{Overflow, SubscriberId};
use crate::sync::{Arc, ArcSwap, AtomicU64, Ordering::*};
use crate::topic::{TopicName, TopicPattern};
use std::collections::HashSet;
use std::sync::OnceLock;

/// The subscriptions of a bus, in the order in which they came.
pub(super) struct Audience {
    seats: ArcSwap<Vec<Arc<Seat>>>,
    /// Moves on after each change of `seats`.
    generation: AtomicU64,
}

/// What is known of one subscription.
pub(super) struct Seat {
    pub(super) pattern: TopicPattern,
    pub(super) name: Option<Box<str>>,
    pub(super) overflow: Overflow,
    /// Unknown until it has joined the ring.
    id: OnceLock<SubscriberId>,
}

impl Seat {
    pub(super) fn new(pattern: TopicPattern, name: Option<Box<str>>, overflow: Overflow) -> Self {
        Self { pattern, name, overflow, id: OnceLock::new() }
    }
}

/// A place in the audience; dropping it leaves.
pub(super) struct Seated {
    audience: Arc<Audience>,
    seat: Arc<Seat>,
}

impl Audience {
    pub(super) fn new() -> Self {
        // Topics that nobody has asked about remember generation 0.
        Self { seats: ArcSwap::from_pointee(Vec::new()), generation: AtomicU64::new(1) }
    }

    /// Before the subscriber joins the ring: whatever it will see is wanted.
    pub(super) fn join(audience: &Arc<Self>, seat: Seat) -> Seated {
        let seat = Arc::new(seat);
        audience.change(|seats| seats.push(seat.clone()));
        Seated { audience: audience.clone(), seat }
    }

    fn change(&self, mut change: impl FnMut(&mut Vec<Arc<Seat>>)) {
        self.seats.rcu(|seats| {
            let mut seats = Vec::clone(seats);
            change(&mut seats);
            seats
        });
        // ORDERING: Release pairs with the Acquire of `wants`: whoever sees this number sees the seats of before.
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
        let wanted = self.seats.load().iter().any(|seat| seat.pattern.matches(topic.as_str()));
        topic.remember_wanted(generation, wanted);
        wanted
    }

    /// The topics that a subscription refers to by name.
    pub(super) fn named(&self) -> HashSet<Box<str>> {
        let seats = self.seats.load();
        let named = seats.iter().filter(|seat| seat.pattern.is_name());
        named.map(|seat| seat.pattern.as_str().into()).collect()
    }

    /// Those that have joined.
    pub(super) fn list(&self) -> Vec<SubscriptionInfo> {
        let seats = self.seats.load();
        let joined = seats.iter().filter_map(|seat| {
            let id = *seat.id.get()?;
            let Seat { pattern, name, overflow, .. } = &**seat;
            Some(SubscriptionInfo { id, pattern: pattern.clone(), name: name.clone(), overflow: *overflow })
        });
        joined.collect()
    }
}

impl Seated {
    pub(super) fn sit(&self, id: SubscriberId) {
        let _ = self.seat.id.set(id);
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.seat.name.as_deref()
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.audience.change(|seats| seats.retain(|seat| !Arc::ptr_eq(seat, &self.seat)));
    }
}

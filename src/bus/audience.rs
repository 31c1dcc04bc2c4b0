//! Who listens: the patterns of a bus's subscriptions, and which topics any of them wants.
//!
//! A topic remembers whether it was wanted when the subscriptions last changed; publishing compares two numbers, and looks at
//! the patterns only for the first event of a topic after a change.

use super::account::Account;
use super::start::Joined;
use super::stats::SubscriptionInfo;
use crate::error::TryRecvError;
use crate::ring::{Overflow, Standings, SubscriberId};
use crate::stats::{LostBy, Recorder, SubscriptionSnapshot, Totals};
use crate::sync::{Arc, ArcSwap, AtomicU64, Mutex, Ordering::*};
use crate::topic::{TopicName, TopicPattern};
use crate::trace;
use std::sync::OnceLock;

/// The subscriptions of a bus, in the order in which they came.
pub(super) struct Audience {
    seats: ArcSwap<Vec<Arc<Seat>>>,
    /// Moves on after each change of `seats`.
    generation: AtomicU64,
    /// Of those that have left. Held while one leaves, so that it is counted either there or here.
    departed: Mutex<Totals>,
}

/// What is known of one subscription.
pub(super) struct Seat {
    pub(super) pattern: TopicPattern,
    pub(super) name: Option<Box<str>>,
    pub(super) overflow: Overflow,
    account: Account,
    handling_time: Recorder,
    /// Its number, and where it started. Unknown until it has joined the ring.
    joined: OnceLock<(SubscriberId, Joined)>,
}

impl Seat {
    pub(super) fn new(pattern: TopicPattern, name: Option<Box<str>>, overflow: Overflow) -> Self {
        Self {
            pattern,
            name,
            overflow,
            account: Account::new(),
            handling_time: Recorder::new(),
            joined: OnceLock::new(),
        }
    }

    /// Nothing before it has joined.
    fn info(&self) -> Option<SubscriptionInfo> {
        let (id, _) = *self.joined.get()?;
        let Self { pattern, name, overflow, .. } = self;
        Some(SubscriptionInfo { id, pattern: pattern.clone(), name: name.clone(), overflow: *overflow })
    }

    /// What is known of it, by where the subscribers of the ring stand; without that, of one that has left the ring.
    fn snapshot(&self, standings: Option<&Standings>, capacity: u64) -> Option<SubscriptionSnapshot> {
        let info = self.info()?;
        let (id, joined) = *self.joined.get()?;
        let standing = standings.and_then(|standings| standings.get(id));
        let published = standings.map_or(0, |standings| standings.published);
        let stats = self.account.seen_from_outside(joined.sequence, standing, published);
        Some(SubscriptionSnapshot {
            stats,
            lost_by: LostBy::in_ring(info.overflow, stats.lost),
            max_ahead: self.account.max_ahead(stats.ahead),
            held: standing.map_or(0, |standing| standing.in_hand(self.account.position())),
            queued: 0,
            capacity,
            handling_time: self.handling_time.get(),
            info,
        })
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
        Self {
            seats: ArcSwap::from_pointee(Vec::new()),
            generation: AtomicU64::new(1),
            departed: Mutex::new(Totals::default()),
        }
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

    /// Those that have joined.
    pub(super) fn list(&self) -> Vec<SubscriptionInfo> {
        let seats = self.seats.load();
        seats.iter().filter_map(|seat| seat.info()).collect()
    }

    /// What is known of those that have joined, and of all that there have been together.
    pub(super) fn snapshot(
        &self,
        standings: impl FnOnce() -> Standings,
        capacity: u64,
    ) -> (Vec<SubscriptionSnapshot>, Totals) {
        let departed = self.departed.lock();
        let seats = self.seats.load();
        // After the list: one that has no cursor has left, and has told its last word.
        let standings = standings();
        let all: Vec<_> = seats.iter().filter_map(|seat| seat.snapshot(Some(&standings), capacity)).collect();
        let mut totals = *departed;
        all.iter().for_each(|subscription| totals.add(subscription));
        (all, totals)
    }
}

impl Seated {
    pub(super) fn sit(&self, id: SubscriberId, joined: Joined) {
        let _ = self.seat.joined.set((id, joined));
        self.tell(|info| trace::subscribed(info, joined.sequence));
    }

    /// Its subscriber is leaving the ring, or has left it, with so many events lost in all.
    pub(super) fn end(&self, lost: u64) {
        if let Some((_, joined)) = self.seat.joined.get() {
            self.seat.account.end(joined.sequence, lost - joined.lost_before);
        }
    }

    /// After a receive that has failed: one that was disconnected has left the ring.
    pub(super) fn failed(&self, error: &TryRecvError) {
        match error {
            TryRecvError::Disconnected(lost) => {
                self.end(*lost);
                self.tell(|info| trace::disconnected(info, *lost));
            }
            TryRecvError::Lagged(missed) => self.tell(|info| trace::lagged(info, *missed)),
            _ => {}
        }
    }

    #[cold]
    fn tell(&self, f: impl FnOnce(&SubscriptionInfo)) {
        if cfg!(feature = "tracing")
            && let Some(info) = self.seat.info()
        {
            f(&info);
        }
    }

    pub(super) fn handling_time(&self) -> &Recorder {
        &self.seat.handling_time
    }

    #[inline]
    pub(super) fn account(&self) -> &Account {
        &self.seat.account
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.seat.name.as_deref()
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        let mut departed = self.audience.departed.lock();
        let last = self.seat.snapshot(None, 0);
        if let Some(last) = &last {
            departed.add(last);
        }
        self.audience.change(|seats| seats.retain(|seat| !Arc::ptr_eq(seat, &self.seat)));
        drop(departed);
        if let Some(last) = last {
            trace::left(&last.info, last.stats.delivered, last.stats.lost);
        }
    }
}

//! Who listens: the patterns of a bus's subscriptions, and which topics any of them wants.
//!
//! A topic remembers whether it was wanted when the subscriptions last changed; publishing compares two numbers, and asks the
//! index of patterns only for the first event of a topic after a change. Joining and leaving wait for one another and for
//! nobody else.

use super::account::Account;
use super::queue::{QueueOverflow, Tally};
use super::start::Joined;
use super::stats::SubscriptionInfo;
use crate::error::TryRecvError;
use crate::ring::{Overflow, Standings, SubscriberId};
use crate::stats::{LostBy, Recorder, SubscriptionSnapshot, Totals};
use crate::sync::{Arc, ArcSwap, AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering::*, PlainArc};
use crate::topic::{PatternIndex, TopicName, TopicPattern};
use crate::trace;
use crossbeam_utils::CachePadded;
use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

/// The subscriptions of a bus.
pub(super) struct Audience {
    /// In the order in which they came. Held while `index` is replaced.
    seats: Mutex<Seats>,
    index: ArcSwap<PatternIndex<Arc<Seat>>>,
    /// Moves on after each change of `index`. Every publish reads it: nothing that is written more often may be beside it.
    generation: CachePadded<AtomicU64>,
    /// How many have joined and were neither ended nor dropped. Written while `seats` is held.
    present: AtomicUsize,
    /// Of those that have left. Held while one leaves, so that it is counted either there or here.
    departed: Mutex<Totals>,
}

#[derive(Default)]
struct Seats {
    by_number: BTreeMap<u64, Arc<Seat>>,
    /// Of the next to come.
    next: u64,
}

/// What is known of one subscription.
#[repr(C)]
pub(super) struct Seat {
    pub(super) pattern: TopicPattern,
    pub(super) name: Option<Box<str>>,
    pub(super) queue_overflow: Option<QueueOverflow>,
    handling_time: Recorder,
    /// Between others: see there.
    account: Account,
    pub(super) overflow: Overflow,
    /// Its number, and where it started. Unknown until it has joined the ring.
    joined: OnceLock<(SubscriberId, Joined)>,
    /// Ends it from another thread; false if it has ended before.
    ends_by: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
    /// It was ended, and its reader may not know yet; or it is going, or was told that it is disconnected.
    ended: AtomicBool,
    /// Of a queued one.
    queue: OnceLock<Arc<Tally>>,
}

/// The account shares its lines with nothing outside the seat.
#[cfg(all(target_pointer_width = "64", not(any(eventcast_loom, eventcast_shuttle))))]
const _: () = {
    let before = std::mem::offset_of!(Seat, account);
    assert!(before >= 64 && size_of::<Seat>() - before - size_of::<Account>() >= 64);
};

impl Seat {
    pub(super) fn new(
        pattern: TopicPattern,
        name: Option<Box<str>>,
        overflow: Overflow,
        queue_overflow: Option<QueueOverflow>,
    ) -> Self {
        Self {
            pattern,
            name,
            overflow,
            queue_overflow,
            account: Account::new(),
            handling_time: Recorder::new(),
            joined: OnceLock::new(),
            ends_by: OnceLock::new(),
            ended: AtomicBool::new(false),
            queue: OnceLock::new(),
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    /// Has it joined, and was it not ended?
    fn is_present(&self) -> bool {
        self.joined.get().is_some() && !self.has_ended()
    }

    /// Nothing before it has joined.
    fn info(&self) -> Option<SubscriptionInfo> {
        let (id, _) = *self.joined.get()?;
        Some(SubscriptionInfo {
            id,
            pattern: self.pattern.clone(),
            name: self.name.clone(),
            overflow: self.overflow,
            queue_overflow: self.queue_overflow,
        })
    }

    /// What is known of it, by where the subscribers of the ring stand; without that, of one that has left the ring.
    fn snapshot(&self, standings: Option<&Standings>, capacity: u64) -> Option<SubscriptionSnapshot> {
        let info = self.info()?;
        let (id, joined) = *self.joined.get()?;
        if let Some(queue) = self.queue.get() {
            // Without the ring: nothing is ahead of one that has left.
            let stats = queue.stats(standings.map_or(0, |standings| standings.published));
            let held = queue.in_hand();
            return Some(SubscriptionSnapshot {
                stats,
                lost_by: queue.lost_by(),
                max_ahead: queue.high_water().max(stats.queued),
                held,
                guarded: held,
                capacity: queue.capacity(),
                handling_time: self.handling_time.get(),
                lane: None,
                info,
            });
        }
        let standing = standings.and_then(|standings| standings.get(id));
        let published = standings.map_or(0, |standings| standings.published);
        let guarded = self.account.guarded();
        let stats = self.account.seen_from_outside(joined.sequence, standing, published);
        Some(SubscriptionSnapshot {
            stats,
            lost_by: LostBy::in_ring(info.overflow, stats.lost),
            max_ahead: self.account.max_ahead(stats.ahead),
            held: standing.map_or(0, |standing| standing.in_hand(self.account.position() + guarded)),
            guarded,
            capacity,
            handling_time: self.handling_time.get(),
            lane: None,
            info,
        })
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
            generation: CachePadded::new(AtomicU64::new(1)),
            present: AtomicUsize::new(0),
            departed: Mutex::new(Totals::default()),
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
        let named = seats.by_number.values().filter(|seat| seat.pattern.is_name() && !seat.has_ended());
        named.map(|seat| seat.pattern.as_str().into()).collect()
    }

    /// Ends all subscriptions of this pattern and says which. Their readers will hear of it.
    pub(super) fn end_all(&self, pattern: &TopicPattern) -> Vec<SubscriberId> {
        let mine = |(_, seat): &(&u64, &Arc<Seat>)| seat.pattern == *pattern && !seat.has_ended();
        let seats = self.seats.lock();
        let ending: Vec<_> =
            seats.by_number.iter().filter(mine).map(|(number, seat)| (*number, seat.clone())).collect();
        // Ending one drops its filter, which is the user's.
        drop(seats);
        let ended = ending.into_iter().filter_map(|(number, seat)| {
            // One that has not joined yet comes after this.
            let (id, _) = *seat.joined.get()?;
            let ends = seat.ends_by.get()?();
            // Also where somebody else was first, and has not come to this yet.
            let _changing = self.seats.lock();
            self.end(&seat, number);
            ends.then_some(id)
        });
        ended.collect()
    }

    /// Under the lock of `seats`: it wants nothing more and is not listed, if it was until now.
    fn end(&self, seat: &Seat, number: u64) {
        if seat.is_present() {
            self.present.fetch_sub(1, Relaxed);
        }
        if !seat.ended.swap(true, Relaxed) {
            self.change(|index| index.without(&seat.pattern, number));
        }
    }

    /// Those that have joined and were not ended.
    pub(super) fn list(&self) -> Vec<SubscriptionInfo> {
        let seats = self.seats.lock();
        seats.by_number.values().filter(|seat| seat.is_present()).filter_map(|seat| seat.info()).collect()
    }

    /// How many [`list`](Self::list) has.
    pub(super) fn len(&self) -> usize {
        self.present.load(Relaxed)
    }

    /// What is known of those that have joined, and of all that there have been together.
    pub(super) fn snapshot(
        &self,
        standings: impl FnOnce() -> Standings,
        capacity: u64,
    ) -> (Vec<SubscriptionSnapshot>, Totals) {
        let departed = self.departed.lock();
        let seats: Vec<_> = self.seats.lock().by_number.values().cloned().collect();
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
        let changing = self.audience.seats.lock();
        let _ = self.seat.joined.set((id, joined));
        // One that was ended on the way was never there.
        if self.seat.is_present() {
            self.audience.present.fetch_add(1, Relaxed);
        }
        drop(changing);
        self.tell(|info| trace::subscribed(info, joined.sequence));
    }

    /// Its subscriber is leaving the ring, or has left it, with so many events lost in all.
    pub(super) fn end(&self, lost: u64) {
        if let Some((_, joined)) = self.seat.joined.get() {
            self.seat.account.end(joined.sequence, lost - joined.lost_before);
        }
    }

    /// How others end it. Before it [sits](Self::sit).
    pub(super) fn ends_by(&self, end: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.seat.ends_by.set(Box::new(end));
    }

    /// What its reader and the bus look at, of a queued one. Before it [sits](Self::sit).
    pub(super) fn queue(&self, queue: Arc<Tally>) {
        let _ = self.seat.queue.set(queue);
    }

    /// After a receive from the ring that has failed: one that was disconnected has left it.
    pub(super) fn failed(&self, error: &TryRecvError) {
        if let TryRecvError::Disconnected(lost) = error {
            self.end(*lost);
        }
        self.tell_of(error);
    }

    /// It wants nothing more, and is not listed from now on.
    pub(super) fn quit(&self) {
        let _changing = self.audience.seats.lock();
        self.audience.end(&self.seat, self.number);
    }

    /// What its reader is told, too.
    pub(super) fn tell_of(&self, error: &TryRecvError) {
        match error {
            TryRecvError::Disconnected(lost) => {
                self.quit();
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

    pub(super) fn pattern(&self) -> &TopicPattern {
        &self.seat.pattern
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
        let mut seats = self.audience.seats.lock();
        seats.by_number.remove(&self.number);
        self.audience.end(&self.seat, self.number);
        drop((seats, departed));
        if let Some(last) = last {
            trace::left(&last.info, last.stats.delivered, last.stats.lost);
        }
    }
}

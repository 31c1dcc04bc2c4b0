//! What the reader of a subscription tells of itself while it reads.
//!
//! Its reader alone writes, by plain loads and stores; whoever wants to know reads. An account is as large as a line, and its
//! owner keeps as much of other things on either side of it: no neighbour on the heap shares a line with it.

use super::sieve::Outcome;
use super::stats::SubscriptionStats;
use crate::ring::{Sequence, Standing};
use crate::sync::{AtomicU64, Ordering::Relaxed};

/// The counts of one subscription. Those of which the filter panicked are filtered, too.
#[derive(Debug)]
pub(super) struct Account {
    delivered: AtomicU64,
    filtered: AtomicU64,
    filter_panics: AtomicU64,
    expired: AtomicU64,
    /// First sequence that it has not counted.
    position: AtomicU64,
    /// Events from there on that are in a guard.
    guarded: AtomicU64,
    /// Most events that it has seen ahead of it.
    max_ahead: AtomicU64,
    /// As far as those who asked have seen, who write this one.
    max_seen: AtomicU64,
}

#[cfg(not(any(eventcast_loom, eventcast_shuttle)))]
const _: () = assert!(size_of::<Account>() == 64);

impl Account {
    pub(super) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            delivered: zero(),
            filtered: zero(),
            filter_panics: zero(),
            expired: zero(),
            position: zero(),
            guarded: zero(),
            max_ahead: zero(),
            max_seen: zero(),
        }
    }

    #[inline]
    pub(super) fn add(&self, outcome: Outcome) {
        // ORDERING: Relaxed: nobody else writes; others see the counts behind the reader's cursor, which it moves later.
        let count = |count: &AtomicU64| count.store(count.load(Relaxed) + 1, Relaxed);
        match outcome {
            Outcome::Delivered => count(&self.delivered),
            Outcome::Filtered => count(&self.filtered),
            Outcome::Expired => count(&self.expired),
            Outcome::Panicked => {
                count(&self.filtered);
                count(&self.filter_panics);
            }
        }
    }

    /// Events of other topics.
    #[inline]
    pub(super) fn pass(&self, n: u64) {
        let filtered = &self.filtered;
        filtered.store(filtered.load(Relaxed) + n, Relaxed);
    }

    /// Everything below was counted, or is lost.
    #[inline]
    pub(super) fn stand_at(&self, position: Sequence) {
        self.position.store(position, Relaxed);
    }

    /// A guard has the next `n` events.
    pub(super) fn hold(&self, n: usize) {
        self.guarded.store(n as u64, Relaxed);
    }

    /// The guard is over; what it consumed was counted, everything below `position`.
    pub(super) fn let_go(&self, position: Sequence) {
        self.stand_at(position);
        self.hold(0);
    }

    /// How many events are in a guard. They are not counted, and lie from the [`position`](Self::position) on.
    pub(super) fn guarded(&self) -> u64 {
        self.guarded.load(Relaxed)
    }

    /// It has left the ring with so many events lost.
    pub(super) fn end(&self, joined: Sequence, lost: u64) {
        let stats = self.stats(joined, lost, 0);
        self.stand_at(joined + stats.total());
    }

    pub(super) fn position(&self) -> Sequence {
        self.position.load(Relaxed)
    }

    /// The reader has seen so many events ahead of it.
    pub(super) fn saw_ahead(&self, ahead: u64) {
        let max = &self.max_ahead;
        max.store(max.load(Relaxed).max(ahead), Relaxed);
    }

    /// The most events that were ahead of it, as far as anybody has seen, with `ahead` now.
    pub(super) fn max_ahead(&self, ahead: u64) -> u64 {
        let seen = self.max_seen.fetch_max(ahead, Relaxed).max(ahead);
        seen.max(self.max_ahead.load(Relaxed))
    }

    /// What its reader counts, of one that started at `joined` with so many events lost and ahead.
    pub(super) fn stats(&self, joined: Sequence, lost: u64, ahead: u64) -> SubscriptionStats {
        SubscriptionStats {
            joined,
            delivered: self.delivered.load(Relaxed),
            filtered: self.filtered.load(Relaxed),
            filter_panics: self.filter_panics.load(Relaxed),
            expired: self.expired.load(Relaxed),
            lost,
            queued: 0,
            ahead,
        }
    }

    /// The same as others see it, by the cursor; without one it has left, and nothing is ahead of it.
    pub(super) fn seen_from_outside(
        &self,
        joined: Sequence,
        standing: Option<&Standing>,
        published: Sequence,
    ) -> SubscriptionStats {
        let position = self.position();
        let (ahead, reached) = match standing.map(|standing| standing.place(position, published)) {
            Some(place) => (place.ahead(), place.next() + place.missed()),
            None => (0, position),
        };
        let stats = self.stats(joined, 0, ahead);
        let looked_at = stats.delivered + stats.filtered + stats.expired;
        // It may be counting just now.
        SubscriptionStats { lost: (reached - joined).saturating_sub(looked_at), ..stats }
    }
}

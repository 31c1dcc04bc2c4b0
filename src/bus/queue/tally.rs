//! What has become of the events of one queue.

use super::pipe::Gauge;
use crate::bus::sieve::Outcome;
use crate::bus::stats::SubscriptionStats;
use crate::ring::Sequence;
use crate::stats::LostBy;
use crate::sync::{Arc, AtomicU64, Ordering::*};
use crossbeam_utils::CachePadded;

/// The counts of a queue. Each is written by one thread at a time: those of `reader` by the reader, all others by whoever holds
/// the feed.
pub(in crate::bus) struct Tally {
    gauge: Arc<Gauge>,
    joined: Sequence,
    pub(super) filtered: AtomicU64,
    pub(super) filter_panics: AtomicU64,
    pub(super) expired: AtomicU64,
    /// Lost because the queue was full.
    pub(super) lost_full: AtomicU64,
    /// Lost because the dispatcher was a full ring behind; of any topic.
    pub(super) lost_overwritten: AtomicU64,
    /// Lost because their payload's `Clone` panicked.
    pub(super) lost_clone: AtomicU64,
    /// Where the dispatcher goes on; beyond all events once it does not.
    place: AtomicU64,
    /// Most events that have waited.
    high_water: AtomicU64,
    reader: CachePadded<Reader>,
}

#[derive(Default)]
struct Reader {
    delivered: AtomicU64,
    /// Taken out of the queue, and not handed out yet.
    in_hand: AtomicU64,
}

/// Outcomes of a run of events.
#[derive(Default)]
pub(super) struct Outcomes {
    filtered: u64,
    filter_panics: u64,
    expired: u64,
}

impl Outcomes {
    /// Of an event that is not delivered.
    pub(super) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Delivered => {}
            Outcome::Filtered => self.filtered += 1,
            Outcome::Expired => self.expired += 1,
            Outcome::Panicked => {
                self.filtered += 1;
                self.filter_panics += 1;
            }
        }
    }
}

impl Tally {
    pub(super) fn new(gauge: Arc<Gauge>, joined: Sequence) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            gauge,
            joined,
            filtered: zero(),
            filter_panics: zero(),
            expired: zero(),
            lost_full: zero(),
            lost_overwritten: zero(),
            lost_clone: zero(),
            place: AtomicU64::new(joined),
            high_water: zero(),
            reader: CachePadded::new(Reader { delivered: zero(), in_hand: zero() }),
        }
    }

    /// Adds to one of its counts, of which the calling thread is the only writer.
    pub(super) fn add(count: &AtomicU64, n: u64) {
        if n > 0 {
            count.store(count.load(Relaxed) + n, Relaxed);
        }
    }

    pub(super) fn judged(&self, outcomes: &mut Outcomes) {
        let Outcomes { filtered, expired, .. } = *outcomes;
        if filtered == 0 && expired == 0 {
            return;
        }
        let outcomes = std::mem::take(outcomes);
        Self::add(&self.filtered, outcomes.filtered);
        Self::add(&self.filter_panics, outcomes.filter_panics);
        Self::add(&self.expired, outcomes.expired);
    }

    /// After the feed has been served: the sequence that it goes on at.
    pub(super) fn stand_at(&self, place: Sequence) {
        let waiting = self.gauge.waiting();
        if waiting > self.high_water.load(Relaxed) {
            self.high_water.store(waiting, Relaxed);
        }
        // ORDERING: Release pairs with the Acquire of `behind`: what it has passed has been counted.
        self.place.store(place, Release);
    }

    /// The reader has handed out `n` events and has so many in hand.
    #[inline]
    pub(super) fn handed_out(&self, n: u64, in_hand: usize) {
        Self::add(&self.reader.delivered, n);
        self.reader.in_hand.store(in_hand as u64, Relaxed);
    }

    /// How many events lie ahead of the dispatcher, of any topic; `next` is the sequence of the next event.
    pub(super) fn behind(&self, next: Sequence) -> u64 {
        // ORDERING: see `stand_at`.
        next.saturating_sub(self.place.load(Acquire))
    }

    /// How many events that were put in have been handed out or evicted.
    pub(super) fn settled(&self) -> u64 {
        self.gauge.evicted() + self.reader.delivered.load(Relaxed)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost_by().total()
    }

    pub(in crate::bus) fn lost_by(&self) -> LostBy {
        LostBy {
            overwritten: self.lost_overwritten.load(Relaxed),
            queue_full: self.lost_full.load(Relaxed),
            clone_panicked: self.lost_clone.load(Relaxed),
            ..LostBy::default()
        }
    }

    /// How many events fit into the queue.
    pub(in crate::bus) fn capacity(&self) -> u64 {
        self.gauge.capacity()
    }

    /// How many events its reader has taken out of the queue and not handed out.
    pub(in crate::bus) fn in_hand(&self) -> u64 {
        self.reader.in_hand.load(Relaxed)
    }

    /// Most events that have waited in the queue.
    pub(in crate::bus) fn high_water(&self) -> u64 {
        self.high_water.load(Relaxed)
    }

    /// `next` is the sequence of the next event.
    pub(in crate::bus) fn stats(&self, next: Sequence) -> SubscriptionStats {
        // First: what the dispatcher is past has been counted.
        let ahead = self.behind(next);
        SubscriptionStats {
            joined: self.joined,
            delivered: self.reader.delivered.load(Relaxed),
            filtered: self.filtered.load(Relaxed),
            filter_panics: self.filter_panics.load(Relaxed),
            expired: self.expired.load(Relaxed),
            lost: self.lost(),
            queued: self.gauge.waiting() + self.in_hand(),
            ahead,
        }
    }
}

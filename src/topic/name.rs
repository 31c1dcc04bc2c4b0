//! A topic's name, and how many events were published to it.

use crate::sync::{AtomicU64, Ordering::*, known_thread_number, thread_number};

/// A valid topic name on one bus.
#[derive(Debug)]
pub(crate) struct TopicName {
    text: Box<str>,
    /// Its number on its bus, never used again.
    id: u64,
    /// Its place among the names of its bus, used again after it left.
    slot: usize,
    /// The bus's own 64 random bits.
    bus: u64,
    /// Whether a subscription wanted it, and in which generation of subscriptions: generation << 1 | wanted.
    wanted: AtomicU64,
    /// Number of the thread that published first, which alone adds to `own`; [`NOBODY`] before that.
    owner: AtomicU64,
    own: Own,
    others: Line,
}

/// No thread has this number, nor does one that does not know its own yet.
const NOBODY: u64 = u64::MAX;

/// A count on a cache line of its own: readers look at the rest of the name, and publishers change this.
#[derive(Debug)]
#[repr(align(64))]
struct Line(AtomicU64);

/// What the owner alone changes.
#[derive(Debug)]
#[repr(align(64))]
struct Own {
    count: AtomicU64,
    /// How many of its publishes by name are under way.
    pins: AtomicU64,
}

impl TopicName {
    pub(super) fn new(text: Box<str>, id: u64, slot: usize, bus: u64) -> Self {
        Self {
            text,
            id,
            slot,
            bus,
            wanted: AtomicU64::new(0),
            owner: AtomicU64::new(NOBODY),
            own: Own { count: AtomicU64::new(0), pins: AtomicU64::new(0) },
            others: Line(AtomicU64::new(0)),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn slot(&self) -> usize {
        self.slot
    }

    pub(crate) fn bus(&self) -> u64 {
        self.bus
    }

    /// Whether a subscription of this generation wants it, if that is known.
    #[inline]
    pub(crate) fn was_wanted(&self, generation: u64) -> Option<bool> {
        // ORDERING: Relaxed: the number says all there is to know.
        let word = self.wanted.load(Relaxed);
        (word >> 1 == generation).then_some(word & 1 == 1)
    }

    pub(crate) fn remember_wanted(&self, generation: u64, wanted: bool) {
        self.wanted.store(generation << 1 | u64::from(wanted), Relaxed);
    }

    /// Counts one event that was accepted.
    ///
    /// A topic is mostly published to by one thread. The first one to do so owns a count that nobody else changes, so that it
    /// needs no read-modify-write.
    #[inline]
    pub(crate) fn count(&self) {
        // ORDERING: Relaxed, all of it: `own` has one writer for ever, as no two threads have the same number; who needs an
        // exact sum has the publishes behind it by other means.
        if self.is_own() {
            self.own.count.store(self.own.count.load(Relaxed) + 1, Relaxed);
        } else {
            self.count_other();
        }
    }

    #[inline]
    fn is_own(&self) -> bool {
        self.owner.load(Relaxed) == known_thread_number()
    }

    /// Makes the calling thread the owner if there is none.
    #[cold]
    fn adopt(&self) -> bool {
        self.owner.compare_exchange(NOBODY, thread_number(), Relaxed, Relaxed).is_ok()
    }

    #[cold]
    fn count_other(&self) {
        if self.adopt() {
            self.count();
        } else {
            self.others.0.fetch_add(1, Relaxed);
        }
    }

    /// Keeps the registry from letting the name go, until [`unpin`](Self::unpin) is called as often; only for the owner, false
    /// for others. Under the registry's lock.
    #[inline]
    pub(super) fn pin(&self) -> bool {
        let own = self.is_own() || self.adopt();
        if own {
            // ORDERING: Relaxed: the lock makes the registry see it.
            self.own.pins.store(self.own.pins.load(Relaxed) + 1, Relaxed);
        }
        own
    }

    #[inline]
    pub(super) fn unpin(&self) {
        // ORDERING: Release pairs with the Acquire of `is_pinned`: the publish comes before it.
        self.own.pins.store(self.own.pins.load(Relaxed) - 1, Release);
    }

    pub(super) fn is_pinned(&self) -> bool {
        self.own.pins.load(Acquire) != 0
    }

    /// In place of [`count`](Self::count), on a bus that does not count: there was an event.
    #[inline]
    pub(crate) fn mark(&self) {
        // Looks first: publishers need not take the line from one another.
        if self.own.count.load(Relaxed) == 0 {
            self.own.count.store(1, Relaxed);
        }
    }

    /// How many events were counted; 0 means that there was none, counted or not.
    pub(crate) fn published(&self) -> u64 {
        self.own.count.load(Relaxed) + self.others.0.load(Relaxed)
    }
}

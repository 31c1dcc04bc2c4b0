//! The ring's words without its values: what every protocol works on, the same for every event type.
//!
//! `position = sequence mod slots`, a power of two. `map[position]` names the physical slot that holds the position's value;
//! it differs from the position only after a displacement. An entry is `physical ^ position`, zero at first; its top bit says
//! that the slot holds a value.

use super::cursor::Cursors;
use super::sight::RingNumber;
use super::sleep::{Gate, Sleepers};
use super::wait::Wait;
use super::word::{CLOSED, END_OF_SEQUENCES, SpareWord};
use crate::sync::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Barrier, Ordering::*};
use crossbeam_utils::CachePadded;

/// In a map entry: the physical slot holds a value that has to be dropped. Kept only for types that need it.
pub(crate) const OWNED: u32 = 1 << 31;

/// A slot outside the ring's positions, for values that a pinned reader holds while their position goes on.
pub(crate) struct Spare {
    /// A [`SpareWord`]. Reservations compare-exchange AcqRel; the claimer stores Limbo with Release.
    pub(crate) state: AtomicU64,
    /// Physical slot of this entry, with [`OWNED`]; written only by the claimer of the reserved sequence.
    pub(crate) slot: AtomicU32,
}

/// Sizes fixed when the ring is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) capacity: u64,
    /// Positions; a power of two, at least `capacity + surplus`.
    pub(crate) slots: u64,
    /// How far a publisher may claim without looking at the cursors again; at most `capacity` (joins rely on it).
    pub(crate) surplus: u64,
    pub(crate) spares: u64,
    /// First sequence of the ring: 0 but in tests.
    pub(crate) first: u64,
    pub(crate) unique: bool,
    pub(crate) wait: Wait,
}

pub(crate) struct Core {
    pub(crate) shape: Shape,
    pub(crate) number: RingNumber,
    pub(crate) barrier: Barrier,
    /// Per position: last released sequence + 1. Empty on a unique ring.
    pub(crate) stamps: Box<[AtomicU64]>,
    pub(crate) map: Box<[AtomicU32]>,
    pub(crate) spares: Box<[Spare]>,
    /// Has any position ever got another slot than its own? Until then readers need no map.
    pub(crate) displaced: AtomicBool,
    pub(crate) cursors: Cursors,
    /// Next sequence to claim << 1 | closed. On a unique ring only the closed bit and the joins' handshake.
    pub(crate) tail: CachePadded<AtomicU64>,
    /// Unique ring: next sequence to be released.
    pub(crate) head: CachePadded<AtomicU64>,
    /// Set after the closed bit, so that a polling reader need not touch the publishers' line to learn of a close.
    pub(crate) closing: CachePadded<AtomicBool>,
    pub(crate) sleepers: Sleepers,
    pub(crate) gate: CachePadded<Gate>,
    pub(crate) publishers: CachePadded<AtomicUsize>,
    pub(crate) subscribers: CachePadded<AtomicUsize>,
    /// Panics of the events' own `Drop` that the ring contained.
    pub(crate) drop_panics: CachePadded<AtomicU64>,
}

impl Core {
    pub(crate) fn new(shape: Shape, barrier: Barrier) -> Self {
        let spare = |k: u64| Spare {
            state: AtomicU64::new(SpareWord::None.pack()),
            slot: AtomicU32::new((shape.slots + k) as u32),
        };
        Self {
            number: RingNumber::next(),
            barrier,
            stamps: (0..if shape.unique { 0 } else { shape.slots }).map(|_| AtomicU64::new(0)).collect(),
            map: (0..shape.slots).map(|_| AtomicU32::new(0)).collect(),
            spares: (0..shape.spares).map(spare).collect(),
            displaced: AtomicBool::new(false),
            cursors: Cursors::new(),
            tail: CachePadded::new(AtomicU64::new(shape.first << 1)),
            head: CachePadded::new(AtomicU64::new(shape.first)),
            closing: CachePadded::new(AtomicBool::new(false)),
            sleepers: Sleepers::new(),
            gate: CachePadded::new(Gate::new()),
            publishers: CachePadded::new(AtomicUsize::new(1)),
            subscribers: CachePadded::new(AtomicUsize::new(0)),
            drop_panics: CachePadded::new(AtomicU64::new(0)),
            shape,
        }
    }

    #[inline(always)]
    pub(crate) fn position(&self, sequence: u64) -> usize {
        (sequence & (self.shape.slots - 1)) as usize
    }

    /// Is the event of this sequence there for readers, or gone again?
    #[inline(always)]
    pub(crate) fn is_released(&self, sequence: u64) -> bool {
        if self.shape.unique { self.head() > sequence } else { self.stamp(sequence) > sequence }
    }

    /// Last released sequence + 1 of the position of `sequence`.
    #[inline(always)]
    pub(crate) fn stamp(&self, sequence: u64) -> u64 {
        // ORDERING: Acquire pairs with the Release store of `release`: the value and the map entry written before it are
        // visible. Weaker, a reader would see the previous lap's value.
        self.stamps[self.position(sequence)].load(Acquire)
    }

    /// The first sequence from `from` on that is not released, as far as a claim of `next` needs to know: what lies within
    /// the newest `slots - surplus` allows a full limit whether it is released or not.
    pub(crate) fn first_unreleased(&self, from: u64, next: u64) -> u64 {
        let enough = (next + self.shape.surplus).saturating_sub(self.shape.slots);
        let mut at = from;
        while at < enough && self.stamp(at) > at {
            at += 1;
        }
        at
    }

    /// Unique ring: everything below is released.
    #[inline(always)]
    pub(crate) fn head(&self) -> u64 {
        // ORDERING: Acquire pairs with the Release store of the unique publisher, as the stamp's does.
        self.head.load(Acquire)
    }

    /// The physical slot of a position.
    #[inline(always)]
    pub(crate) fn slot(&self, position: usize) -> usize {
        // ORDERING: Relaxed. For the sequence just released the stamp's Acquire made the entry visible; for the previous one
        // the caller reads it before its pin, and a displacement happens after a publisher saw the pin.
        let entry = self.map[position].load(Relaxed);
        (entry & !OWNED) as usize ^ position
    }

    /// The next sequence that nobody has claimed.
    #[inline(always)]
    pub(crate) fn next_sequence(&self) -> u64 {
        // ORDERING: Acquire pairs with the AcqRel of claims and close.
        if self.shape.unique { self.head() } else { self.tail.load(Acquire) >> 1 }
    }

    /// Once closed: the sequence after the last event.
    pub(crate) fn end(&self) -> Option<u64> {
        // ORDERING: Acquire pairs with the Release store in `close`, which comes after the closed bit.
        if !self.closing.load(Acquire) {
            return None;
        }
        // ORDERING: Acquire: the closed bit and the final sequence are one word, so no event can be accepted after it.
        let tail = self.tail.load(Acquire);
        if tail & CLOSED == 0 {
            return None;
        }
        Some(if self.shape.unique { self.head() } else { tail >> 1 })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.tail.load(Acquire) & CLOSED != 0
    }

    /// Closes the ring and wakes everybody; again: nothing.
    pub(crate) fn close(&self) {
        // ORDERING: AcqRel, one read-modify-write of the word that claims compare-exchange: a claim comes before the close
        // and is drained, or fails.
        if self.tail.fetch_or(CLOSED, AcqRel) & CLOSED == 0 {
            // ORDERING: Release pairs with the Acquire of `end`.
            self.closing.store(true, Release);
            self.sleepers.wake_all();
            self.gate.wake_all(&self.cursors);
        }
    }

    /// After a release: one sleeping subscriber is woken, and wakes the next.
    #[inline(always)]
    pub(crate) fn released(&self) {
        if self.shape.wait.sleeps() {
            self.barrier.light();
            self.sleepers.wake_one();
        }
    }

    /// First sequence that `Start::Oldest` promises.
    pub(crate) fn oldest(&self, next: u64) -> u64 {
        next.saturating_sub(self.shape.capacity).max(self.shape.first)
    }

    /// Bytes of the words, values not counted.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>()
            + self.stamps.len() * size_of::<AtomicU64>()
            + self.map.len() * size_of::<AtomicU32>()
            + self.spares.len() * size_of::<Spare>()
            + self.cursors.memory()
    }

    /// Would `n` more sequences run past the end of their range?
    #[inline]
    pub(crate) fn is_exhausted(&self, next: u64, n: u64) -> bool {
        next + n > END_OF_SEQUENCES
    }
}

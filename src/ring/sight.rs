//! How far a thread has seen a ring released, for all blocking subscribers that it looks at in turn.
//!
//! Whoever acquires a stamp has the event behind it, on this thread, for good. The next subscriber of the same ring on the same
//! thread need not load the stamps again: it goes on where the one before it stopped. Rings have numbers, because the
//! address of one that is gone may be another's.

use super::Sequence;
use crate::sync::{fresh_number, thread_local};
use std::cell::Cell;

/// The number of a ring: no other ring of the process has or had it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RingNumber(u64);

impl RingNumber {
    pub(crate) fn next() -> Self {
        Self(fresh_number())
    }
}

/// Sequences whose stamps a thread has acquired, without a gap.
#[derive(Clone, Copy)]
pub(crate) struct Sight {
    ring: RingNumber,
    from: Sequence,
    below: Sequence,
}

thread_local! {
    /// Of the ring that was looked at last.
    #[allow(clippy::missing_const_for_thread_local, reason = "loom and shuttle take no constant")]
    static SEEN: Cell<Sight> = Cell::new(Sight { ring: RingNumber(0), from: 0, below: 0 });
}

impl Sight {
    /// What this thread knows of the ring from `at` on, which may be nothing.
    #[inline(always)]
    pub(crate) fn from(ring: RingNumber, at: Sequence) -> Self {
        let seen = SEEN.with(Cell::get);
        // Not what lies behind a gap: an event may be released before one that was claimed before it.
        if seen.ring == ring && seen.from <= at && at <= seen.below {
            seen
        } else {
            Self { ring, from: at, below: at }
        }
    }

    /// Everything from where it was asked to here is released.
    #[inline(always)]
    pub(crate) fn below(self) -> Sequence {
        self.below
    }

    /// The calling thread has acquired the stamps on to before `below`.
    #[inline(always)]
    pub(crate) fn reaches(self, below: Sequence) {
        SEEN.with(|seen| seen.set(Self { below, ..self }));
    }
}

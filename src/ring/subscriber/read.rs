//! Reading in place what a look has found, and letting it go.

use super::Subscriber;
use crate::ring::values::value;
use crate::ring::word::{State, Word};
use crate::ring::{Overflow, Sequence};
use crate::sync::Ordering::*;

impl<T> Subscriber<T> {
    /// The event `offset` after `next`; only below what `look` answered.
    #[inline(always)]
    pub(in crate::ring) fn peek(&self, offset: u64) -> &T {
        self.looked_at(self.next + offset)
    }

    /// The event of a sequence that `look` answered and that was not let go.
    #[inline(always)]
    fn looked_at(&self, sequence: u64) -> &T {
        let core = self.core();
        let position = core.position(sequence);
        let slot = if let Overflow::Block = self.overflow {
            debug_assert!(sequence < self.seen);
            core.slot(position)
        } else if self.straight {
            position
        } else {
            self.slots[(sequence - self.pinned_from) as usize] as usize
        };
        // SAFETY: `look` saw the event released; the Block cursor stands at or below it, or the pinned run contains it, until
        // `let_go`, which takes `&mut self`.
        unsafe { value(&self.ring.slots()[slot]) }
    }

    /// Calls `f` with each of the next `n` looked-at events and lets them go, also when `f` panics.
    #[inline(always)]
    pub(in crate::ring) fn read(&mut self, n: u64, f: &mut impl FnMut(&T)) {
        let straight = match self.overflow {
            // ORDERING: Relaxed: a displacement of one of these events came before its release, which `look` has acquired.
            Overflow::Block => !self.core().displaced.load(Relaxed),
            _ => self.straight,
        };
        let from = self.next;
        let mut read = self.reading();
        if !straight {
            for _ in 0..n {
                f(read.pass());
            }
            return;
        }
        let Self { ring, next, .. } = &mut *read.subscriber;
        let mut passed = Passed { next, events: 0 };
        // Each position has its own slot: at most two straight pieces.
        let (slots, start) = (ring.slots(), ring.core.position(from));
        let first = (n as usize).min(ring.core.map.len() - start);
        for piece in [&slots[start..start + first], &slots[..n as usize - first]] {
            for slot in piece {
                passed.events += 1;
                // SAFETY: as in `looked_at`.
                f(unsafe { value(slot) });
            }
        }
    }

    /// A guard that lets go what it steps over.
    #[inline(always)]
    pub(in crate::ring) fn reading(&mut self) -> Read<'_, T> {
        Read { subscriber: self }
    }

    /// Lets the next `n` looked-at events go.
    #[inline(always)]
    pub(in crate::ring) fn consume(&mut self, n: u64) {
        self.next += n;
        self.let_go();
    }

    /// Tells publishers that everything before `next` was consumed.
    #[inline(always)]
    fn let_go(&mut self) {
        if let Overflow::Block = self.overflow {
            let cursor = self.cursor();
            // ORDERING: Release pairs with the Acquire of `Cursor::load`: the reads of the values come first.
            cursor.word.store(Word::new(self.next, 0, State::Block).0, Release);
            self.core().advanced(cursor);
        } else if self.next == self.pinned_to {
            self.unpin();
        } else if let Overflow::Disconnect = self.overflow {
            self.shrink_pin();
        }
    }
}

/// Lets go what was read when it goes, also after a panic.
pub(in crate::ring) struct Read<'a, T> {
    subscriber: &'a mut Subscriber<T>,
}

impl<T> Read<'_, T> {
    /// Steps over the next looked-at event.
    #[inline(always)]
    pub(in crate::ring) fn pass(&mut self) -> &T {
        let sequence = self.subscriber.next;
        self.subscriber.next += 1;
        self.subscriber.looked_at(sequence)
    }
}

impl<T> Drop for Read<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.subscriber.let_go();
    }
}

/// Counts in a register what was read; `next` learns of it at the end, also after a panic.
struct Passed<'a> {
    next: &'a mut Sequence,
    events: u64,
}

impl Drop for Passed<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.next += self.events;
    }
}

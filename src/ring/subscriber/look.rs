//! How far events are released.

use super::Subscriber;
use crate::error::TryRecvError;
use crate::ring::Overflow;
use crate::ring::sight::Sight;
use crate::sync::Ordering::Acquire;

/// A blocking reader looks for so many events at once, even if its caller wants fewer.
const LOOK_AHEAD: u64 = 256;

impl<T> Subscriber<T> {
    /// Makes up to `max` events from `next` on readable, at least one, and says how many.
    #[inline(always)]
    pub(in crate::ring) fn look(&mut self, max: u64) -> Result<u64, TryRecvError> {
        if let Overflow::Block = self.overflow { self.look_block(max) } else { self.look_pinned(max, true) }
    }

    /// As [`look`](Self::look), for a batch: everything that is there, up to `max`, also beyond an earlier look.
    pub(in crate::ring) fn look_far(&mut self, max: u64) -> Result<u64, TryRecvError> {
        let n = self.look(max)?;
        if n == max || self.overflow != Overflow::Block {
            return Ok(n);
        }
        self.see(max);
        Ok(max.min(self.seen - self.next))
    }

    /// As [`look`](Self::look), after some events were delivered in the same call: a lag or a disconnect counts as nothing
    /// and stays for the next call to report.
    #[inline(always)]
    pub(in crate::ring) fn look_on(&mut self, max: u64) -> Result<u64, TryRecvError> {
        if let Overflow::Block = self.overflow { self.look_block(max) } else { self.look_pinned(max, false) }
    }

    /// From now on [`is_at_end`](Self::is_at_end) speaks of looks that are still to come.
    #[inline(always)]
    pub(in crate::ring) fn begin_drain(&mut self) {
        self.saw_end = false;
    }

    /// Has a look of this drain shown the end, and was everything consumed that it found? One more look would find next to
    /// nothing, and take the line away that publishers are writing.
    #[inline(always)]
    pub(in crate::ring) fn is_at_end(&self) -> bool {
        let found = if let Overflow::Block = self.overflow { self.seen } else { self.pinned_to };
        self.saw_end && found == self.next
    }

    #[inline(always)]
    fn look_block(&mut self, max: u64) -> Result<u64, TryRecvError> {
        if self.seen == self.next {
            self.look_anew(max)?;
        }
        Ok(max.min(self.seen - self.next))
    }

    /// Looks how far events are released, at least for the next `n`.
    #[inline(always)]
    fn see(&mut self, n: u64) {
        let core = &self.ring.core;
        if core.shape.unique {
            self.seen = core.head();
            self.saw_end = true;
            return;
        }
        let reach = self.next.saturating_add(n);
        let sight = Sight::from(core.number, self.seen);
        let mut seen = sight.below();
        // What follows an acquiring load is loaded anew each time; this is not.
        let (stamps, last) = (&core.stamps[..], core.shape.slots - 1);
        // ORDERING: as in `Core::stamp`.
        while seen < reach && stamps[(seen & last) as usize].load(Acquire) == seen + 1 {
            seen += 1;
        }
        sight.reaches(seen);
        self.seen = seen;
        self.saw_end = seen < reach;
    }

    /// Looks at the words that publishers write, for more events than are wanted now.
    #[inline(never)]
    fn look_anew(&mut self, max: u64) -> Result<(), TryRecvError> {
        self.pace.wait();
        self.see(max.max(LOOK_AHEAD));
        if self.seen == self.next {
            self.pace.missed();
            return Err(self.nothing());
        }
        self.pace.found(self.seen - self.next);
        Ok(())
    }

    /// Nothing at `next`: is there nothing yet, or nothing ever?
    #[inline]
    fn nothing(&self) -> TryRecvError {
        match self.core().end() {
            Some(end) if end == self.next => TryRecvError::Closed,
            _ if self.is_told() => TryRecvError::Closed,
            _ => TryRecvError::Empty,
        }
    }
}

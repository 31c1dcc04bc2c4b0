//! The pinned run of a Lag or Disconnect reader: it takes hold of it, gives parts of it back, and lets it go.

use super::Subscriber;
use crate::error::TryRecvError;
use crate::ring::word::{State, Word};
use crate::ring::{Overflow, Sequence};
use crate::sync::Ordering::*;

impl<T> Subscriber<T> {
    #[inline]
    pub(super) fn look_pinned(&mut self, max: u64, report: bool) -> Result<u64, TryRecvError> {
        if self.next >= self.pinned_to {
            self.pin(max, report)?;
        }
        Ok(max.min(self.pinned_to - self.next))
    }

    /// Pins up to `max` released events; without `report`, a lag or a disconnect is left alone.
    fn pin(&mut self, max: u64, report: bool) -> Result<(), TryRecvError> {
        if self.gone {
            return Err(TryRecvError::Closed);
        }
        self.pace.wait();
        loop {
            let word = self.cursor().load();
            let sequence = word.sequence();
            let mut most = max.min(self.slots.len() as u64);
            if let Overflow::Disconnect = self.overflow {
                if let Some(mark) = self.marked(word) {
                    if sequence >= mark {
                        return Err(if report { self.disconnect(mark) } else { TryRecvError::Empty });
                    }
                    most = most.min(mark - sequence);
                }
            } else if sequence > self.next {
                if !report {
                    return Err(TryRecvError::Empty);
                }
                let missed = sequence - self.next;
                self.lost += missed;
                self.next = sequence;
                return Err(TryRecvError::Lagged(missed));
            }
            let mut n = 0;
            let core = &self.ring.core;
            let mut overtaken = false;
            if core.shape.unique {
                n = core.head().saturating_sub(sequence).min(most);
            } else {
                while n < most {
                    let stamp = core.stamp(sequence + n);
                    if stamp != sequence + n + 1 {
                        overtaken = stamp > sequence + n + 1;
                        break;
                    }
                    n += 1;
                }
            }
            if n == 0 {
                if overtaken {
                    // The stamp's Acquire has shown that the cursor was moved.
                    debug_assert!(self.cursor().load() != word, "overtaken and not moved");
                    continue;
                }
                let end = core.end();
                self.pace.missed();
                return Err(if end == Some(sequence) { TryRecvError::Closed } else { TryRecvError::Empty });
            }
            // Before the pin, both: afterwards a displacement may change the entries.
            // ORDERING: Relaxed: a displacement of one of these events came before its release, which was acquired above.
            let straight = !core.displaced.load(Relaxed);
            if !straight {
                for (slot, sequence) in self.slots[..n as usize].iter_mut().zip(sequence..) {
                    *slot = core.slot(core.position(sequence)) as u32;
                }
            }
            let cursor = self.cursor();
            // ORDERING: Release pairs with the Acquire of `Cursor::held_run`.
            cursor.held.store(sequence, Release);
            let state = if word.state() == State::WatchedIdle { State::WatchedPinned } else { State::Pinned };
            let pinned = Word::new(sequence, n, state);
            // ORDERING: Release pairs with the Acquire of publishers' loads: a publisher that sees the pin and displaces the run
            // writes the map after the reads of it above.
            if cursor.word.compare_exchange(word.0, pinned.0, Release, Relaxed).is_ok() {
                // A Disconnect reader only: Lag has reported and returned.
                self.lost += sequence - self.next;
                self.next = sequence;
                self.own = sequence;
                self.pace.found(if n == most { u64::MAX } else { n });
                self.pinned_from = sequence;
                self.pinned_to = sequence + n;
                self.straight = straight;
                self.saw_end = n < most;
                return Ok(());
            }
        }
    }

    /// The sequence of the event that found this Disconnect subscriber a full ring behind.
    ///
    /// Publishers mark an unread place `s` at the claim of `s + capacity`, and never move an unmarked cursor; so the place is
    /// the one that the reader wrote last.
    fn marked(&mut self, word: Word) -> Option<Sequence> {
        self.mark = self.mark_in(word);
        self.mark
    }

    pub(super) fn mark_in(&self, word: Word) -> Option<Sequence> {
        let watched = matches!(word.state(), State::WatchedIdle | State::WatchedPinned);
        let marked = self.overflow == Overflow::Disconnect && !watched;
        self.mark.or_else(|| marked.then(|| self.own + self.core().shape.capacity))
    }

    /// Everything before the mark has been read or is gone: leaves the ring.
    fn disconnect(&mut self, mark: Sequence) -> TryRecvError {
        let missed = mark.saturating_sub(self.next);
        self.lost += missed;
        self.next = self.next.max(mark);
        self.gone = true;
        self.leave();
        // The ring closed before the event that would have marked it was accepted.
        if self.lost == 0 && self.core().end() == Some(self.next) {
            return TryRecvError::Closed;
        }
        TryRecvError::Disconnected(self.lost)
    }

    /// Tells publishers that a Disconnect reader has consumed a part of its run: that part does not count as behind.
    pub(super) fn shrink_pin(&mut self) {
        let left = self.pinned_to - self.next;
        let cursor = self.cursor();
        // ORDERING: Relaxed: see `Cursor::held_to`.
        cursor.held_to.store(self.pinned_to, Relaxed);
        // ORDERING: as in `pin`, and before the exchange: a longer run from the new start covers what is still held.
        cursor.held.store(self.next, Release);
        let word = Word(cursor.word.load(Relaxed));
        if word.state() == State::WatchedPinned {
            let shorter = Word::new(self.next, left, State::WatchedPinned);
            // A mark that comes first is made from the old place, as `own` still says.
            if cursor.word.compare_exchange(word.0, shorter.0, Release, Relaxed).is_ok() {
                self.stand(self.next);
            }
        }
    }

    /// Lets the pinned run go, all of which is consumed.
    pub(super) fn unpin(&mut self) {
        let cursor = self.cursor();
        let mut word = Word(cursor.word.load(Relaxed));
        let idle = loop {
            let idle = match word.state() {
                State::WatchedPinned => Word::new(word.sequence() + word.run(), 0, State::WatchedIdle),
                State::Pinned => Word::new(word.sequence() + word.run(), 0, State::Idle),
                _ => Word::new(word.sequence(), 0, State::Idle),
            };
            // ORDERING: Release pairs with the Acquire of `Cursor::load`: the reads of the run come before its slots are free.
            match cursor.word.compare_exchange(word.0, idle.0, Release, Relaxed) {
                Ok(_) => break idle,
                Err(now) => word = Word(now),
            }
        };
        self.core().advanced(cursor);
        if let Overflow::Disconnect = self.overflow {
            self.marked(idle);
            self.stand(idle.sequence());
        }
    }

    /// Notes where a Disconnect reader has put its cursor, also for those who ask where it stands.
    fn stand(&mut self, own: Sequence) {
        self.own = own;
        if self.mark.is_none() {
            // ORDERING: Relaxed: see `Cursor::ends`.
            self.cursor().ends.store(own + self.core().shape.capacity, Relaxed);
        }
    }
}

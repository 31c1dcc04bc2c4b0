//! A subscriber: what it knows of itself, how it looks for events, how it lets them go.
//!
//! A Block reader looks, reads and stores its cursor; publishers wait for that. A Lag or Disconnect reader pins the run it
//! is going to read, reads, and unpins; publishers walk around a pin. `next` is the first sequence not consumed; a cursor
//! beyond it means that events were lost.

use super::core::Core;
use super::cursor::Cursor;
use super::pace::Pace;
use super::values::{Ring, value};
use super::word::{MAX_RUN, State, Word};
use super::{Overflow, Sequence, SubscriberId};
use crate::error::TryRecvError;
use crate::sync::{Arc, Ordering::*};
use std::fmt;
use std::ptr::NonNull;

/// A blocking reader looks for so many events at once, even if its caller wants fewer.
const LOOK_AHEAD: u64 = 256;

/// Reads the events of a ring, in order, from where it joined.
///
/// Not `Clone`: each subscriber has its own place, and a new one comes from a publisher. Dropping it leaves the ring and
/// wakes publishers that waited for it.
#[must_use = "dropping a subscriber leaves the ring"]
pub struct Subscriber<T> {
    pub(super) ring: Arc<Ring<T>>,
    cursor: NonNull<Cursor>,
    id: SubscriberId,
    overflow: Overflow,
    joined: Sequence,
    /// First sequence not consumed.
    next: Sequence,
    /// Block: events below are known to be released.
    seen: Sequence,
    /// Block: the last look ended where nothing was released yet, not where it had seen enough.
    saw_end: bool,
    pace: Pace,
    /// Events missed and already reported, or skipped before a disconnect.
    lost: u64,
    /// Events of a guard that was made and not dropped: the next call consumes them.
    pub(super) guarded: u64,
    /// Lag, Disconnect: physical slots of the pinned run, `taken` of them consumed.
    slots: Box<[u32]>,
    pinned: usize,
    taken: usize,
    /// First sequence of the pinned run.
    pinned_from: Sequence,
    /// The pinned run lies in its positions' own slots, and `slots` says nothing.
    straight: bool,
    /// Disconnect: sequence that the reader itself last wrote to its cursor.
    own: Sequence,
    /// Disconnect: sequence of the event that marked it.
    mark: Option<Sequence>,
    /// It has left the ring after its disconnect was reported.
    gone: bool,
    #[cfg(feature = "select")]
    pub(super) bell: Option<super::doorbell::Doorbell>,
}

// SAFETY: the cursor lives in the ring, which `ring` keeps; a cursor is atomics only. Values are read by reference (`Sync`)
// and, cloned or dropped with the ring, owned (`Send`).
unsafe impl<T: Send + Sync> Send for Subscriber<T> {}
// SAFETY: `&Subscriber` reads atomics and plain fields that change only through `&mut`.
unsafe impl<T: Send + Sync> Sync for Subscriber<T> {}

impl<T> Subscriber<T> {
    pub(super) fn new(
        ring: Arc<Ring<T>>,
        cursor: NonNull<Cursor>,
        number: u64,
        overflow: Overflow,
        next: Sequence,
        own: Sequence,
    ) -> Self {
        let run = match overflow {
            Overflow::Block => 0,
            _ => MAX_RUN.min(ring.core.shape.spares) as usize,
        };
        let capacity = ring.core.shape.capacity;
        Self {
            ring,
            cursor,
            id: SubscriberId(number),
            overflow,
            joined: next,
            next,
            seen: next,
            saw_end: false,
            pace: Pace::new(capacity),
            lost: 0,
            guarded: 0,
            slots: vec![0; run].into_boxed_slice(),
            pinned: 0,
            taken: 0,
            pinned_from: next,
            straight: false,
            own,
            mark: None,
            gone: false,
            #[cfg(feature = "select")]
            bell: None,
        }
    }

    #[inline(always)]
    fn cursor(&self) -> &Cursor {
        follow(&self.cursor)
    }

    #[inline(always)]
    pub(super) fn core(&self) -> &Core {
        &self.ring.core
    }

    /// Releases a guard that was forgotten.
    #[inline(always)]
    pub(super) fn settle(&mut self) {
        if self.guarded != 0 {
            self.release_guard();
        }
    }

    #[cold]
    fn release_guard(&mut self) {
        let n = std::mem::take(&mut self.guarded);
        self.consume(n);
    }

    /// Makes up to `max` events from `next` on readable, at least one, and says how many.
    #[inline(always)]
    pub(super) fn look(&mut self, max: u64) -> Result<u64, TryRecvError> {
        if let Overflow::Block = self.overflow { self.look_block(max) } else { self.look_pinned(max, true) }
    }

    /// As [`look`](Self::look), for a batch: everything that is there, up to `max`, also beyond an earlier look.
    pub(super) fn look_far(&mut self, max: u64) -> Result<u64, TryRecvError> {
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
    pub(super) fn look_on(&mut self, max: u64) -> Result<u64, TryRecvError> {
        if let Overflow::Block = self.overflow { self.look_block(max) } else { self.look_pinned(max, false) }
    }

    /// How far a blocking reader has looked.
    #[inline(always)]
    pub(super) fn seen(&self) -> Sequence {
        self.seen
    }

    /// Have the looks since a blocking reader had `seen` so far, the last of them for `most` events with `n` as the answer,
    /// shown the end? One more would find next to nothing, and take the line away that publishers are writing.
    #[inline(always)]
    pub(super) fn is_at_end(&self, seen: Sequence, n: u64, most: u64) -> bool {
        if let Overflow::Block = self.overflow {
            self.seen == self.next && self.seen != seen && self.saw_end
        } else {
            self.pinned == 0 && n < most.min(self.slots.len() as u64)
        }
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
        while self.seen < reach && core.stamp(self.seen) == self.seen + 1 {
            self.seen += 1;
        }
        self.saw_end = self.seen < reach;
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
            _ => TryRecvError::Empty,
        }
    }

    #[inline]
    fn look_pinned(&mut self, max: u64, report: bool) -> Result<u64, TryRecvError> {
        if self.pinned == 0 {
            self.pin(max, report)?;
        }
        Ok(((self.pinned - self.taken) as u64).min(max))
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
                self.pinned = n as usize;
                self.taken = 0;
                self.pinned_from = sequence;
                self.straight = straight;
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

    fn mark_in(&self, word: Word) -> Option<Sequence> {
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

    fn leave(&self) {
        let core = self.core();
        core.subscribers.fetch_sub(1, Relaxed);
        core.leave(self.cursor());
    }

    /// The event `offset` after `next`; only below what `look` answered.
    #[inline(always)]
    pub(super) fn peek(&self, offset: u64) -> &T {
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

    /// First sequence not consumed: what `peek(0)` answers, and what it sleeps for.
    pub(super) fn wanted(&self) -> Sequence {
        self.next
    }

    /// Calls `f` with each of the next `n` looked-at events and lets them go, also when `f` panics.
    #[inline(always)]
    pub(super) fn read(&mut self, n: u64, f: &mut impl FnMut(&T)) {
        let straight = match self.overflow {
            // ORDERING: Relaxed: a displacement of one of these events came before its release, which `look` has acquired.
            Overflow::Block => !self.core().displaced.load(Relaxed),
            _ => self.straight,
        };
        let from = self.next;
        let read = Read { subscriber: self, from };
        if !straight {
            for _ in 0..n {
                read.subscriber.next += 1;
                f(read.subscriber.looked_at(read.subscriber.next - 1));
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

    /// Lets the next `n` looked-at events go.
    #[inline(always)]
    pub(super) fn consume(&mut self, n: u64) {
        self.next += n;
        self.let_go(n);
    }

    /// Tells publishers of the `n` events before `next`.
    #[inline(always)]
    fn let_go(&mut self, n: u64) {
        if let Overflow::Block = self.overflow {
            let cursor = self.cursor();
            // ORDERING: Release pairs with the Acquire of `Cursor::load`: the reads of the values come first.
            cursor.word.store(Word::new(self.next, 0, State::Block).0, Release);
            self.core().advanced(cursor);
        } else {
            self.taken += n as usize;
            if self.taken == self.pinned {
                self.unpin();
            } else if let Overflow::Disconnect = self.overflow {
                self.shrink_pin();
            }
        }
    }

    /// Tells publishers that a Disconnect reader has consumed a part of its run: that part does not count as behind.
    fn shrink_pin(&mut self) {
        let left = (self.pinned - self.taken) as u64;
        let cursor = self.cursor();
        // ORDERING: as in `pin`, and before the exchange: a longer run from the new start covers what is still held.
        cursor.held.store(self.next, Release);
        let word = Word(cursor.word.load(Relaxed));
        if word.state() == State::WatchedPinned {
            let shorter = Word::new(self.next, left, State::WatchedPinned);
            // A mark that comes first is made from the old place, as `own` still says.
            if cursor.word.compare_exchange(word.0, shorter.0, Release, Relaxed).is_ok() {
                self.own = self.next;
            }
        }
    }

    fn unpin(&mut self) {
        self.pinned = 0;
        self.taken = 0;
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
            self.own = idle.sequence();
        }
    }

    /// Would `look` answer anything but `Empty`?
    pub(super) fn is_ready(&self) -> bool {
        if self.guarded != 0 || self.pinned != 0 || self.gone {
            return true;
        }
        let core = self.core();
        let at = if let Overflow::Block = self.overflow {
            self.next
        } else {
            let word = self.cursor().load();
            let unmarked =
                matches!(word.state(), State::Idle | State::WatchedIdle) && word.sequence() == self.next;
            if !unmarked || self.mark.is_some_and(|mark| mark <= self.next) {
                return true;
            }
            word.sequence()
        };
        core.is_released(at) || core.end() == Some(at)
    }

    /// Where it goes on after what it holds, what of that it can still read, and where its events end.
    fn place(&self) -> Place {
        let held = ((self.pinned - self.taken) as u64).saturating_sub(self.guarded);
        let next = self.next + self.guarded;
        if self.gone {
            return Place { next, held: 0, resume: next, end: next };
        }
        if let Overflow::Block = self.overflow {
            return Place { next, held: 0, resume: next, end: self.core().next_sequence() };
        }
        // The cursor first: a publisher that moves it has seen `tail` beyond where it moves it to.
        let word = self.cursor().load();
        let published = self.core().next_sequence();
        // One that joined at the oldest may have read on past its mark before the mark was made.
        let mark = self.mark_in(word).map_or(Sequence::MAX, |mark| mark.max(next + held));
        Place { next, held, resume: word.sequence().min(mark).max(next + held), end: published.min(mark) }
    }

    /// How many events lie ahead of it, unread.
    pub fn len(&self) -> usize {
        let place = self.place();
        (place.held + place.end - place.resume) as usize
    }

    /// Is there nothing ahead of it?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events it has missed since it joined, those included that no receive has reported yet.
    pub fn lost(&self) -> u64 {
        let place = self.place();
        self.lost + (place.resume - place.next - place.held)
    }

    /// The sequence of the next event it can get.
    pub fn sequence(&self) -> Sequence {
        let place = self.place();
        if place.held > 0 { place.next } else { place.resume }
    }

    /// The sequence that it joined at: of all events from there on each is delivered, lost or ahead.
    pub fn joined(&self) -> Sequence {
        self.joined
    }

    /// What happens when it is full.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The number by which errors name it; never used again on its ring.
    pub fn id(&self) -> SubscriberId {
        self.id
    }

    /// Bytes that this subscriber takes beside its cursor in the ring.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.slots.len() * size_of::<u32>()
    }
}

/// The cursor that a subscriber's pointer leads to.
#[inline(always)]
fn follow(cursor: &NonNull<Cursor>) -> &Cursor {
    // SAFETY: only for a subscriber's own pointer: the cursor is in a block of the ring, which the subscriber keeps alive.
    unsafe { cursor.as_ref() }
}

/// Lets go what was read when it goes, also after a panic.
struct Read<'a, T> {
    subscriber: &'a mut Subscriber<T>,
    from: Sequence,
}

impl<T> Drop for Read<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.subscriber.let_go(self.subscriber.next - self.from);
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

/// See [`Subscriber::place`].
struct Place {
    next: Sequence,
    held: u64,
    resume: Sequence,
    end: Sequence,
}

impl<T> Drop for Subscriber<T> {
    fn drop(&mut self) {
        #[cfg(feature = "select")]
        self.disarm();
        if !self.gone {
            self.leave();
        }
    }
}

impl<T> fmt::Debug for Subscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("id", &self.id)
            .field("overflow", &self.overflow)
            .field("sequence", &self.sequence())
            .field("lost", &self.lost())
            .finish_non_exhaustive()
    }
}

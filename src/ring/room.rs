//! The publisher's slow path: how far may it claim, and what has to happen first?
//!
//! Entered once per `surplus` events, or when there is no room. It looks at every cursor:
//!
//! - a Block cursor holds the limit at `cursor + capacity`;
//! - a Disconnect cursor a full ring behind is marked (it loses its watch and is a laggard from then on);
//! - a laggard below the floor (`limit - slots`: what may be overwritten without looking again) is moved there;
//! - a laggard that holds a run is left in peace: the limit stops at the first slot it holds, and when that very slot is
//!   wanted, the sequence is *displaced*: it takes a spare slot, and the held value stays where it is. One that was lapped
//!   while it held on is marked Moved: it goes on at the floor when it lets go.

use super::core::{Core, OWNED};
use super::cursor::Cursor;
use super::word::{END_OF_SEQUENCES, SpareWord, State, Word};
use crate::sync::Ordering::*;

/// Most events that one claim takes.
pub(crate) const MAX_CHUNK: usize = 32;

/// What the slow path found for `n` events from sequence `t`.
pub(crate) enum Room<'a> {
    /// Every sequence below the limit may be claimed, now and later; it allows all `n`.
    Free {
        limit: u64,
    },
    /// A laggard holds the slot that a later one of the `n` wants: only so many may be claimed at once.
    Cut {
        len: u64,
    },
    /// Only `t` may be claimed, into this spare, which is reserved for it.
    Displace {
        spare: usize,
    },
    Full(Blocker<'a>),
}

/// Who stands in the way.
#[derive(Clone, Copy)]
pub(crate) enum Blocker<'a> {
    /// A blocking subscriber that is a full ring behind.
    Subscriber(&'a Cursor),
    /// A laggard that holds a slot while no spare is left.
    Holder(&'a Cursor),
    /// Another publisher between its claim and its release.
    Publisher,
}

impl Core {
    /// Looks for room for `n` events from `t`; everything below `released` is known to be released.
    pub(crate) fn room(&self, t: u64, n: u64, released: u64) -> Room<'_> {
        let shape = &self.shape;
        debug_assert!(0 < n && n <= shape.surplus);
        let want = t + n;
        // `t + surplus` keeps the newest `capacity` events and makes joins right; `released + slots` keeps a paused publisher's
        // slot from being claimed a lap later.
        let mut limit = (t + shape.surplus).min(released + shape.slots).min(END_OF_SEQUENCES);
        if limit < want {
            return Room::Full(Blocker::Publisher);
        }
        let mut slowest = None;
        for cursor in self.cursors.iter() {
            let word = cursor.load();
            if word.state() == State::Block && word.sequence() + shape.capacity < limit {
                limit = word.sequence() + shape.capacity;
                slowest = Some(cursor);
            }
        }
        if let (true, Some(cursor)) = (limit < want, slowest) {
            return Room::Full(Blocker::Subscriber(cursor));
        }
        let mut holder = None;
        for cursor in self.cursors.iter() {
            if self.settle_laggard(cursor, t, &mut limit) {
                holder = Some(cursor);
            }
        }
        let spare = match holder.map(|holder| self.reserve(t).ok_or(holder)) {
            Some(Err(holder)) => return Room::Full(Blocker::Holder(holder)),
            Some(Ok(spare)) => Some(spare),
            None => None,
        };
        // Only an event that has room marks anybody.
        let want = want.min(limit);
        for cursor in self.cursors.iter() {
            self.mark(cursor, want, &mut limit);
        }
        match spare {
            Some(spare) => Room::Displace { spare },
            None if want < t + n => Room::Cut { len: want - t },
            None => Room::Free { limit },
        }
    }

    /// Takes the watch from a Disconnect cursor that one of the sequences below `want` finds a full ring behind (by its place
    /// it knows which one), or lowers the limit to where that would happen.
    fn mark(&self, cursor: &Cursor, want: u64, limit: &mut u64) {
        loop {
            let word = cursor.load();
            let marked = match word.state() {
                State::WatchedIdle => word.with_state(State::Idle),
                State::WatchedPinned => word.with_state(State::Pinned),
                _ => return,
            };
            let mark = word.sequence() + self.shape.capacity;
            if mark >= want {
                *limit = (*limit).min(mark);
                return;
            }
            cursor.advance(word, marked);
        }
    }

    /// Moves one laggard out of the way of everything below `limit`, or lowers the limit; true when it holds the very slot
    /// that `t` wants.
    fn settle_laggard(&self, cursor: &Cursor, t: u64, limit: &mut u64) -> bool {
        let slots = &self.shape.slots;
        loop {
            let word = cursor.load();
            let floor = limit.saturating_sub(*slots);
            let next = match word.state() {
                // A watch ends before it is in anybody's way, but for one that joined at the oldest.
                State::WatchedIdle if word.sequence() < floor => word.with_state(State::Idle),
                State::WatchedPinned if word.sequence() < floor => word.with_state(State::Pinned),
                State::Idle | State::Moved if word.sequence() < floor => {
                    Word::new(floor, word.run(), word.state())
                }
                State::Pinned if word.sequence() < floor => {
                    // What lies below has been displaced already, or is being so by its claimer.
                    let first = word.sequence().max(t.saturating_sub(*slots));
                    if first < word.sequence() + word.run() {
                        let wanted = first + slots == t;
                        *limit = if wanted { t + 1 } else { first + slots };
                        return wanted;
                    }
                    // Nobody would look at it again if it stayed behind.
                    Word::new(floor, word.run(), State::Moved)
                }
                _ => return false,
            };
            cursor.advance(word, next);
        }
    }

    /// Makes sure that some spare is reserved for sequence `t`: whoever claims `t` with a displacement uses it.
    fn reserve(&self, t: u64) -> Option<usize> {
        let load = |index: usize| {
            // ORDERING: Acquire pairs with the AcqRel of the reservation and the Release of Limbo: the spare's slot index, and the
            // unpin that freed it, are visible to whoever uses it.
            SpareWord::unpack(self.spares[index].state.load(Acquire))
        };
        if let Some(index) = (0..self.spares.len()).find(|&index| load(index) == SpareWord::Reserved(t)) {
            return Some(index);
        }
        for index in 0..self.spares.len() {
            loop {
                let seen = load(index);
                let free = match seen {
                    SpareWord::None => true,
                    SpareWord::Reserved(sequence) if sequence == t => return Some(index),
                    // At the claim it would be too early: the claimer uses it until its release.
                    SpareWord::Reserved(sequence) => self.is_released(sequence),
                    SpareWord::Limbo(sequence) => !self.is_held(sequence),
                };
                if !free {
                    break;
                }
                let wanted = SpareWord::Reserved(t).pack();
                // ORDERING: AcqRel; Release passes on the Acquire of the unpin in `is_held` to the claimer that finds it.
                if self.spares[index].state.compare_exchange(seen.pack(), wanted, AcqRel, Relaxed).is_ok() {
                    return Some(index);
                }
            }
        }
        None
    }

    /// Does any cursor hold this displaced sequence? Once false it stays false: every idle cursor is above it.
    fn is_held(&self, sequence: u64) -> bool {
        self.cursors.iter().any(|cursor| {
            loop {
                if let Some((start, end)) = cursor.held_run(cursor.load()) {
                    return start <= sequence && sequence < end;
                }
            }
        })
    }

    /// Gives the claimed sequence `t` the reserved spare's slot and keeps the displaced value in the spare; answers the slot,
    /// and whether it holds a value. Only for the claimer, between claim and release.
    #[cold]
    #[inline(never)]
    pub(crate) fn displace(&self, t: u64, spare: usize, owns: bool) -> (usize, bool) {
        let spare = &self.spares[spare];
        let position = self.position(t);
        // ORDERING: Relaxed: published by the reservation (see `reserve`) and by the stamp.
        let new = spare.slot.load(Relaxed);
        let slot = new & !OWNED;
        let entry = slot ^ position as u32 | if owns { OWNED } else { 0 };
        // ORDERING: Relaxed: who reads `t` has it behind the stamp, and nobody reads this position before that but by its pin.
        self.displaced.store(true, Relaxed);
        // One access: a load before a store would hide the readers' loads from loom.
        let old = self.map[position].swap(entry, Relaxed);
        spare.slot.store((old & !OWNED) ^ position as u32 | old & OWNED, Relaxed);
        // ORDERING: Release pairs with the Acquire of `reserve`.
        spare.state.store(SpareWord::Limbo(t - self.shape.slots).pack(), Release);
        (slot as usize, new & OWNED != 0)
    }
}

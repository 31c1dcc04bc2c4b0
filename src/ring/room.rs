//! The publisher's slow path: how far may it claim, and what has to happen first?
//!
//! Entered once per `surplus` events, or when there is no room. It looks at every cursor:
//!
//! - a Block cursor holds the limit at `cursor + capacity`;
//! - a Disconnect cursor a full ring behind is marked (it loses its watch and is a laggard from then on);
//! - a laggard below the floor (`limit - slots`: what may be overwritten without looking again) is moved there;
//! - a laggard that holds a run is left in peace: the limit stops at the first slot it holds, and when that very slot is
//!   wanted, the sequence is *displaced*: it takes a spare slot, and the held value stays where it is.

use super::core::{Core, Shape, WRITTEN};
use super::cursor::Cursor;
use super::word::{END_OF_SEQUENCES, SpareWord, State, Word};
use crate::sync::Ordering::*;

/// Most events that one claim takes.
pub(crate) const MAX_CHUNK: usize = 32;

/// What the slow path found for `n` events from sequence `t`.
pub(crate) enum Room<'a> {
    /// Every sequence below the limit may be claimed, now and later.
    Free {
        limit: u64,
    },
    /// Exactly these `n` may be claimed, some of them into spares.
    Displace(Displaced),
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

/// Which events of a claim go to which spare.
#[derive(Clone, Copy)]
pub(crate) struct Displaced {
    spares: [u32; MAX_CHUNK],
}

impl Displaced {
    const NOT: u32 = u32::MAX;
    const WANTED: u32 = u32::MAX - 1;

    pub(crate) fn none() -> Self {
        Self { spares: [Self::NOT; MAX_CHUNK] }
    }

    /// The spare of the event at this offset of the claim.
    pub(crate) fn spare(&self, offset: u64) -> Option<usize> {
        let spare = self.spares[offset as usize];
        (spare != Self::NOT).then_some(spare as usize)
    }
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
        let mut displaced = Displaced::none();
        let mut holder = None;
        for cursor in self.cursors.iter() {
            if self.settle_laggard(cursor, t, want, &mut limit, &mut displaced) {
                holder = Some(cursor);
            }
        }
        let Some(holder) = holder else {
            return Room::Free { limit };
        };
        for offset in 0..n {
            let spare = &mut displaced.spares[offset as usize];
            if *spare == Displaced::WANTED {
                match self.reserve(t + offset) {
                    Some(index) => *spare = index as u32,
                    None => return Room::Full(Blocker::Holder(holder)),
                }
            }
        }
        Room::Displace(displaced)
    }

    /// Moves one laggard out of the way of everything below `limit`, or lowers the limit; true when it holds a slot that
    /// one of the sequences `t..want` needs.
    fn settle_laggard(
        &self,
        cursor: &Cursor,
        t: u64,
        want: u64,
        limit: &mut u64,
        displaced: &mut Displaced,
    ) -> bool {
        let Shape { capacity, slots, .. } = &self.shape;
        let mut holds = false;
        loop {
            let word = cursor.load();
            let floor = |limit: u64| limit.saturating_sub(*slots);
            let next = match word.state() {
                State::Free | State::Block => return holds,
                State::WatchedIdle | State::WatchedPinned if word.sequence() + capacity >= want => {
                    *limit = (*limit).min(word.sequence() + capacity);
                    return holds;
                }
                // The first event that finds it a full ring behind marks it, at sequence + capacity.
                State::WatchedIdle => word.with_state(State::Idle),
                State::WatchedPinned => word.with_state(State::Pinned),
                State::Idle => {
                    if word.sequence() >= floor(*limit) {
                        return holds;
                    }
                    Word::new(floor(*limit), 0, State::Idle)
                }
                State::Pinned | State::Moved => {
                    let Some((start, end)) = cursor.held_run(word) else {
                        continue;
                    };
                    // What lies below has been displaced already, or is being so by its claimer.
                    let first = start.max(t.saturating_sub(*slots));
                    if first < end && first + slots < want {
                        for held in first..end.min(want - slots) {
                            displaced.spares[(held + slots - t) as usize] = Displaced::WANTED;
                        }
                        *limit = want;
                        holds = true;
                    } else if first < end {
                        *limit = (*limit).min(first + slots);
                    }
                    // Where it goes on when it lets go must not lie below the floor: nobody would move it there.
                    let resume = if word.state() == State::Pinned { end } else { word.sequence() };
                    if resume >= floor(*limit) {
                        return holds;
                    }
                    Word::new(floor(*limit), word.run(), State::Moved)
                }
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
    pub(crate) fn displace(&self, t: u64, spare: usize, keeps_written: bool) -> (usize, bool) {
        let spare = &self.spares[spare];
        let position = self.position(t);
        // ORDERING: Relaxed: published by the reservation (see `reserve`) and by the stamp.
        let new = spare.slot.load(Relaxed);
        let slot = new & !WRITTEN;
        let entry = slot ^ position as u32 | if keeps_written { WRITTEN } else { 0 };
        // One access: a load before a store would hide the readers' loads from loom.
        let old = self.map[position].swap(entry, Relaxed);
        spare.slot.store((old & !WRITTEN) ^ position as u32 | old & WRITTEN, Relaxed);
        // ORDERING: Release pairs with the Acquire of `reserve`.
        spare.state.store(SpareWord::Limbo(t - self.shape.slots).pack(), Release);
        (slot as usize, new & WRITTEN != 0)
    }
}

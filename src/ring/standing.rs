//! Where subscribers stand: what each knows of itself, and what others can tell of all of them.
//!
//! A reader tells how far it has read ([`Subscriber::position`]); the rest is in its cursor. At a moment at which no call is
//! in progress both give the same account.

use super::core::Core;
use super::cursor::Cursor;
use super::publisher::Publisher;
use super::subscriber::Subscriber;
use super::word::{State, Word};
use super::{Sequence, SubscriberId};
use crate::sync::Ordering::*;

/// What lies before a subscriber, and what it has missed on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// First sequence that it has not consumed; everything from there to `next + held` it holds and can still read.
    pub(super) next: Sequence,
    pub(super) held: u64,
    /// Where it goes on after what it holds.
    pub(super) resume: Sequence,
    /// Where its events end.
    pub(super) end: Sequence,
}

impl Place {
    /// Of one that has consumed everything below `next`, holds `held` more, whose cursor stands at `cursor`, and that ends at
    /// its mark if it has one.
    pub(super) fn new(
        next: Sequence,
        held: u64,
        cursor: Sequence,
        mark: Option<Sequence>,
        published: Sequence,
    ) -> Self {
        // One that joined at the oldest may have read on past its mark before the mark was made.
        let mark = mark.map_or(Sequence::MAX, |mark| mark.max(next + held));
        Self { next, held, resume: cursor.min(mark).max(next + held), end: published.min(mark) }
    }

    /// Events that it can still read.
    pub(crate) fn ahead(&self) -> u64 {
        self.held + self.end - self.resume
    }

    /// Events that are gone and that it does not know of.
    pub(crate) fn missed(&self) -> u64 {
        self.resume - self.next - self.held
    }

    /// First sequence that it has not consumed.
    pub(crate) fn next(&self) -> Sequence {
        self.next
    }
}

/// Where one subscriber stands by its cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    id: SubscriberId,
    word: Word,
    held: (Sequence, Sequence),
    mark: Option<Sequence>,
}

impl Standing {
    /// Of a reader that has consumed everything below `position`, by its own word.
    pub(crate) fn place(&self, position: Sequence, published: Sequence) -> Place {
        let (start, end) = self.held;
        let (next, cursor) = (position.max(start), self.word.sequence());
        let held = end.saturating_sub(next);
        // The reader may have told its position after the publishers were asked for theirs.
        Place::new(next, held, cursor, self.mark, published.max(cursor).max(next + held))
    }

    /// How many events it has taken and not let go: in a guard, or in a closure that is running.
    pub(crate) fn in_hand(&self, position: Sequence) -> u64 {
        let (start, end) = match self.word.state() {
            State::Block => (self.word.sequence(), position),
            _ => self.held,
        };
        position.min(end).saturating_sub(start)
    }
}

impl Cursor {
    /// Where its subscriber stands; nothing for a free one.
    fn standing(&self) -> Option<Standing> {
        loop {
            // ORDERING: Acquire pairs with the Release store in `occupy`: who reads a number sees the word that its subscriber
            // found free, or a later one.
            let owner = self.owner.load(Acquire);
            let word = self.load();
            let held = match word.state() {
                State::Free => return None,
                _ => self.held_run(word).map(|(start, end)| {
                    // ORDERING: Relaxed: exact while its reader does nothing.
                    let to = self.held_to.load(Relaxed);
                    // Of an earlier run it lies at or below the start.
                    (start, if to > start { end.min(to) } else { end })
                }),
            };
            let unwatched = matches!(word.state(), State::Idle | State::Pinned | State::Moved);
            // ORDERING: Relaxed: exact while its reader does nothing.
            let mark = unwatched.then(|| self.ends.load(Relaxed)).filter(|ends| *ends != Sequence::MAX);
            // Numbers are never used again: in between, nobody else has had the cursor. The word of a later subscriber has its
            // number behind it.
            if let (Some(held), true) = (held, self.owner.load(Relaxed) == owner) {
                return Some(Standing { id: SubscriberId(owner), word, held, mark });
            }
        }
    }
}

/// Where all subscribers of a ring stand.
#[derive(Debug)]
pub(crate) struct Standings {
    /// By number.
    all: Vec<Standing>,
    /// The sequence of the next event, read after all the rest.
    pub(crate) published: Sequence,
}

impl Standings {
    fn new(core: &Core) -> Self {
        let mut all: Vec<_> = core.cursors.iter().filter_map(Cursor::standing).collect();
        all.sort_unstable_by_key(|standing| standing.id);
        Self { all, published: core.next_sequence() }
    }

    /// The one with this number, unless it has left.
    pub(crate) fn get(&self, id: SubscriberId) -> Option<&Standing> {
        let at = self.all.binary_search_by_key(&id, |standing| standing.id).ok()?;
        Some(&self.all[at])
    }

    /// The numbers of those that are there.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SubscriberId> {
        self.all.iter().map(|standing| standing.id)
    }
}

impl<T> Subscriber<T> {
    /// First sequence that it has not consumed; what it holds in a guard counts as consumed.
    pub(crate) fn position(&self) -> Sequence {
        self.wanted() + self.guarded
    }
}

impl<T: Send + Sync + 'static> Publisher<T> {
    /// Where all subscribers stand now.
    pub(crate) fn standings(&self) -> Standings {
        Standings::new(&self.ring.core)
    }
}

//! A subscriber: what it knows of itself, and what can be asked of it.
//!
//! A Block reader looks (`look`), reads and stores its cursor (`read`); publishers wait for that. A Lag or Disconnect reader
//! pins the run it is going to read, reads, and unpins (`pin`); publishers walk around a pin. `next` is the first sequence
//! not consumed; a cursor beyond it means that events were lost.

mod look;
mod pin;
mod read;

use super::core::Core;
use super::cursor::Cursor;
use super::door::Latch;
use super::pace::Pace;
use super::standing::Place;
use super::values::Ring;
use super::word::{MAX_RUN, State};
use super::{Overflow, Sequence, SubscriberId};
use crate::sync::{Arc, Ordering::*};
use std::fmt;
use std::ptr::NonNull;

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
    /// The last look since a drain began ended where nothing was released yet, not where it had seen enough.
    saw_end: bool,
    pub(super) pace: Pace,
    /// Events missed and already reported, or skipped before a disconnect.
    lost: u64,
    /// Events of a guard that was made and not dropped: the next call consumes them.
    pub(super) guarded: u64,
    /// Lag, Disconnect: the pinned run, while `next` lies below its end.
    pinned_from: Sequence,
    pinned_to: Sequence,
    /// The pinned run lies in its positions' own slots, and `slots` says nothing.
    straight: bool,
    /// Physical slots of the pinned run.
    slots: Box<[u32]>,
    /// Disconnect: sequence that the reader itself last wrote to its cursor.
    own: Sequence,
    /// Disconnect: sequence of the event that marked it.
    mark: Option<Sequence>,
    /// It may be told to leave.
    pub(super) latch: Option<Arc<Latch>>,
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
        let ends = if overflow == Overflow::Disconnect { own + capacity } else { Sequence::MAX };
        follow(&cursor).ends.store(ends, Relaxed);
        follow(&cursor).held_to.store(0, Relaxed);
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
            pinned_from: next,
            pinned_to: next,
            straight: false,
            slots: vec![0; run].into_boxed_slice(),
            own,
            mark: None,
            latch: None,
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

    /// Is there a guard, or was one forgotten?
    pub(crate) fn has_guard(&self) -> bool {
        self.guarded != 0
    }

    /// Releases a guard that was forgotten.
    #[inline(always)]
    pub(crate) fn settle(&mut self) {
        if self.guarded != 0 {
            self.release_guard();
        }
    }

    #[cold]
    fn release_guard(&mut self) {
        let n = std::mem::take(&mut self.guarded);
        self.consume(n);
    }

    fn leave(&self) {
        if self.latch.as_ref().is_some_and(|latch| !latch.leaves_first()) {
            return;
        }
        let core = self.core();
        core.subscribers.fetch_sub(1, Relaxed);
        core.leave(self.cursor());
    }

    /// First sequence not consumed: what `peek(0)` answers, and what it sleeps for.
    pub(crate) fn wanted(&self) -> Sequence {
        self.next
    }

    /// Has it been told to leave?
    #[cold]
    pub(super) fn is_told(&self) -> bool {
        self.latch.as_ref().is_some_and(|latch| latch.is_told())
    }

    /// Would `look` answer anything but `Empty`?
    pub(crate) fn is_ready(&self) -> bool {
        if self.is_told() || self.guarded != 0 || self.next < self.pinned_to || self.gone {
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
        let held = self.pinned_to.saturating_sub(self.next + self.guarded);
        let next = self.next + self.guarded;
        if self.gone || self.is_told() {
            return Place::new(next, 0, next, None, next);
        }
        if let Overflow::Block = self.overflow {
            return Place::new(next, 0, next, None, self.core().next_sequence());
        }
        // The cursor first: a publisher that moves it has seen `tail` beyond where it moves it to.
        let word = self.cursor().load();
        let published = self.core().next_sequence();
        Place::new(next, held, word.sequence(), self.mark_in(word), published)
    }

    /// How many events lie ahead of it, unread.
    pub fn len(&self) -> usize {
        self.place().ahead() as usize
    }

    /// Is there nothing ahead of it?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events it has missed since it joined, those included that no receive has reported yet.
    pub fn lost(&self) -> u64 {
        self.lost + self.place().missed()
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

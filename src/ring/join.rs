//! Joining and leaving.
//!
//! A joiner registers a cursor that holds too much rather than too little, then looks at `tail` by a read-modify-write, and
//! then moves up to where it starts. Both sides are read-modify-writes of one word, so a claim either comes before the
//! look, and the joiner starts after it, or has the registration behind it: every slow path from then on sees the cursor,
//! and a limit found before reaches at most `surplus <= capacity` beyond the joiner's start.
//!
//! The unique publisher claims without touching `tail`; it does a read-modify-write of it in its slow path only. A joiner
//! whose look comes first is seen by that slow path; one whose look comes second reads a head at least as new as the one
//! that the publisher's limit was made from, so the same bound holds.

use super::core::Core;
use super::cursor::Cursor;
use super::publisher::{Publisher, debug};
use super::subscriber::Subscriber;
use super::values::Ring;
use super::word::{State, Word};
use super::{Overflow, Sequence, SubscriberId};
use crate::error::StartError;
use crate::sync::{Arc, Ordering::*};
use std::fmt;
use std::ptr::NonNull;

/// Where a subscriber starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Start {
    /// With the next event. The default.
    #[default]
    Now,
    /// With the oldest of the newest `capacity` events.
    Oldest,
    /// With the event of this sequence, if it is among the newest `capacity` or is the next one.
    Sequence(Sequence),
}

/// Adds subscribers to a ring whose publisher is elsewhere; see [`UniquePublisher::joiner`](super::UniquePublisher::joiner).
///
/// # Examples
/// ```
/// use eventcast::ring::{Builder, Overflow, Start};
/// let (mut publisher, _first) = Builder::new(8).build_unique::<u32>()?;
/// let joiner = publisher.joiner();
/// let late = std::thread::spawn(move || joiner.subscribe_from(Start::Oldest, Overflow::Lag));
/// publisher.publish(1)?;
/// let mut late = late.join().unwrap()?;
/// assert_eq!(late.recv(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Joiner<T> {
    pub(super) ring: Arc<Ring<T>>,
}

impl<T: Send + Sync + 'static> Joiner<T> {
    /// As [`Publisher::subscribe_from`](super::Publisher::subscribe_from).
    ///
    /// # Errors
    /// [`StartError`] when the sequence is older than the oldest kept event or lies ahead of the next one.
    pub fn subscribe_from(&self, start: Start, overflow: Overflow) -> Result<Subscriber<T>, StartError> {
        join(&self.ring, start, overflow, None)
    }
}

impl<T> Clone for Joiner<T> {
    fn clone(&self) -> Self {
        Self { ring: self.ring.clone() }
    }
}

impl<T> fmt::Debug for Joiner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.ring.core, "Joiner", f)
    }
}

impl<T: Send + Sync + 'static> Publisher<T> {
    /// As [`subscribe_from`](Self::subscribe_from), with a number that no subscriber of this ring has had. Then all of them have
    /// to get theirs this way.
    pub(crate) fn subscribe_as(
        &self,
        id: SubscriberId,
        start: Start,
        overflow: Overflow,
    ) -> Result<Subscriber<T>, StartError> {
        join(&self.ring, start, overflow, Some(id.0))
    }
}

impl Overflow {
    /// The state of an idle cursor of this policy.
    fn idle(self) -> State {
        match self {
            Self::Block => State::Block,
            Self::Lag => State::Idle,
            Self::Disconnect => State::WatchedIdle,
        }
    }
}

pub(crate) fn join<T: Send + Sync + 'static>(
    ring: &Arc<Ring<T>>,
    start: Start,
    overflow: Overflow,
    number: Option<u64>,
) -> Result<Subscriber<T>, StartError> {
    let core = &ring.core;
    let next = core.next_sequence();
    let low = match start {
        Start::Now => next,
        Start::Oldest => core.oldest(next),
        Start::Sequence(sequence) => sequence.clamp(core.oldest(next), next),
    };
    let (cursor, number) = core.cursors.occupy(Word::new(low, 0, overflow.idle()), number);
    // ORDERING: AcqRel; see the module. Relaxed or a plain load could miss a claim whose slow path missed the registration.
    let tail = core.tail.fetch_add(0, AcqRel);
    let next = if core.shape.unique { core.head() } else { tail >> 1 };
    let oldest = core.oldest(next);
    let from = match start {
        Start::Now => next,
        Start::Oldest => oldest,
        Start::Sequence(sequence) if sequence > next => {
            core.leave(cursor);
            return Err(StartError::Ahead { sequence, next });
        }
        Start::Sequence(sequence) if sequence < oldest => {
            core.leave(cursor);
            return Err(StartError::TooOld { sequence, oldest });
        }
        Start::Sequence(sequence) => sequence,
    };
    let at = settle(cursor, from, overflow.idle());
    // A publisher may have found the registration in its way and gone to sleep.
    core.advanced(cursor);
    let first = if matches!(start, Start::Sequence(_)) { from } else { at };
    let subscribers = core.subscribers.fetch_add(1, Relaxed) + 1;
    core.sleepers.reserve(subscribers);
    Ok(Subscriber::new(ring.clone(), NonNull::from(cursor), number, overflow, first, at))
}

/// Moves a registered cursor up to `from`, further if publishers have moved it further, and undoes a mark that fell on it
/// before it had a start.
fn settle(cursor: &Cursor, from: Sequence, idle: State) -> Sequence {
    loop {
        let seen = cursor.load();
        let wanted = Word::new(seen.sequence().max(from), 0, idle);
        if seen == wanted || cursor.advance(seen, wanted) {
            return wanted.sequence();
        }
    }
}

impl Core {
    /// Frees a cursor, also a pinned one, and wakes publishers that waited for it.
    pub(crate) fn leave(&self, cursor: &Cursor) {
        // ORDERING: Release pairs with the Acquire of publishers' loads: the last read of a value comes before its slot is free.
        // A swap, because publishers compare-exchange the word.
        cursor.word.swap(Word::FREE.0, Release);
        self.advanced(cursor);
        // After the last look at it: from here on it may be somebody else's.
        self.cursors.vacate(cursor);
    }

    /// After a cursor has let something go: wakes the publishers that wait for it.
    #[inline(always)]
    pub(crate) fn advanced(&self, cursor: &Cursor) {
        if self.shape.wait.sleeps() {
            self.barrier.light();
            // ORDERING: Relaxed; the barriers of the handshake order it against the publisher's registration.
            if cursor.awaited.load(Relaxed) {
                self.gate.wake(cursor);
            }
        }
    }

    /// Events that the slowest Block cursor has not read.
    pub(crate) fn backlog(&self) -> u64 {
        let next = self.next_sequence();
        let behind = |cursor: &Cursor| {
            let word = cursor.load();
            (word.state() == State::Block).then(|| next.saturating_sub(word.sequence()))
        };
        self.cursors.iter().filter_map(behind).max().unwrap_or(0)
    }
}

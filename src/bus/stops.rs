//! Where a reader stops on its way: to look how much lies ahead of it, and to time an event. One number to compare with, once
//! per run.

use super::account::Account;
use crate::ring::Sequence;
use crate::stats::Sampling;

/// A reader looks how much lies ahead of it once in so many events at least, or in a sixteenth of the capacity if that is
/// less. Not for every run: it takes the line away that publishers write.
const LOOK_EVERY: u64 = 256;

#[derive(Debug)]
pub(super) struct Stops {
    /// Nothing is to be done before this sequence.
    next: Sequence,
    next_look: Sequence,
    look_every: u64,
    sampling: Sampling,
}

/// How a reader goes on from where it stands.
pub(super) struct Stage {
    /// The next event is timed, and is the only one of the stage.
    pub(super) timed: bool,
    /// How many events it may read before it has to ask again.
    pub(super) len: u64,
}

impl Stops {
    pub(super) fn new(sampling: Sampling, capacity: usize) -> Self {
        let look_every = LOOK_EVERY.min(capacity as u64 / 16).max(1);
        Self { next: 0, next_look: 0, look_every, sampling }
    }

    /// The stage that begins at `at`; `ahead` finds how many events lie ahead of the reader there.
    #[inline(always)]
    pub(super) fn stage(&mut self, at: Sequence, account: &Account, ahead: impl FnOnce() -> u64) -> Stage {
        let timed = at >= self.next && self.stop(at, account, ahead);
        Stage { timed, len: self.next - at }
    }

    /// Does what is to be done at `at`; says whether the event there is timed.
    #[cold]
    fn stop(&mut self, at: Sequence, account: &Account, ahead: impl FnOnce() -> u64) -> bool {
        self.look(at, account, ahead);
        let timed = self.sampling.hits(at);
        let next_hit = at.saturating_add(self.sampling.next_hit(at).max(1));
        self.next = next_hit.min(self.next_look);
        timed
    }

    /// Notes how many events lie ahead of a reader at `at`, if it is time to.
    pub(super) fn look(&mut self, at: Sequence, account: &Account, ahead: impl FnOnce() -> u64) {
        if at >= self.next_look {
            account.saw_ahead(ahead());
            self.next_look = at + self.look_every;
        }
    }

    /// How many events lie before the next timed one, counted from `at`.
    pub(super) fn next_timed(&self, at: Sequence) -> u64 {
        self.sampling.next_hit(at)
    }
}

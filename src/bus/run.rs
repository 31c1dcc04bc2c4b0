//! A run of events that a direct subscription has judged and lends in place.

use super::account::Account;
use super::direct::{Direct, RUN};
use super::sieve::{Now, Outcome};
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{self, Door, Sequence};

/// What is to become of the next events of the ring; at least one of them is handed out. Empty while there is no guard.
pub(super) struct Judged {
    outcomes: [Outcome; RUN],
    len: usize,
}

impl Judged {
    pub(super) fn nothing() -> Self {
        Self { outcomes: [Outcome::Filtered; RUN], len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn push(&mut self, outcome: Outcome) {
        self.outcomes[self.len] = outcome;
        self.len += 1;
    }

    /// Places of the events that are handed out, from `first` on.
    fn delivered_from(&self, first: usize) -> impl Iterator<Item = usize> {
        (first..self.len).filter(|at| self.outcomes[*at] == Outcome::Delivered)
    }

    /// Counts what has become of these events, of which `first` is the first.
    fn settle(&mut self, account: &Account, first: Sequence) {
        let len = std::mem::take(&mut self.len);
        self.outcomes[..len].iter().for_each(|outcome| account.add(*outcome));
        account.let_go(first + len as u64);
    }
}

/// Judged events, consumed and counted with what lies between them when it is dropped.
pub(super) struct Run<'a, P> {
    /// Only the drop takes it.
    batch: Option<ring::Batch<'a, Event<P>>>,
    account: &'a Account,
    judged: &'a mut Judged,
    door: &'a Door<Event<P>>,
}

impl<P> Direct<P> {
    /// Counts and consumes what a forgotten guard had. Before the door, which such a guard has left open.
    #[inline(always)]
    pub(super) fn settle(&mut self) {
        if self.judged.len != 0 {
            self.settle_forgotten();
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_forgotten(&mut self) {
        self.judged.settle(self.seated.account(), self.subscriber.wanted());
        self.subscriber.settle();
    }

    /// Reads past runs without an event of its topics, and judges the first that has one. Its [`run`](Self::run) has to follow.
    pub(super) fn judge_next(&mut self, max: usize) -> Result<(), TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.settle();
        if !self.door.enter() {
            return Err(TryRecvError::Closed);
        }
        let judged = self.judge_inside(max);
        if judged.is_err() {
            self.door.exit();
        }
        judged
    }

    fn judge_inside(&mut self, max: usize) -> Result<(), TryRecvError> {
        self.handled();
        let max = max.max(1);
        let most = self.run_length(max).min(max);
        let mut skipped = 0;
        while skipped < self.horizon {
            let most = self.allowed(most)?;
            let batch = self.subscriber.batch(most).inspect_err(|error| self.seated.failed(error))?;
            let account = self.seated.account();
            self.stops.look(batch.sequence(), account, || batch.ahead());
            let mut now = Now::default();
            for event in batch.iter() {
                self.judged.push(self.sieve.judge(event, &mut now));
            }
            if self.judged.delivered_from(0).next().is_some() {
                batch.release_first(0);
                return Ok(());
            }
            skipped += self.judged.len;
            self.judged.settle(account, batch.sequence());
        }
        Err(TryRecvError::Empty)
    }

    /// The guard of what was judged just now.
    pub(super) fn run(&mut self) -> Run<'_, P> {
        let account = self.seated.account();
        let judged = &mut self.judged;
        let batch = self.subscriber.batch(judged.len).expect("what was judged is still there");
        debug_assert_eq!(batch.len(), judged.len, "nobody else reads here");
        account.hold(judged.len);
        let hit = self.stops.next_timed(batch.sequence());
        if judged.delivered_from(0).any(|at| at as u64 == hit) {
            self.handed_out = self.times.delivered(batch.sequence() + hit);
        }
        Run { batch: Some(batch), account, judged, door: &self.door }
    }
}

impl<P> Run<'_, P> {
    /// How many events it hands out from `place` on.
    pub(super) fn left(&self, place: usize) -> usize {
        self.judged.delivered_from(place).count()
    }

    /// The first event at `place` or behind, and the place behind it.
    pub(super) fn next(&self, place: usize) -> Option<(&Event<P>, usize)> {
        let at = self.judged.delivered_from(place).next()?;
        Some((self.batch.as_ref()?.get(at)?, at + 1))
    }

    /// Only the first `n` events, and what lies before them, are consumed when it is dropped.
    pub(super) fn keep_first(&mut self, n: usize) {
        let consumed = self.judged.delivered_from(0).nth(n).unwrap_or(self.judged.len);
        self.judged.len = consumed;
    }
}

impl<P> Drop for Run<'_, P> {
    fn drop(&mut self) {
        if let Some(batch) = self.batch.take() {
            let consumed = self.judged.len;
            self.judged.settle(self.account, batch.sequence());
            batch.release_first(consumed);
        }
        self.door.exit();
    }
}

//! A run of events that a direct subscription has judged and lends in place.

use super::account::Account;
use super::direct::{Direct, RUN};
use super::sieve::{Now, Outcome};
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{self, Door, Sequence};

/// What is to become of the next events of the ring; at least one is handed out.
pub(super) struct Judged {
    outcomes: [Outcome; RUN],
    len: usize,
}

impl Judged {
    /// Places of the events that are handed out, from `first` on.
    fn delivered_from(&self, first: usize) -> impl Iterator<Item = usize> {
        (first..self.len).filter(|at| self.outcomes[*at] == Outcome::Delivered)
    }

    /// Counts what is to become of the events from `first` on.
    fn count(&self, account: &Account, first: Sequence) {
        self.outcomes[..self.len].iter().for_each(|outcome| account.add(*outcome));
        account.stand_at(first + self.len as u64);
    }
}

/// Judged events, consumed with what lies between them when it is dropped.
pub(super) struct Run<'a, P> {
    /// Only the drop takes it.
    batch: Option<ring::Batch<'a, Event<P>>>,
    account: &'a Account,
    judged: Judged,
    door: &'a Door<Event<P>>,
}

impl<P> Direct<P> {
    /// Reads past runs without an event of its topics, and judges the first that has one. Its [`run`](Self::run) has to follow.
    pub(super) fn judge_next(&mut self, max: usize) -> Result<Judged, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        if !self.door.enter() {
            return Err(TryRecvError::Closed);
        }
        let judged = self.judge_inside(max);
        if judged.is_err() {
            self.door.exit();
        }
        judged
    }

    fn judge_inside(&mut self, max: usize) -> Result<Judged, TryRecvError> {
        self.handled();
        let max = max.max(1);
        let most = self.run_length(max).min(max);
        let mut skipped = 0;
        while skipped < self.horizon {
            let most = self.allowed(most)?;
            let batch = self.subscriber.batch(most).inspect_err(|error| self.seated.failed(error))?;
            let account = self.seated.account();
            self.stops.look(batch.sequence(), account, || batch.ahead());
            let mut judged = Judged { outcomes: [Outcome::Filtered; RUN], len: batch.len() };
            let mut now = Now::default();
            for (at, event) in batch.iter().enumerate() {
                judged.outcomes[at] = self.sieve.judge(event, &mut now);
            }
            if judged.delivered_from(0).next().is_some() {
                batch.release_first(0);
                return Ok(judged);
            }
            judged.count(account, batch.sequence());
            skipped += judged.len;
        }
        Err(TryRecvError::Empty)
    }

    /// The guard of what was judged just now.
    pub(super) fn run(&mut self, judged: Judged) -> Run<'_, P> {
        let account = self.seated.account();
        let batch = self.subscriber.batch(judged.len).expect("what was judged is still there");
        debug_assert_eq!(batch.len(), judged.len, "nobody else reads here");
        judged.count(account, batch.sequence());
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
        let keep = self.judged.delivered_from(0).nth(n).unwrap_or(self.judged.len);
        let left = &self.judged.outcomes[keep..self.judged.len];
        left.iter().for_each(|outcome| self.account.take_back(*outcome));
        self.account.stand_at(self.account.position() - left.len() as u64);
        self.judged.len = keep;
    }
}

impl<P> Drop for Run<'_, P> {
    fn drop(&mut self) {
        if let Some(batch) = self.batch.take() {
            batch.release_first(self.judged.len);
        }
        self.door.exit();
    }
}

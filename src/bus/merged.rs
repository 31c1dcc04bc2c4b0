//! A subscription whose topics are on several rings: one part for each, asked in turn.
//!
//! Each part is a subscription of its own on its ring, with the number that all of them share. On one ring nothing changes:
//! order, overflow and accounts are the part's. Between rings there is no order, and whose turn it is goes round, so that a
//! flood on one ring starves no other. The parts end together: when one was disconnected, or ended from outside, the others are
//! ended as well, and what waits in queues is read first.

use super::stats::SubscriptionStats;
use super::subscription::{Reader, Subscription};
use super::waitable::{Found, Wakes};
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{Leader, Wait};
use crate::sync::Barrier;

/// How many events one part hands out before it is the next one's turn.
const TURN: usize = 64;

pub(super) struct Merged<P> {
    /// At least two.
    parts: Box<[Part<P>]>,
    /// Whose turn it is.
    next: usize,
    /// Who has answered last.
    last: usize,
    /// A lag that was found behind events of the same call; the next call reports it.
    unreported: Option<TryRecvError>,
    /// It was disconnected, so many events before that were missed, and that is not reported yet.
    missed: Option<u64>,
}

struct Part<P> {
    subscription: Subscription<P>,
    /// Nothing more will come from it.
    over: bool,
}

impl<P> Merged<P> {
    pub(super) fn new(parts: Vec<Subscription<P>>) -> Self {
        let part = |mut subscription: Subscription<P>| {
            // A pause on a quiet ring would hold up the events of a busy one.
            if let Reader::Direct(direct) = &mut subscription.reader {
                direct.subscriber.set_paced(false);
            }
            Part { subscription, over: false }
        };
        Self {
            parts: parts.into_iter().map(part).collect(),
            next: 0,
            last: 0,
            unreported: None,
            missed: None,
        }
    }

    /// All parts: what they have in common any of them tells.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Subscription<P>> {
        self.parts.iter().map(|part| &part.subscription)
    }

    /// For what is the same on each ring.
    pub(super) fn any(&self) -> &Subscription<P> {
        &self.parts[0].subscription
    }

    /// The part whose turn it is.
    pub(super) fn next(&self) -> &Subscription<P> {
        &self.parts[self.next].subscription
    }

    /// The part that has answered last.
    pub(super) fn last(&mut self) -> &mut Subscription<P> {
        &mut self.parts[self.last].subscription
    }

    /// The parts from which something may come.
    fn open(&self) -> impl Iterator<Item = &Subscription<P>> {
        self.parts.iter().filter(|part| !part.over).map(|part| &part.subscription)
    }

    fn open_mut(&mut self) -> impl Iterator<Item = &mut Subscription<P>> {
        self.parts.iter_mut().filter(|part| !part.over).map(|part| &mut part.subscription)
    }

    fn is_over(&self) -> bool {
        self.parts.iter().all(|part| part.over)
    }

    pub(super) fn stats(&self) -> SubscriptionStats {
        self.parts().map(Subscription::stats).fold(SubscriptionStats::default(), SubscriptionStats::and)
    }

    /// For those who are to read behind it, ring by ring.
    pub(super) fn leaders(&self) -> Vec<Leader<Event<P>>> {
        self.parts().flat_map(Subscription::leaders).collect()
    }

    /// The answer of the first part that has something to say, in turn.
    pub(super) fn ask<R>(
        &mut self,
        mut ask: impl FnMut(&mut Subscription<P>) -> Result<R, TryRecvError>,
    ) -> Result<R, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.last().come_back();
        let (first, all) = (self.next, self.parts.len());
        for at in (first..first + all).map(|at| at % all) {
            if self.parts[at].over {
                continue;
            }
            self.last = at;
            match ask(&mut self.parts[at].subscription) {
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Closed) => self.has_closed(at),
                Err(TryRecvError::Disconnected(missed)) => self.was_disconnected(at, missed),
                answer => {
                    self.next = (at + 1) % all;
                    return answer;
                }
            }
        }
        Err(self.nothing())
    }

    /// No part has an event.
    fn nothing(&mut self) -> TryRecvError {
        if !self.is_over() {
            return TryRecvError::Empty;
        }
        self.missed.take().map_or(TryRecvError::Closed, TryRecvError::Disconnected)
    }

    /// Nothing more will come from this part. That ends the others only if it has not come from the close of its ring.
    fn has_closed(&mut self, at: usize) {
        self.parts[at].over = true;
        if self.parts[at].subscription.was_ended() {
            self.end();
        }
    }

    fn was_disconnected(&mut self, at: usize, missed: u64) {
        self.parts[at].over = true;
        *self.missed.get_or_insert(0) += missed;
        self.end();
    }

    /// Lets nothing more come, and leaves the rings. What waits in queues can still be read.
    fn end(&mut self) {
        for part in &mut self.parts {
            part.subscription.end();
            part.over |= part.subscription.queue_overflow().is_none();
        }
    }

    // From here on closures go on as `dyn`: a part is a subscription, so a type for each depth would have no end.

    /// Calls `f` with up to `max` events, some of each part in turn, and says how many; at least one.
    pub(super) fn scan(&mut self, max: usize, f: &mut dyn FnMut(&Event<P>)) -> Result<usize, TryRecvError> {
        let max = max.max(1);
        let mut found = 0;
        while found < max {
            match self.ask(|part| part.scan(TURN.min(max - found), &mut |event: &Event<P>| f(event))) {
                Ok(more) => found += more,
                Err(error) if found == 0 => return Err(error),
                Err(error) => {
                    if let TryRecvError::Lagged(_) | TryRecvError::Disconnected(_) = error {
                        self.unreported = Some(error);
                    }
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Calls `f` with up to `max` events of one part, with `true` beside the last, and says how many; at least one.
    pub(super) fn scan_batch(
        &mut self,
        max: usize,
        f: &mut dyn FnMut(&Event<P>, bool),
    ) -> Result<usize, TryRecvError> {
        self.ask(|part| part.drain_batch(TURN.min(max), &mut |event: &Event<P>, last| f(event, last)))
    }
}

/// Waiting for all parts at once; see [`Wakes`].
impl<P> Merged<P> {
    pub(super) fn seek(&mut self) -> Found {
        if self.unreported.is_some() {
            return Found::Something;
        }
        self.last().come_back();
        for at in 0..self.parts.len() {
            if self.parts[at].over {
                continue;
            }
            match self.parts[at].subscription.look() {
                Found::Something => return Found::Something,
                Found::End => self.has_closed(at),
                Found::Nothing => {}
            }
        }
        match (self.is_over(), self.missed) {
            (false, _) => Found::Nothing,
            (true, Some(_)) => Found::Something,
            (true, None) => Found::End,
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_over() || self.open().any(Wakes::is_ready)
    }

    pub(super) fn way_to_wait(&self) -> Wait {
        self.open().map(Wakes::way_to_wait).fold(Wait::Park, Wait::most_impatient)
    }

    pub(super) fn enlist(&mut self) -> Option<Barrier> {
        self.open_mut().filter_map(Wakes::enlist).reduce(Barrier::heavier)
    }

    pub(super) fn is_called(&self) -> bool {
        self.open().any(Wakes::is_called)
    }

    pub(super) fn leave(&mut self) {
        // Also those that have ended since.
        self.parts.iter_mut().for_each(|part| part.subscription.leave());
    }
}

/// Waiting as a task.
#[cfg(feature = "stream")]
impl<P> Merged<P> {
    /// Will this task be woken for the next event of each part?
    pub(super) fn waits_for(&self, waker: &std::task::Waker) -> bool {
        self.open().all(|part| part.waits_for(waker))
    }

    pub(super) fn enlist_task(&mut self, waker: &std::task::Waker) {
        self.open_mut().for_each(|part| part.enlist_task(waker.clone()));
    }

    /// Has a part given up reading past what nobody wants?
    pub(super) fn has_more(&self) -> bool {
        self.open().any(Subscription::has_more)
    }
}

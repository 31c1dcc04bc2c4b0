//! A subscription with a queue: the queue itself, what is in the reader's hand, and where whoever fills it stands.

use super::{Asks, Log, Tally, Verdict};
use eventcast::{LostBy, QueueOverflow, TryRecvError};
use std::collections::VecDeque;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) overflow: QueueOverflow,
    size: usize,
    queue: VecDeque<u64>,
    /// Taken out for a guard, and not handed out.
    hand: VecDeque<u64>,
    /// Of these, so many are in a forgotten guard.
    guarded: usize,
    /// First event that was not put in, lost or filtered.
    place: u64,
    /// After the last event that was handed out.
    next: u64,
    pub(crate) lost_full: u64,
    pub(crate) lost_clone: u64,
    /// Nothing will be put in any more, and what the reader is told then.
    pub(crate) end: Option<TryRecvError>,
    /// The reader was told that it is disconnected.
    pub(super) told: bool,
    pub(crate) unnoticed: u64,
}

impl Queued {
    pub(crate) fn new(overflow: QueueOverflow, size: usize, start: u64, log: &Log) -> Self {
        Self {
            overflow,
            size,
            queue: VecDeque::new(),
            hand: VecDeque::new(),
            guarded: 0,
            place: start,
            next: start,
            lost_full: 0,
            lost_clone: 0,
            end: None,
            told: false,
            unnoticed: if start < log.next() { log.next() + log.capacity } else { 0 },
        }
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost_full + self.lost_clone
    }

    pub(crate) fn queued(&self) -> u64 {
        (self.queue.len() + self.hand.len()) as u64
    }

    pub(crate) fn ahead(&self, log: &Log) -> u64 {
        if self.end.is_some() { 0 } else { log.next() - self.place }
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.hand.front().copied().unwrap_or(self.next)
    }

    pub(crate) fn blocks_at(&self) -> Option<u64> {
        let blocks = matches!(self.overflow, QueueOverflow::Block { .. }) && self.end.is_none();
        blocks.then_some(self.place)
    }

    /// Does an event wait for room?
    pub(crate) fn is_stalled(&self, log: &Log) -> bool {
        self.end.is_none() && self.place < log.next()
    }

    /// The events that wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = u64> {
        self.hand.iter().chain(&self.queue).copied()
    }

    /// Lost by reason, in the order of [`LostBy::iter`].
    pub(crate) fn lost_by(&self, seen: &LostBy) -> bool {
        (seen.queue_full, seen.clone_panicked, seen.overwritten) == (self.lost_full, self.lost_clone, 0)
    }

    /// Takes what is there, as far as the overflow lets it.
    pub(crate) fn feed(&mut self, asks: &Asks, tally: &mut Tally, log: &Log) {
        while self.end.is_none() && self.place < log.next() {
            let fact = log.at(self.place);
            let verdict = asks.judge(fact);
            if verdict != Verdict::Wanted {
                tally.add(verdict);
                self.place += 1;
                continue;
            }
            if self.queue.len() == self.size {
                match self.overflow {
                    QueueOverflow::DropOldest => {
                        self.queue.pop_front();
                        self.lost_full += 1;
                    }
                    QueueOverflow::Disconnect => {
                        self.end = Some(TryRecvError::Disconnected(0));
                        return;
                    }
                    QueueOverflow::Block { within } if within > Duration::ZERO => return,
                    _ => {
                        self.lost_full += 1;
                        self.place += 1;
                        continue;
                    }
                }
            }
            if fact.clone_bang {
                self.lost_clone += 1;
            } else {
                self.queue.push_back(self.place);
            }
            self.place += 1;
        }
        if log.closed && self.end.is_none() {
            self.end = Some(TryRecvError::Closed);
        }
    }

    /// Hands out the first `n` of those in hand.
    pub(crate) fn release(&mut self, tally: &mut Tally, n: usize) {
        self.guarded = 0;
        for sequence in self.hand.drain(..n) {
            self.next = sequence + 1;
            tally.delivered += 1;
        }
    }

    /// A guard of `n` events was forgotten.
    pub(crate) fn forget(&mut self, n: usize) {
        self.guarded = n;
    }

    /// Hands out what a forgotten guard had.
    pub(super) fn settle(&mut self, tally: &mut Tally) {
        self.release(tally, self.guarded);
    }

    /// How many events a call gets at least, or why it gets none.
    pub(crate) fn look(&mut self, tally: &mut Tally, max: usize) -> Result<usize, TryRecvError> {
        self.settle(tally);
        let there = self.hand.len() + self.queue.len();
        if there > 0 {
            return Ok(there.min(max.max(1)));
        }
        match self.end.replace(TryRecvError::Closed) {
            Some(end) => {
                self.told |= matches!(end, TryRecvError::Disconnected(_));
                Err(end)
            }
            None => {
                self.end = None;
                Err(TryRecvError::Empty)
            }
        }
    }

    /// The next `n` events are taken in hand; the queue is filled again meanwhile.
    pub(crate) fn take(&mut self, asks: &Asks, tally: &mut Tally, log: &Log, n: usize) -> Vec<u64> {
        while self.hand.len() < n {
            let Some(sequence) = self.queue.pop_front() else { break };
            self.hand.push_back(sequence);
            self.feed(asks, tally, log);
        }
        self.hand.iter().copied().take(n).collect()
    }
}

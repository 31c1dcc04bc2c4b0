//! The naive oracle of a bus: everything that was ever accepted in one list, and per subscription a place in it or a `VecDeque`.
//!
//! Where the contract leaves the moment open, the oracle takes what the subscription says of itself, if it may say so:
//!
//! - a laggard may be moved forward by any publish, but never past the newest `capacity` events;
//! - one that joined behind now may find publishers up to `capacity` events further than its policy says, once: they had
//!   looked before it came;
//! - while more events are held in guards than the bus has spare slots, a publish may find it full;
//! - a reader who makes room while an event waits for it may get that event in the same call, or in the next.
//!
//! Everything else has exactly one right answer.
//!
//! Here: the list, and what a publish may be answered. What a subscription asks for: `bus_oracle/asks.rs`; one that reads in
//! place: `bus_oracle/direct.rs`; one with a queue: `bus_oracle/queued.rs`.

#![allow(dead_code, reason = "each user has its own part of it")]

#[path = "bus_oracle/asks.rs"]
mod asks;
#[path = "bus_oracle/direct.rs"]
mod direct;
#[path = "bus_oracle/queued.rs"]
mod queued;

pub(crate) use asks::{Asks, Filter, Tally, Verdict};
pub(crate) use direct::{Direct, Guard};
pub(crate) use queued::Queued;

use eventcast::{EventId, Overflow, QueueOverflow, SubscriberId, SubscriptionStats, TryRecvError};

pub(crate) use crate::script::{Check, ensure};

/// One accepted event; its sequence is its place in the list.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) topic: &'static str,
    pub(crate) payload: u64,
    pub(crate) given_id: Option<String>,
    pub(crate) note: Option<String>,
    /// Its payload's clone panics.
    pub(crate) clone_bang: bool,
    /// As the first who saw it said.
    pub(crate) seen_id: Option<EventId>,
}

/// What was accepted.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) capacity: u64,
    /// Events that laggards together may hold without being in anybody's way.
    pub(crate) spares: u64,
    pub(crate) events: Vec<Fact>,
    pub(crate) closed: bool,
}

impl Log {
    pub(crate) fn next(&self) -> u64 {
        self.events.len() as u64
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.next().saturating_sub(self.capacity)
    }

    pub(crate) fn at(&self, sequence: u64) -> &Fact {
        &self.events[sequence as usize]
    }
}

#[derive(Debug)]
pub(crate) enum Reads {
    Direct(Direct),
    Queued(Queued),
}

#[derive(Debug)]
pub(crate) struct Sub {
    pub(crate) id: SubscriberId,
    pub(crate) asks: Asks,
    pub(crate) tally: Tally,
    pub(crate) reads: Reads,
}

/// What a receive answers: the sequences that are handed out, or why there are none.
pub(crate) type Answer = Result<Vec<u64>, TryRecvError>;

impl Sub {
    /// What it should say of itself.
    pub(crate) fn stats(&self, log: &Log) -> SubscriptionStats {
        match &self.reads {
            Reads::Direct(direct) => self.tally.stats(direct.lost(), 0, direct.ahead(log)),
            Reads::Queued(queued) => self.tally.stats(queued.lost(), queued.queued(), queued.ahead(log)),
        }
    }

    /// It leaves: what a forgotten guard had was handed out.
    pub(crate) fn leaves(&mut self, log: &Log) {
        match &mut self.reads {
            Reads::Direct(direct) => direct.settle(&self.asks, &mut self.tally, log),
            Reads::Queued(queued) => queued.settle(&mut self.tally),
        }
    }

    /// The sequence of the event that it looks at next.
    pub(crate) fn sequence(&self) -> u64 {
        match &self.reads {
            Reads::Direct(direct) => direct.sequence(),
            Reads::Queued(queued) => queued.sequence(),
        }
    }

    pub(crate) fn queue_overflow(&self) -> Option<QueueOverflow> {
        match &self.reads {
            Reads::Direct(_) => None,
            Reads::Queued(queued) => Some(queued.overflow),
        }
    }

    /// Is it listed? Not once it was told that it is disconnected.
    pub(crate) fn is_there(&self) -> bool {
        match &self.reads {
            Reads::Direct(direct) => !direct.gone,
            Reads::Queued(queued) => !queued.told,
        }
    }

    /// The first event that it keeps from being overwritten because publishers wait for it.
    fn blocks_at(&self) -> Option<u64> {
        match &self.reads {
            Reads::Direct(direct) => (direct.overflow == Overflow::Block).then_some(direct.next),
            Reads::Queued(queued) => queued.blocks_at(),
        }
    }

    /// Publishers may not have noticed before this sequence that it joined.
    fn unnoticed(&self) -> u64 {
        match &self.reads {
            Reads::Direct(direct) => direct.unnoticed,
            Reads::Queued(queued) => queued.unnoticed,
        }
    }
}

/// Why the bus refused an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    InvalidTopic,
    InvalidId,
    TooLarge,
    Filtered,
    Full,
    Timeout,
    Closed,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) log: Log,
    pub(crate) subs: Vec<Option<Sub>>,
    /// Sequence and topic of those that nobody wanted.
    pub(crate) unrouted: Vec<(String, u64)>,
    pub(crate) refused: [u64; 7],
}

impl Model {
    pub(crate) fn new(capacity: u64, spares: u64, slots: usize) -> Self {
        Self {
            log: Log { capacity, spares, events: Vec::new(), closed: false },
            subs: (0..slots).map(|_| None).collect(),
            unrouted: Vec::new(),
            refused: [0; 7],
        }
    }

    pub(crate) fn present(&self) -> impl Iterator<Item = &Sub> {
        self.subs.iter().flatten()
    }

    fn blocking(&self) -> impl Iterator<Item = (&Sub, u64)> {
        self.present().filter_map(|sub| Some((sub, sub.blocks_at()?)))
    }

    /// Events that the slowest blocking subscription has not read.
    pub(crate) fn backlog(&self) -> u64 {
        self.blocking().map(|(_, at)| self.log.next() - at).max().unwrap_or(0)
    }

    /// Do laggards hold more than the spare slots are good for?
    fn is_held_up(&self) -> bool {
        let mut held: Vec<u64> = self
            .present()
            .filter_map(|sub| match &sub.reads {
                Reads::Direct(direct) => direct.holds(),
                Reads::Queued(_) => None,
            })
            .flatten()
            .collect();
        held.sort_unstable();
        held.dedup();
        held.len() as u64 > self.log.spares
    }

    /// Must the next event be let through, and may it be?
    pub(crate) fn room(&self) -> (bool, bool) {
        let (next, capacity) = (self.log.next(), self.log.capacity);
        let full = self.blocking().any(|(_, at)| next >= at + capacity);
        let may = self.blocking().all(|(sub, at)| next < (at + capacity).max(sub.unnoticed()));
        (!full && !self.is_held_up(), may)
    }

    pub(crate) fn accepted(&mut self, fact: Fact, sequence: u64) -> Check {
        ensure!(!self.log.closed, "accepted on a closed bus");
        ensure!(sequence == self.log.next(), "sequence {sequence}, not {}", self.log.next());
        ensure!(self.room().1, "accepted, though a blocking subscription is a ring behind");
        if !self.present().any(|sub| sub.is_there() && sub.asks.wants_topic(fact.topic)) {
            self.unrouted.push((fact.topic.to_owned(), sequence));
        }
        self.log.events.push(fact);
        self.feed();
        Ok(())
    }

    /// For want of room, or because it is closed.
    pub(crate) fn refused(&mut self, refusal: Refusal) -> Check {
        match refusal {
            Refusal::Closed => ensure!(self.log.closed, "closed, but nobody closed it"),
            Refusal::Full | Refusal::Timeout => {
                ensure!(!self.log.closed, "{refusal:?} on a closed bus");
                ensure!(!self.room().0, "{refusal:?}, but there is room");
            }
            _ => {}
        }
        self.refused[refusal as usize] += 1;
        Ok(())
    }

    /// Whom a publish that timed out names.
    pub(crate) fn blocked(&self, by: Option<SubscriberId>) -> Check {
        let Some(id) = by else { return Err("nobody is named".into()) };
        let backlog = self.backlog();
        let slowest = |(sub, at): (&Sub, u64)| sub.id == id && self.log.next() - at == backlog;
        let holds = |sub: &Sub| match &sub.reads {
            Reads::Direct(direct) => sub.id == id && direct.holds().is_some(),
            Reads::Queued(_) => false,
        };
        let named = self.blocking().any(slowest) || self.is_held_up() && self.present().any(holds);
        ensure!(named, "{id} is named but holds nobody up");
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        self.log.closed = true;
        self.feed();
    }

    /// What a receive of up to `max` events answers that was seen to get `got` of them.
    pub(crate) fn receive(&mut self, slot: usize, max: usize, got: usize) -> Check<Answer> {
        let Self { log, subs, .. } = self;
        let sub = subs[slot].as_mut().expect("a subscription in this slot");
        match &mut sub.reads {
            Reads::Direct(direct) => Ok(direct.scan(&sub.asks, &mut sub.tally, log, max as u64)),
            Reads::Queued(queued) => {
                let least = match queued.look(&mut sub.tally, max) {
                    Ok(least) => least,
                    Err(error) => return Ok(Err(error)),
                };
                ensure!((least..=max.max(1)).contains(&got), "{got} events, expected at least {least}");
                let taken = queued.take(&sub.asks, &mut sub.tally, log, got);
                queued.release(&mut sub.tally, taken.len());
                Ok(Ok(taken))
            }
        }
    }

    /// What a batch of up to `max` events answers that was seen to have `got` of them.
    pub(crate) fn guard(
        &mut self,
        slot: usize,
        max: usize,
        got: usize,
    ) -> Check<Result<Guard, TryRecvError>> {
        let Self { log, subs, .. } = self;
        let sub = subs[slot].as_mut().expect("a subscription in this slot");
        match &mut sub.reads {
            Reads::Direct(direct) => Ok(direct.batch(&sub.asks, &mut sub.tally, log, max as u64)),
            Reads::Queued(queued) => {
                let max = max.clamp(1, 64);
                let least = match queued.look(&mut sub.tally, max) {
                    Ok(least) => least,
                    Err(error) => return Ok(Err(error)),
                };
                ensure!((least..=max).contains(&got), "{got} events, expected at least {least}");
                Ok(Ok(Guard::of(queued.take(&sub.asks, &mut sub.tally, log, got))))
            }
        }
    }

    /// A guard goes after the first `n` of its events were handled.
    pub(crate) fn release(&mut self, slot: usize, guard: &Guard, n: usize) {
        let Self { log, subs, .. } = self;
        let sub = subs[slot].as_mut().expect("a subscription in this slot");
        match &mut sub.reads {
            Reads::Direct(direct) => direct.release(&sub.asks, &mut sub.tally, log, guard, n),
            Reads::Queued(queued) => queued.release(&mut sub.tally, n.min(guard.events.len())),
        }
    }

    /// Queues take what is there for them.
    pub(crate) fn feed(&mut self) {
        for sub in self.subs.iter_mut().flatten() {
            if let Reads::Queued(queued) = &mut sub.reads {
                queued.feed(&sub.asks, &mut sub.tally, &self.log);
            }
        }
    }
}

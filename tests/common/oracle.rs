//! The naive oracle of one ring: every event that was ever accepted in one list, and per subscriber where it stands.
//!
//! Where the contract leaves the moment open, the oracle keeps what is possible and each answer narrows it:
//!
//! - a `Lag` subscriber may be moved forward by any publish, but never past the newest `capacity` events, and the count is exact;
//! - one that joined behind now (at the oldest kept, or at a sequence) may find publishers up to `capacity` events further than
//!   its policy says, once: they had looked before it came;
//! - while more events are held in guards than the ring has spares, a publish may find it full.
//!
//! Everything else has exactly one right answer.
//!
//! Here: what the oracle knows, and who joins and leaves. What a publisher may be answered: `oracle/publish.rs`; what a
//! subscriber may: `oracle/read.rs`.

#![allow(dead_code, reason = "each user has its own part of it")]

#[path = "oracle/publish.rs"]
mod publish;
#[path = "oracle/read.rs"]
mod read;

use eventcast::ring::{BatchRefusal, Overflow, StartError, SubscriberId};

/// First sequence that is never used.
pub(crate) const END: u64 = (1 << 53) - (1 << 32);

pub(crate) use crate::script::{Check, ensure};

/// What one subscriber's counters said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) len: u64,
    pub(crate) lost: u64,
    pub(crate) sequence: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Sub {
    pub(crate) overflow: Overflow,
    pub(crate) id: SubscriberId,
    /// First event not consumed.
    pub(crate) next: u64,
    /// Where publishers see it: behind `next` while it holds a run of which some is consumed.
    pub(crate) place: u64,
    /// Missed and reported; of a disconnecting subscriber: missed so far.
    pub(crate) lost: u64,
    /// Events from `next` on that it holds and that cannot be overwritten.
    pub(crate) held: u64,
    /// Of these, in a forgotten guard: the next call consumes them.
    pub(crate) guarded: u64,
    /// Lag, Disconnect: it goes on at least here after what it holds.
    resume: u64,
    /// Somebody has tried to publish since `resume` was seen.
    stale: bool,
    /// Disconnect: at which event it may have been marked.
    marks: Vec<Option<u64>>,
    /// Its disconnect was reported.
    pub(crate) gone: bool,
    /// It joined behind: publishers may not have noticed before this sequence.
    unnoticed: u64,
}

impl Sub {
    /// Is it unknown whether, or where, it was marked?
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.marks.len() > 1
    }

    fn may_be_marked(&mut self, at: u64) {
        if !self.marks.contains(&Some(at)) {
            self.marks.push(Some(at));
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) capacity: u64,
    pub(crate) first: u64,
    pub(crate) spares: u64,
    pub(crate) unique: bool,
    /// The events by sequence, increasing.
    pub(crate) events: Vec<u64>,
    pub(crate) closed: bool,
    pub(crate) subs: Vec<Option<Sub>>,
}

/// What a batch answered.
#[derive(Clone, Debug)]
pub(crate) struct BatchAnswer {
    pub(crate) offered: u64,
    pub(crate) published: u64,
    pub(crate) refusal: Option<BatchRefusal>,
    pub(crate) blocked_by: Option<SubscriberId>,
}

impl Model {
    pub(crate) fn new(capacity: u64, first: u64, spares: u64, unique: bool, subs: usize) -> Self {
        Self { capacity, first, spares, unique, events: Vec::new(), closed: false, subs: vec![None; subs] }
    }

    pub(crate) fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.next().saturating_sub(self.capacity).max(self.first)
    }

    fn sequence_of(&self, event: u64) -> Check<u64> {
        match self.events.binary_search(&event) {
            Ok(index) => Ok(self.first + index as u64),
            Err(_) => Err(format!("event {event} was never accepted")),
        }
    }

    pub(crate) fn event(&self, sequence: u64) -> Option<u64> {
        self.events.get(sequence.checked_sub(self.first)? as usize).copied()
    }

    pub(crate) fn sub(&self, slot: usize) -> &Sub {
        self.subs[slot].as_ref().expect("a subscriber in this slot")
    }

    fn sub_mut(&mut self, slot: usize) -> &mut Sub {
        self.subs[slot].as_mut().expect("a subscriber in this slot")
    }

    fn present(&self) -> impl Iterator<Item = &Sub> {
        self.subs.iter().flatten().filter(|sub| !sub.gone)
    }

    pub(crate) fn subscriber_count(&self) -> usize {
        self.present().count()
    }

    /// Events that the slowest blocking subscriber has not read.
    pub(crate) fn backlog(&self) -> u64 {
        let blocking = self.present().filter(|sub| sub.overflow == Overflow::Block);
        blocking.map(|sub| self.next() - sub.place).max().unwrap_or(0)
    }

    /// Events held in guards of subscribers that nobody waits for; one that two of them hold counts once.
    pub(crate) fn held(&self) -> Vec<u64> {
        let lossy = self.present().filter(|sub| sub.overflow != Overflow::Block && sub.held > 0);
        let mut held: Vec<u64> = lossy.flat_map(|sub| sub.place..sub.next + sub.held).collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    /// How many events a publisher must be let through with, and how many it may.
    pub(crate) fn room(&self) -> (u64, u64) {
        let next = self.next();
        let (mut must, mut may) = (u64::MAX, u64::MAX);
        for sub in self.present().filter(|sub| sub.overflow == Overflow::Block) {
            let room = (sub.place + self.capacity).saturating_sub(next);
            must = must.min(room);
            may = may.min(room.max(sub.unnoticed.saturating_sub(next)));
        }
        if self.held().len() as u64 > self.spares {
            must = 0;
        }
        (must, may)
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// A subscriber asked to start somewhere; `from` is `None` for now and a sequence otherwise, `Some(None)` the oldest.
    pub(crate) fn joined(
        &mut self,
        slot: usize,
        overflow: Overflow,
        from: Option<Option<u64>>,
        answer: Result<SubscriberId, StartError>,
    ) -> Check {
        let (oldest, now) = (self.oldest(), self.next());
        let start = match from {
            None => now,
            Some(None) => oldest,
            Some(Some(sequence)) => sequence,
        };
        match answer {
            Ok(id) => {
                ensure!((oldest..=now).contains(&start), "started at {start} of {oldest}..={now}");
                self.subs[slot] = Some(Sub {
                    overflow,
                    id,
                    next: start,
                    place: start,
                    lost: 0,
                    held: 0,
                    guarded: 0,
                    resume: start,
                    stale: false,
                    marks: vec![None],
                    gone: false,
                    unnoticed: if start < now { now + self.capacity } else { 0 },
                });
            }
            Err(StartError::TooOld { sequence, oldest: kept }) => {
                ensure!(
                    sequence == start && kept == oldest && start < oldest,
                    "{answer:?} of {oldest}..={now}"
                );
            }
            Err(StartError::Ahead { sequence, next }) => {
                ensure!(sequence == start && next == now && start > now, "{answer:?} of {oldest}..={now}");
            }
            Err(other) => return Err(format!("{other:?}")),
        }
        Ok(())
    }

    pub(crate) fn left(&mut self, slot: usize) {
        self.subs[slot] = None;
    }
}

//! A subscription that reads in place: where it stands in the list, and what it holds.

use super::{Answer, Asks, Check, Log, Tally, Verdict, ensure};
use eventcast::{Overflow, SubscriptionStats, TryRecvError};
use std::ops::Range;

/// How many events of the ring a batch looks at: of one that publishers wait for, and of any other.
const RUN: u64 = 64;
const FREE_RUN: u64 = 8;

#[derive(Debug)]
pub(crate) struct Direct {
    pub(crate) overflow: Overflow,
    /// First event that it has not let go.
    pub(crate) next: u64,
    /// So many from `next` on are in a guard.
    guarded: u64,
    /// What a laggard holds; empty at `next` if nothing.
    held: Range<u64>,
    /// Where it goes on after that; what lies between is lost.
    resume: u64,
    /// Lost, and it knows.
    lost: u64,
    /// A disconnecting one: its events end here.
    mark: Option<u64>,
    /// Its disconnect was reported.
    pub(crate) gone: bool,
    pub(crate) unnoticed: u64,
    /// Found after some events of a call; the next call reports it.
    unreported: Option<TryRecvError>,
}

/// The guard of a batch: what it hands out, and how much of the list it covers.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) events: Vec<u64>,
    first: u64,
    len: u64,
}

impl Guard {
    /// Of events that are out of the list.
    pub(super) fn of(events: Vec<u64>) -> Self {
        Self { events, first: 0, len: 0 }
    }
}

impl Direct {
    pub(crate) fn new(overflow: Overflow, start: u64, log: &Log) -> Self {
        Self {
            overflow,
            next: start,
            guarded: 0,
            held: start..start,
            resume: start,
            lost: 0,
            mark: None,
            gone: false,
            unnoticed: if start < log.next() { log.next() + log.capacity } else { 0 },
            unreported: None,
        }
    }

    /// First event behind its guard.
    fn position(&self) -> u64 {
        self.next + self.guarded
    }

    /// End of what nobody can take from it.
    fn sure(&self) -> u64 {
        self.held.end.max(self.position())
    }

    /// Where its events end.
    fn end(&self, log: &Log) -> u64 {
        self.mark.map_or(log.next(), |mark| mark.max(self.sure()))
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost + self.resume - self.sure()
    }

    pub(crate) fn ahead(&self, log: &Log) -> u64 {
        if self.gone { 0 } else { self.sure() - self.next + self.end(log) - self.resume }
    }

    pub(crate) fn sequence(&self) -> u64 {
        if self.sure() > self.position() { self.position() } else { self.resume }
    }

    /// What it keeps spare slots busy with.
    pub(crate) fn holds(&self) -> Option<Range<u64>> {
        let holds = self.overflow != Overflow::Block && !self.gone && self.held.end > self.next;
        holds.then(|| self.held.clone())
    }

    /// Publishers may have moved or marked it since: takes what it says, if that may be.
    pub(crate) fn learn(&mut self, log: &Log, seen: &SubscriptionStats) -> Check {
        if self.gone || self.overflow == Overflow::Block {
            return Ok(());
        }
        let now = log.next();
        if self.overflow == Overflow::Disconnect && self.mark.is_none() {
            let mark = self.next + log.capacity;
            if seen.joined + seen.total() != now {
                ensure!(mark < now, "disconnected at {mark} of {now}");
                self.mark = Some(mark);
            } else {
                ensure!(now <= mark.max(self.unnoticed), "not disconnected at {mark} of {now}");
            }
        }
        let moved = self.sure() + seen.lost.saturating_sub(self.lost);
        let may_move = self.overflow == Overflow::Lag || self.mark.is_some();
        let furthest = if may_move { log.oldest().min(self.mark.unwrap_or(u64::MAX)) } else { 0 };
        ensure!(
            (self.resume..=furthest.max(self.resume)).contains(&moved),
            "goes on at {moved} of {}..={furthest}",
            self.resume
        );
        self.resume = moved;
        Ok(())
    }

    fn consume_to(&mut self, sequence: u64) {
        self.next = sequence;
        if self.held.end <= sequence || self.overflow == Overflow::Block {
            self.held = sequence..sequence;
        }
        // Nobody moves one that publishers wait for.
        let resume = if self.overflow == Overflow::Block { 0 } else { self.resume };
        self.resume = resume.max(self.sure());
    }

    /// Consumes what a forgotten guard had.
    pub(super) fn settle(&mut self, asks: &Asks, tally: &mut Tally, log: &Log) {
        self.count_to(asks, tally, log, self.position());
    }

    /// Everything before `sequence` was handed out or read past.
    fn count_to(&mut self, asks: &Asks, tally: &mut Tally, log: &Log, sequence: u64) {
        (self.next..sequence).for_each(|at| tally.add(asks.judge(log.at(at))));
        self.guarded = 0;
        self.consume_to(sequence);
    }

    /// What it can read at once, at least one.
    fn look(&mut self, log: &Log) -> Result<Range<u64>, TryRecvError> {
        if self.next < self.held.end {
            return Ok(self.next..self.held.end);
        }
        if self.gone {
            return Err(TryRecvError::Closed);
        }
        let missed = self.resume - self.next;
        if missed > 0 && self.overflow == Overflow::Lag {
            self.lost += missed;
            self.consume_to(self.resume);
            return Err(TryRecvError::Lagged(missed));
        }
        if let Some(mark) = self.mark
            && self.resume >= mark
        {
            let mark = mark.max(self.next);
            self.lost += mark - self.next;
            self.resume = mark;
            self.consume_to(mark);
            self.gone = true;
            // The bus was closed before the event that would have been its first lost one.
            let whole = self.lost == 0 && log.closed && log.next() == self.next;
            return Err(if whole { TryRecvError::Closed } else { TryRecvError::Disconnected(self.lost) });
        }
        if self.resume == self.end(log) {
            return Err(if log.closed { TryRecvError::Closed } else { TryRecvError::Empty });
        }
        self.lost += missed;
        self.consume_to(self.resume);
        Ok(self.next..self.end(log))
    }

    /// Hands out up to `max` events, and reads past all others up to the last of them.
    pub(crate) fn scan(&mut self, asks: &Asks, tally: &mut Tally, log: &Log, max: u64) -> Answer {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.settle(asks, tally, log);
        let mut found = Vec::new();
        loop {
            let run = match self.look(log) {
                Ok(run) => run,
                Err(error) if found.is_empty() => return Err(error),
                Err(error) => {
                    let reports = matches!(error, TryRecvError::Lagged(_) | TryRecvError::Disconnected(_));
                    self.unreported = reports.then_some(error);
                    return Ok(found);
                }
            };
            for sequence in run {
                let verdict = asks.judge(log.at(sequence));
                tally.add(verdict);
                self.consume_to(sequence + 1);
                if verdict == Verdict::Wanted {
                    found.push(sequence);
                    if found.len() as u64 == max.max(1) {
                        return Ok(found);
                    }
                }
            }
        }
    }

    /// Makes a guard of the first events that contain one for it, looking at up to `max` at a time.
    pub(crate) fn batch(
        &mut self,
        asks: &Asks,
        tally: &mut Tally,
        log: &Log,
        max: u64,
    ) -> Result<Guard, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.settle(asks, tally, log);
        let most = match self.overflow {
            Overflow::Block => RUN.min(max.max(1)),
            _ => FREE_RUN.min(max.max(1)).min(log.spares),
        };
        loop {
            let run = self.look(log)?;
            let run = run.start..run.end.min(run.start + most);
            let wanted = |sequence: &u64| asks.judge(log.at(*sequence)) == Verdict::Wanted;
            let events: Vec<u64> = run.clone().filter(wanted).collect();
            if events.is_empty() {
                self.count_to(asks, tally, log, run.end);
                continue;
            }
            if self.overflow != Overflow::Block && self.held.is_empty() {
                self.held = run.clone();
            }
            self.guarded = run.end - run.start;
            self.resume = self.resume.max(self.sure());
            return Ok(Guard { events, first: run.start, len: self.guarded });
        }
    }

    /// The guard goes after the first `n` of its events were handled; the others come again.
    pub(crate) fn release(&mut self, asks: &Asks, tally: &mut Tally, log: &Log, guard: &Guard, n: usize) {
        let kept = guard.events.get(n).copied().unwrap_or(guard.first + guard.len);
        self.count_to(asks, tally, log, kept);
    }
}

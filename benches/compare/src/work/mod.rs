//! The kinds of work that rows are made of. One file per kind; each is written once and runs every racer.

pub(crate) mod blocking;
pub(crate) mod end_to_end;
pub(crate) mod handlers;
pub(crate) mod never_read;
pub(crate) mod paced;
pub(crate) mod parked;
#[cfg(feature = "ours")]
pub(crate) mod queues;
#[cfg(feature = "ours")]
pub(crate) mod shares;
#[cfg(feature = "ours")]
pub(crate) mod statistics;
#[cfg(feature = "ours")]
pub(crate) mod stuck;
pub(crate) mod throughput;

use std::sync::atomic::{AtomicU64, Ordering};

use crate::check::Check;
use crate::measure::Sample;
use crate::rivals::CAPACITY;

/// A counter on a pair of cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Line(pub(crate) AtomicU64);

impl Line {
    /// Holding `value`.
    pub(crate) fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
}

/// Holds publishers back where the library does not: none gets further ahead of the slowest reader than its share
/// of the capacity.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Per consumer thread and publisher, the number of the event that its slowest subscriber reads next.
    progress: Vec<Line>,
    publishers: usize,
}

impl Gate {
    /// For `threads` consumer threads.
    pub(crate) fn new(publishers: usize, threads: usize) -> Self {
        Self { progress: (0..publishers * threads).map(|_| Line::new(0)).collect(), publishers }
    }

    /// The number that `publisher` must not reach yet.
    pub(crate) fn limit(&self, publisher: usize) -> u64 {
        let slowest = self.progress.iter().skip(publisher).step_by(self.publishers);
        let slowest = slowest.map(|line| line.0.load(Ordering::Acquire)).min().unwrap_or(u64::MAX);
        slowest.saturating_add((CAPACITY / self.publishers) as u64)
    }

    /// Tells how far consumer thread `thread` has come.
    #[inline]
    pub(crate) fn advance(&self, thread: usize, checks: &[Check]) {
        for publisher in 0..self.publishers {
            let slowest = checks.iter().map(|check| check.next[publisher]).min().unwrap_or(u64::MAX);
            self.advance_to(thread, publisher, slowest);
        }
    }

    /// Tells which event of `publisher` consumer thread `thread` reads next.
    #[inline]
    pub(crate) fn advance_to(&self, thread: usize, publisher: usize, next: u64) {
        self.progress[thread * self.publishers + publisher].0.store(next, Ordering::Release);
    }
}

/// How many events each publisher published in the end; none of it known before the last has finished.
#[derive(Debug)]
pub(crate) struct Totals(Vec<Line>);

/// Not known yet.
const UNKNOWN: u64 = u64::MAX;

impl Totals {
    /// Of `publishers`, all at work.
    pub(crate) fn new(publishers: usize) -> Self {
        Self((0..publishers).map(|_| Line::new(UNKNOWN)).collect())
    }

    /// `publisher` has finished with `total` events.
    pub(crate) fn set(&self, publisher: usize, total: u64) {
        self.0[publisher].0.store(total, Ordering::Release);
    }

    /// Every publisher's total, once all have finished.
    pub(crate) fn get(&self) -> Option<Vec<u64>> {
        let totals: Vec<u64> = self.0.iter().map(|line| line.0.load(Ordering::Acquire)).collect();
        (!totals.contains(&UNKNOWN)).then_some(totals)
    }

    /// The sum, once all have finished.
    pub(crate) fn sum(&self) -> Option<u64> {
        let mut sum = 0;
        for line in &self.0 {
            match line.0.load(Ordering::Acquire) {
                UNKNOWN => return None,
                total => sum += total,
            }
        }
        Some(sum)
    }
}

/// Puts what the subscribers' accounts say into the sample.
pub(crate) fn account(sample: &mut Sample, checks: &[Check]) {
    for check in checks {
        sample.lost += check.lost;
        sample.torn += check.torn;
        sample.miscounted |= !check.honest();
    }
}

//! The clock, what one measurement yields, and how long a measurement may take.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// Calls per timed block. The clock may step by 10 ns or more, so one short call cannot be timed by itself.
pub(crate) const BLOCK: u64 = 32;

/// How long a measurement that overran its time is waited for after it was told to give up.
const GRACE: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 5_000 });

/// What a measurement may take beyond four times its length before it is told to give up.
const SLACK: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 10_000 });

/// What one measurement may spend.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    /// How long to measure.
    pub(crate) time: Duration,
    /// Set when the measurement is to be given up.
    pub(crate) stop: Arc<AtomicBool>,
}

impl Budget {
    /// For tests of works.
    #[cfg(test)]
    pub(crate) fn short() -> Self {
        Self { time: Duration::from_millis(20), stop: Arc::new(AtomicBool::new(false)) }
    }

    /// Whether to give up.
    #[inline]
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// What one measurement yields.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// Events published per second, all of them read where the row has readers.
    pub(crate) rate: Option<f64>,
    /// Latencies, where the row measures them.
    pub(crate) latency: Option<Latency>,
    /// Events lost, summed over subscribers.
    pub(crate) lost: u64,
    /// Events that arrived damaged (only a lossy racer may have any).
    pub(crate) torn: u64,
    /// The library's count of losses was not the gaps seen.
    pub(crate) miscounted: bool,
}

impl Sample {
    /// A throughput.
    pub(crate) fn of_rate(events: u64, elapsed: Duration) -> Self {
        let rate = events as f64 / elapsed.as_secs_f64();
        Self { rate: Some(rate), latency: None, lost: 0, torn: 0, miscounted: false }
    }

    /// Latencies.
    pub(crate) fn of_latency(latency: Latency) -> Self {
        Self { rate: None, latency: Some(latency), lost: 0, torn: 0, miscounted: false }
    }
}

/// Latencies of single calls, and the means of blocks of calls.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    /// Single calls in nanoseconds.
    pub(crate) singles: Histogram<u64>,
    /// Mean nanoseconds per call of each block.
    pub(crate) blocks: Vec<f64>,
    /// 99th percentile of the single calls of each window of time, where a row has windows.
    pub(crate) windows: Vec<f64>,
}

/// Nanoseconds of a window of time.
#[cfg(any(test, feature = "ours"))]
const WINDOW: u64 = 50_000_000;

/// Fewer calls than this have no 99th percentile.
#[cfg(any(test, feature = "ours"))]
const LEAST_CALLS: usize = 100;

impl Latency {
    /// Nothing measured yet.
    pub(crate) fn new() -> Self {
        Self { singles: histogram(), blocks: Vec::new(), windows: Vec::new() }
    }

    /// Adds one call.
    #[inline]
    pub(crate) fn single(&mut self, nanos: u64) {
        self.singles.saturating_record(nanos);
    }

    /// Adds a block in which `calls` calls took `nanos` together.
    #[inline]
    pub(crate) fn block(&mut self, nanos: u64, calls: u64) {
        self.blocks.push(nanos as f64 / calls as f64);
    }

    /// Of calls that are given by when they began and how many nanoseconds they took, with windows.
    #[cfg(any(test, feature = "ours"))]
    pub(crate) fn of_calls(calls: &mut [(u64, u64)]) -> Self {
        let mut latency = Self::new();
        calls.sort_unstable();
        for window in calls.chunk_by(|(one, _), (other, _)| one / WINDOW == other / WINDOW) {
            let nanos: Vec<f64> = window.iter().map(|(_, nanos)| *nanos as f64).collect();
            if nanos.len() >= LEAST_CALLS {
                latency.windows.push(quantile(&nanos, 0.99));
            }
        }
        calls.iter().for_each(|(_, nanos)| latency.single(*nanos));
        latency
    }

    /// Median in nanoseconds: over blocks where there are blocks, since single calls are below the clock's step.
    pub(crate) fn p50(&self) -> f64 {
        if self.blocks.is_empty() {
            self.singles.value_at_quantile(0.5) as f64
        } else {
            quantile(&self.blocks, 0.5)
        }
    }

    /// 99th percentile of single calls in nanoseconds: that of the median window where there are windows. Otherwise a hundredth
    /// of the time, in which the machine did something else, would be the figure.
    pub(crate) fn p99(&self) -> f64 {
        if self.windows.is_empty() {
            self.singles.value_at_quantile(0.99) as f64
        } else {
            quantile(&self.windows, 0.5)
        }
    }

    /// Adds another measurement's.
    pub(crate) fn merge(&mut self, other: &Latency) {
        self.singles.add(&other.singles).expect("both have the same bounds");
        self.blocks.extend_from_slice(&other.blocks);
        self.windows.extend_from_slice(&other.windows);
    }
}

/// Nanoseconds up to a minute, three digits.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("bounds are in order")
}

/// The `q` quantile of `values`, 0 when there are none.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        len => {
            // Between the two neighbours, so that the median of an even number is the usual one.
            let at = q * (len - 1) as f64;
            let (low, part) = (at.floor() as usize, at.fract());
            sorted[low] + (sorted[(low + 1).min(len - 1)] - sorted[low]) * part
        }
    }
}

/// A run's clock: nanoseconds since its start, comparable between threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts at 0.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the start.
    #[inline]
    pub(crate) fn now(self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    /// Spins until `at`; false when given up.
    #[inline]
    pub(crate) fn until(self, at: u64, budget: &Budget) -> bool {
        while self.now() < at {
            std::hint::spin_loop();
        }
        !budget.stopped()
    }
}

/// What a reading of the clock costs, in the median, and the least that two readings in a row differ by.
pub(crate) fn clock_cost() -> (f64, u64) {
    let clock = Clock::start();
    let mut costs = Vec::new();
    let mut step = u64::MAX;
    for _ in 0..1000 {
        let from = clock.now();
        let mut last = from;
        for _ in 0..BLOCK {
            let now = clock.now();
            if now > last {
                step = step.min(now - last);
            }
            last = now;
        }
        costs.push((last - from) as f64 / BLOCK as f64);
    }
    (quantile(&costs, 0.5), step)
}

/// One measurement, to be run as often as needed.
pub(crate) type Run = Arc<dyn Fn(&Budget) -> Option<Sample> + Send + Sync>;

/// Why a measurement yielded nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It overran its time and gave up when told.
    Hung,
    /// It did not even give up; its threads are left behind and disturb what follows.
    Stuck,
}

/// Runs `run` for `time`, on a thread of its own so that a racer that hangs is reported and not waited for.
///
/// # Panics
///
/// Passes on the panic of the measurement: a wrong checksum ends the program.
pub(crate) fn bounded(run: &Run, time: Duration) -> Result<Sample, Failure> {
    let budget = Budget { time, stop: Arc::new(AtomicBool::new(false)) };
    let (done, finished) = channel();
    let worker = thread::spawn({
        let (run, budget) = (Arc::clone(run), budget.clone());
        move || {
            let sample = run(&budget);
            // The receiver is gone only after it gave up on us.
            let _ = done.send(sample);
        }
    });
    let mut overran = false;
    let mut outcome = finished.recv_timeout(time * 4 + SLACK);
    if matches!(outcome, Err(RecvTimeoutError::Timeout)) {
        overran = true;
        budget.stop.store(true, Ordering::Relaxed);
        outcome = finished.recv_timeout(GRACE);
    }
    match outcome {
        Ok(Some(sample)) if !overran => {
            worker.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok(sample)
        }
        Ok(_) => Err(Failure::Hung),
        Err(RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => Err(Failure::Hung),
        },
        Err(RecvTimeoutError::Timeout) => Err(Failure::Stuck),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few milliseconds of `work`.
    fn run(work: impl Fn(&Budget) -> Option<Sample> + Send + Sync + 'static) -> Result<Sample, Failure> {
        let run: Run = Arc::new(work);
        bounded(&run, Duration::from_millis(5))
    }

    #[test]
    fn a_measurement_that_ends_is_returned() {
        let sample = run(|_| Some(Sample::of_rate(10, Duration::from_secs(2)))).expect("it ended");
        assert_eq!(sample.rate, Some(5.0));
    }

    #[test]
    fn one_that_gives_up_when_told_is_hung() {
        let outcome = run(|budget| {
            while !budget.stopped() {
                thread::yield_now();
            }
            None
        });
        assert_eq!(outcome.err(), Some(Failure::Hung));
    }

    #[test]
    fn one_that_does_not_is_stuck() {
        let outcome = run(|_| {
            thread::sleep(Duration::from_secs(5));
            None
        });
        assert_eq!(outcome.err(), Some(Failure::Stuck));
    }

    #[test]
    #[should_panic(expected = "a wrong checksum")]
    fn its_panic_is_passed_on() {
        let _ = run(|_| panic!("a wrong checksum"));
    }

    #[test]
    fn a_stall_in_one_window_is_not_the_99th_percentile() {
        // Three windows, and in the second a stall of 5 ms.
        let mut calls: Vec<(u64, u64)> = (0..1500).map(|at| (at * 100_000, 10)).collect();
        calls[600..650].iter_mut().for_each(|(_, nanos)| *nanos = 5_000_000);
        let latency = Latency::of_calls(&mut calls);
        assert_eq!(latency.windows.len(), 3);
        assert_eq!(latency.p99(), 10.0);
        assert!(latency.singles.value_at_quantile(0.99) > 4_000_000);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[], 0.5), 0.0);
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[1.0, 2.0], 0.5), 1.5);
        assert_eq!(quantile(&[1.0, 2.0], 1.0), 2.0);
    }
}

//! How long something took, as a distribution.

use crate::sync::Mutex;
use std::fmt;
use std::time::Duration;

type Hdr = hdrhistogram::Histogram<u64>;

/// The longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(3600);

/// Relative error of a quantile: two significant digits, so 1 %.
const DIGITS: u8 = 2;

/// How long something took, of the events that were sampled; quantiles are exact to 1 %.
///
/// Takes no memory before the first time is recorded, then about 40 kB. Times above an hour count as an hour.
#[derive(Clone, Default)]
pub struct Histogram {
    times: Option<Box<Hdr>>,
    sum: Duration,
}

impl Histogram {
    fn record(&mut self, nanos: u64) {
        let longest = LONGEST.as_nanos() as u64;
        let new = || Box::new(Hdr::new_with_bounds(1, longest, DIGITS).expect("these bounds are valid"));
        self.times.get_or_insert_with(new).saturating_record(nanos);
        self.sum = self.sum.saturating_add(Duration::from_nanos(nanos));
    }

    /// How many times were recorded.
    pub fn count(&self) -> u64 {
        self.times.as_ref().map_or(0, |times| times.len())
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Their mean; zero without any.
    pub fn mean(&self) -> Duration {
        match self.count() {
            0 => Duration::ZERO,
            count => Duration::from_nanos((self.sum.as_nanos() / u128::from(count)) as u64),
        }
    }

    /// The longest; zero without any.
    pub fn max(&self) -> Duration {
        self.times.as_ref().map_or(Duration::ZERO, |times| Duration::from_nanos(times.max()))
    }

    /// The time that this share of them did not exceed: 0.5 for the median, 0.999 for all but one in a thousand. What lies
    /// outside of 0 to 1 counts as the nearer end; zero without any.
    pub fn quantile(&self, share: f64) -> Duration {
        let nanos = self.times.as_ref().map_or(0, |times| times.value_at_quantile(share.clamp(0.0, 1.0)));
        // The upper end of the bucket may lie above everything that was recorded.
        Duration::from_nanos(nanos).min(self.max())
    }

    /// Takes in what was recorded in another.
    pub(super) fn add(&mut self, other: &Self) {
        match (&mut self.times, &other.times) {
            (_, None) => {}
            (Some(times), Some(others)) => times.add(&**others).expect("all histograms have the same bounds"),
            (times, others) => times.clone_from(others),
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// What was recorded since an earlier state of the same histogram.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        if let (Some(times), Some(earlier)) = (&mut since.times, &earlier.times)
            && times.subtract(&**earlier).is_err()
        {
            // Not an earlier state of this one: nothing to take away.
            return self.clone();
        }
        since.sum = since.sum.saturating_sub(earlier.sum);
        since
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("mean", &self.mean())
            .field("p50", &self.quantile(0.5))
            .field("p90", &self.quantile(0.9))
            .field("p99", &self.quantile(0.99))
            .field("p999", &self.quantile(0.999))
            .field("max", &self.max())
            .finish()
    }
}

/// A histogram that several threads record into. Only sampled events take its lock.
#[derive(Debug)]
pub(crate) struct Recorder(Mutex<Histogram>);

impl Recorder {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Histogram::default()))
    }

    pub(crate) fn record(&self, nanos: u64) {
        self.0.lock().record(nanos);
    }

    pub(crate) fn get(&self) -> Histogram {
        self.0.lock().clone()
    }
}

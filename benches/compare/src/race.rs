//! Rows, contestants, and what a row must reach.

use std::sync::Arc;

use crate::measure::{Budget, Run, Sample};

/// Which figure of a measurement is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Events per second; more is better.
    Rate,
    /// Median latency; less is better.
    P50,
    /// 99th percentile of single calls; less is better.
    P99,
}

impl Metric {
    /// The word that reports use.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Metric::Rate => "rate",
            Metric::P50 => "p50",
            Metric::P99 => "p99",
        }
    }

    /// The figure, where the sample has it.
    pub(crate) fn of(self, sample: &Sample) -> Option<f64> {
        match self {
            Metric::Rate => sample.rate,
            Metric::P50 => sample.latency.as_ref().map(|latency| latency.p50()),
            Metric::P99 => sample.latency.as_ref().map(|latency| latency.p99()),
        }
    }

    /// Whether a larger figure is the better one.
    pub(crate) fn more_is_better(self) -> bool {
        self == Metric::Rate
    }
}

/// What the median ratio of ours to theirs must reach, or their difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
    /// At most theirs and so many nanoseconds: holds the difference, not the ratio.
    #[cfg_attr(not(feature = "ours"), allow(dead_code, reason = "only rows of the bus have it"))]
    AtMostPlus(f64),
    /// No worse than the noise of ours against ours.
    NoWorse,
    /// Below 1.2, or below the noise's 90th percentile where that is more.
    Change,
    /// Nothing; the figure is shown.
    Shown,
}

impl Bar {
    /// The bar in words, for a metric.
    pub(crate) fn name(self, metric: Metric) -> String {
        match self {
            Bar::AtLeast(bar) => format!("{} >= {bar} x", metric.name()),
            Bar::AtMost(bar) => format!("{} <= {bar} x", metric.name()),
            Bar::AtMostPlus(bar) => format!("{} <= theirs + {bar} ns", metric.name()),
            Bar::NoWorse if metric.more_is_better() => format!("{} >= (within noise)", metric.name()),
            Bar::NoWorse => format!("{} <= (within noise)", metric.name()),
            Bar::Change => format!("{} changes < 20 % (or within noise)", metric.name()),
            Bar::Shown => format!("{}: no bar", metric.name()),
        }
    }

    /// Whether ours is held against theirs by the difference; otherwise it is by the ratio.
    pub(crate) fn is_difference(self) -> bool {
        matches!(self, Bar::AtMostPlus(_))
    }

    /// Whether `median` reaches it; `noise` is the 10th and 90th percentile of ours against ours.
    pub(crate) fn reached(self, metric: Metric, median: f64, noise: (f64, f64)) -> Option<bool> {
        match self {
            Bar::AtLeast(bar) => Some(median >= bar),
            Bar::AtMost(bar) | Bar::AtMostPlus(bar) => Some(median <= bar),
            Bar::NoWorse if metric.more_is_better() => Some(median >= noise.0.min(1.0)),
            Bar::NoWorse => Some(median <= noise.1.max(1.0)),
            Bar::Change => Some(median < noise.1.max(1.2)),
            Bar::Shown => None,
        }
    }
}

/// A library, or a way of using it, doing a row's work.
#[derive(Clone)]
pub(crate) struct Contestant {
    /// Its name in reports.
    pub(crate) name: String,
    /// One measurement.
    pub(crate) run: Run,
}

impl Contestant {
    /// A contestant that does `run`.
    pub(crate) fn new(name: &str, run: impl Fn(&Budget) -> Option<Sample> + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), run: Arc::new(run) }
    }
}

/// A contestant that ours is compared with.
#[derive(Clone)]
pub(crate) struct Rival {
    /// It.
    pub(crate) contestant: Contestant,
    /// What is compared, and what must be reached.
    pub(crate) bars: Vec<(Metric, Bar)>,
}

impl Rival {
    /// Whether anything must be reached against it.
    pub(crate) fn counts(&self) -> bool {
        self.bars.iter().any(|(_, bar)| *bar != Bar::Shown)
    }
}

/// One row of the record.
#[derive(Clone)]
pub(crate) struct Row {
    /// Short name, for `--row`.
    pub(crate) name: String,
    /// The work in words.
    pub(crate) work: String,
    /// What must be reached, in words.
    pub(crate) must: String,
    /// How either side waits.
    pub(crate) wait: String,
    /// Ours; absent when built without it.
    pub(crate) subject: Option<Contestant>,
    /// The others.
    pub(crate) rivals: Vec<Rival>,
    /// The throughput plot this row is a point of, and where on its axis.
    pub(crate) plot: Option<(&'static str, usize)>,
    /// Deliveries per second are also held against this other row: no collapse as threads outgrow cores.
    pub(crate) collapse: Option<Collapse>,
}

/// "No collapse": deliveries per second of this row against those of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Collapse {
    /// The row to compare with.
    pub(crate) with: &'static str,
    /// Receivers here and there.
    pub(crate) receivers: (usize, usize),
    /// The least ratio that is no collapse.
    pub(crate) least: f64,
}

impl Row {
    /// A row without rivals.
    pub(crate) fn new(name: &str, work: &str, must: &str, wait: &str) -> Self {
        Self {
            name: name.to_owned(),
            work: work.to_owned(),
            must: must.to_owned(),
            wait: wait.to_owned(),
            subject: None,
            rivals: Vec::new(),
            plot: None,
            collapse: None,
        }
    }

    /// With ours, where it was built.
    pub(crate) fn subject(mut self, contestant: Option<Contestant>) -> Self {
        self.subject = contestant;
        self
    }

    /// With a rival.
    pub(crate) fn rival(mut self, contestant: Contestant, bars: &[(Metric, Bar)]) -> Self {
        self.rivals.push(Rival { contestant, bars: bars.to_vec() });
        self
    }

    /// As a point of a plot.
    pub(crate) fn plot(mut self, plot: &'static str, at: usize) -> Self {
        self.plot = Some((plot, at));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Metric};

    #[test]
    fn bars_say_what_is_reached() {
        let noise = (0.9, 1.3);
        let cases = [
            (Bar::AtLeast(1.4), Metric::Rate, 1.4, Some(true)),
            (Bar::AtLeast(1.4), Metric::Rate, 1.39, Some(false)),
            (Bar::AtMost(2.5), Metric::P50, 2.6, Some(false)),
            (Bar::AtMostPlus(15.0), Metric::P50, 15.0, Some(true)),
            (Bar::AtMostPlus(15.0), Metric::P50, 15.1, Some(false)),
            (Bar::NoWorse, Metric::Rate, 0.91, Some(true)),
            (Bar::NoWorse, Metric::Rate, 0.89, Some(false)),
            (Bar::NoWorse, Metric::P99, 1.3, Some(true)),
            (Bar::NoWorse, Metric::P99, 1.31, Some(false)),
            (Bar::Change, Metric::P99, 1.25, Some(true)),
            (Bar::Change, Metric::P99, 1.3, Some(false)),
            (Bar::Shown, Metric::P99, 9.0, None),
        ];
        for (bar, metric, median, reached) in cases {
            assert_eq!(bar.reached(metric, median, noise), reached, "{bar:?} {median}");
        }
        // Noise to our advantage does not raise the bar of "no worse", nor lower that of "changes by < 20 %".
        assert_eq!(Bar::NoWorse.reached(Metric::Rate, 1.0, (1.1, 1.2)), Some(true));
        assert_eq!(Bar::Change.reached(Metric::P99, 1.19, (0.9, 1.1)), Some(true));
    }
}

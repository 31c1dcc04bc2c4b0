//! Runs a row in interleaved pairs and says what was reached.

use std::collections::HashMap;
use std::time::Duration;

use crate::calm::{self, Usage};
use crate::measure::{Failure, Latency, Sample, bounded, quantile};
use crate::race::{Bar, Contestant, Metric, Row};

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Pairs per rival that counts.
    pub(crate) pairs: usize,
    /// Pairs per rival that is only shown.
    pub(crate) shown_pairs: usize,
    /// Time per measurement.
    pub(crate) time: Duration,
    /// How long to wait before each pair for other programs to leave the cores alone, and repeat disturbed pairs.
    pub(crate) calm: Option<Duration>,
}

/// The median and the 10th and 90th percentile of a set of figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// 10th percentile.
    pub(crate) p10: f64,
    /// Median.
    pub(crate) p50: f64,
    /// 90th percentile.
    pub(crate) p90: f64,
    /// Least.
    pub(crate) min: f64,
    /// Most.
    pub(crate) max: f64,
}

impl Spread {
    /// Of `values`, if there are any.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let at = |q| quantile(values, q);
        (!values.is_empty()).then(|| Self {
            p10: at(0.1),
            p50: at(0.5),
            p90: at(0.9),
            min: at(0.0),
            max: at(1.0),
        })
    }
}

/// All measurements of one contestant in one row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Absolute {
    /// Rates.
    pub(crate) rates: Vec<f64>,
    /// Latencies of all measurements together.
    pub(crate) latency: Option<Latency>,
    /// Events lost in all.
    pub(crate) lost: u64,
    /// Events damaged in all.
    pub(crate) torn: u64,
    /// Measurements in which the library's count of losses was not the gaps seen.
    pub(crate) miscounted: usize,
    /// Measurements.
    pub(crate) runs: usize,
}

impl Absolute {
    /// Adds one measurement.
    fn add(&mut self, sample: &Sample) {
        self.runs += 1;
        self.lost += sample.lost;
        self.torn += sample.torn;
        self.miscounted += usize::from(sample.miscounted);
        self.rates.extend(sample.rate);
        if let Some(latency) = &sample.latency {
            match &mut self.latency {
                Some(all) => all.merge(latency),
                None => self.latency = Some(latency.clone()),
            }
        }
    }
}

/// One comparison of a row.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// What was compared.
    pub(crate) metric: Metric,
    /// What had to be reached.
    pub(crate) bar: Bar,
    /// Ratios ours/theirs, or differences where the bar is one, where there were pairs.
    pub(crate) ratio: Option<Spread>,
    /// Whether it was reached; none where there is no bar or nothing was measured.
    pub(crate) reached: Option<bool>,
}

/// A contestant's part of a row's result.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Its figures.
    pub(crate) absolute: Absolute,
    /// Comparisons with ours.
    pub(crate) verdicts: Vec<Verdict>,
    /// Why it has no figures, or fewer than asked for.
    pub(crate) failure: Option<Failure>,
}

/// A row's result.
#[derive(Clone)]
pub(crate) struct Outcome {
    /// The row.
    pub(crate) row: Row,
    /// Ours.
    pub(crate) ours: Option<Entry>,
    /// Ratio of ours to ours per metric.
    pub(crate) noise: Vec<(Metric, Spread)>,
    /// The others.
    pub(crate) entries: Vec<Entry>,
    /// Deliveries per second against the other row's, and whether that is no collapse.
    pub(crate) collapse: Option<(f64, bool)>,
    /// How undisturbed it was.
    pub(crate) peace: Peace,
}

/// How undisturbed a row's measurements were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peace {
    /// Cores that other programs used during each pair that was kept.
    pub(crate) others: Vec<f64>,
    /// Pairs thrown away because others used the cores.
    pub(crate) repeated: usize,
}

/// Measures `row`; `tick` is told before every measurement whose it is.
pub(crate) fn run(row: &Row, effort: &Effort, tick: &mut dyn FnMut(&str)) -> Outcome {
    let mut runner = Runner { effort, tick, peace: Peace::default() };
    let mut ours = row.subject.as_ref().map(|subject| Entry::new(&subject.name));
    let mut noise = Vec::new();
    if let (Some(subject), Some(entry)) = (&row.subject, &mut ours) {
        let pairs = runner.pairs(subject, subject, entry, None, effort.pairs);
        for metric in [Metric::Rate, Metric::P50, Metric::P99] {
            noise.extend(Spread::of(&ratios(&pairs, metric)).map(|spread| (metric, spread)));
        }
    }
    let mut entries = Vec::new();
    for rival in &row.rivals {
        let mut entry = Entry::new(&rival.contestant.name);
        let count = if rival.counts() { effort.pairs } else { effort.shown_pairs };
        let pairs = match (&row.subject, &mut ours) {
            (Some(subject), Some(own)) => {
                runner.pairs(subject, &rival.contestant, own, Some(&mut entry), count)
            }
            _ => {
                runner.alone(&rival.contestant, &mut entry, count);
                Vec::new()
            }
        };
        for (metric, bar) in &rival.bars {
            let ratio = Spread::of(&match bar.is_difference() {
                true => differences(&pairs, *metric),
                false => ratios(&pairs, *metric),
            });
            let noise = noise.iter().find(|(of, _)| of == metric).map_or((1.0, 1.0), |(_, n)| (n.p10, n.p90));
            // Fewer pairs than asked for are no comparison.
            let full = ratio.filter(|_| pairs.len() == count);
            let reached = full.and_then(|ratio| bar.reached(*metric, ratio.p50, noise));
            entry.verdicts.push(Verdict { metric: *metric, bar: *bar, ratio, reached });
        }
        entries.push(entry);
    }
    Outcome { row: row.clone(), ours, noise, entries, collapse: None, peace: runner.peace }
}

impl Entry {
    /// Nothing measured yet.
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), absolute: Absolute::default(), verdicts: Vec::new(), failure: None }
    }
}

/// Runs the measurements of one row.
struct Runner<'a> {
    effort: &'a Effort,
    tick: &'a mut dyn FnMut(&str),
    peace: Peace,
}

impl Runner<'_> {
    /// One measurement.
    fn measure(&mut self, contestant: &Contestant) -> Result<Sample, Failure> {
        (self.tick)(&contestant.name);
        bounded(&contestant.run, self.effort.time)
    }

    /// Does `pair` in peace: waits for calm before it where that was asked for, and again if it was disturbed.
    fn in_peace<R>(&mut self, mut pair: impl FnMut(&mut Self) -> R) -> R {
        for left in (0..=calm::REPEATS).rev() {
            // Where it never gets calm, measuring again would not help.
            let calm = self.effort.calm.is_some_and(calm::wait);
            let usage = Usage::now();
            let result = pair(self);
            let others = usage.and_then(|usage| usage.others());
            if calm && left > 0 && others.is_some_and(|others| others > calm::TOLERATED) {
                self.peace.repeated += 1;
                continue;
            }
            self.peace.others.extend(others);
            return result;
        }
        unreachable!("the last attempt returns")
    }

    /// `count` measurements of one contestant by itself.
    fn alone(&mut self, contestant: &Contestant, entry: &mut Entry, count: usize) {
        for _ in 0..count {
            match self.in_peace(|runner| runner.measure(contestant)) {
                Ok(sample) => entry.absolute.add(&sample),
                Err(failure) => {
                    entry.failure = Some(failure);
                    return;
                }
            }
        }
    }

    /// Pairs of measurements of `a` and `b`, adjacent in time, each first in turn. Without `theirs`, `b` is `a` again.
    fn pairs(
        &mut self,
        a: &Contestant,
        b: &Contestant,
        ours: &mut Entry,
        mut theirs: Option<&mut Entry>,
        count: usize,
    ) -> Vec<(Sample, Sample)> {
        let mut pairs = Vec::new();
        for at in 0..count {
            let (first, second) = self.in_peace(|runner| {
                if at % 2 == 0 {
                    let first = runner.measure(a);
                    (first, runner.measure(b))
                } else {
                    let second = runner.measure(b);
                    (runner.measure(a), second)
                }
            });
            let settle = |entry: &mut Entry, outcome: &Result<Sample, Failure>| match outcome {
                Ok(sample) => entry.absolute.add(sample),
                Err(failure) => entry.failure = Some(*failure),
            };
            settle(ours, &first);
            settle(theirs.as_deref_mut().unwrap_or(&mut *ours), &second);
            match (first, second) {
                (Ok(first), Ok(second)) => pairs.push((first, second)),
                // Whoever hung once is not waited for again.
                _ => break,
            }
        }
        pairs
    }
}

/// The figures of each pair.
fn figures(pairs: &[(Sample, Sample)], metric: Metric) -> impl Iterator<Item = (f64, f64)> {
    pairs.iter().filter_map(move |(a, b)| Some((metric.of(a)?, metric.of(b)?)))
}

/// The ratio of the first to the second of each pair.
fn ratios(pairs: &[(Sample, Sample)], metric: Metric) -> Vec<f64> {
    figures(pairs, metric).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b).collect()
}

/// By how much the first of each pair is more than the second.
fn differences(pairs: &[(Sample, Sample)], metric: Metric) -> Vec<f64> {
    figures(pairs, metric).map(|(a, b)| a - b).collect()
}

/// Fills in the rows' comparisons with other rows.
pub(crate) fn compare_rows(outcomes: &mut [Outcome]) {
    let rate = |outcome: &Outcome| Some(Spread::of(&outcome.ours.as_ref()?.absolute.rates)?.p50);
    let rates: HashMap<String, f64> =
        outcomes.iter().filter_map(|outcome| Some((outcome.row.name.clone(), rate(outcome)?))).collect();
    for outcome in outcomes {
        if let Some(collapse) = outcome.row.collapse
            && let (Some(here), Some(there)) = (rates.get(&outcome.row.name), rates.get(collapse.with))
        {
            let ratio = here * collapse.receivers.0 as f64 / (there * collapse.receivers.1 as f64);
            outcome.collapse = Some((ratio, ratio >= collapse.least));
        }
    }
}

//! How far a run is: a line that is rewritten on a terminal, a line a second elsewhere if it is asked for.

use super::Plan;
use super::gauge::{Gauge, Reading};
use crate::clock::now;
use crate::message::say;
use crate::report::thousands;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Cut off at the width of the terminal.
const TEMPLATE: &str = "{wide_msg}";

/// How often a line on a terminal is rewritten, and how often one is written elsewhere.
const REWRITE: Duration = Duration::from_millis(250);
const WRITE: Duration = Duration::from_secs(1);

/// Shows how many events are published, how fast, and how far behind each subscriber is; on standard error.
pub(super) struct Progress<'a> {
    total: u64,
    names: Vec<String>,
    gauges: &'a [Gauge],
    out: Out,
    /// When and at how many events it was shown last.
    last: (Instant, u64),
}

enum Out {
    Terminal(ProgressBar),
    Lines,
    Nothing,
}

impl Out {
    fn every(&self) -> Duration {
        match self {
            Self::Terminal(_) => REWRITE,
            Self::Lines => WRITE,
            Self::Nothing => Duration::MAX,
        }
    }
}

impl<'a> Progress<'a> {
    pub(super) fn new(plan: &Plan, gauges: &'a [Gauge]) -> Self {
        let out = match (stderr().is_terminal(), plan.stats) {
            (true, _) => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                    bar.set_style(style);
                }
                Out::Terminal(bar)
            }
            (false, true) => Out::Lines,
            (false, false) => Out::Nothing,
        };
        let names = plan.subscribers.iter().map(|subscriber| subscriber.pattern.to_string()).collect();
        Self { total: plan.total, names, gauges, out, last: (now(), 0) }
    }

    /// Shows it if it is time to.
    pub(super) fn show(&mut self, published: u64) {
        let now = now();
        let passed = now - self.last.0;
        if passed < self.out.every() {
            return;
        }
        let rate = (published - self.last.1) as f64 / passed.as_secs_f64();
        let readings: Vec<Reading> = self.gauges.iter().map(Gauge::read).collect();
        let line = line(published, self.total, rate as u64, &self.names, &readings);
        match &self.out {
            Out::Terminal(bar) => bar.set_message(line),
            Out::Lines => say(line),
            Out::Nothing => {}
        }
        self.last = (now, published);
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Out::Terminal(bar) = &self.out {
            bar.finish_and_clear();
        }
    }
}

/// `1,200 of 5,000 events (24%), 800 events/s; lost 3; behind: > 17, orders.* 0`
fn line(published: u64, total: u64, rate: u64, names: &[String], readings: &[Reading]) -> String {
    let lost: u64 = readings.iter().map(|reading| reading.lost).sum();
    let behind: Vec<String> = names
        .iter()
        .zip(readings)
        .map(|(name, reading)| format!("{name} {}", thousands(reading.behind)))
        .collect();
    format!(
        "{} of {} events ({}%), {} events/s; lost {}; behind: {}",
        thousands(published),
        thousands(total),
        u128::from(published) * 100 / u128::from(total.max(1)),
        thousands(rate),
        thousands(lost),
        behind.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_everybody_is() {
        let readings = [Reading { behind: 1_700, lost: 3 }, Reading { behind: 0, lost: 1 }];
        let names = [">".to_owned(), "orders.*".to_owned()];
        assert_eq!(
            line(1_200, 5_000, 800, &names, &readings),
            "1,200 of 5,000 events (24%), 800 events/s; lost 4; behind: > 1,700, orders.* 0"
        );
        assert!(line(0, 0, 0, &[], &[]).starts_with("0 of 0 events (0%)"));
    }
}

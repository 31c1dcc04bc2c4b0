//! How far a run is: a line that is rewritten on a terminal, a line a second elsewhere if it is asked for.

use super::{Delivery, Plan};
use crate::clock::now;
use crate::message::say;
use crate::report::thousands;
use eventcast::{Bus, Snapshot, SubscriptionSnapshot};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

/// Cut off at the width of the terminal.
const TEMPLATE: &str = "{wide_msg}";

/// How often a line on a terminal is rewritten, and how often one is written elsewhere.
const REWRITE: Duration = Duration::from_millis(250);
const WRITE: Duration = Duration::from_secs(1);

/// Shows how many events are published, how fast, and how far behind each subscriber is; on standard error.
pub(super) struct Progress {
    total: u64,
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

impl Progress {
    pub(super) fn new(plan: &Plan) -> Self {
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
        Self { total: plan.total, out, last: (now(), 0) }
    }

    /// Shows it if it is time to.
    pub(super) fn show(&mut self, bus: &Bus<Delivery>) {
        let now = now();
        let passed = now - self.last.0;
        if passed < self.out.every() {
            return;
        }
        let snapshot = bus.snapshot();
        let published = snapshot.stats.accepted;
        let rate = (published - self.last.1) as f64 / passed.as_secs_f64();
        let line = line(&snapshot, self.total, rate as u64);
        match &self.out {
            Out::Terminal(bar) => bar.set_message(line),
            Out::Lines => say(line),
            Out::Nothing => {}
        }
        self.last = (now, published);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Out::Terminal(bar) = &self.out {
            bar.finish_and_clear();
        }
    }
}

/// `1,200 of 5,000 events (24%), 800 events/s; lost 3; behind: > 17, orders.* 0`
fn line(snapshot: &Snapshot, total: u64, rate: u64) -> String {
    let published = snapshot.stats.accepted;
    let mut line = format!(
        "{} of {} events ({}%), {} events/s; lost {}",
        thousands(published),
        thousands(total),
        u128::from(published) * 100 / u128::from(total.max(1)),
        thousands(rate),
        thousands(snapshot.totals.lost_by.total()),
    );
    for (n, SubscriptionSnapshot { info, stats, .. }) in snapshot.subscriptions.iter().enumerate() {
        line.push_str(if n == 0 { "; behind: " } else { ", " });
        // Writing to a string cannot fail.
        let _ = write!(line, "{} {}", info.pattern, thousands(stats.ahead + stats.queued));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventcast::Overflow;

    #[test]
    fn a_line_says_how_far_everybody_is() {
        let bus = Bus::<()>::builder().capacity(8).build().unwrap();
        assert_eq!(line(&bus.snapshot(), 0, 0), "0 of 0 events (0%), 0 events/s; lost 0");
        let mut first = bus.subscribe("a.*").unwrap();
        let _second = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
        (0..8).for_each(|_| assert!(bus.publish("a.b", ()).is_ok()));
        first.recv().unwrap();
        assert_eq!(
            line(&bus.snapshot(), 16, 1_200),
            "8 of 16 events (50%), 1,200 events/s; lost 0; behind: a.* 7, > 8"
        );
    }
}

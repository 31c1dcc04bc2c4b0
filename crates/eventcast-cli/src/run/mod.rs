//! `eventcast run`: read and check the input, publish it, report.

mod engine;
mod metrics;
mod plan;
mod progress;
mod publisher;
mod subscriber;

pub(crate) use engine::Outcome;
pub(crate) use plan::Plan;
pub(crate) use publisher::{Published, Refused};
pub(crate) use subscriber::Received;

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::input::{self, Input};
use crate::message::say;
use crate::report::{self, Report, counted};
use crate::stop::Stop;
use hdrhistogram::Histogram;
use metrics::Metrics;
use serde_json::Value;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader};
use std::sync::Arc;
use std::time::{Duration, Instant};
use twox_hash::XxHash3_64;

/// What one event carries on the bus.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    /// Shared with the input: publishing copies a pointer.
    pub(crate) text: Arc<str>,
    /// For filters, if there are any.
    pub(crate) data: Option<Arc<Value>>,
    /// When its publisher offered it.
    pub(crate) offered: Instant,
}

/// The hash of one payload. Checksums are sums of them, so that the order does not matter.
pub(crate) fn hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}

/// A histogram of nanoseconds: up to an hour, three significant digits.
pub(crate) fn latencies() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000_000;
    Histogram::new_with_bounds(1, HOUR, 3).expect("the bounds are in order")
}

/// A duration as a histogram takes it.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(crate) fn run(args: &RunArgs) -> Result<Exit, Box<dyn Error>> {
    let source = if args.input == "-" { "standard input" } else { &args.input };
    let mut input =
        read(args).map_err(|error| format!("cannot read {source}: {error}; nothing was published"))?;
    if args.strict && !input.bad.is_empty() {
        say("stopped at the first bad line (--strict); nothing was published");
        return Ok(Exit::BadLines);
    }
    if input.records.is_empty() && input.bad.is_empty() {
        return Err(format!("{source} has no events; nothing was published").into());
    }
    let plan = Plan::new(args, &input)?;
    if plan.subscribers.iter().any(|subscriber| subscriber.filter.is_some()) {
        input.parse();
    }
    let metrics = args.metrics.as_deref().map(|path| Metrics::create(path, &args.input)).transpose()?;
    // From here on Ctrl-C means: stop publishing, drain, report.
    let stop = Stop::on_ctrl_c()?;
    say(format_args!(
        "{} on {} read from {source}; publishing {} (Ctrl-C stops)",
        counted(input.records.len() as u64, "event", "events"),
        counted(input.topics.len() as u64, "topic", "topics"),
        counted(plan.total, "event", "events"),
    ));
    let bus = engine::bus(&plan)?;
    let outcome = engine::run(&bus, &plan, &input, &stop);
    let written = metrics.map_or(Ok(()), |metrics| match &outcome {
        Ok(outcome) => metrics.write(&outcome.snapshot),
        Err(_) => metrics.write(&bus.snapshot()),
    });
    if let Err(error) = &written {
        say(error);
    }
    let mut report = Report::new(source, &plan, &input, &outcome?);
    if written.is_err() {
        report.fails_with(Exit::NotWritten);
    }
    for complaint in report.complaints() {
        say(complaint);
    }
    report::print(&report, args.json)?;
    Ok(report.exit())
}

fn read(args: &RunArgs) -> io::Result<Input> {
    let max_line = args.max_line as usize;
    let report = |bad: &input::BadLine| say(bad);
    if args.input == "-" {
        input::read(io::stdin().lock(), max_line, args.strict, report)
    } else {
        let file = File::open(&args.input)?;
        input::read(BufReader::with_capacity(1 << 16, file), max_line, args.strict, report)
    }
}

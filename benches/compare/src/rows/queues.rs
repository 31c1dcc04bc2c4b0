//! Rows of the bus's queued subscriptions.

use std::time::Duration;

use eventcast::QueueOverflow;

use super::{NO_WORSE, SHOWN, name};
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::crossbeam::Crossbeam;
use crate::rivals::crossbeam_arc::CrossbeamArc;
use crate::rivals::eventcast_bus::Queued;
use crate::rivals::recorded;
use crate::work::blocking;
use crate::work::queues::{Plan, Timed, run};

/// Subscriptions beside the one that is stuck.
const BESIDE: usize = 3;

/// What a stuck subscription may do to the 99th percentile of the others. Not `Bar::Change`, which forgives what is within the
/// noise: that of a 99th percentile is many times this when others use the cores.
const CHANGE: f64 = 1.2;

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for inline in [false, true] {
        rows.extend([(1, 5.0), (4, 3.0), (16, 2.0)].map(|(count, least)| rate(inline, count, least)));
    }
    for timed in [Timed::Call, Timed::Delivery] {
        rows.extend([1, 4, 16].map(|count| inline_against_dispatcher(timed, count)));
    }
    for inline in [false, true] {
        rows.push(stuck(inline, "block", QueueOverflow::Block { within: Duration::ZERO }));
        rows.push(stuck(inline, "drop-oldest", QueueOverflow::DropOldest));
        rows.push(stuck(inline, "drop-newest", QueueOverflow::DropNewest));
    }
    rows
}

/// Who fills the queues, in row names.
fn word(inline: bool) -> &'static str {
    if inline { "inline" } else { "dispatcher" }
}

/// Who fills the queues.
fn filler(inline: bool) -> &'static str {
    if inline { "publisher" } else { "dispatcher" }
}

/// Our bus at full speed.
fn ours(inline: bool, count: usize) -> Contestant {
    let name = format!("bus, queued, {}", word(inline));
    match inline {
        true => Contestant::new(&name, move |budget| blocking::run::<Queued<true>>(count, budget)),
        false => Contestant::new(&name, move |budget| blocking::run::<Queued<false>>(count, budget)),
    }
}

/// Events per second through queues.
fn rate(inline: bool, count: usize, least: f64) -> Row {
    let who = word(inline);
    let plot = if inline { "queued subscriptions, inline" } else { "queued subscriptions, dispatcher" };
    let mut row = Row::new(
        &format!("bus-queued-{who}-{count}"),
        &format!("{count} queued subscriptions filled by the {}, one thread each, lossless", filler(inline)),
        &format!(
            ">= {least} x docker/go-events, from another run (2 virtual cores, AMD EPYC); >= fan-out over crossbeam-channel by hand"
        ),
        "all sides park",
    )
    .plot(plot, count)
    .subject(Some(ours(inline, count)))
    .rival(recorded::docker(count), &[(Metric::Rate, Bar::AtLeast(least))])
    .rival(
        Contestant::new(name::CROSSBEAM, move |budget| blocking::run::<Crossbeam>(count, budget)),
        NO_WORSE,
    )
    .rival(
        Contestant::new("crossbeam-channel fan-out of Arcs", move |budget| {
            blocking::run::<CrossbeamArc>(count, budget)
        }),
        NO_WORSE,
    );
    if inline {
        row = row.rival(ours(false, count), SHOWN);
    }
    row
}

/// The paced work.
fn paced(name: String, plan: Plan) -> Contestant {
    Contestant::new(&name, move |budget| run(&plan, budget))
}

/// When inline fan-out pays, at a pace.
fn inline_against_dispatcher(timed: Timed, count: usize) -> Row {
    let contestant = |inline| {
        let plan = Plan { inline, readers: count, stuck: None, timed };
        paced(format!("bus, queued, {}", word(inline)), plan)
    };
    let (name, what) = match timed {
        Timed::Call => ("call", "publish call"),
        Timed::Delivery => ("delivery", "end to end"),
    };
    Row::new(
        &format!("bus-inline-{name}-{count}"),
        &format!("{what}, {count} queued subscriptions, 10,000 events/s: filled by the publisher, or the dispatcher"),
        "nothing; shown",
        "subscribers and dispatcher park; the publisher sleeps between events",
    )
    .subject(Some(contestant(true)))
    .rival(contestant(false), &[(Metric::P50, Bar::Shown), (Metric::P99, Bar::Shown)])
}

/// One queued subscription that nobody reads.
fn stuck(inline: bool, policy: &str, overflow: QueueOverflow) -> Row {
    let contestant = |stuck: Option<QueueOverflow>| {
        let name = if stuck.is_some() { "bus, one subscription stuck" } else { "bus, none stuck" };
        paced(name.to_owned(), Plan { inline, readers: BESIDE, stuck, timed: Timed::Delivery })
    };
    let who = word(inline);
    Row::new(
        &format!("bus-stuck-{who}-{policy}"),
        &format!(
            "end to end, {BESIDE} queued subscriptions filled by the {}, 10,000 events/s: beside a stuck one \
             ({policy}), or by themselves",
            filler(inline)
        ),
        "p99 of the others <= 1.2 x, whatever the noise",
        "subscribers and dispatcher park; the publisher sleeps between events",
    )
    .subject(Some(contestant(Some(overflow))))
    .rival(contestant(None), &[(Metric::P99, Bar::AtMost(CHANGE)), (Metric::P50, Bar::Shown)])
}

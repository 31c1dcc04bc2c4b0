//! Rows of the bus: its publish call, and its direct subscriptions.

use super::SHOWN;
use crate::event::Event;
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::eventcast::Shared;
use crate::rivals::eventcast_bus::{Direct, Named, Patterns, Precise, RingAndClock, Timing};
use crate::rivals::tokio_shares::TokioShares;
use crate::rivals::{Racer, recorded};
use crate::work::{blocking, paced, shares, statistics};

/// How publish calls are timed.
const POLLED: &str = "one consumer thread polls the subscriber; either side spins";

/// What a publish through a handle may cost beside the bare ring and a reading of the clock, in nanoseconds.
const HANDLE: f64 = 15.0;

/// What a publish by name may cost, in nanoseconds.
const NAMED: f64 = 150.0;

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![publish::<Precise>(), publish_unread::<Precise>(), publish_by_name()];
    rows.extend([false, true].map(counting));
    rows.extend([1, 4, 16].map(patterns));
    rows.extend([1, 4, 16].map(deliveries));
    rows
}

/// A racer's paced publish calls to one subscriber.
fn paced_racer<R: Racer<Event>>(name: &str) -> Contestant {
    Contestant::new(name, |budget| paced::run::<R>(1, budget))
}

/// The publish call through a topic's handle.
fn publish<C: Timing>() -> Row {
    let bars = [(Metric::P50, Bar::AtMostPlus(HANDLE)), (Metric::P99, Bar::Shown)];
    let shown = [(Metric::P50, Bar::Shown), (Metric::P99, Bar::Shown)];
    Row::new(
        &format!("bus-publish-{}", C::NAME),
        &format!("publish call through a topic's handle, {} clock, paced, 1 polling subscriber", C::NAME),
        &format!("p50 <= bare ring and one reading of the clock, and {HANDLE} ns"),
        POLLED,
    )
    .subject(Some(paced_racer::<Direct<C>>("bus, handle")))
    .rival(paced_racer::<RingAndClock<C>>("bare ring and a reading of the clock"), &bars)
    .rival(paced_racer::<Shared>("bare ring"), &shown)
}

/// The publish call through a topic's handle, while nobody reads.
fn publish_unread<C: Timing>() -> Row {
    /// A racer's paced publish calls that nobody reads.
    fn racer<R: Racer<Event>>(name: &str) -> Contestant {
        Contestant::new(name, paced::unread::<R>)
    }
    let bars = [(Metric::P50, Bar::AtMostPlus(HANDLE)), (Metric::P99, Bar::Shown)];
    let shown = [(Metric::P50, Bar::Shown), (Metric::P99, Bar::Shown)];
    Row::new(
        &format!("bus-publish-{}-unread", C::NAME),
        &format!(
            "publish call through a topic's handle, {} clock, paced, 1 lagging subscriber that never reads",
            C::NAME
        ),
        &format!("p50 <= bare ring and one reading of the clock, and {HANDLE} ns"),
        "one thread; nobody waits",
    )
    .subject(Some(racer::<Direct<C>>("bus, handle")))
    .rival(racer::<RingAndClock<C>>("bare ring and a reading of the clock"), &bars)
    .rival(racer::<Shared>("bare ring"), &shown)
}

/// The publish call by name.
fn publish_by_name() -> Row {
    let shown = [(Metric::P50, Bar::Shown), (Metric::P99, Bar::Shown)];
    Row::new(
        "bus-publish-name",
        "publish call by name, 16 topics in turn, paced, 1 polling subscriber",
        &format!("p50 < {NAMED} ns"),
        POLLED,
    )
    .subject(Some(paced_racer::<Named>("bus, by name")))
    .rival(recorded::limit(NAMED), &[(Metric::P50, Bar::AtMost(1.0))])
    .rival(paced_racer::<Direct<Precise>>("bus, handle"), &shown)
}

/// The counts of topics, on against off.
fn counting(reader: bool) -> Row {
    let (name, readers) =
        if reader { ("one-reader", "1 polling subscriber") } else { ("no-reader", "no subscriber") };
    let contestant = |statistics: bool| {
        let name = if statistics { "bus, statistics" } else { "bus, no statistics" };
        Contestant::new(name, move |budget| statistics::run(statistics, reader, budget))
    };
    Row::new(
        &format!("bus-statistics-{name}"),
        &format!("blocks of 16,384 publishes through a topic's handle, {readers}: statistics on against off"),
        "less than 5 % of the rate of the median block",
        "either side spins",
    )
    .subject(Some(contestant(true)))
    .rival(contestant(false), &[(Metric::Rate, Bar::AtLeast(0.95))])
}

/// Direct subscriptions with different patterns.
fn patterns(count: usize) -> Row {
    Row::new(
        &format!("bus-patterns-{count}"),
        &format!("{count} direct subscriptions, each with another pattern that matches 1 or 4 of 16 topics, lossless"),
        ">= 5 x tokio broadcast whose receivers look at the topic",
        "one consumer thread polls all subscribers; either side spins",
    )
    .plot("direct subscriptions with patterns", count)
    .subject(Some(Contestant::new("bus, patterns", move |budget| shares::run::<Patterns>(count, budget))))
    .rival(
        Contestant::new("tokio broadcast with a filter", move |budget| {
            shares::run::<TokioShares>(count, budget)
        }),
        &[(Metric::Rate, Bar::AtLeast(5.0))],
    )
}

/// Direct subscriptions, a sleeping thread each.
fn deliveries(count: usize) -> Row {
    type Bus = Direct<Precise>;
    Row::new(
        &format!("bus-direct-{count}"),
        &format!("{count} direct subscriptions, one thread each, lossless"),
        ">= 10 x Warren's deliveries, from another run",
        "both sides park",
    )
    .plot("direct subscriptions, a thread each", count)
    .subject(Some(Contestant::new("bus, direct", move |budget| blocking::run::<Bus>(count, budget))))
    .rival(recorded::warren(count), &[(Metric::Rate, Bar::AtLeast(10.0))])
    .rival(Contestant::new("bare ring", move |budget| blocking::run::<Shared>(count, budget)), SHOWN)
}

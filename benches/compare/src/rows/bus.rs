//! Rows of the bus: its publish call, and its direct subscriptions.

use super::SHOWN;
use crate::event::Event;
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::eventcast::Shared;
use crate::rivals::eventcast_bus::{Direct, Named, Patterns};
use crate::rivals::timed_ring::{Coarse, Precise, RingAndClock, Timing, WideAndClock};
use crate::rivals::tokio_shares::TokioShares;
use crate::rivals::{Racer, recorded};
use crate::work::{blocking, paced, shares, statistics};

/// What a publish through a handle may cost beside the bare ring and a reading of the clock, in nanoseconds.
const HANDLE: f64 = 15.0;

/// What a publish by name may cost, in nanoseconds.
const NAMED: f64 = 150.0;

/// Shown, nothing to reach, by median and tail.
const SHOWN_TIMES: &[(Metric, Bar)] = &[(Metric::P50, Bar::Shown), (Metric::P99, Bar::Shown)];

/// Who is there while publish calls are timed.
#[derive(Clone, Copy, Debug)]
enum Readers {
    /// One subscriber, which a thread polls: both cores want the same lines.
    Polling,
    /// One that lags and never reads: the call by itself.
    Unread,
}

impl Readers {
    /// The end of a row's name, and how the row describes it.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Polling => {
                ("", "1 polling subscriber", "one consumer thread polls the subscriber; either side spins")
            }
            Self::Unread => ("-unread", "1 lagging subscriber that never reads", "one thread; nobody waits"),
        }
    }

    /// A racer's paced publish calls.
    fn racer<R: Racer<Event>>(self, name: &str) -> Contestant {
        match self {
            Self::Polling => Contestant::new(name, |budget| paced::run::<R>(1, budget)),
            Self::Unread => Contestant::new(name, paced::unread::<R>),
        }
    }
}

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend([Readers::Polling, Readers::Unread].map(publish::<Coarse>));
    rows.extend([Readers::Polling, Readers::Unread].map(publish::<Precise>));
    rows.extend([Readers::Polling, Readers::Unread].map(publish_by_name));
    rows.extend([false, true].map(counting));
    rows.extend([1, 4, 16].map(patterns));
    rows.extend([1, 4, 16].map(deliveries));
    rows
}

/// The publish call through a topic's handle.
fn publish<C: Timing>(readers: Readers) -> Row {
    let bars = [(Metric::P50, Bar::AtMostPlus(HANDLE)), (Metric::P99, Bar::Shown)];
    let (suffix, words, wait) = readers.words();
    Row::new(
        &format!("bus-publish-{}{suffix}", C::NAME),
        &format!("publish call through a topic's handle, {} clock, paced, {words}", C::NAME),
        &format!("p50 <= bare ring and one reading of the clock, and {HANDLE} ns"),
        wait,
    )
    .subject(Some(readers.racer::<Direct<C>>("bus, handle")))
    .rival(readers.racer::<RingAndClock<C>>("bare ring and a reading of the clock"), &bars)
    .rival(
        readers.racer::<WideAndClock<C>>("bare ring of events as large as the bus's, and the clock"),
        SHOWN_TIMES,
    )
    .rival(readers.racer::<Shared>("bare ring"), SHOWN_TIMES)
}

/// The publish call by name.
fn publish_by_name(readers: Readers) -> Row {
    let (suffix, words, wait) = readers.words();
    Row::new(
        &format!("bus-publish-name{suffix}"),
        &format!("publish call by name, 16 topics in turn, paced, {words}"),
        &format!("p50 <= {NAMED} ns"),
        wait,
    )
    .subject(Some(readers.racer::<Named>("bus, by name")))
    .rival(recorded::limit(NAMED), &[(Metric::P50, Bar::AtMost(1.0))])
    .rival(readers.racer::<Direct<Coarse>>("bus, handle"), SHOWN_TIMES)
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
    type Bus = Direct<Coarse>;
    Row::new(
        &format!("bus-direct-{count}"),
        &format!("{count} direct subscriptions, one thread each, lossless"),
        ">= 10 x Warren's deliveries, from another run (2 virtual cores, AMD EPYC)",
        "both sides park",
    )
    .plot("direct subscriptions, a thread each", count)
    .subject(Some(Contestant::new("bus, direct", move |budget| blocking::run::<Bus>(count, budget))))
    .rival(recorded::warren(count), &[(Metric::Rate, Bar::AtLeast(10.0))])
    .rival(Contestant::new("bare ring", move |budget| blocking::run::<Shared>(count, budget)), SHOWN)
}

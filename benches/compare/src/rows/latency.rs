//! Rows that time single events.

use super::{Kind, name, ours};
use crate::event::Event;
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::async_broadcast::AsyncBroadcast;
use crate::rivals::bus::OneBus;
use crate::rivals::crossbeam::Crossbeam;
use crate::rivals::disruptor::{MultiToMany, MultiToOne, SingleToMany, SingleToOne};
use crate::rivals::flume::Flume;
use crate::rivals::kanal::Kanal;
use crate::rivals::limits;
use crate::rivals::ringcast::Ringcast;
use crate::rivals::rtrb::Rtrb;
use crate::rivals::tokio::Tokio;
use crate::rivals::{Racer, SleepRx, SleepTx};
use crate::work::{end_to_end, paced, parked};

/// Shown, nothing to reach, by median and tail.
const SHOWN: &[(Metric, Bar)] = &[(Metric::P50, Bar::Shown), (Metric::P99, Bar::Shown)];

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::BOTH {
        rows.extend([1, 64].map(|subscribers| publish(kind, subscribers)));
        rows.push(publish_64_against_1(kind));
    }
    rows.extend(Kind::BOTH.map(spinning));
    rows.extend(Kind::BOTH.map(asleep));
    rows
}

/// A racer's paced publish calls.
fn paced_racer<R: Racer<Event>>(name: &str, subscribers: usize) -> Contestant {
    Contestant::new(name, move |budget| paced::run::<R>(subscribers, budget))
}

/// The publish call against disruptor's of the same kind.
fn publish(kind: Kind, subscribers: usize) -> Row {
    let bars = [(Metric::P50, Bar::NoWorse), (Metric::P99, Bar::NoWorse)];
    let work = format!("publish call, paced, {} publisher, {subscribers} polling subscribers", kind.name());
    let disruptor = match (kind, subscribers) {
        (Kind::Unique, 1) => paced_racer::<SingleToOne>(name::DISRUPTOR_SP, subscribers),
        (Kind::Unique, _) => paced_racer::<SingleToMany>(name::DISRUPTOR_SP, subscribers),
        (Kind::Shared, 1) => paced_racer::<MultiToOne>(name::DISRUPTOR_MP, subscribers),
        (Kind::Shared, _) => paced_racer::<MultiToMany>(name::DISRUPTOR_MP, subscribers),
    };
    let mut row = Row::new(
        &format!("publish-{}-{subscribers}", kind.name()),
        &work,
        "p50 and p99 <= disruptor of the same kind",
        "one consumer thread polls all subscribers; either side spins",
    )
    .subject(ours::paced(kind, subscribers))
    .rival(disruptor, &bars)
    .rival(paced_racer::<Tokio>(name::TOKIO, subscribers), SHOWN)
    .rival(paced_racer::<Crossbeam>(name::CROSSBEAM, subscribers), SHOWN);
    if kind == Kind::Unique {
        row = row
            .rival(paced_racer::<OneBus>(name::BUS, subscribers), SHOWN)
            .rival(paced_racer::<Ringcast>(name::RINGCAST, subscribers), SHOWN);
    } else {
        row = row
            .rival(paced_racer::<AsyncBroadcast>(name::ASYNC_BROADCAST, subscribers), SHOWN)
            .rival(paced_racer::<Flume>(name::FLUME, subscribers), SHOWN)
            .rival(paced_racer::<Kanal>(name::KANAL, subscribers), SHOWN);
    }
    row
}

/// The publish call with 64 subscribers against the same with one.
fn publish_64_against_1(kind: Kind) -> Row {
    let row = Row::new(
        &format!("publish-{}-64-against-1", kind.name()),
        &format!("publish call, paced, {} publisher, 64 polling subscribers against 1", kind.name()),
        "p50 at 64 <= 1.3 x p50 at 1",
        "one consumer thread polls all subscribers; either side spins",
    )
    .subject(ours::paced(kind, 64));
    match ours::paced(kind, 1) {
        Some(one) => row.rival(one, &[(Metric::P50, Bar::AtMost(1.3)), (Metric::P99, Bar::Shown)]),
        None => row,
    }
}

/// End to end, both sides spinning.
fn spinning(kind: Kind) -> Row {
    /// A racer on this work.
    fn racer<R: Racer<Event>>(name: &str) -> Contestant {
        Contestant::new(name, end_to_end::run::<R>)
    }
    let bars = [(Metric::P50, Bar::NoWorse), (Metric::P99, Bar::Shown)];
    let limit = [(Metric::P50, Bar::AtMost(2.5)), (Metric::P99, Bar::Shown)];
    // With a shared publisher, those that can only have one are another kind.
    let alone = if kind == Kind::Unique { &bars[..] } else { SHOWN };
    Row::new(
        &format!("spinning-{}", kind.name()),
        &format!("end to end, spinning, {} publisher, 1 subscriber", kind.name()),
        "p50 <= 2.5 x the bare cache-line transfer, <= every rival",
        "either side spins",
    )
    .subject(ours::spinning(kind))
    .rival(Contestant::new(name::CACHE_LINE, limits::cache_line), &limit)
    .rival(racer::<Rtrb>(name::RTRB), SHOWN)
    .rival(racer::<MultiToOne>(name::DISRUPTOR_MP), &bars)
    .rival(racer::<SingleToOne>(name::DISRUPTOR_SP), alone)
    .rival(racer::<Ringcast>(name::RINGCAST), alone)
    .rival(racer::<OneBus>(name::BUS), &bars)
    .rival(racer::<Tokio>(name::TOKIO), &bars)
    .rival(racer::<AsyncBroadcast>(name::ASYNC_BROADCAST), &bars)
    .rival(racer::<Crossbeam>(name::CROSSBEAM), &bars)
    .rival(racer::<Flume>(name::FLUME), &bars)
    .rival(racer::<Kanal>(name::KANAL), &bars)
}

/// End to end, the subscriber asleep.
fn asleep(kind: Kind) -> Row {
    /// A racer on this work.
    fn racer<R>(name: &str) -> Contestant
    where
        R: Racer<Event>,
        R::Tx: SleepTx<Event>,
        R::Rx: SleepRx<Event>,
    {
        Contestant::new(name, parked::run::<R>)
    }
    let limit = [(Metric::P50, Bar::AtMost(1.2)), (Metric::P99, Bar::Shown)];
    Row::new(
        &format!("parked-{}", kind.name()),
        &format!("end to end, parked subscriber, {} publisher", kind.name()),
        "p50 <= 1.2 x a bare futex wake",
        "the subscriber parks; the publisher spins between events, 300 us apart",
    )
    .subject(ours::parked(kind))
    .rival(Contestant::new(name::FUTEX, limits::futex_wake), &limit)
    .rival(racer::<Crossbeam>(name::CROSSBEAM), SHOWN)
    .rival(racer::<Flume>(name::FLUME), SHOWN)
    .rival(racer::<Kanal>(name::KANAL), SHOWN)
    .rival(racer::<Tokio>(name::TOKIO), SHOWN)
    .rival(racer::<AsyncBroadcast>(name::ASYNC_BROADCAST), SHOWN)
    .rival(racer::<OneBus>(name::BUS), SHOWN)
}

//! Rows in which a slow reader loses events instead of holding the publisher.

use super::{Kind, SHOWN, name, ours, plan, racer};
use crate::event::Event;
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::async_broadcast::AsyncBroadcast;
use crate::rivals::ringcast::Ringcast;
use crate::rivals::tokio::Tokio;
use crate::rivals::{Racer, Setup, Wait};
use crate::work::never_read;
use crate::work::throughput::Plan;

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::BOTH {
        rows.extend([1, 4, 16].map(|readers| keep_up(kind, readers)));
    }
    for kind in Kind::BOTH {
        rows.extend([1, 4, 16].map(|readers| unread(kind, readers)));
    }
    for kind in Kind::BOTH {
        rows.push(stuck(kind, 2_000, "paced"));
        rows.push(stuck(kind, 0, "full-speed"));
    }
    rows
}

/// Readers that keep up: the harness holds the publisher back, so that nobody loses anything.
fn keep_up(kind: Kind, readers: usize) -> Row {
    let plan = plan(1, readers, Wait::Spin);
    let plan = Plan { setup: Setup { lossy: true, ..plan.setup }, ..plan };
    let row = Row::new(
        &format!("lag-keep-up-{}-{readers}", kind.name()),
        &format!("Lag, {} publisher, {readers} readers that keep up", kind.name()),
        ">= 5 x tokio broadcast",
        "one consumer thread polls all readers; either side spins",
    )
    .subject(ours::throughput::<Event>(kind, plan, ""))
    .rival(racer::<Event, Tokio>(name::TOKIO, plan), &[(Metric::Rate, Bar::AtLeast(5.0))])
    .rival(racer::<Event, AsyncBroadcast>(name::ASYNC_BROADCAST, plan), SHOWN)
    .rival(racer::<Event, Ringcast>(name::RINGCAST, plan), SHOWN);
    match kind {
        Kind::Shared => row.plot("Lag readers that keep up, shared publisher", readers),
        Kind::Unique => row.plot("Lag readers that keep up, unique publisher", readers),
    }
}

/// Readers that never read.
fn unread(kind: Kind, readers: usize) -> Row {
    /// A racer on this work.
    fn racer<R: Racer<Event>>(name: &str, readers: usize) -> Contestant {
        Contestant::new(name, move |budget| never_read::run::<R>(readers, budget))
    }
    let least = if kind == Kind::Shared { 2.0 } else { 4.0 };
    Row::new(
        &format!("lag-unread-{}-{readers}", kind.name()),
        &format!("Lag, {} publisher, {readers} readers that never read", kind.name()),
        &format!(">= {least} x tokio broadcast"),
        "one thread; nobody waits",
    )
    .subject(ours::never_read(kind, readers))
    .rival(racer::<Tokio>(name::TOKIO, readers), &[(Metric::Rate, Bar::AtLeast(least))])
    .rival(racer::<AsyncBroadcast>(name::ASYNC_BROADCAST, readers), SHOWN)
    .rival(racer::<Ringcast>(name::RINGCAST, readers), SHOWN)
}

/// One reader stuck inside a batch guard.
fn stuck(kind: Kind, rest: u64, pace: &str) -> Row {
    let row = Row::new(
        &format!("lag-stuck-{}-{pace}", kind.name()),
        &format!("Lag, {} publisher, {pace}: one reader stuck inside a guard against none", kind.name()),
        "publish p99 changes by < 20 %",
        "one consumer thread polls the other reader; either side spins",
    )
    .subject(ours::stuck(kind, true, rest));
    match ours::stuck(kind, false, rest) {
        Some(free) => row.rival(free, &[(Metric::P99, Bar::Change), (Metric::P50, Bar::Shown)]),
        None => row,
    }
}

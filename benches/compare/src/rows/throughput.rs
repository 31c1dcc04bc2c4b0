//! Rows that count events per second, lossless.

use std::sync::Arc;

use super::{Kind, NO_WORSE, SHOWN, disruptor_mp, disruptor_sp, name, ours, plan, racer};
use crate::event::{Event, Load};
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::async_broadcast::AsyncBroadcast;
use crate::rivals::bus::OneBus;
use crate::rivals::crossbeam::Crossbeam;
use crate::rivals::flume::Flume;
use crate::rivals::kanal::Kanal;
use crate::rivals::ringcast::Ringcast;
use crate::rivals::rtrb::Rtrb;
use crate::rivals::tokio::Tokio;
use crate::rivals::{Setup, Wait};
use crate::work::handlers;
use crate::work::throughput::{Layout, Plan};

/// One thread polls all subscribers.
const ONE_THREAD: &str = "one consumer thread polls all subscribers; either side spins";

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    rows.extend([1, 4, 16].map(unique));
    for kind in Kind::BOTH {
        rows.extend([1, 4].map(|subscribers| batch(kind, subscribers)));
    }
    rows.extend([1, 4].map(shared));
    rows.extend([1, 4].map(two_publishers));
    for subscribers in [1, 4] {
        rows.push(not_copy::<Arc<[u8; 64]>>("arc", subscribers, false));
        rows.push(not_copy::<Arc<[u8; 64]>>("arc", subscribers, true));
        rows.push(not_copy::<String>("string", subscribers, false));
        rows.push(not_copy::<String>("string", subscribers, true));
    }
    rows.extend([1, 2, 4].map(thread_each));
    rows
}

/// Those that can have more than one publisher, or none of their own.
fn many_publishers(mut row: Row, plan: Plan, bars: &[(Metric, Bar)]) -> Row {
    row = row.rival(racer::<Event, Tokio>(name::TOKIO, plan), bars);
    row = row.rival(racer::<Event, AsyncBroadcast>(name::ASYNC_BROADCAST, plan), bars);
    row = row.rival(racer::<Event, Crossbeam>(name::CROSSBEAM, plan), bars);
    row = row.rival(racer::<Event, Flume>(name::FLUME, plan), bars);
    row.rival(racer::<Event, Kanal>(name::KANAL, plan), bars)
}

/// A unique publisher.
fn unique(subscribers: usize) -> Row {
    let plan = plan(1, subscribers, Wait::Spin);
    let work = format!("unique publisher, lossless, 1 to {subscribers}");
    let must = ">= 1.4 x disruptor single producer with pollers";
    let mut row = Row::new(&format!("unique-1to{subscribers}"), &work, must, ONE_THREAD)
        .plot("unique publisher", subscribers)
        .subject(ours::throughput::<Event>(Kind::Unique, plan, ""))
        .rival(disruptor_sp::<Event>(plan), &[(Metric::Rate, Bar::AtLeast(1.4))])
        .rival(racer::<Event, OneBus>(name::BUS, plan), SHOWN)
        .rival(racer::<Event, Ringcast>(name::RINGCAST, plan), SHOWN);
    row = many_publishers(row, plan, SHOWN);
    if subscribers == 1 {
        row = row.rival(racer::<Event, Rtrb>(name::RTRB, plan), SHOWN);
    }
    row
}

/// Batches of 16.
fn batch(kind: Kind, subscribers: usize) -> Row {
    let single = plan(1, subscribers, Wait::Spin);
    let plan = Plan { batch: 16, ..single };
    let work = format!("batches of 16, {} publisher, lossless, 1 to {subscribers}", kind.name());
    let must = ">= 1.2 x disruptor batches, >= 1.2 x our own unbatched";
    let bar = [(Metric::Rate, Bar::AtLeast(1.2))];
    let mut row = Row::new(&format!("batch16-{}-1to{subscribers}", kind.name()), &work, must, ONE_THREAD)
        .subject(ours::throughput::<Event>(kind, plan, ", batches"));
    row = row.rival(
        match kind {
            Kind::Unique => disruptor_sp::<Event>(plan),
            Kind::Shared => disruptor_mp::<Event>(plan),
        },
        &bar,
    );
    if let Some(unbatched) = ours::throughput::<Event>(kind, single, ", unbatched") {
        row = row.rival(unbatched, &bar);
    }
    if kind == Kind::Unique {
        row = row.rival(racer::<Event, Ringcast>(name::RINGCAST, plan), SHOWN);
        if subscribers == 1 {
            row = row.rival(racer::<Event, Rtrb>(name::RTRB, plan), SHOWN);
        }
    }
    row
}

/// A shared publisher, used by one thread.
fn shared(subscribers: usize) -> Row {
    let plan = plan(1, subscribers, Wait::Spin);
    let work = format!("shared publisher, lossless, 1 to {subscribers}");
    let must = ">= 2 x disruptor multi producer, >= every other rival";
    let mut row = Row::new(&format!("shared-1to{subscribers}"), &work, must, ONE_THREAD)
        .plot("shared publisher", subscribers)
        .subject(ours::throughput::<Event>(Kind::Shared, plan, ""))
        .rival(disruptor_mp::<Event>(plan), &[(Metric::Rate, Bar::AtLeast(2.0))])
        .rival(racer::<Event, OneBus>(name::BUS, plan), NO_WORSE);
    row = many_publishers(row, plan, NO_WORSE);
    // Another kind: these can have only one publisher, and ringcast loses and tears.
    row = row
        .rival(disruptor_sp::<Event>(plan), SHOWN)
        .rival(racer::<Event, Ringcast>(name::RINGCAST, plan), SHOWN);
    if subscribers == 1 {
        row = row.rival(racer::<Event, Rtrb>(name::RTRB, plan), SHOWN);
    }
    row
}

/// Two publishers: three threads, so everybody yields.
fn two_publishers(subscribers: usize) -> Row {
    let plan = plan(2, subscribers, Wait::Yield);
    let work = format!("shared publishers, lossless, 2 to {subscribers}");
    let wait = "one consumer thread polls all subscribers; both sides yield";
    let row = Row::new(&format!("shared-2to{subscribers}"), &work, ">= every rival", wait)
        .subject(ours::throughput::<Event>(Kind::Shared, plan, ""))
        .rival(disruptor_mp::<Event>(plan), NO_WORSE);
    many_publishers(row, plan, NO_WORSE)
}

/// Payloads that own memory.
fn not_copy<E: Load>(payload: &str, subscribers: usize, lossy: bool) -> Row {
    let plan = plan(1, subscribers, Wait::Spin);
    let plan = Plan { setup: Setup { lossy, ..plan.setup }, ..plan };
    let (policy, least) = if lossy { ("lagging", 2.0) } else { ("lossless", 3.0) };
    let work = format!("{payload} events, {policy}, 1 to {subscribers}");
    let must = format!(">= {least} x tokio broadcast");
    let mut row = Row::new(&format!("{payload}-{policy}-1to{subscribers}"), &work, &must, ONE_THREAD)
        .subject(ours::throughput::<E>(Kind::Shared, plan, ""))
        .rival(racer::<E, Tokio>(name::TOKIO, plan), &[(Metric::Rate, Bar::AtLeast(least))])
        .rival(racer::<E, AsyncBroadcast>(name::ASYNC_BROADCAST, plan), SHOWN);
    if !lossy {
        row = row
            .rival(disruptor_mp::<E>(plan), SHOWN)
            .rival(racer::<E, Crossbeam>(name::CROSSBEAM, plan), SHOWN);
    }
    row
}

/// A thread per subscriber instead of one for all.
fn thread_each(subscribers: usize) -> Row {
    let (wait, words) = match subscribers {
        1 => (Wait::Spin, "a thread per subscriber; either side spins"),
        _ => (Wait::Yield, "a thread per subscriber; both sides yield"),
    };
    let plan = Plan { layout: Layout::ThreadEach, ..plan(1, subscribers, wait) };
    let work = format!("unique publisher, lossless, 1 to {subscribers}, a thread per subscriber");
    let row = Row::new(&format!("threads-1to{subscribers}"), &work, "nothing; shown", words)
        .plot("a thread per subscriber", subscribers)
        .subject(ours::throughput::<Event>(Kind::Unique, plan, ""))
        .rival(disruptor_sp::<Event>(plan), SHOWN)
        .rival(disruptor_mp::<Event>(plan), SHOWN)
        .rival(
            Contestant::new("disruptor single producer, handler threads", move |budget| {
                handlers::single(subscribers, wait, budget)
            }),
            SHOWN,
        )
        .rival(
            Contestant::new("disruptor multi producer, handler threads", move |budget| {
                handlers::multi(subscribers, wait, budget)
            }),
            SHOWN,
        )
        .rival(racer::<Event, OneBus>(name::BUS, plan), SHOWN)
        .rival(racer::<Event, Ringcast>(name::RINGCAST, plan), SHOWN);
    many_publishers(row, plan, SHOWN)
}

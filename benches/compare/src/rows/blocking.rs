//! Rows in which every receiver is a thread that sleeps.

use super::{Kind, SHOWN, name, ours};
use crate::event::Event;
use crate::race::{Bar, Collapse, Contestant, Metric, Row};
use crate::rivals::async_broadcast::AsyncBroadcast;
use crate::rivals::bus::OneBus;
use crate::rivals::crossbeam::Crossbeam;
use crate::rivals::flume::Flume;
use crate::rivals::kanal::Kanal;
use crate::rivals::tokio::Tokio;
use crate::rivals::{Racer, SleepRx, SleepTx};
use crate::work::blocking;

/// Deliveries per second below this share of those at two receivers are a collapse.
const COLLAPSE: f64 = 0.5;

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    [1, 2, 4, 16].map(receivers).into()
}

/// `count` receivers.
fn receivers(count: usize) -> Row {
    /// A racer on this work.
    fn racer<R>(name: &str, receivers: usize) -> Contestant
    where
        R: Racer<Event>,
        R::Tx: SleepTx<Event>,
        R::Rx: SleepRx<Event>,
    {
        Contestant::new(name, move |budget| blocking::run::<R>(receivers, budget))
    }
    let least = if count == 1 { 1.0 } else { 1.5 };
    let mut row = Row::new(
        &format!("blocking-{count}"),
        &format!("blocking receivers, one thread each, {count} receivers, shared publisher"),
        &format!(">= {least} x fan-out over crossbeam-channel; no collapse as threads outgrow cores"),
        "both sides park",
    )
    .plot("blocking receivers", count)
    .subject(ours::blocking(Kind::Shared, count))
    .rival(racer::<Crossbeam>(name::CROSSBEAM, count), &[(Metric::Rate, Bar::AtLeast(least))])
    .rival(racer::<Flume>(name::FLUME, count), SHOWN)
    .rival(racer::<Kanal>(name::KANAL, count), SHOWN)
    .rival(racer::<AsyncBroadcast>(name::ASYNC_BROADCAST, count), SHOWN)
    .rival(racer::<OneBus>(name::BUS, count), SHOWN)
    .rival(racer::<Tokio>(name::TOKIO, count), SHOWN);
    if count > 2 {
        row.collapse = Some(Collapse { with: "blocking-2", receivers: (count, 2), least: COLLAPSE });
    }
    row
}

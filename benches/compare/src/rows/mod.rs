//! The table: every row of the record, with what it must reach.

mod blocking;
#[cfg(feature = "ours")]
mod bus;
mod lag;
mod latency;
mod ours;
#[cfg(feature = "ours")]
mod queues;
mod throughput;

use crate::event::Load;
use crate::race::{Bar, Contestant, Metric, Row};
use crate::rivals::{Racer, Setup, Wait};
use crate::work::throughput::{Layout, Plan, run};

/// Which of our publishers takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Cloned and used by several threads at once.
    Shared,
    /// The only one.
    Unique,
}

impl Kind {
    /// Both.
    const BOTH: [Kind; 2] = [Kind::Unique, Kind::Shared];

    /// The word in row names.
    fn name(self) -> &'static str {
        match self {
            Kind::Shared => "shared",
            Kind::Unique => "unique",
        }
    }
}

/// Names, used by every row.
mod name {
    pub(super) const ASYNC_BROADCAST: &str = "async-broadcast";
    pub(super) const BUS: &str = "bus";
    pub(super) const CACHE_LINE: &str = "limit: bare cache line";
    pub(super) const CROSSBEAM: &str = "crossbeam-channel fan-out";
    pub(super) const DISRUPTOR_MP: &str = "disruptor multi producer, pollers";
    pub(super) const DISRUPTOR_SP: &str = "disruptor single producer, pollers";
    pub(super) const FLUME: &str = "flume fan-out";
    pub(super) const FUTEX: &str = "limit: bare futex wake";
    pub(super) const KANAL: &str = "kanal fan-out";
    pub(super) const RINGCAST: &str = "ringcast (lossy, unsound)";
    pub(super) const RTRB: &str = "limit: rtrb (one to one)";
    pub(super) const TOKIO: &str = "tokio broadcast";
}

/// Shown, nothing to reach, by rate.
const SHOWN: &[(Metric, Bar)] = &[(Metric::Rate, Bar::Shown)];

/// No worse by rate.
const NO_WORSE: &[(Metric, Bar)] = &[(Metric::Rate, Bar::NoWorse)];

/// Every row, in the order of the record.
pub(crate) fn all() -> Vec<Row> {
    let mut rows = throughput::rows();
    rows.extend(latency::rows());
    rows.extend(lag::rows());
    rows.extend(blocking::rows());
    #[cfg(feature = "ours")]
    {
        rows.extend(bus::rows());
        rows.extend(queues::rows());
    }
    // A row that only compares ours with ours has nothing to run without ours.
    rows.retain(|row| row.subject.is_some() || !row.rivals.is_empty());
    rows
}

/// A plan: `publishers` to `subscribers`, polled by one thread, lossless, single calls.
fn plan(publishers: usize, subscribers: usize, wait: Wait) -> Plan {
    let setup = Setup { publishers, subscribers, wait, lossy: false };
    Plan { setup, layout: Layout::OneThread, batch: 1 }
}

/// A racer on the throughput work.
fn racer<E: Load, R: Racer<E>>(name: &str, plan: Plan) -> Contestant {
    Contestant::new(name, move |budget| run::<E, R>(&plan, budget))
}

/// disruptor's single producer with as many pollers as the plan has subscribers.
fn disruptor_sp<E: Load>(plan: Plan) -> Contestant {
    use crate::rivals::disruptor::{SingleToMany, SingleToOne};
    match plan.setup.subscribers {
        1 => racer::<E, SingleToOne>(name::DISRUPTOR_SP, plan),
        _ => racer::<E, SingleToMany>(name::DISRUPTOR_SP, plan),
    }
}

/// disruptor's multi producer with as many pollers as the plan has subscribers.
fn disruptor_mp<E: Load>(plan: Plan) -> Contestant {
    use crate::rivals::disruptor::{MultiToMany, MultiToOne};
    match plan.setup.subscribers {
        1 => racer::<E, MultiToOne>(name::DISRUPTOR_MP, plan),
        _ => racer::<E, MultiToMany>(name::DISRUPTOR_MP, plan),
    }
}

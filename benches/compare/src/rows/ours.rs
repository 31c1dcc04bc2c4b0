//! Our own contestants; none of them exist when the program is built without the feature `ours`.

#![cfg_attr(not(feature = "ours"), expect(unused_variables, reason = "there is nothing to build"))]

use super::Kind;
use crate::event::Load;
use crate::race::Contestant;
use crate::work::throughput::Plan;

/// Calls `$run` with the racer of `$kind`, as a contestant.
#[cfg(feature = "ours")]
macro_rules! by_kind {
    ($kind:expr, $name:expr, $budget:ident, $racer:ident => $run:expr) => {
        match $kind {
            Kind::Shared => Contestant::new(&$name, move |$budget| {
                type $racer = crate::rivals::eventcast::Shared;
                $run
            }),
            Kind::Unique => Contestant::new(&$name, move |$budget| {
                type $racer = crate::rivals::eventcast::Unique;
                $run
            }),
        }
    };
}

/// The name in reports.
#[cfg(feature = "ours")]
fn name(kind: Kind, detail: &str) -> String {
    format!("eventcast {}{detail}", kind.name())
}

/// The throughput work.
pub(super) fn throughput<E: Load>(kind: Kind, plan: Plan, detail: &str) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    return Some(
        by_kind!(kind, name(kind, detail), budget, R => crate::work::throughput::run::<E, R>(&plan, budget)),
    );
    #[cfg(not(feature = "ours"))]
    None
}

/// Paced publish calls.
pub(super) fn paced(kind: Kind, subscribers: usize) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    {
        let name = name(kind, &format!(", {subscribers} subscribers"));
        Some(by_kind!(kind, name, budget, R => crate::work::paced::run::<R>(subscribers, budget)))
    }
    #[cfg(not(feature = "ours"))]
    None
}

/// End to end, spinning.
pub(super) fn spinning(kind: Kind) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    return Some(by_kind!(kind, name(kind, ""), budget, R => crate::work::end_to_end::run::<R>(budget)));
    #[cfg(not(feature = "ours"))]
    None
}

/// End to end, parked.
pub(super) fn parked(kind: Kind) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    return Some(by_kind!(kind, name(kind, ""), budget, R => crate::work::parked::run::<R>(budget)));
    #[cfg(not(feature = "ours"))]
    None
}

/// Readers that never read.
pub(super) fn never_read(kind: Kind, readers: usize) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    return Some(
        by_kind!(kind, name(kind, ""), budget, R => crate::work::never_read::run::<R>(readers, budget)),
    );
    #[cfg(not(feature = "ours"))]
    None
}

/// Receivers asleep, a thread each.
pub(super) fn blocking(kind: Kind, receivers: usize) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    return Some(
        by_kind!(kind, name(kind, ""), budget, R => crate::work::blocking::run::<R>(receivers, budget)),
    );
    #[cfg(not(feature = "ours"))]
    None
}

/// A reader stuck inside a guard, or not.
pub(super) fn stuck(kind: Kind, stuck: bool, rest: u64) -> Option<Contestant> {
    #[cfg(feature = "ours")]
    {
        let name = name(kind, if stuck { ", one reader stuck" } else { ", no reader stuck" });
        Some(by_kind!(kind, name, budget, R => crate::work::stuck::run::<R>(stuck, rest, budget)))
    }
    #[cfg(not(feature = "ours"))]
    None
}

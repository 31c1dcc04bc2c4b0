//! A publisher that waits for room.

use super::core::Core;
use super::room::Blocker;
use super::wait::Wait;
use crate::sync::{Deadline, max_pauses, park_until, spin_hint, spins, yield_now, yields};
use std::time::Duration;

/// Why a claim was refused.
pub(crate) enum Refusal<'a> {
    Full(Blocker<'a>),
    Closed,
}

/// The longest that a publisher sleeps at a time while another publisher stands between claim and release: nothing will wake
/// it then. It starts with a thousandth of that and doubles.
const LONGEST_SLICE: Duration = Duration::from_millis(50);

/// Tries a claim that was refused for want of room until it succeeds, the ring closes, or the time is over; then the last
/// refusal comes back.
#[cold]
#[inline(never)]
pub(crate) fn claim_waiting<'a, C>(
    core: &Core,
    deadline: &Deadline,
    mut claim: impl FnMut() -> Result<C, Refusal<'a>>,
) -> Result<C, Refusal<'a>> {
    let mut round = 0;
    let mut slice = LONGEST_SLICE / 1000;
    loop {
        let blocker = match claim() {
            Err(Refusal::Full(blocker)) => blocker,
            done => return done,
        };
        if deadline.expired() {
            return Err(Refusal::Full(blocker));
        }
        match (core.shape.wait, blocker) {
            (Wait::Spin, _) => pause(blocker),
            (_, _) if round < spins() => spin_hint(),
            (Wait::Yield, _) => yield_now(),
            (Wait::Park, Blocker::Publisher) if round < 2 * spins() => yield_now(),
            (Wait::Park, Blocker::Publisher) => {
                park_until(deadline, Some(slice));
                slice = LONGEST_SLICE.min(2 * slice);
            }
            (Wait::Park, _) if round < spins() + yields() => yield_now(),
            (Wait::Park, Blocker::Subscriber(_) | Blocker::Holder(_)) => {
                if let Some(done) = sleep(core, blocker, deadline, &mut claim) {
                    return done;
                }
            }
        }
        round = round.saturating_add(1);
    }
}

/// Lets a little time pass, less when the subscriber in the way moves: looking at that one cursor alone leaves the others'
/// lines to the readers that write them.
fn pause(blocker: Blocker<'_>) {
    spin_hint();
    let Blocker::Subscriber(cursor) = blocker else { return };
    let before = cursor.load();
    for _ in 0..max_pauses() {
        if cursor.load() != before {
            return;
        }
        spin_hint();
    }
}

/// Sleeps until somebody who stands in the way lets go; `Some` when the last look before the sleep ended the wait.
fn sleep<'a, C>(
    core: &Core,
    blocker: Blocker<'_>,
    deadline: &Deadline,
    claim: &mut impl FnMut() -> Result<C, Refusal<'a>>,
) -> Option<Result<C, Refusal<'a>>> {
    let ticket = match blocker {
        Blocker::Subscriber(cursor) => core.gate.register(cursor),
        _ => core.gate.register_any(&core.cursors),
    };
    core.barrier.heavy();
    let again = claim();
    let still = match (&again, blocker) {
        (Err(Refusal::Full(Blocker::Subscriber(now))), Blocker::Subscriber(before)) => {
            std::ptr::eq(*now, before)
        }
        (Err(Refusal::Full(Blocker::Holder(_))), Blocker::Holder(_)) => true,
        _ => false,
    };
    while still && core.gate.holds(ticket) && !deadline.expired() {
        park_until(deadline, None);
    }
    core.gate.cancel(ticket);
    match again {
        Err(Refusal::Full(_)) => None,
        done => Some(done),
    }
}

//! A publisher that waits for room.

use super::core::Core;
use super::cursor::Cursor;
use super::room::Blocker;
use super::wait::Wait;
use crate::sync::{Deadline, SPINS, park_until, spin_hint, yield_now};
use std::time::Duration;

/// Why a claim was refused.
pub(crate) enum Refusal<'a> {
    Full(Blocker<'a>),
    Closed,
}

/// How long a publisher sleeps at a time when nothing will wake it: another publisher stands between claim and release, or
/// any of several readers' guards may free a spare.
const SLICE: Duration = Duration::from_micros(500);

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
    loop {
        let blocker = match claim() {
            Err(Refusal::Full(blocker)) => blocker,
            done => return done,
        };
        if deadline.expired() {
            return Err(Refusal::Full(blocker));
        }
        match core.shape.wait {
            Wait::Spin => spin_hint(),
            Wait::Yield if round < SPINS => spin_hint(),
            Wait::Yield => yield_now(),
            Wait::Park if round < SPINS => spin_hint(),
            Wait::Park => match blocker {
                Blocker::Subscriber(cursor) => {
                    if let Some(done) = sleep(core, cursor, deadline, None, &mut claim) {
                        return done;
                    }
                }
                Blocker::Holder(cursor) => {
                    if let Some(done) = sleep(core, cursor, deadline, Some(SLICE), &mut claim) {
                        return done;
                    }
                }
                Blocker::Publisher if round < 2 * SPINS => yield_now(),
                Blocker::Publisher => park_until(deadline, Some(SLICE)),
            },
        }
        round = round.saturating_add(1);
    }
}

/// Sleeps until `cursor` moves; `Some` when the last look before the sleep ended the wait.
fn sleep<'a, C>(
    core: &Core,
    cursor: &Cursor,
    deadline: &Deadline,
    slice: Option<Duration>,
    claim: &mut impl FnMut() -> Result<C, Refusal<'a>>,
) -> Option<Result<C, Refusal<'a>>> {
    let ticket = core.gate.register(cursor);
    core.barrier.heavy();
    match claim() {
        Err(Refusal::Full(Blocker::Subscriber(other) | Blocker::Holder(other)))
            if std::ptr::eq(other, cursor) =>
        {
            while core.gate.holds(ticket) && !deadline.expired() {
                park_until(deadline, slice);
                if slice.is_some() {
                    break;
                }
            }
            core.gate.cancel(ticket);
            None
        }
        Err(Refusal::Full(_)) => {
            core.gate.cancel(ticket);
            None
        }
        done => {
            core.gate.cancel(ticket);
            Some(done)
        }
    }
}

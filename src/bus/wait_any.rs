//! Waiting for several subscriptions at once.
//!
//! Look at each; enlist with each; one heavy barrier for all; look at each once more; sleep. Whoever publishes to one of them,
//! or puts something into its queue, sees the registration or was seen by the second look.

use super::waitable::{Found, Waitable, Waiter};
use crate::ring::Wait;
use crate::sync::{Barrier, Deadline, park_until};
use std::time::Duration;

/// Waits, for at most `timeout`, until one of these subscriptions has an event of its topics to read or something to report, and
/// answers its index; `None` when the time is over. A duration beyond the clock means for ever.
///
/// Its next `try_recv`, `drain` or `batch` does not answer `Empty`, unless the event grows too old meanwhile or the
/// filter, which is asked again about it, changes its mind. Events that a subscription does not want are read past, and no
/// event that it wants is consumed.
///
/// The subscriptions may be direct and queued, of different buses and payloads. The look begins behind the one that was
/// answered last, so that a busy one does not starve the others: one that stays ready is answered within as many calls as
/// there are subscriptions. One that is closed always has that to report; leave it out.
///
/// Woken by a publish to any topic of a bus that a direct subscription reads (it goes on waiting if the topic is not one of its
/// own), by an event in the queue of a queued one, and by the close of any of the buses. It waits as the
/// [most impatient](crate::Wait) of the buses does.
///
/// With an empty slice there is nothing to wait for: `None`, at once.
///
/// # Examples
/// ```
/// use eventcast::{Bus, wait_any};
/// use std::time::Duration;
///
/// let orders = Bus::<String>::builder().build()?;
/// let ticks = Bus::<u64>::builder().build()?;
/// let mut created = orders.subscribe("orders.created")?;
/// let mut tick = ticks.subscription(">").queue(16).subscribe()?;
///
/// orders.publish("orders.paid", "not for us".to_owned())?;
/// ticks.publish("tick", 1)?;
/// match wait_any(&mut [&mut created, &mut tick], Duration::MAX) {
///     Some(1) => assert_eq!(*tick.try_recv()?.payload(), 1),
///     other => unreachable!("{other:?}"),
/// }
/// assert_eq!(wait_any(&mut [&mut created, &mut tick], Duration::ZERO), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait_any(subscriptions: &mut [&mut dyn Waitable], timeout: Duration) -> Option<usize> {
    if subscriptions.is_empty() {
        return None;
    }
    if let Some(found) = seek(subscriptions) {
        return Some(found);
    }
    // Only now: what is there at once costs no look at the clock.
    let deadline = Deadline::after(timeout);
    while !deadline.expired() {
        wait(subscriptions, &deadline);
        if let Some(found) = seek(subscriptions) {
            return Some(found);
        }
    }
    None
}

fn each<'a>(subscriptions: &'a mut [&mut dyn Waitable]) -> impl Iterator<Item = Waiter<'a>> {
    subscriptions.iter_mut().map(|subscription| subscription.waiter())
}

/// The first that has something, behind the one that was answered last.
fn seek(subscriptions: &mut [&mut dyn Waitable]) -> Option<usize> {
    let turns = each(subscriptions).map(|waiter| *waiter.0.turn()).enumerate();
    let (last, newest) = turns.max_by_key(|(_, turn)| *turn)?;
    let all = subscriptions.len();
    // Where none was ever answered, with the first.
    let start = if newest == 0 { 0 } else { last + 1 };
    let found = (start..start + all)
        .map(|at| at % all)
        .find(|at| subscriptions[*at].waiter().0.look() != Found::Nothing)?;
    *subscriptions[found].waiter().0.turn() = newest + 1;
    Some(found)
}

fn is_any_ready(subscriptions: &mut [&mut dyn Waitable]) -> bool {
    each(subscriptions).any(|waiter| waiter.0.is_ready())
}

/// Waits until one of them may have something, or the time is over.
pub(super) fn wait(subscriptions: &mut [&mut dyn Waitable], deadline: &Deadline) {
    let ways = each(subscriptions).map(|waiter| waiter.0.way_to_wait());
    let way = ways.fold(Wait::Park, Wait::most_impatient);
    let mut round = 0;
    while !is_any_ready(subscriptions) && !deadline.expired() {
        if !way.pause(round) {
            return sleep(subscriptions, deadline);
        }
        round = round.saturating_add(1);
    }
}

/// Sleeps until it is woken for one of them, or the time is over.
fn sleep(subscriptions: &mut [&mut dyn Waitable], deadline: &Deadline) {
    if let Some(barrier) = each(subscriptions).filter_map(|waiter| waiter.0.enlist()).reduce(Barrier::heavier)
    {
        barrier.heavy();
    }
    while !is_any_ready(subscriptions)
        && !each(subscriptions).any(|waiter| waiter.0.is_called())
        && !deadline.expired()
    {
        park_until(deadline, None);
    }
    each(subscriptions).for_each(|waiter| waiter.0.leave());
}

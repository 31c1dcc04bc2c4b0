//! Waiting until what was accepted is delivered.

use crate::event::Event;
use crate::ring::Publisher;
use crate::sync::{Countdown, Deadline, park_until};
use std::time::Duration;

/// How long a wait sleeps between two looks.
const SLICE: Duration = Duration::from_micros(500);

/// What had not been read of the events that were accepted before a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what was not delivered"]
pub struct FlushReport {
    /// How many of them the slowest blocking subscription had not read, events of topics it did not ask for included.
    pub undelivered: u64,
}

impl FlushReport {
    /// Had all blocking subscriptions read everything?
    pub fn is_complete(&self) -> bool {
        self.undelivered == 0
    }
}

pub(super) fn flush<P: Send + Sync + 'static>(
    publisher: &Publisher<Event<P>>,
    within: Duration,
) -> FlushReport {
    let target = publisher.next_sequence();
    let mut undelivered = 0;
    wait_until(within, || {
        // In this order: events that come in between count as unread.
        let next = publisher.next_sequence();
        undelivered = target.saturating_sub(next.saturating_sub(publisher.len() as u64));
        undelivered == 0
    });
    FlushReport { undelivered }
}

/// Looks again and again until `done` or the time is over; answers the last look. A duration beyond the clock means for ever.
pub(super) fn wait_until(within: Duration, mut done: impl FnMut() -> bool) -> bool {
    let left = Countdown::after(within);
    loop {
        if done() {
            return true;
        }
        if left.left().is_zero() {
            return false;
        }
        park_until(&Deadline::NEVER, Some(SLICE.min(left.left())));
    }
}

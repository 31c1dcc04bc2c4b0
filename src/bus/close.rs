//! Closing a bus.

use super::flush::wait_until;
use crate::event::Event;
use crate::ring::Publisher;
use crate::trace;
use std::time::Duration;

/// What a closed bus had accepted, and what had not been read when `close` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what was not delivered"]
pub struct CloseReport {
    /// How many events the bus accepted in its life.
    pub accepted: u64,
    /// How many of them the slowest blocking subscription had not read, events of topics it did not ask for included.
    pub undelivered: u64,
}

impl CloseReport {
    /// Had all blocking subscriptions read everything?
    pub fn is_complete(&self) -> bool {
        self.undelivered == 0
    }
}

/// Closes the ring. Tells of it unless it was closed before; two who close it at once may both tell.
pub(super) fn shut<P: Send + Sync + 'static>(publisher: &Publisher<Event<P>>) {
    let first = !publisher.is_closed();
    publisher.close();
    if first {
        trace::closed(publisher.next_sequence());
    }
}

pub(super) fn close<P: Send + Sync + 'static>(
    publisher: &Publisher<Event<P>>,
    within: Duration,
) -> CloseReport {
    shut(publisher);
    wait_until(within, || publisher.is_empty());
    CloseReport { accepted: publisher.next_sequence(), undelivered: publisher.len() as u64 }
}

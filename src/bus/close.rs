//! Closing a bus.

use super::flush::flush;
use super::lanes::Lanes;
use std::time::Duration;

/// What a closed bus had accepted, and what had not been read when `close` returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what was not delivered"]
pub struct CloseReport {
    /// How many events the bus accepted in its life.
    pub accepted: u64,
    /// How many of them the slowest blocking subscription had not read, events of topics it did not ask for included; of all
    /// [lanes](super::BusBuilder::lane) together, each with a slowest one of its own.
    pub undelivered: u64,
    /// How many of them waited for queued subscriptions to take them, all queues together.
    pub queued: u64,
}

impl CloseReport {
    /// Had all blocking and queued subscriptions read everything?
    pub fn is_complete(&self) -> bool {
        self.undelivered == 0 && self.queued == 0
    }
}

pub(super) fn close<P: Send + Sync + 'static>(lanes: &Lanes<P>, within: Duration) -> CloseReport {
    lanes.close();
    let left = flush(lanes, within);
    CloseReport { accepted: lanes.accepted(), undelivered: left.undelivered, queued: left.queued }
}

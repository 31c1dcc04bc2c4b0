//! Waiting until what was accepted is delivered.

use super::lanes::Lanes;
use super::queue::Queue;
use crate::ring::{Publisher, Sequence};
use crate::sync::{Arc, Countdown, Deadline, park_until};
use std::time::Duration;

/// How long a wait sleeps between two looks.
const SLICE: Duration = Duration::from_micros(500);

/// What had not been read of the events that were accepted before a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says what was not delivered"]
pub struct FlushReport {
    /// How many of them the slowest blocking subscription had not read, events of topics it did not ask for included; of all
    /// [lanes](super::BusBuilder::lane) together, each with a slowest one of its own.
    pub undelivered: u64,
    /// How many of them waited for queued subscriptions to take them, all queues together; where the dispatcher had not come
    /// to an event yet, it counts for the queue whatever its topic.
    pub queued: u64,
}

impl FlushReport {
    /// Had all blocking and queued subscriptions read everything?
    pub fn is_complete(&self) -> bool {
        self.undelivered == 0 && self.queued == 0
    }
}

pub(super) fn flush<P: Send + Sync + 'static>(lanes: &Lanes<P>, within: Duration) -> FlushReport {
    let rings = lanes.all().map(|outlet| outlet.publisher());
    let rings: Vec<_> = rings.map(|publisher| (publisher, publisher.next_sequence())).collect();
    let mut queues: Vec<_> = lanes.main().dispatcher().queues().into_iter().map(Behind::new).collect();
    let mut report = FlushReport { undelivered: 0, queued: 0 };
    wait_until(within, || {
        report.undelivered = rings.iter().map(|(publisher, target)| unread(publisher, *target)).sum();
        report.queued = queues.iter_mut().map(Behind::left).sum();
        report.is_complete()
    });
    report
}

/// How many events before `target` the slowest blocking subscriber of a ring has not read.
fn unread<T: Send + Sync + 'static>(publisher: &Publisher<T>, target: Sequence) -> u64 {
    // In this order: events that come in between count as unread.
    let next = publisher.next_sequence();
    target.saturating_sub(next.saturating_sub(publisher.len() as u64))
}

/// How far a queue is with the events before a sequence.
struct Behind<P> {
    queue: Arc<Queue<P>>,
    target: Sequence,
    /// How many events had been put in when the dispatcher had come to that sequence.
    put: Option<u64>,
}

impl<P> Behind<P> {
    fn new(queue: Arc<Queue<P>>) -> Self {
        Self { target: queue.next_sequence(), queue, put: None }
    }

    /// How many events before that sequence were not handed out.
    fn left(&mut self) -> u64 {
        if self.queue.has_left() {
            return 0;
        }
        let settled = self.queue.settled();
        let Some(put) = self.put else {
            // In this order: events that come in between count as ahead.
            let place = self.queue.next_sequence().saturating_sub(self.queue.behind());
            let put = self.queue.put_in();
            if place >= self.target {
                self.put = Some(put);
            }
            return self.target.saturating_sub(place) + put.saturating_sub(settled);
        };
        put.saturating_sub(settled)
    }
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

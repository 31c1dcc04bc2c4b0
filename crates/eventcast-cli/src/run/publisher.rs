//! One publishing thread.

use super::{Delivery, latencies, nanoseconds};
use crate::clock::now;
use crate::input::InputEvent;
use crate::stop::Stop;
use eventcast::{PublishError, Sequence, Topic};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Instant;

/// What one publisher did.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) offered: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: Refused,
    /// Accepted once all subscribers had joined, by event of the input.
    pub(crate) accepted_by_event: Vec<u64>,
    /// The last ones accepted before, as many as the ring keeps: sequence and event of the input.
    pub(crate) history: VecDeque<(Sequence, usize)>,
    /// Nanoseconds of each publish call.
    pub(crate) calls: Histogram<u64>,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
}

/// Refused events, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Refused {
    pub(crate) closed: u64,
    pub(crate) timeout: u64,
    pub(crate) other: u64,
}

impl Refused {
    pub(crate) fn total(&self) -> u64 {
        self.closed + self.timeout + self.other
    }

    fn count(&mut self, error: &PublishError<Delivery>) {
        match error {
            PublishError::Closed(_) => self.closed += 1,
            PublishError::Timeout(_) => self.timeout += 1,
            _ => self.other += 1,
        }
    }
}

/// What the publishers of a run share.
pub(super) struct Job<'a> {
    pub(super) publishers: u64,
    pub(super) records: &'a [InputEvent],
    pub(super) stop: &'a Stop,
}

/// A part of the run, by what subscribers see of it.
#[derive(Clone, Copy)]
pub(super) enum Phase {
    /// Subscribers are going to start at one of the last so many events.
    BeforeJoining { kept: usize },
    /// All subscribers have joined.
    Joined,
}

impl Published {
    pub(super) fn new(records: usize) -> Self {
        let now = now();
        Self {
            offered: 0,
            accepted: 0,
            refused: Refused::default(),
            accepted_by_event: vec![0; records],
            history: VecDeque::new(),
            calls: latencies(),
            began: now,
            ended: now,
        }
    }

    fn accept(&mut self, phase: Phase, sequence: Sequence, event: usize) {
        self.accepted += 1;
        match phase {
            Phase::BeforeJoining { kept } => {
                self.history.push_back((sequence, event));
                if self.history.len() > kept {
                    self.history.pop_front();
                }
            }
            Phase::Joined => self.accepted_by_event[event] += 1,
        }
    }
}

/// Publishes the share of publisher `number` in a part of the run, and adds it to what was published before. Its share is
/// every event of which the number in the whole run, counted over all repetitions, leaves that rest.
pub(super) fn publish(
    job: &Job<'_>,
    number: u64,
    part: Range<u64>,
    phase: Phase,
    topics: &[Topic<Delivery>],
    mut published: Published,
) -> Published {
    let Job { publishers, records, stop } = *job;
    let before = part.start.saturating_sub(number).div_ceil(publishers);
    let mut next = before.checked_mul(publishers).and_then(|next| next.checked_add(number));
    while let Some(at) = next.filter(|at| part.contains(at) && !stop.is_set()) {
        let event = (at % records.len() as u64) as usize;
        let InputEvent { topic, text, data } = &records[event];
        let (text, data) = (text.clone(), data.clone());
        let offered = now();
        published.offered += 1;
        let result = topics[*topic].publish(Delivery { text, data, offered });
        published.ended = now();
        published.calls.saturating_record(nanoseconds(published.ended - offered));
        match result {
            Ok(sequence) => published.accept(phase, sequence, event),
            Err(error) => {
                published.refused.count(&error);
                if error.is_closed() {
                    break;
                }
            }
        }
        next = at.checked_add(publishers);
    }
    published
}

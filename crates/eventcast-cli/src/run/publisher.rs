//! One publishing thread.

use super::{Delivery, latencies, nanoseconds};
use crate::clock::now;
use crate::input::InputEvent;
use crate::stop::Stop;
use eventcast::{PublishError, Topic};
use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Instant;

/// What one publisher did.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) offered: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: Refused,
    /// Accepted, by event of the input.
    pub(crate) accepted_by_event: Vec<u64>,
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

/// Publishes the share of publisher `number` of `publishers`: every event of which the number in the whole run, counted over
/// all repetitions, leaves that rest.
pub(super) fn publish(
    number: u64,
    publishers: u64,
    total: u64,
    records: &[InputEvent],
    topics: &[Topic<Delivery>],
    stop: &Stop,
) -> Published {
    let began = now();
    let mut published = Published {
        offered: 0,
        accepted: 0,
        refused: Refused::default(),
        accepted_by_event: vec![0; records.len()],
        calls: latencies(),
        began,
        ended: began,
    };
    let mut next = number;
    while next < total && !stop.is_set() {
        let event = (next % records.len() as u64) as usize;
        let InputEvent { topic, text } = &records[event];
        let text = text.clone();
        let offered = now();
        published.offered += 1;
        let result = topics[*topic].publish(Delivery { text, offered });
        published.ended = now();
        published.calls.saturating_record(nanoseconds(published.ended - offered));
        match result {
            Ok(_) => {
                published.accepted += 1;
                published.accepted_by_event[event] += 1;
            }
            Err(error) => {
                published.refused.count(&error);
                if error.is_closed() {
                    break;
                }
            }
        }
        next = match next.checked_add(publishers) {
            Some(next) => next,
            None => break,
        };
    }
    published
}

//! Where a subscription starts.

use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{self, Publisher, Sequence, Subscriber};
use crate::sync::Moment;
use std::time::SystemTime;

/// How many events a start by time looks at together; as few as a subscription that nobody waits for reads.
const RUN: usize = 8;

/// Where a subscription starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Start {
    /// With the next event. The default.
    #[default]
    Now,
    /// With the oldest of the newest `capacity` events.
    Oldest,
    /// With the event of this sequence, if it is among the newest `capacity` or is the next one.
    Sequence(Sequence),
    /// With the oldest event that is still kept and that the bus took at this time or later by its
    /// [clock](super::BusBuilder::clock), whatever [`time`](super::EventBuilder::time) says of it; with the next event if there
    /// is none yet. [`Bus::now`](super::Bus::now) is a time of that clock.
    Time(SystemTime),
}

impl From<ring::Start> for Start {
    fn from(start: ring::Start) -> Self {
        match start {
            ring::Start::Now => Self::Now,
            ring::Start::Oldest => Self::Oldest,
            ring::Start::Sequence(sequence) => Self::Sequence(sequence),
        }
    }
}

impl Start {
    /// What the ring can do for it.
    pub(super) fn in_ring(self) -> ring::Start {
        match self {
            Self::Now => ring::Start::Now,
            Self::Oldest | Self::Time(_) => ring::Start::Oldest,
            Self::Sequence(sequence) => ring::Start::Sequence(sequence),
        }
    }
}

/// Where a subscription has started, and what its subscriber had missed by then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Joined {
    pub(super) sequence: Sequence,
    pub(super) lost_before: u64,
}

impl Joined {
    /// Where a fresh subscriber stands; with a time, after it has read past everything older that was there.
    pub(super) fn new<P: Send + Sync + 'static>(
        subscriber: &mut Subscriber<Event<P>>,
        publisher: &Publisher<Event<P>>,
        start: Start,
    ) -> Self {
        let end = publisher.next_sequence();
        let (lost, next) = standing(subscriber);
        let sequence = match start {
            Start::Time(time) => skip_older(subscriber, next - lost, end, time.into()),
            _ => next - lost,
        };
        let (lost, next) = standing(subscriber);
        Self { sequence, lost_before: lost - (next - sequence) }
    }
}

/// What it has lost, and where it would go on; publishers may be moving it.
fn standing<T>(subscriber: &Subscriber<T>) -> (u64, Sequence) {
    loop {
        let lost = subscriber.lost();
        let next = subscriber.sequence();
        if subscriber.lost() == lost {
            return (lost, next);
        }
    }
}

/// Reads past the events from `at` to before `end` that the bus took before `time`; says where that ended.
fn skip_older<P>(
    subscriber: &mut Subscriber<Event<P>>,
    mut at: Sequence,
    end: Sequence,
    time: Moment,
) -> Sequence {
    while at < end {
        match subscriber.batch(RUN.min((end - at) as usize)) {
            Ok(batch) => {
                let older = batch.iter().take_while(|event| event.published() < time).count();
                let done = older < batch.len();
                at = batch.sequence() + older as u64;
                batch.release_first(older);
                if done {
                    break;
                }
            }
            // Gone before it was looked at: nothing that this subscription had begun to read.
            Err(TryRecvError::Lagged(missed)) => at += missed,
            Err(_) => break,
        }
    }
    at
}

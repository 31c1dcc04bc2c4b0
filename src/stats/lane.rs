//! What is known of one lane, and how it becomes part of what is known of its bus.

use super::snapshot::Snapshot;
use crate::topic::TopicPattern;

/// One lane of a bus in a [`Snapshot`]; see [`BusBuilder::lane`](crate::BusBuilder::lane).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaneSnapshot {
    /// The topics that it has, unless a lane that was given before has them.
    pub pattern: TopicPattern,
    /// Events published to them with success.
    pub accepted: u64,
    /// How many events it keeps.
    pub capacity: u64,
    /// Events that its slowest blocking subscription has not read.
    pub backlog: u64,
}

impl LaneSnapshot {
    /// How full it is for its publishers, 0 to 1.
    pub fn fill(&self) -> f64 {
        self.backlog as f64 / self.capacity as f64
    }

    pub(super) fn since(&self, earlier: &[Self]) -> Self {
        let before = earlier.iter().find(|lane| lane.pattern == self.pattern).map_or(0, |lane| lane.accepted);
        Self { accepted: self.accepted.saturating_sub(before), ..self.clone() }
    }
}

impl Snapshot {
    /// Adds what is known of a lane's ring.
    pub(crate) fn add_lane(&mut self, pattern: &TopicPattern, mut lane: Snapshot) {
        self.lanes.push(LaneSnapshot {
            pattern: pattern.clone(),
            accepted: lane.stats.accepted,
            capacity: lane.capacity,
            backlog: lane.backlog,
        });
        self.stats.add(&lane.stats);
        self.totals.add_all(&lane.totals);
        self.closed &= lane.closed;
        self.drop_panics += lane.drop_panics;
        self.publish_time.add(&lane.publish_time);
        self.delivery_time.add(&lane.delivery_time);
        lane.subscriptions.iter_mut().for_each(|part| part.lane = Some(pattern.clone()));
        self.subscriptions.append(&mut lane.subscriptions);
        self.subscriptions.sort_by_key(|subscription| subscription.info.id);
        self.topics.append(&mut lane.topics);
        self.topics.sort_by_key(|topic| topic.id);
    }
}

//! Everything that is known of a bus at one moment.

use super::histogram::Histogram;
use super::lane::LaneSnapshot;
use super::subscription::{LostBy, SubscriptionSnapshot};
use crate::bus::{Stats, TopicStats};

/// What [`Bus::snapshot`](crate::Bus::snapshot) has found.
///
/// Exact at a moment at which no call is in progress. Otherwise the numbers are from slightly different moments, and each is
/// right for its own.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// What has happened on the bus.
    pub stats: Stats,
    /// What has become of events in all subscriptions together, those included that have left.
    pub totals: Totals,
    /// How many events the bus keeps of topics that no lane has.
    pub capacity: u64,
    /// Events of such topics that the slowest blocking subscription has not read.
    pub backlog: u64,
    /// The [lanes](crate::BusBuilder::lane), in the order in which they were given.
    pub lanes: Vec<LaneSnapshot>,
    /// Is the bus closed?
    pub closed: bool,
    /// How many panics of events' own `Drop` the bus has contained.
    pub drop_panics: u64,
    /// One event in so many is timed; 0 for none. See [`BusBuilder::sample`](crate::BusBuilder::sample).
    pub sample: u64,
    /// How long publishing took, from the call to the moment at which readers could see the event, waiting for room
    /// included.
    pub publish_time: Histogram,
    /// How long events took from the call of publish to their hand-out, in all subscriptions together.
    pub delivery_time: Histogram,
    /// The subscriptions that there are, in the order in which they came, one that reads several lanes once for each of them; those
    /// as well that are no longer [listed](crate::Bus::subscriptions) and were not dropped yet.
    pub subscriptions: Vec<SubscriptionSnapshot>,
    /// The topics that there are; see [`Bus::topics`](crate::Bus::topics).
    pub topics: Vec<TopicStats>,
}

impl Snapshot {
    /// How full the bus is for its publishers, 0 to 1: the backlog of the slowest blocking subscription; of the fullest lane if
    /// that is fuller.
    pub fn fill(&self) -> f64 {
        let main = self.backlog.min(self.capacity) as f64 / self.capacity as f64;
        self.lanes.iter().map(LaneSnapshot::fill).fold(main, f64::max)
    }

    /// The subscriptions that are at least `fill` full: 1.0 for those with full buffers.
    pub fn slow(&self, fill: f64) -> impl Iterator<Item = &SubscriptionSnapshot> {
        self.subscriptions.iter().filter(move |subscription| subscription.fill() >= fill)
    }

    /// What has happened since an earlier snapshot of the same bus: counts and times are differences, everything else is as it is now. A
    /// subscription that has come since counts from its beginning, one that has left shows in the totals alone.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// bus.publish("tick", 1)?;
    /// let earlier = bus.snapshot();
    /// bus.publish("tick", 2)?;
    /// assert_eq!(bus.snapshot().since(&earlier).stats.accepted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |now: &SubscriptionSnapshot| {
            earlier
                .subscriptions
                .iter()
                .find(|before| before.info.id == now.info.id && before.lane == now.lane)
        };
        let subscriptions = self.subscriptions.iter().map(|now| match before(now) {
            Some(before) => now.since(before),
            None => now.clone(),
        });
        Self {
            stats: self.stats.since(&earlier.stats),
            totals: self.totals.since(&earlier.totals),
            drop_panics: self.drop_panics.saturating_sub(earlier.drop_panics),
            publish_time: self.publish_time.since(&earlier.publish_time),
            delivery_time: self.delivery_time.since(&earlier.delivery_time),
            subscriptions: subscriptions.collect(),
            topics: self.topics.iter().map(|topic| topic.since(&earlier.topics)).collect(),
            lanes: self.lanes.iter().map(|lane| lane.since(&earlier.lanes)).collect(),
            ..self.clone()
        }
    }
}

/// What has become of events in all subscriptions of a bus together: an event that two have got counts twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Events handed to readers.
    pub delivered: u64,
    /// Events that subscriptions read past: of other topics, or because their filter said no or panicked.
    pub filtered: u64,
    /// How often filters of subscriptions panicked.
    pub filter_panics: u64,
    /// Events that were too old when a subscription came to them.
    pub expired: u64,
    /// Events lost, by reason.
    pub lost_by: LostBy,
}

impl Totals {
    pub(super) fn add_all(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.filtered += other.filtered;
        self.filter_panics += other.filter_panics;
        self.expired += other.expired;
        self.lost_by.add(&other.lost_by);
    }

    pub(crate) fn add(&mut self, subscription: &SubscriptionSnapshot) {
        let stats = &subscription.stats;
        self.delivered += stats.delivered;
        self.filtered += stats.filtered;
        self.filter_panics += stats.filter_panics;
        self.expired += stats.expired;
        self.lost_by.add(&subscription.lost_by);
    }

    fn since(&self, earlier: &Self) -> Self {
        Self {
            delivered: self.delivered.saturating_sub(earlier.delivered),
            filtered: self.filtered.saturating_sub(earlier.filtered),
            filter_panics: self.filter_panics.saturating_sub(earlier.filter_panics),
            expired: self.expired.saturating_sub(earlier.expired),
            lost_by: self.lost_by.since(&earlier.lost_by),
        }
    }
}

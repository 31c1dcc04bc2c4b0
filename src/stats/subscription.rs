//! What is known of one subscription.

use super::histogram::Histogram;
use crate::bus::{SubscriptionInfo, SubscriptionStats};
use crate::ring::Overflow;
use crate::topic::TopicPattern;

/// One subscription in a [`Snapshot`](super::Snapshot).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SubscriptionSnapshot {
    /// Which one it is.
    pub info: SubscriptionInfo,
    /// The pattern of the lane of which the rest speaks; `None` for topics that no lane has.
    pub lane: Option<TopicPattern>,
    /// What has become of the events since it joined.
    pub stats: SubscriptionStats,
    /// Why it lost what it lost: [`SubscriptionStats::lost`] by reason.
    pub lost_by: LostBy,
    /// The most events that were ahead of it. Looked at now and then by its reader (at least once in 256 events, or in a
    /// sixteenth of the capacity if that is less), and by every snapshot.
    pub max_ahead: u64,
    /// Events that its reader has taken and not let go. In a closure that is running they are counted already; in a guard they are
    /// among [`ahead`](SubscriptionStats::ahead), and those that were taken out of a queue among
    /// [`queued`](SubscriptionStats::queued).
    pub held: u64,
    /// Of those held: not counted yet.
    pub(crate) guarded: u64,
    /// How many events fit between it and its publishers: into its queue, or into the bus.
    pub capacity: u64,
    /// How long its reader took for sampled events: from their hand-out to the end of the closure of
    /// [`drain`](crate::Subscription::drain), otherwise to its next receive.
    pub handling_time: Histogram,
}

impl SubscriptionSnapshot {
    /// How full what lies between it and its publishers is: 1 is full. For a queued one, its queue, 0 to 1, without what was taken
    /// out. For a direct one, the bus, with what it holds; one that nobody waits for can be further behind than the capacity.
    pub fn fill(&self) -> f64 {
        let taken = match self.info.queue_overflow {
            // The counts are of slightly different moments while it is read and filled.
            Some(_) => self.stats.queued.saturating_sub(self.guarded).min(self.capacity),
            None => self.held + self.beyond(),
        };
        taken as f64 / self.capacity as f64
    }

    /// Events ahead of it beyond those that it holds, those in its queue included.
    pub(super) fn beyond(&self) -> u64 {
        (self.stats.queued + self.stats.ahead).saturating_sub(self.guarded)
    }

    /// Since an earlier snapshot of the same subscription. What is not a count stays as it is now.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            stats: self.stats.since(&earlier.stats),
            lost_by: self.lost_by.since(&earlier.lost_by),
            handling_time: self.handling_time.since(&earlier.handling_time),
            ..self.clone()
        }
    }
}

/// Lost events by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostBy {
    /// Newer events took their place in the bus before a lagging subscription came to them.
    pub overwritten: u64,
    /// The subscription was removed by its own overflow policy before it came to them.
    pub disconnected: u64,
    /// The queue that the subscription has for itself was full.
    pub queue_full: u64,
    /// The payload's `Clone` panicked on the way into a queue.
    pub clone_panicked: u64,
}

impl LostBy {
    /// Of a subscription that reads the ring.
    pub(crate) fn in_ring(overflow: Overflow, lost: u64) -> Self {
        match overflow {
            Overflow::Disconnect => Self { disconnected: lost, ..Self::default() },
            _ => Self { overwritten: lost, ..Self::default() },
        }
    }

    /// Reason and number, for all reasons there are.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { overwritten, disconnected, queue_full, clone_panicked } = *self;
        [
            ("overwritten", overwritten),
            ("disconnected", disconnected),
            ("queue_full", queue_full),
            ("clone_panicked", clone_panicked),
        ]
        .into_iter()
    }

    /// Lost for any reason.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, n)| n).sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.overwritten += other.overwritten;
        self.disconnected += other.disconnected;
        self.queue_full += other.queue_full;
        self.clone_panicked += other.clone_panicked;
    }

    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            overwritten: self.overwritten.saturating_sub(earlier.overwritten),
            disconnected: self.disconnected.saturating_sub(earlier.disconnected),
            queue_full: self.queue_full.saturating_sub(earlier.queue_full),
            clone_panicked: self.clone_panicked.saturating_sub(earlier.clone_panicked),
        }
    }
}

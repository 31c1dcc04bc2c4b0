//! Counts of a bus and of a subscription.

use super::queue::QueueOverflow;
use crate::ring::{Overflow, Sequence, SubscriberId};
use crate::sync::{AtomicU64, Ordering::Relaxed};
use crate::topic::TopicPattern;

/// A count of something rare.
#[derive(Debug)]
pub(super) struct Count(AtomicU64);

impl Default for Count {
    fn default() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Count {
    #[cold]
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Publishes that a bus refused, by reason. Touched only when one is refused.
#[derive(Debug, Default)]
pub(super) struct Refused {
    pub(super) full: Count,
    pub(super) timeout: Count,
    pub(super) closed: Count,
    pub(super) invalid_topic: Count,
    pub(super) invalid_id: Count,
    pub(super) too_large: Count,
    pub(super) would_deadlock: Count,
    pub(super) filtered: Count,
    /// Of those filtered: because the filter panicked.
    pub(super) filter_panics: Count,
}

impl Refused {
    pub(super) fn stats(&self, accepted: u64) -> Stats {
        Stats {
            accepted,
            refused_full: self.full.get(),
            refused_timeout: self.timeout.get(),
            refused_closed: self.closed.get(),
            refused_invalid_topic: self.invalid_topic.get(),
            refused_invalid_id: self.invalid_id.get(),
            refused_too_large: self.too_large.get(),
            refused_would_deadlock: self.would_deadlock.get(),
            refused_filtered: self.filtered.get(),
            filter_panics: self.filter_panics.get(),
            ..Stats::default()
        }
    }
}

/// Events that no subscription wanted.
#[derive(Debug, Default)]
pub(super) struct Unrouted {
    pub(super) events: Count,
    /// Of the callback.
    pub(super) panics: Count,
}

impl Unrouted {
    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.unrouted = self.events.get();
        stats.unrouted_panics = self.panics.get();
    }
}

/// What has happened on a bus: `offered = accepted + refused`, `accepted = routed + unrouted`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Events published with success.
    pub accepted: u64,
    /// Refused by a `try_publish` because there was no room at that moment.
    pub refused_full: u64,
    /// Refused because there was no room within the time.
    pub refused_timeout: u64,
    /// Refused because the bus was closed.
    pub refused_closed: u64,
    /// Refused because the topic's name broke the rules.
    pub refused_invalid_topic: u64,
    /// Refused because the event's id was empty or too long.
    pub refused_invalid_id: u64,
    /// Refused because the payload was too large, or its size could not be found.
    pub refused_too_large: u64,
    /// Refused because there was no room, on a thread of the bus itself, which must not wait for it.
    pub refused_would_deadlock: u64,
    /// Refused because the bus's filter said no, or panicked.
    pub refused_filtered: u64,
    /// How often the bus's filter panicked; each of those events counts as filtered.
    pub filter_panics: u64,
    /// Of those accepted: no subscription wanted them when they were published.
    pub unrouted: u64,
    /// How often [`on_unrouted`](super::BusBuilder::on_unrouted) panicked.
    pub unrouted_panics: u64,
    /// Subscriptions at this moment: as many as [`Bus::subscriptions`](super::Bus::subscriptions) lists.
    pub subscriptions: usize,
    /// Topics at this moment; see [`Bus::topics`](super::Bus::topics).
    pub topics: usize,
    /// Topics that have left because nothing referred to them.
    pub topics_evicted: u64,
    /// Of those accepted: published to topics that have left. 0 without [`statistics`](super::BusBuilder::statistics).
    pub evicted: u64,
}

impl Stats {
    /// Publishes refused for any reason.
    pub fn refused(&self) -> u64 {
        self.refused_full
            + self.refused_timeout
            + self.refused_closed
            + self.refused_invalid_topic
            + self.refused_invalid_id
            + self.refused_too_large
            + self.refused_would_deadlock
            + self.refused_filtered
    }

    /// Accepted events that a subscription wanted when they were published.
    pub fn routed(&self) -> u64 {
        self.accepted.saturating_sub(self.unrouted)
    }

    /// Publishes tried.
    pub fn offered(&self) -> u64 {
        self.accepted + self.refused()
    }

    /// Adds what has happened on another ring of the same bus.
    pub(crate) fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.refused_full += other.refused_full;
        self.refused_timeout += other.refused_timeout;
        self.refused_closed += other.refused_closed;
        self.refused_invalid_topic += other.refused_invalid_topic;
        self.refused_invalid_id += other.refused_invalid_id;
        self.refused_too_large += other.refused_too_large;
        self.refused_would_deadlock += other.refused_would_deadlock;
        self.refused_filtered += other.refused_filtered;
        self.filter_panics += other.filter_panics;
        self.unrouted += other.unrouted;
        self.unrouted_panics += other.unrouted_panics;
        self.subscriptions += other.subscriptions;
        self.topics += other.topics;
        self.topics_evicted += other.topics_evicted;
        self.evicted += other.evicted;
    }

    /// What has happened since; what is no count stays as it is now.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            accepted: self.accepted.saturating_sub(earlier.accepted),
            refused_full: self.refused_full.saturating_sub(earlier.refused_full),
            refused_timeout: self.refused_timeout.saturating_sub(earlier.refused_timeout),
            refused_closed: self.refused_closed.saturating_sub(earlier.refused_closed),
            refused_invalid_topic: self.refused_invalid_topic.saturating_sub(earlier.refused_invalid_topic),
            refused_invalid_id: self.refused_invalid_id.saturating_sub(earlier.refused_invalid_id),
            refused_too_large: self.refused_too_large.saturating_sub(earlier.refused_too_large),
            refused_would_deadlock: self
                .refused_would_deadlock
                .saturating_sub(earlier.refused_would_deadlock),
            refused_filtered: self.refused_filtered.saturating_sub(earlier.refused_filtered),
            filter_panics: self.filter_panics.saturating_sub(earlier.filter_panics),
            unrouted: self.unrouted.saturating_sub(earlier.unrouted),
            unrouted_panics: self.unrouted_panics.saturating_sub(earlier.unrouted_panics),
            subscriptions: self.subscriptions,
            topics: self.topics,
            topics_evicted: self.topics_evicted.saturating_sub(earlier.topics_evicted),
            evicted: self.evicted.saturating_sub(earlier.evicted),
        }
    }
}

/// One of the topics of a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicStats {
    /// Its name.
    pub name: Box<str>,
    /// Its number, never used again on its bus: a topic that leaves and comes back has another.
    pub id: u64,
    /// Events published to it with success. 0 without [`statistics`](super::BusBuilder::statistics).
    pub published: u64,
}

impl TopicStats {
    /// Since it was seen earlier; from its beginning if it was not.
    pub(crate) fn since(&self, earlier: &[Self]) -> Self {
        let before = earlier.iter().find(|topic| topic.id == self.id).map_or(0, |topic| topic.published);
        Self { published: self.published.saturating_sub(before), ..self.clone() }
    }
}

/// One of the subscriptions of a bus.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionInfo {
    /// The number by which errors name it.
    pub id: SubscriberId,
    /// The topics it reads.
    pub pattern: TopicPattern,
    /// The name it was [given](super::SubscriptionBuilder::name).
    pub name: Option<Box<str>>,
    /// What happens when it is a full ring behind.
    pub overflow: Overflow,
    /// What happens when its queue is full; `None` for a direct one.
    pub queue_overflow: Option<QueueOverflow>,
}

/// What has become of the events since a subscription joined.
///
/// At any moment at which nobody publishes, `published since it joined = delivered + filtered + expired + lost + queued + ahead`,
/// where what was published since it joined is [`Stats::accepted`] less [`joined`](Self::joined); on a bus with
/// [lanes](super::BusBuilder::lane), what the lanes that it reads have accepted, less that. A disconnected subscription counts up to the event that
/// found it a full ring behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// The sequence it started at; of one that reads several [lanes](super::BusBuilder::lane) the sum of theirs.
    pub joined: Sequence,
    /// Events handed to the reader; those of a [guard](super::Batch) once it lets them go.
    pub delivered: u64,
    /// Events that it read past: of other topics, or because its filter said no or panicked.
    pub filtered: u64,
    /// How often its filter panicked; each of those events counts as filtered.
    pub filter_panics: u64,
    /// Events of its topics that were older than [`max_age`](super::BusBuilder::max_age) when it came to them.
    pub expired: u64,
    /// Events it missed, those included that no receive has reported yet. They may be of any topic.
    pub lost: u64,
    /// Events that wait in its queue, or were taken out and not handed out yet, those in a guard included; 0 for a direct one.
    pub queued: u64,
    /// Events ahead of it, of any topic, those in a guard included; of a queued one, ahead of the dispatcher.
    pub ahead: u64,
}

impl SubscriptionStats {
    /// Together with those of another lane.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            joined: self.joined + other.joined,
            delivered: self.delivered + other.delivered,
            filtered: self.filtered + other.filtered,
            filter_panics: self.filter_panics + other.filter_panics,
            expired: self.expired + other.expired,
            lost: self.lost + other.lost,
            queued: self.queued + other.queued,
            ahead: self.ahead + other.ahead,
        }
    }

    /// Everything accounted for.
    pub fn total(&self) -> u64 {
        self.delivered + self.filtered + self.expired + self.lost + self.queued + self.ahead
    }

    /// What has happened since; what is no count stays as it is now.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            joined: self.joined,
            delivered: self.delivered.saturating_sub(earlier.delivered),
            filtered: self.filtered.saturating_sub(earlier.filtered),
            filter_panics: self.filter_panics.saturating_sub(earlier.filter_panics),
            expired: self.expired.saturating_sub(earlier.expired),
            lost: self.lost.saturating_sub(earlier.lost),
            queued: self.queued,
            ahead: self.ahead,
        }
    }
}

//! Counts of a bus and of a subscription.

use crate::ring::Sequence;
use crate::sync::{AtomicU64, Ordering::Relaxed};

/// Publishes that a bus refused, by reason. Touched only when one is refused.
#[derive(Debug)]
pub(super) struct Refused {
    full: AtomicU64,
    timeout: AtomicU64,
    closed: AtomicU64,
    invalid_topic: AtomicU64,
}

impl Default for Refused {
    fn default() -> Self {
        Self {
            full: AtomicU64::new(0),
            timeout: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            invalid_topic: AtomicU64::new(0),
        }
    }
}

impl Refused {
    #[cold]
    pub(super) fn full(&self) {
        self.full.fetch_add(1, Relaxed);
    }

    #[cold]
    pub(super) fn timeout(&self) {
        self.timeout.fetch_add(1, Relaxed);
    }

    #[cold]
    pub(super) fn closed(&self) {
        self.closed.fetch_add(1, Relaxed);
    }

    #[cold]
    pub(super) fn invalid_topic(&self) {
        self.invalid_topic.fetch_add(1, Relaxed);
    }

    pub(super) fn stats(&self, accepted: u64, subscriptions: usize, topics: usize) -> Stats {
        Stats {
            accepted,
            refused_full: self.full.load(Relaxed),
            refused_timeout: self.timeout.load(Relaxed),
            refused_closed: self.closed.load(Relaxed),
            refused_invalid_topic: self.invalid_topic.load(Relaxed),
            subscriptions,
            topics,
        }
    }
}

/// What has happened on a bus: `offered = accepted + refused`.
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
    /// Subscriptions at this moment.
    pub subscriptions: usize,
    /// Topics that the bus has heard of.
    pub topics: usize,
}

impl Stats {
    /// Publishes refused for any reason.
    pub fn refused(&self) -> u64 {
        self.refused_full + self.refused_timeout + self.refused_closed + self.refused_invalid_topic
    }

    /// Publishes tried.
    pub fn offered(&self) -> u64 {
        self.accepted + self.refused()
    }
}

/// What has become of the events since a subscription joined.
///
/// At any moment at which nobody publishes, `published since it joined = delivered + filtered + lost + ahead`, where what was
/// published since it joined is [`Stats::accepted`] less [`joined`](Self::joined). A disconnected subscription counts up to
/// the event that found it a full ring behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionStats {
    /// The sequence it started at.
    pub joined: Sequence,
    /// Events handed to the reader.
    pub delivered: u64,
    /// Events of other topics that it read past.
    pub filtered: u64,
    /// Events it missed, those included that no receive has reported yet. They may be of any topic.
    pub lost: u64,
    /// Events ahead of it, of any topic.
    pub ahead: u64,
}

impl SubscriptionStats {
    /// Everything accounted for.
    pub fn total(&self) -> u64 {
        self.delivered + self.filtered + self.lost + self.ahead
    }
}

//! The equations that hold when nothing was lost in silence.

use eventcast::SubscriptionStats;
use serde::Serialize;

/// `offered = accepted + refused`, of a publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PublisherAccount {
    pub(crate) offered: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) balanced: bool,
}

impl PublisherAccount {
    pub(crate) fn new(offered: u64, accepted: u64, refused: u64) -> Self {
        Self { offered, accepted, refused, balanced: offered == accepted + refused }
    }
}

/// `published since it joined = delivered + filtered + lost + queued + ahead + missed`, of a subscriber. What was published is
/// the publishers' own count, the rest the subscriber's; but for what it missed after it was disconnected, which is what
/// remains, as nobody counts for a subscriber that has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SubscriberAccount {
    pub(crate) published: u64,
    pub(crate) delivered: u64,
    pub(crate) filtered: u64,
    pub(crate) lost: u64,
    pub(crate) queued: u64,
    pub(crate) ahead: u64,
    pub(crate) missed: u64,
    pub(crate) balanced: bool,
}

impl SubscriberAccount {
    pub(crate) fn new(published: u64, stats: &SubscriptionStats, disconnected: bool) -> Self {
        let SubscriptionStats { delivered, filtered, lost, queued, ahead, .. } = *stats;
        let counted = delivered + filtered + lost + queued + ahead;
        let missed = if disconnected { published.saturating_sub(counted) } else { 0 };
        let balanced = published == counted + missed;
        Self { published, delivered, filtered, lost, queued, ahead, missed, balanced }
    }
}

/// What a subscriber read, beside what was published to topics of its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Number and checksum are the same.
    Equal,
    /// It lost events, as it may, so they cannot be the same.
    Lossy,
    /// Its queue was full and it was disconnected, as it wished, so they need not be the same.
    Disconnected,
    /// It lost nothing, or may not lose anything, and they differ.
    Differs,
}

impl Verdict {
    pub(crate) fn new(equal: bool, lossless: bool, lost: u64) -> Self {
        match (lossless, lost) {
            (false, 1..) => Self::Lossy,
            (true, 1..) => Self::Differs,
            (_, 0) if equal => Self::Equal,
            (_, 0) => Self::Differs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_balance_or_not() {
        assert!(PublisherAccount::new(5, 3, 2).balanced);
        assert!(!PublisherAccount::new(5, 3, 1).balanced);
        let mut stats = SubscriptionStats::default();
        (stats.delivered, stats.filtered, stats.lost, stats.queued, stats.ahead) = (1, 2, 3, 4, 5);
        assert!(SubscriberAccount::new(15, &stats, false).balanced);
        assert!(!SubscriberAccount::new(14, &stats, false).balanced);
        assert!(!SubscriberAccount::new(16, &stats, false).balanced);
        let disconnected = SubscriberAccount::new(16, &stats, true);
        assert_eq!((disconnected.missed, disconnected.balanced), (1, true));
        assert!(!SubscriberAccount::new(14, &stats, true).balanced);
    }

    #[test]
    fn a_lossless_subscriber_has_to_be_equal() {
        assert_eq!(Verdict::new(true, true, 0), Verdict::Equal);
        assert_eq!(Verdict::new(false, true, 0), Verdict::Differs);
        assert_eq!(Verdict::new(true, true, 1), Verdict::Differs);
        assert_eq!(Verdict::new(true, false, 0), Verdict::Equal);
        assert_eq!(Verdict::new(false, false, 0), Verdict::Differs);
        assert_eq!(Verdict::new(false, false, 1), Verdict::Lossy);
    }
}

//! What a subscription asks for, and what has become of the events.

use super::Fact;
use eventcast::SubscriptionStats;

/// A subscription's own filter, by payload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Filter {
    All,
    Odd,
    /// Says no to some, and panics for others.
    Bangs,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Wanted,
    OtherTopic,
    Unwanted,
    Panicked,
}

impl Filter {
    pub(crate) fn judge(self, payload: u64) -> Verdict {
        match self {
            Self::All => Verdict::Wanted,
            Self::Odd if payload % 2 == 1 => Verdict::Wanted,
            Self::Bangs if payload.is_multiple_of(5) => Verdict::Panicked,
            Self::Bangs if !payload.is_multiple_of(3) => Verdict::Wanted,
            _ => Verdict::Unwanted,
        }
    }
}

/// What a subscription asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks {
    pub(crate) pattern: &'static str,
    pub(crate) filter: Filter,
}

impl Asks {
    pub(crate) fn wants_topic(&self, topic: &str) -> bool {
        let pattern: Vec<_> = self.pattern.split('.').collect();
        matches(&pattern, &topic.split('.').collect::<Vec<_>>())
    }

    pub(crate) fn judge(&self, fact: &Fact) -> Verdict {
        if self.wants_topic(fact.topic) { self.filter.judge(fact.payload) } else { Verdict::OtherTopic }
    }
}

/// The definition, word for word.
fn matches(pattern: &[&str], topic: &[&str]) -> bool {
    match (pattern, topic) {
        ([], []) => true,
        ([">"], [_, ..]) => true,
        (["*", pattern @ ..], [_, topic @ ..]) => matches(pattern, topic),
        ([token, pattern @ ..], [name, topic @ ..]) => token == name && matches(pattern, topic),
        _ => false,
    }
}

/// What has become of the events of one subscription.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) joined: u64,
    pub(crate) delivered: u64,
    pub(crate) filtered: u64,
    pub(crate) filter_panics: u64,
    /// Of those filtered: of its topics.
    pub(crate) unwanted: u64,
}

impl Tally {
    pub(super) fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Wanted => self.delivered += 1,
            Verdict::OtherTopic => self.filtered += 1,
            Verdict::Unwanted | Verdict::Panicked => {
                self.filtered += 1;
                self.unwanted += 1;
                self.filter_panics += u64::from(verdict == Verdict::Panicked);
            }
        }
    }

    pub(super) fn stats(&self, lost: u64, queued: u64, ahead: u64) -> SubscriptionStats {
        let mut stats = SubscriptionStats::default();
        stats.joined = self.joined;
        stats.delivered = self.delivered;
        stats.filtered = self.filtered;
        stats.filter_panics = self.filter_panics;
        stats.lost = lost;
        stats.queued = queued;
        stats.ahead = ahead;
        stats
    }
}

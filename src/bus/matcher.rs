//! Which events a subscription hands out.

use crate::topic::{TopicName, TopicPattern};

/// A pattern that remembers its verdict on every topic it has met.
#[derive(Debug)]
pub(super) struct Matcher {
    pattern: TopicPattern,
    everything: bool,
    /// By the topic's slot, which topics have one after the other: the topic's id << 1 | verdict.
    verdicts: Vec<u64>,
}

/// Of no topic.
const UNKNOWN: u64 = u64::MAX;

impl Matcher {
    pub(super) fn new(pattern: TopicPattern) -> Self {
        Self { everything: pattern.is_everything(), pattern, verdicts: Vec::new() }
    }

    #[inline]
    pub(super) fn matches(&mut self, topic: &TopicName) -> bool {
        if self.everything {
            return true;
        }
        match self.verdicts.get(topic.slot()) {
            Some(verdict) if verdict >> 1 == topic.id() => verdict & 1 == 1,
            _ => self.decide(topic),
        }
    }

    /// The first meeting with a topic.
    #[cold]
    fn decide(&mut self, topic: &TopicName) -> bool {
        let verdict = self.pattern.matches(topic.as_str());
        let slot = topic.slot();
        if self.verdicts.len() <= slot {
            self.verdicts.resize(slot + 1, UNKNOWN);
        }
        self.verdicts[slot] = topic.id() << 1 | u64::from(verdict);
        verdict
    }
}

//! Which events a subscription hands out.

use crate::topic::{TopicName, TopicPattern};

/// A pattern that remembers its verdict on every topic it has met.
#[derive(Debug)]
pub(super) struct Matcher {
    pattern: TopicPattern,
    everything: bool,
    /// By the topic's number; `None` where it has not been met.
    verdicts: Vec<Option<bool>>,
}

impl Matcher {
    pub(super) fn new(pattern: TopicPattern) -> Self {
        Self { everything: pattern.is_everything(), pattern, verdicts: Vec::new() }
    }

    #[inline]
    pub(super) fn matches(&mut self, topic: &TopicName) -> bool {
        if self.everything {
            return true;
        }
        match self.verdicts.get(topic.number()) {
            Some(&Some(verdict)) => verdict,
            _ => self.decide(topic),
        }
    }

    /// The first meeting with a topic.
    #[cold]
    fn decide(&mut self, topic: &TopicName) -> bool {
        let verdict = self.pattern.matches(topic.as_str());
        let number = topic.number();
        if self.verdicts.len() <= number {
            self.verdicts.resize(number + 1, None);
        }
        self.verdicts[number] = Some(verdict);
        verdict
    }
}

//! Which events of the ring a subscription hands out, and what became of the others.

use super::gate::Filter;
use super::matcher::Matcher;
use crate::contain::contain;
use crate::event::Event;
use crate::ring::Sequence;
use crate::sync::Clock;
use crate::topic::TopicPattern;
use std::time::{Duration, SystemTime};

/// The questions of one subscription.
pub(super) struct Sieve<P> {
    matcher: Matcher,
    filter: Option<Filter<P>>,
    max_age: Option<Duration>,
    clock: Clock,
}

/// What becomes of an event that a subscription has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// Of another topic, or the filter said no.
    Filtered,
    /// The filter panicked.
    Panicked,
    /// Too old.
    Expired,
}

/// How often each has happened; those that panicked count as filtered, too.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) delivered: u64,
    pub(super) filtered: u64,
    pub(super) filter_panics: u64,
    pub(super) expired: u64,
}

impl Counts {
    #[inline]
    pub(super) fn add(&mut self, outcome: Outcome) {
        self.change(outcome, |count| *count += 1);
    }

    /// For an event that was added and has to be judged again.
    pub(super) fn take_back(&mut self, outcome: Outcome) {
        self.change(outcome, |count| *count -= 1);
    }

    #[inline]
    fn change(&mut self, outcome: Outcome, change: impl Fn(&mut u64)) {
        match outcome {
            Outcome::Delivered => change(&mut self.delivered),
            Outcome::Filtered => change(&mut self.filtered),
            Outcome::Expired => change(&mut self.expired),
            Outcome::Panicked => {
                change(&mut self.filtered);
                change(&mut self.filter_panics);
            }
        }
    }
}

/// The time, asked for once for all events that are judged together.
#[derive(Default)]
pub(super) struct Now(Option<SystemTime>);

impl Now {
    /// How long ago the bus took the event; nothing if the clock was set back.
    fn age<P>(&mut self, event: &Event<P>, clock: Clock) -> Duration {
        self.0.get_or_insert_with(|| clock.now()).duration_since(event.published()).unwrap_or_default()
    }
}

impl<P> Sieve<P> {
    pub(super) fn new(
        pattern: TopicPattern,
        filter: Option<Filter<P>>,
        max_age: Option<Duration>,
        clock: Clock,
    ) -> Self {
        Self { matcher: Matcher::new(pattern), filter, max_age, clock }
    }

    pub(super) fn pattern(&self) -> &TopicPattern {
        self.matcher.pattern()
    }

    /// What is to become of the event with this sequence.
    #[inline]
    pub(super) fn judge(&mut self, event: &Event<P>, sequence: Sequence, now: &mut Now) -> Outcome {
        if !self.matcher.matches(event.topic_name()) {
            return Outcome::Filtered;
        }
        event.place(sequence);
        if self.max_age.is_some_and(|max| now.age(event, self.clock) > max) {
            return Outcome::Expired;
        }
        match self.filter.as_ref().map(|filter| contain(|| filter(event))) {
            None | Some(Some(true)) => Outcome::Delivered,
            Some(Some(false)) => Outcome::Filtered,
            Some(None) => Outcome::Panicked,
        }
    }
}

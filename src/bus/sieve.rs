//! Which events of the ring a subscription hands out, and what became of the others.

use super::gate::Filter;
use super::matcher::Matcher;
use crate::contain::contain;
use crate::event::Event;
use crate::sync::Clock;
use crate::sync::Moment;
use crate::topic::TopicPattern;
use std::time::Duration;

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

/// The time, asked for once for all events that are judged together.
#[derive(Default)]
pub(super) struct Now(Option<Moment>);

impl Now {
    /// How long ago the bus took the event; nothing if the clock was set back.
    fn age<P>(&mut self, event: &Event<P>, clock: Clock) -> Duration {
        self.0.get_or_insert_with(|| clock.moment()).since(event.published())
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

    /// What is to become of the event.
    #[inline(always)]
    pub(super) fn judge(&mut self, event: &Event<P>, now: &mut Now) -> Outcome {
        if self.passes_over(event) { Outcome::Filtered } else { self.judge_own(event, now) }
    }

    /// Is it of a topic that the subscription does not ask for? Runs nothing of the user's.
    #[inline(always)]
    pub(super) fn passes_over(&mut self, event: &Event<P>) -> bool {
        !self.matcher.matches(event.topic_name())
    }

    /// What is to become of an event of its topics.
    #[inline(always)]
    pub(super) fn judge_own(&self, event: &Event<P>, now: &mut Now) -> Outcome {
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

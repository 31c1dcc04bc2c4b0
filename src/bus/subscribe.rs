//! Making a subscription.

use super::audience::{Audience, Seat};
use super::error::SubscribeError;
use super::gate::Filter;
use super::outlet::Outlet;
use super::sieve::Sieve;
use super::start::{Joined, Start};
use super::subscription::Subscription;
use crate::event::Event;
use crate::ring::Overflow;
use crate::topic::{TopicError, TopicPattern};
use std::fmt;

/// Settings of a subscription to be made; see [`Bus::subscription`](super::Bus::subscription).
#[must_use = "a builder does nothing until `subscribe`"]
pub struct SubscriptionBuilder<'a, P: Send + Sync + 'static> {
    outlet: &'a Outlet<P>,
    pattern: Result<TopicPattern, TopicError>,
    overflow: Overflow,
    start: Start,
    filter: Option<Filter<P>>,
    name: Option<Box<str>>,
}

impl<'a, P: Send + Sync + 'static> SubscriptionBuilder<'a, P> {
    pub(super) fn new(outlet: &'a Outlet<P>, pattern: &str) -> Self {
        Self {
            outlet,
            pattern: TopicPattern::new(pattern),
            overflow: Overflow::default(),
            start: Start::default(),
            filter: None,
            name: None,
        }
    }

    /// What happens when the subscription is a full ring behind. Default: [`Overflow::Block`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Where it starts. Default: [`Start::Now`].
    pub fn start(mut self, start: impl Into<Start>) -> Self {
        self.start = start.into();
        self
    }

    /// Which events of its topics it hands out: those of which `filter` says yes. It reads past the others, and counts them as
    /// `filtered`. Default: all.
    ///
    /// Called on the reader's thread, in place; a panic in it is contained, counted, and means no.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut large = bus.subscription("orders.*").filter(|event| *event.payload() > 10).subscribe()?;
    /// bus.publish("orders.created", 7)?;
    /// bus.publish("orders.created", 70)?;
    /// assert_eq!(*large.recv()?.payload(), 70);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter(mut self, filter: impl Fn(&Event<P>) -> bool + Send + Sync + 'static) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// The filter so far, to be part of another.
    pub(super) fn take_filter(&mut self) -> Option<Filter<P>> {
        self.filter.take()
    }

    /// The name by which [`Bus::subscriptions`](super::Bus::subscriptions) lists it; need not be unique. Default: none.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Makes the subscription. One that starts at a time reads past older events first, on the calling thread. On a closed bus it reads what is kept from its start on and is then `Closed`.
    ///
    /// # Errors
    /// [`SubscribeError::InvalidPattern`] when the pattern breaks the rules, [`SubscribeError::Start`] when the event to start
    /// at is no longer kept or not published yet.
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, Start};
    /// let bus = Bus::<u32>::builder().build()?;
    /// let error = bus.subscription(">").start(Start::Sequence(9)).subscribe().unwrap_err();
    /// assert_eq!(error.to_string(), "sequence 9 is not published yet; the next is 0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(self) -> Result<Subscription<P>, SubscribeError> {
        let pattern = self.pattern?;
        let seat = Seat::new(pattern.clone(), self.name, self.overflow);
        let seated = Audience::join(self.outlet.audience(), seat);
        let publisher = self.outlet.publisher();
        let mut subscriber = publisher.subscribe_from(self.start.in_ring(), self.overflow)?;
        let joined = Joined::new(&mut subscriber, publisher, self.start);
        seated.account().stand_at(subscriber.position());
        seated.sit(subscriber.id(), joined);
        let sieve = Sieve::new(pattern, self.filter, self.outlet.max_age(), self.outlet.clock());
        let times = self.outlet.times().clone();
        Ok(Subscription::new(subscriber, joined, seated, sieve, times, publisher.capacity()))
    }
}

impl<P: Send + Sync + 'static> fmt::Debug for SubscriptionBuilder<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionBuilder")
            .field("pattern", &self.pattern)
            .field("overflow", &self.overflow)
            .field("start", &self.start)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

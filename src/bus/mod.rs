//! The bus: named topics over one ring, or over one for each lane.
//!
//! All topics of a bus share its ring, so there is one order of all its events, and a subscriber reads past the events of
//! topics that it did not ask for (they count as `filtered`). Topics may be given [lanes](BusBuilder::lane), rings of their own;
//! the order is then one per lane. What a full, lagging or closed subscriber means is the ring's
//! business; see [`ring`](crate::ring).

mod account;
mod any;
mod audience;
mod batch;
mod builder;
mod close;
mod direct;
mod dispatcher;
mod draft;
mod drain_batch;
mod error;
mod flush;
mod gate;
mod iter;
mod lanes;
mod matcher;
mod merged;
mod outlet;
mod queue;
mod recv;
mod run;
mod sieve;
mod start;
mod stats;
mod stops;
#[cfg(feature = "stream")]
mod stream;
mod subscribe;
mod subscription;
mod topic;
mod wait_any;
mod waitable;

pub use any::{AnyBus, AnyPayload, TypedBuilder, TypedEvent, TypedSubscription};
pub use batch::{Batch, BatchIter};
pub use builder::BusBuilder;
pub use close::CloseReport;
pub use dispatcher::Fanout;
pub use draft::EventBuilder;
pub use error::{Invalid, InvalidId, InvalidTopic, PublishError, SubscribeError, TryPublishError};
pub use flush::FlushReport;
pub use iter::{IntoIter, Iter, Results, TryIter};
pub use queue::QueueOverflow;
#[cfg(eventcast_loom)]
pub use queue::model;
pub use start::Start;
pub use stats::{Stats, SubscriptionInfo, SubscriptionStats, TopicStats};
pub use subscribe::SubscriptionBuilder;
pub use subscription::Subscription;
pub use topic::Topic;
pub use wait_any::wait_any;
pub use waitable::Waitable;

use crate::ring::Sequence;
use crate::stats::{Health, Snapshot};
use crate::sync::Arc;
use crate::topic::{TopicError, TopicPattern};
use lanes::Lanes;
use std::fmt;
use std::time::{Duration, SystemTime};

/// A bus: publishers offer events to named topics, subscribers read the topics they ask for.
///
/// Cheap to clone, and usable from several threads at once. Dropping the last handle closes the bus:
/// [`Topic`] handles then answer `Closed`, subscriptions read what is left and then get `Closed`.
///
/// # Examples
/// ```
/// use eventcast::Bus;
///
/// let bus = Bus::<String>::builder().capacity(1024).build()?;
/// let mut sub = bus.subscribe("orders.*")?;
/// let created = bus.topic("orders.created")?;
/// created.publish("first".to_owned())?;
/// bus.publish("parcels.sent", "not for us".to_owned())?;
/// drop((bus, created));
/// let seen: Vec<String> = sub.iter().map(|event| event.into_payload()).collect();
/// assert_eq!(seen, ["first"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping the last handle closes the bus"]
pub struct Bus<P: Send + Sync + 'static> {
    core: Arc<Core<P>>,
}

/// What the handles of a bus share. Topic handles and subscriptions do not: they do not keep the bus open.
struct Core<P: Send + Sync + 'static> {
    lanes: Lanes<P>,
}

impl<P: Send + Sync + 'static> Drop for Core<P> {
    fn drop(&mut self) {
        self.lanes.close();
    }
}

impl<P: Send + Sync + 'static> Bus<P> {
    /// Settings for a new bus.
    pub fn builder() -> BusBuilder<P> {
        BusBuilder::new()
    }

    /// A handle of one topic: publishing through it looks nothing up and allocates nothing.
    ///
    /// The bus keeps the topic while there is a handle of it, a subscription to just this name, an event of it that somebody
    /// can still read, or an owned copy of one. After that the topic may leave: see [`topics`](Self::topics).
    ///
    /// # Errors
    /// [`TopicError`] when the name breaks the rules.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let topic = bus.topic("orders.created")?;
    /// assert_eq!(topic.publish(1)?, 0);
    /// assert!(bus.topic("orders.*").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn topic(&self, name: impl AsRef<str>) -> Result<Topic<P>, TopicError> {
        let name = name.as_ref();
        let outlet = self.core.lanes.of(name);
        Ok(Topic::new(outlet.intern(name)?, outlet.clone()))
    }

    /// Publishes to the topic of this name. Looks the name up under a lock; a [`topic`](Self::topic) handle does not.
    ///
    /// Waits, for at most the bus's [`publish_timeout`](BusBuilder::publish_timeout), while a blocking subscriber is a full
    /// ring behind. Woken when that subscriber reads on or leaves, and when the bus is closed.
    ///
    /// # Errors
    /// [`PublishError`] with the payload: the bus is closed, there was no room within the time, or the name breaks the rules.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let error = bus.publish("orders..created", 7).unwrap_err();
    /// assert!(error.is_invalid_topic());
    /// assert_eq!(error.into_inner(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn publish(&self, name: impl AsRef<str>, payload: P) -> Result<Sequence, PublishError<P>> {
        let name = name.as_ref();
        let outlet = self.core.lanes.of(name);
        match outlet.hold(name) {
            Ok(name) => outlet.publish(&name, None, payload),
            Err(error) => Err(PublishError::InvalidTopic(outlet.invalid_topic(payload, error))),
        }
    }

    /// As [`publish`](Self::publish), if there is room now. Never waits for room.
    ///
    /// # Errors
    /// [`TryPublishError`] with the payload.
    pub fn try_publish(&self, name: impl AsRef<str>, payload: P) -> Result<Sequence, TryPublishError<P>> {
        let name = name.as_ref();
        let outlet = self.core.lanes.of(name);
        match outlet.hold(name) {
            Ok(name) => outlet.try_publish(&name, None, payload),
            Err(error) => Err(TryPublishError::InvalidTopic(outlet.invalid_topic(payload, error))),
        }
    }

    /// As [`publish`](Self::publish), but waits for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// [`PublishError`] with the payload.
    pub fn publish_timeout(
        &self,
        name: impl AsRef<str>,
        payload: P,
        timeout: Duration,
    ) -> Result<Sequence, PublishError<P>> {
        let name = name.as_ref();
        let outlet = self.core.lanes.of(name);
        match outlet.hold(name) {
            Ok(name) => outlet.publish_within(&name, None, payload, timeout),
            Err(error) => Err(PublishError::InvalidTopic(outlet.invalid_topic(payload, error))),
        }
    }

    /// An event for the topic of this name with more than its payload: an id, a message, metadata, a time. A bad name shows when
    /// it is published.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// bus.event("orders.created").message("somebody ordered").publish(7)?;
    /// assert_eq!(sub.recv()?.message(), Some("somebody ordered"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn event(&self, name: impl AsRef<str>) -> EventBuilder<'_, P> {
        let name = name.as_ref();
        let outlet = self.core.lanes.of(name);
        EventBuilder::new(outlet, outlet.intern(name))
    }

    /// A subscription to all topics of this pattern, from now on, for which publishers wait
    /// ([`Overflow::Block`](crate::Overflow::Block)). On a closed bus it is `Closed` at once.
    ///
    /// # Errors
    /// [`SubscribeError::InvalidPattern`] when the pattern breaks the rules.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.>")?;
    /// bus.publish("orders.eu.created", 7)?;
    /// assert_eq!(*sub.recv()?.payload(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscribe(&self, pattern: impl AsRef<str>) -> Result<Subscription<P>, SubscribeError> {
        self.subscription(pattern).subscribe()
    }

    /// Settings for a new subscription; a bad pattern shows when it [subscribes](SubscriptionBuilder::subscribe).
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, Overflow, Start};
    /// let bus = Bus::<u32>::builder().build()?;
    /// bus.publish("orders.created", 7)?;
    /// let mut late = bus
    ///     .subscription("orders.>")
    ///     .overflow(Overflow::Lag)
    ///     .start(Start::Oldest)
    ///     .subscribe()?;
    /// assert_eq!(*late.recv()?.payload(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscription(&self, pattern: impl AsRef<str>) -> SubscriptionBuilder<'_, P> {
        SubscriptionBuilder::new(&self.core.lanes, pattern.as_ref())
    }

    /// The subscriptions of this moment, in the order in which they came: each from when it is made until it is dropped,
    /// [ended](Self::unsubscribe_all), or told that it is [disconnected](crate::TryRecvError::Disconnected); also on a closed bus.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let audit = bus.subscription("orders.>").name("audit").subscribe()?;
    /// let listed = &bus.subscriptions()[0];
    /// assert_eq!((listed.id, listed.pattern.as_str()), (audit.id(), "orders.>"));
    /// assert_eq!(listed.name.as_deref(), Some("audit"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriptions(&self) -> Vec<SubscriptionInfo> {
        self.core.lanes.subscriptions()
    }

    /// The topics of this moment, oldest first, with how many events were published to each.
    ///
    /// A topic that nothing refers to any more stays until there are many of them, at least 1,024, and then leaves: what was
    /// published to it goes into [`Stats::evicted`]. Its name may come back as a topic with another id. While nobody
    /// publishes, the counts of all topics and `evicted` add up to [`Stats::accepted`].
    ///
    /// Takes the lock that publishing by name takes, for as long as it takes to copy the list.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// bus.publish("orders.created", 7)?;
    /// bus.publish("orders.created", 8)?;
    /// bus.publish("parcels.sent", 9)?;
    /// let counts: Vec<_> = bus.topics().into_iter().map(|topic| (topic.name, topic.published)).collect();
    /// assert_eq!(counts, [("orders.created".into(), 2), ("parcels.sent".into(), 1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn topics(&self) -> Vec<TopicStats> {
        self.core.lanes.topics()
    }

    /// How many subscriptions there are of exactly this pattern.
    pub fn subscription_count(&self, pattern: &TopicPattern) -> usize {
        self.subscriptions().iter().filter(|subscription| subscription.pattern == *pattern).count()
    }

    /// Ends all subscriptions of exactly this pattern and says how many there were. May be called from any thread, also by their
    /// readers.
    ///
    /// A direct one reads nothing more: its next receive, or the one that waits now, answers `Closed`, and publishers no longer
    /// wait for it, unless its reader is reading in place at this moment, in a closure or with a guard: then as soon as it
    /// comes back. A queued one reads what waits in its queue and is then `Closed`.
    ///
    /// # Errors
    /// [`TopicError`] when the pattern breaks the rules.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut audit = bus.subscribe("orders.>")?;
    /// let other = bus.subscribe("orders.*")?;
    /// bus.publish("orders.created", 7)?;
    /// assert_eq!(bus.unsubscribe_all("orders.>")?, 1);
    /// assert!(audit.try_recv().unwrap_err().is_closed());
    /// assert_eq!(bus.subscriptions().len(), 1);
    /// # drop(other);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unsubscribe_all(&self, pattern: impl AsRef<str>) -> Result<usize, TopicError> {
        let pattern = TopicPattern::new(pattern.as_ref())?;
        Ok(self.core.lanes.end_all(&pattern))
    }

    /// How many events the bus keeps at least: exactly what it was built with. Its [lanes](BusBuilder::lane) keep theirs beside
    /// them.
    pub fn capacity(&self) -> usize {
        self.core.lanes.main().publisher().capacity()
    }

    /// Is the bus closed?
    pub fn is_closed(&self) -> bool {
        self.core.lanes.is_closed()
    }

    /// The time by the bus's [clock](BusBuilder::clock): no later than the timestamp of any event that is published after the
    /// call, unless the system's clock is set back.
    pub fn now(&self) -> SystemTime {
        self.core.lanes.main().clock().now()
    }

    /// What has happened on the bus so far. A few loads; exact while nobody publishes.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// bus.publish("orders.created", 7)?;
    /// let stats = bus.stats();
    /// assert_eq!(stats.accepted, 1);
    /// assert_eq!(stats.offered(), stats.accepted + stats.refused());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> Stats {
        self.core.lanes.stats()
    }

    /// Everything that is known of the bus and of each of its subscriptions now. Looks at every subscription once; publishers
    /// and readers go on meanwhile.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut audit = bus.subscription("orders.>").name("audit").subscribe()?;
    /// bus.publish("orders.created", 7)?;
    /// bus.publish("orders.paid", 8)?;
    /// audit.recv()?;
    /// let snapshot = bus.snapshot();
    /// let audit = &snapshot.subscriptions[0];
    /// assert_eq!(audit.info.name.as_deref(), Some("audit"));
    /// assert_eq!((audit.stats.delivered, audit.stats.ahead, audit.max_ahead), (1, 1, 2));
    /// assert_eq!(snapshot.backlog, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        self.core.lanes.snapshot()
    }

    /// How the bus is, by its [thresholds](BusBuilder::health), with reasons in words. Takes a [`snapshot`](Self::snapshot).
    ///
    /// Nothing watches in between: a subscription counts as stalled when two calls, at least
    /// [`stalled_after`](crate::Thresholds::stalled_after) apart, have both found it in the same place with something to do.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().capacity(4).build()?;
    /// let _slow = bus.subscription(">").name("audit").subscribe()?;
    /// assert!(bus.health().is_healthy());
    /// for n in 0..4 {
    ///     bus.publish("tick", n)?;
    /// }
    /// let health = bus.health();
    /// assert_eq!(health.backlog, 1.0);
    /// assert!(health.to_string().starts_with("degraded: the bus is 100 % full; furthest behind is subscriber"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn health(&self) -> Health {
        self.core.lanes.health()
    }

    /// Waits, for at most `within`, until the blocking and the queued subscriptions have read every event that was accepted before
    /// the call, and says what is left. Looks twice in a millisecond; direct lagging and disconnecting subscriptions are not
    /// waited for.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("orders.created", 7)?;
    /// assert_eq!(bus.flush(Duration::ZERO).undelivered, 1);
    /// sub.recv()?;
    /// assert!(bus.flush(Duration::ZERO).is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&self, within: Duration) -> FlushReport {
        flush::flush(&self.core.lanes, within)
    }

    /// Waits, for at most `within`, until there is one of the [`subscriptions`](Self::subscriptions), and says whether there is
    /// one. Looks twice in a millisecond; a duration beyond the clock means for ever.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// assert!(!bus.wait_for_subscriber(Duration::ZERO));
    /// let _sub = bus.subscribe("orders.*")?;
    /// assert!(bus.wait_for_subscriber(Duration::MAX));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_for_subscriber(&self, within: Duration) -> bool {
        flush::wait_until(within, || self.core.lanes.has_subscriber())
    }

    /// Closes the bus and waits, for at most `within`, until the blocking and the queued subscriptions have read everything.
    ///
    /// From the first moment on every publish answers `Closed` and gives its payload back, those included that wait for room;
    /// subscriptions read what is left and then get `Closed`. The wait ends when the last blocking or queued subscription has read
    /// its last event or is dropped. Direct lagging and disconnecting ones are not waited for; what is kept they can still
    /// read. The dispatcher's thread ends once everything is in the queues.
    /// Closing again only waits and reports again.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("orders.created", 7)?;
    /// let report = bus.close(Duration::ZERO);
    /// assert_eq!((report.accepted, report.undelivered), (1, 1));
    /// assert_eq!(*sub.recv()?.payload(), 7);
    /// assert!(bus.close(Duration::ZERO).is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self, within: Duration) -> CloseReport {
        close::close(&self.core.lanes, within)
    }
}

impl<P: Send + Sync + 'static> Clone for Bus<P> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone() }
    }
}

impl<P: Send + Sync + 'static> fmt::Debug for Bus<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus")
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

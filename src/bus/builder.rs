//! Building a bus.

use super::dispatcher::{Dispatcher, Fanout};
use super::gate::Gate;
use super::outlet::{Lead, OnUnrouted, Outlet, Rules};
use super::{Bus, Core};
use crate::error::BuildError;
use crate::event::Event;
use crate::ring::{self, Overflow, Sequence, Wait};
use crate::stats::{Monitor, Sampling, Thresholds};
use crate::sync::{Arc, Clock};
use crate::topic::Topics;
use crate::worker::Threads;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Settings of a bus to be built.
///
/// # Examples
/// ```
/// use eventcast::{Bus, Wait};
/// use std::time::Duration;
///
/// let bus = Bus::<u32>::builder()
///     .capacity(4096)
///     .publish_timeout(Duration::from_secs(1))
///     .wait(Wait::Yield)
///     .build()?;
/// assert_eq!(bus.capacity(), 4096);
/// # Ok::<(), eventcast::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct BusBuilder<P> {
    capacity: usize,
    publish_timeout: Option<Duration>,
    max_age: Option<Duration>,
    clock: Clock,
    on_unrouted: Option<OnUnrouted>,
    sample: u32,
    thresholds: Thresholds,
    wait: Wait,
    lag_slots: Option<usize>,
    prefault: bool,
    fanout: Fanout,
    threads: Threads,
    statistics: bool,
    gate: Gate<P>,
}

impl<P> BusBuilder<P> {
    /// How many events a bus keeps unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 1024;

    /// How long a publish waits for room unless told otherwise.
    pub const DEFAULT_PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);

    /// One event in how many is timed unless told otherwise.
    pub const DEFAULT_SAMPLE: u32 = 1024;

    pub(super) fn new() -> Self {
        Self {
            capacity: Self::DEFAULT_CAPACITY,
            publish_timeout: Some(Self::DEFAULT_PUBLISH_TIMEOUT),
            max_age: None,
            clock: Clock::default(),
            on_unrouted: None,
            sample: Self::DEFAULT_SAMPLE,
            thresholds: Thresholds::default(),
            wait: Wait::default(),
            lag_slots: None,
            prefault: false,
            fanout: Fanout::default(),
            threads: Threads::default(),
            statistics: true,
            gate: Gate { filter: None, limit: None },
        }
    }
}

impl<P: Send + Sync + 'static> BusBuilder<P> {
    /// How many of the newest events the bus keeps at least, 1 to [`MAX_CAPACITY`](ring::MAX_CAPACITY); blocking
    /// subscribers may fall so far behind before publishers wait. Default: 1024.
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

    /// How long `publish` waits for room at most; `None` means for ever. Default: 5 s.
    pub fn publish_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.publish_timeout = timeout.into();
        self
    }

    /// How publishers and subscribers wait. Default: [`Wait::Park`].
    pub fn wait(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }

    /// How many events subscriptions that nobody waits for may hold at once while they read them in place, without ever
    /// holding up a publisher; see [`ring::Builder::lag_slots`].
    pub fn lag_slots(mut self, n: usize) -> Self {
        self.lag_slots = Some(n);
        self
    }

    /// Touch every slot while building, so that the first lap has no page faults. Default: false.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// Who fills the queues of queued subscriptions. Default: [`Fanout::Dispatcher`].
    pub fn fanout(mut self, fanout: Fanout) -> Self {
        self.fanout = fanout;
        self
    }

    /// Calls `f` with its name on each thread that the bus starts, before anything else: to pin it, or to give it a priority.
    /// A panic in it is contained.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    /// let (started, names) = mpsc::channel();
    /// let bus = eventcast::Bus::<u32>::builder()
    ///     .on_thread_start(move |name| started.send(name.to_owned()).unwrap())
    ///     .build()?;
    /// let _sub = bus.subscription(">").queue(16).subscribe()?;
    /// assert_eq!(names.recv()?, "eventcast-dispatch");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_thread_start(mut self, f: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.threads.on_start = Some(std::sync::Arc::new(f));
        self
    }

    /// The stack size, in bytes, of the threads that the bus starts. Default: the standard library's, 2 MiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.threads.stack_size = Some(bytes);
        self
    }

    /// Whether the bus counts how many events were published to each topic: a few instructions of each publish. Without,
    /// [`TopicStats::published`](super::TopicStats::published) and [`Stats::evicted`](super::Stats::evicted) stay 0. Default:
    /// true.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().statistics(false).build()?;
    /// bus.publish("orders.created", 7)?;
    /// assert_eq!((bus.topics()[0].published, bus.stats().accepted), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn statistics(mut self, statistics: bool) -> Self {
        self.statistics = statistics;
        self
    }

    /// Which clock gives events their time. Default: [`Clock::Coarse`], which is cheap and up to some milliseconds behind.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How old an event may be when a subscription comes to it, by the time at which the bus took it, whatever
    /// [`time`](super::EventBuilder::time) says; `None` means any. Older ones are read past and counted as `expired`.
    /// Default: `None`.
    ///
    /// A subscription looks at the clock once for some events, so one may be older by the time that those before it took, and
    /// by the resolution of the bus's [clock](Self::clock).
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, Clock};
    /// use std::time::Duration;
    /// let bus = Bus::<u32>::builder().clock(Clock::Precise).max_age(Duration::from_millis(1)).build()?;
    /// let mut sub = bus.subscribe("price")?;
    /// bus.publish("price", 7)?;
    /// std::thread::sleep(Duration::from_millis(2));
    /// assert!(sub.try_recv().is_err());
    /// assert_eq!(sub.stats().expired, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_age(mut self, max_age: impl Into<Option<Duration>>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// Calls `f` with the topic and the sequence of every accepted event that no subscription wanted when it was published.
    ///
    /// On the publisher's thread, after the publish; a panic in it is contained and counted.
    /// An event that `f` itself publishes and that nobody wants calls `f` again, deeper.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder()
    ///     .on_unrouted(|topic, sequence| eprintln!("nobody wants event {sequence} of {topic}"))
    ///     .build()?;
    /// bus.publish("orders.created", 7)?;
    /// assert_eq!(bus.stats().unrouted, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_unrouted(mut self, f: impl Fn(&str, Sequence) + Send + Sync + 'static) -> Self {
        self.on_unrouted = Some(Box::new(f));
        self
    }

    /// One event in `n` is timed, rounded up to a power of two: how long its publish took, how long it took to its readers,
    /// and how long they handled it, in [`Bus::snapshot`]. 1 for every event, 0 for none. Default: 1024.
    ///
    /// An event that is timed costs its publisher and each of its readers two looks at the precise clock and a short lock;
    /// the others next to nothing.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().sample(1).build()?;
    /// let mut sub = bus.subscribe("tick")?;
    /// bus.publish("tick", 7)?;
    /// sub.recv()?;
    /// let snapshot = bus.snapshot();
    /// assert_eq!((snapshot.publish_time.count(), snapshot.delivery_time.count()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sample(mut self, n: u32) -> Self {
        self.sample = n;
        self
    }

    /// From where on [`Bus::health`] says that the bus is not well. Default: [`Thresholds::default`].
    pub fn health(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Which events the bus takes: those of which `filter` says yes, before they have a sequence. The others are refused with
    /// [`Filtered`](super::PublishError::Filtered), and counted. Default: all.
    ///
    /// Called on the publisher's thread; a panic in it is contained, counted, and means no.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<i64>::builder().filter(|event| *event.payload() >= 0).build()?;
    /// assert!(bus.publish("balance", 1).is_ok());
    /// assert!(bus.publish("balance", -1).unwrap_err().is_filtered());
    /// assert_eq!(bus.stats().refused_filtered, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn filter(mut self, filter: impl Fn(&Event<P>) -> bool + Send + Sync + 'static) -> Self {
        self.gate.filter = Some(Box::new(filter));
        self
    }

    /// The largest payload that the bus takes, by the size that `size` finds, in the units of `size`. Larger ones are refused with
    /// [`TooLarge`](super::PublishError::TooLarge), and so are those whose size it does not find (`None`, or a panic, which
    /// is contained). Default: no limit.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<String>::builder().max_payload(4, |text| text.len()).build()?;
    /// assert!(bus.publish("line", "four".to_owned()).is_ok());
    /// let error = bus.publish("line", "fives".to_owned()).unwrap_err();
    /// assert!(error.is_too_large());
    /// assert_eq!(error.into_inner(), "fives");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_payload<S: Into<Option<usize>>>(
        mut self,
        limit: usize,
        size: impl Fn(&P) -> S + Send + Sync + 'static,
    ) -> Self {
        self.gate.limit = Some((limit, Box::new(move |payload| size(payload).into())));
        self
    }

    /// Builds the bus.
    ///
    /// # Errors
    /// [`BuildError`] when the capacity is 0, above [`MAX_CAPACITY`](ring::MAX_CAPACITY), or too large for events of this
    /// size.
    ///
    /// # Examples
    /// ```
    /// let error = eventcast::Bus::<u32>::builder().capacity(0).build().unwrap_err();
    /// assert!(error.is_zero_capacity());
    /// ```
    pub fn build(self) -> Result<Bus<P>, BuildError> {
        let mut ring =
            ring::Builder::new(self.capacity).overflow(Overflow::Lag).wait(self.wait).prefault(self.prefault);
        if let Some(n) = self.lag_slots {
            ring = ring.lag_slots(n);
        }
        let (publisher, first) = ring.build()?;
        drop(first);
        let asks = self.gate.filter.is_some() || self.gate.limit.is_some();
        let lead = Lead {
            clock: self.clock,
            gate: asks.then(|| Box::new(self.gate)),
            statistics: self.statistics,
            sampling: Sampling::every(self.sample),
            inline: self.fanout == Fanout::Inline,
        };
        let rules = Rules {
            publish_timeout: self.publish_timeout,
            max_age: self.max_age,
            on_unrouted: self.on_unrouted,
            monitor: Monitor::new(self.thresholds),
        };
        let dispatcher = Dispatcher::new(self.threads, self.fanout, self.wait);
        let outlet = Arc::new(Outlet::new(publisher, Topics::new(random()), lead, rules, dispatcher));
        Ok(Bus { core: Arc::new(Core { outlet }) })
    }
}

/// 64 random bits, from the keys that the standard library draws for its hash maps.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl<P> fmt::Debug for BusBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusBuilder")
            .field("capacity", &self.capacity)
            .field("publish_timeout", &self.publish_timeout)
            .field("clock", &self.clock)
            .field("wait", &self.wait)
            .field("lag_slots", &self.lag_slots)
            .field("prefault", &self.prefault)
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

//! Building a bus.

use super::dispatcher::{Dispatcher, Fanout};
use super::gate::Gate;
use super::lanes::{Lane, Lanes};
use super::outlet::{HotRules, OnUnrouted, Outlet, Rules};
use super::{Bus, Core};
use crate::error::{BuildError, LaneFault};
use crate::event::Event;
use crate::ring::{self, Overflow, Sequence, Wait};
use crate::stats::{Monitor, Sampling, Thresholds};
use crate::sync::{Arc, AtomicU64, Clock, PlainArc};
use crate::topic::{TopicPattern, Topics};
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
    lanes: Vec<(Box<str>, usize)>,
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
            lanes: Vec::new(),
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

    /// Gives the topics of this pattern a *lane*: a ring of their own, which keeps `capacity` of their events, 1 to
    /// [`MAX_CAPACITY`](ring::MAX_CAPACITY). A flood on one lane pushes nothing out of another, and who is slow on one holds up
    /// nobody who publishes to another. Default: no lanes, one ring for all topics.
    ///
    /// Lanes are asked in the order in which they were given: the first whose pattern matches a topic has it. All other topics are
    /// on the bus's main ring, whose size is [`capacity`](Self::capacity). All other settings hold for each ring, such as
    /// [`lag_slots`](Self::lag_slots).
    ///
    /// **The total order is then one per lane.** [Sequences](Sequence) count within a lane; between events of two lanes there is no
    /// order, not even of those that one thread published. A subscription reads each lane that may have topics of its pattern, in
    /// turn, so that none starves; one whose pattern lies inside a lane reads that one alone, at no further cost. On each lane it
    /// has a place, and a [queue](super::SubscriptionBuilder::queue) if it wants one, of its own.
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, Overflow, Start};
    /// let bus = Bus::<u32>::builder().capacity(16).lane("ticks.>", 4).build()?;
    /// bus.publish("orders.created", 7)?;
    /// for n in 0..100 {
    ///     bus.publish("ticks.eurusd", n)?;
    /// }
    /// let mut late = bus.subscription("orders.>").start(Start::Oldest).subscribe()?;
    /// assert_eq!(*late.recv()?.payload(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lane(mut self, pattern: impl Into<Box<str>>, capacity: usize) -> Self {
        self.lanes.push((pattern.into(), capacity));
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
        self.on_unrouted = Some(PlainArc::new(f));
        self
    }

    /// One event in `n` is timed, rounded up to a power of two: how long its publish took (without the bus's filter, which is asked before), how long it took to its readers,
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
    /// size, and when a [lane](Self::lane) is: [`BuildError::Lane`] says which, and also when its pattern breaks the rules or lies
    /// inside that of a lane before it, which would leave it without topics.
    ///
    /// # Examples
    /// ```
    /// let error = eventcast::Bus::<u32>::builder().capacity(0).build().unwrap_err();
    /// assert!(error.is_zero_capacity());
    /// let error = eventcast::Bus::<u32>::builder().lane("ticks", 4).lane("ticks..eurusd", 4).build().unwrap_err();
    /// assert_eq!(error.to_string(), "lane 2: its pattern: token 2 is empty (column 7)");
    /// ```
    pub fn build(self) -> Result<Bus<P>, BuildError> {
        let patterns = self.lane_patterns()?;
        let asks = self.gate.filter.is_some() || self.gate.limit.is_some();
        let hot = HotRules {
            clock: self.clock,
            gate: asks.then(|| Arc::new(self.gate)),
            statistics: self.statistics,
            sampling: Sampling::every(self.sample),
            inline: self.fanout == Fanout::Inline,
        };
        let rules = Rules {
            publish_timeout: self.publish_timeout,
            max_age: self.max_age,
            on_unrouted: self.on_unrouted,
        };
        let dispatcher = Arc::new(Dispatcher::new(self.threads, self.fanout, self.wait));
        let next_topic = Arc::new(AtomicU64::new(0));
        let outlet = |capacity| {
            let mut ring =
                ring::Builder::new(capacity).overflow(Overflow::Lag).wait(self.wait).prefault(self.prefault);
            if let Some(n) = self.lag_slots {
                ring = ring.lag_slots(n);
            }
            let (publisher, first) = ring.build()?;
            drop(first);
            let topics = Topics::new(random(), next_topic.clone());
            Ok(Arc::new(Outlet::new(publisher, topics, hot.clone(), rules.clone(), dispatcher.clone())))
        };
        let main = outlet(self.capacity)?;
        let lanes = patterns.into_iter().zip(self.lanes).enumerate().map(|(at, (pattern, (_, capacity)))| {
            let outlet = outlet(capacity).map_err(|error| in_lane(at, error))?;
            Ok(Lane { pattern, outlet })
        });
        let lanes = lanes.collect::<Result<_, _>>()?;
        Ok(Bus { core: Arc::new(Core { lanes: Lanes::new(main, lanes, Monitor::new(self.thresholds)) }) })
    }

    /// The patterns of the lanes; each has topics that no lane before it has.
    fn lane_patterns(&self) -> Result<Vec<TopicPattern>, BuildError> {
        let mut patterns: Vec<TopicPattern> = Vec::with_capacity(self.lanes.len());
        for (at, (text, _)) in self.lanes.iter().enumerate() {
            let wrong = |fault| BuildError::Lane { number: at + 1, fault };
            let pattern = TopicPattern::new(text).map_err(|error| {
                wrong(LaneFault::Pattern { kind: error.kind(), token: error.token(), column: error.column() })
            })?;
            if let Some(before) = patterns.iter().position(|before| before.covers(&pattern)) {
                return Err(wrong(LaneFault::Unreachable { behind: before + 1 }));
            }
            patterns.push(pattern);
        }
        Ok(patterns)
    }
}

/// What is wrong with the ring of the lane at this place.
fn in_lane(at: usize, error: BuildError) -> BuildError {
    let fault = match error {
        BuildError::ZeroCapacity => LaneFault::ZeroCapacity,
        BuildError::TooLarge { capacity, max } => LaneFault::TooLarge { capacity, max },
        lane @ BuildError::Lane { .. } => return lane,
    };
    BuildError::Lane { number: at + 1, fault }
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
            .field("lanes", &self.lanes)
            .finish_non_exhaustive()
    }
}

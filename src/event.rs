//! An event as subscribers see it.
//!
//! The ring carries it by value. Its topic is an interned name, shared with the [`Topic`](crate::Topic) that published it.
//! The event is built before its sequence is claimed: the publisher writes the sequence it expects, which is right unless
//! another publisher came first, and whoever reads the event knows its true place and corrects it.

use crate::ring::Sequence;
use crate::sync::{Arc, AtomicU64, Ordering::Relaxed};
use crate::topic::TopicName;
use std::fmt;
use std::time::SystemTime;

/// One published event: where and when it was published, and its payload. Immutable.
///
/// Cloning one clones the payload; a payload above 256 bytes or one that owns memory is cheaper as `Arc<…>`.
///
/// # Examples
/// ```
/// let bus = eventcast::Bus::<u32>::builder().build()?;
/// let mut sub = bus.subscribe("orders.*")?;
/// bus.publish("orders.created", 7)?;
/// let event = sub.recv()?;
/// assert_eq!(event.topic(), "orders.created");
/// assert_eq!(event.sequence(), 0);
/// assert_eq!(*event.payload(), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Event<P> {
    sequence: AtomicU64,
    topic: Arc<TopicName>,
    timestamp: SystemTime,
    payload: P,
}

impl<P> Event<P> {
    #[inline]
    pub(crate) fn new(expected: Sequence, topic: Arc<TopicName>, timestamp: SystemTime, payload: P) -> Self {
        Self { sequence: AtomicU64::new(expected), topic, timestamp, payload }
    }

    /// Tells the event its true sequence, which its reader knows.
    #[inline]
    pub(crate) fn place(&self, sequence: Sequence) {
        // ORDERING: Relaxed: all readers of the event write the same value before they hand the event out, and each of them
        // sees at least its own write.
        if self.sequence.load(Relaxed) != sequence {
            self.sequence.store(sequence, Relaxed);
        }
    }

    pub(crate) fn topic_name(&self) -> &TopicName {
        &self.topic
    }

    /// Its position in the bus's total order: 0 first, no gaps.
    pub fn sequence(&self) -> Sequence {
        self.sequence.load(Relaxed)
    }

    /// What tells it from every other event, also of other buses.
    ///
    /// # Examples
    /// ```
    /// # let bus = eventcast::Bus::<u32>::builder().build()?;
    /// # let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("orders.created", 7)?;
    /// bus.publish("orders.created", 7)?;
    /// assert_ne!(sub.recv()?.id(), sub.recv()?.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id(&self) -> EventId {
        EventId { bus: self.topic.bus(), sequence: self.sequence() }
    }

    /// The topic it was published to.
    pub fn topic(&self) -> &str {
        self.topic.as_str()
    }

    /// When it was published, by the system's wall clock.
    pub fn timestamp(&self) -> SystemTime {
        self.timestamp
    }

    /// What it carries.
    pub fn payload(&self) -> &P {
        &self.payload
    }

    /// What it carries, without the rest.
    pub fn into_payload(self) -> P {
        self.payload
    }
}

impl<P: Clone> Clone for Event<P> {
    fn clone(&self) -> Self {
        Self {
            sequence: AtomicU64::new(self.sequence()),
            topic: self.topic.clone(),
            timestamp: self.timestamp,
            payload: self.payload.clone(),
        }
    }
}

impl<P: fmt::Debug> fmt::Debug for Event<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("sequence", &self.sequence())
            .field("topic", &self.topic())
            .field("timestamp", &self.timestamp)
            .field("payload", &self.payload)
            .finish()
    }
}

/// What tells an event from every other: 64 random bits of its bus, and its sequence.
///
/// Prints as sixteen hexadecimal digits, a dash and the sequence.
///
/// # Examples
/// ```
/// # let bus = eventcast::Bus::<u32>::builder().build()?;
/// # let mut sub = bus.subscribe(">")?;
/// bus.publish("tick", 1)?;
/// assert!(sub.recv()?.id().to_string().ends_with("-0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    bus: u64,
    sequence: Sequence,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.bus, self.sequence)
    }
}

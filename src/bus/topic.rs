//! A handle of one topic.

use super::draft::EventBuilder;
use super::error::{PublishError, TryPublishError};
use super::outlet::Outlet;
use crate::ring::Sequence;
use crate::sync::Arc;
use crate::topic::TopicName;
use std::fmt;
use std::time::Duration;

/// Publishes to one topic of a bus, without looking anything up, without a lock, and without an allocation.
///
/// Cheap to clone, and usable from several threads at once. It does not keep the bus open: once the bus is closed, or its
/// last handle dropped, publishing answers `Closed`.
///
/// # Examples
/// ```
/// let bus = eventcast::Bus::<u32>::builder().build()?;
/// let created = bus.topic("orders.created")?;
/// created.publish(7)?;
/// drop(bus);
/// assert!(created.publish(8).unwrap_err().is_closed());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Topic<P: Send + Sync + 'static> {
    name: Arc<TopicName>,
    outlet: Arc<Outlet<P>>,
}

impl<P: Send + Sync + 'static> Topic<P> {
    pub(super) fn new(name: Arc<TopicName>, outlet: Arc<Outlet<P>>) -> Self {
        Self { name, outlet }
    }

    /// The topic's name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Publishes one event.
    ///
    /// Waits, for at most the bus's [`publish_timeout`](super::BusBuilder::publish_timeout), while a blocking subscriber is
    /// a full ring behind. Woken when that subscriber reads on or leaves, and when the bus is closed.
    ///
    /// # Errors
    /// [`PublishError::Timeout`] or [`PublishError::Closed`], with the payload.
    #[inline]
    pub fn publish(&self, payload: P) -> Result<Sequence, PublishError<P>> {
        self.outlet.publish(&self.name, None, payload)
    }

    /// Publishes one event if there is room now. Never waits.
    ///
    /// # Errors
    /// [`TryPublishError::Full`] or [`TryPublishError::Closed`], with the payload.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().capacity(1).build()?;
    /// let _reads_nothing = bus.subscribe("orders.*")?;
    /// let created = bus.topic("orders.created")?;
    /// created.try_publish(1)?;
    /// assert!(created.try_publish(2).unwrap_err().is_full());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_publish(&self, payload: P) -> Result<Sequence, TryPublishError<P>> {
        self.outlet.try_publish(&self.name, None, payload)
    }

    /// Publishes one event and waits for room for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// Woken as [`publish`](Self::publish) is.
    ///
    /// # Errors
    /// [`PublishError::Timeout`] or [`PublishError::Closed`], with the payload.
    #[inline]
    pub fn publish_timeout(&self, payload: P, timeout: Duration) -> Result<Sequence, PublishError<P>> {
        self.outlet.publish_within(&self.name, None, payload, timeout)
    }

    /// An event for this topic with more than its payload; see [`Bus::event`](super::Bus::event).
    pub fn event(&self) -> EventBuilder<'_, P> {
        EventBuilder::new(&self.outlet, Ok(self.name.clone()))
    }

    /// Is the bus closed?
    pub fn is_closed(&self) -> bool {
        self.outlet.publisher().is_closed()
    }
}

impl<P: Send + Sync + 'static> Clone for Topic<P> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), outlet: self.outlet.clone() }
    }
}

impl<P: Send + Sync + 'static> fmt::Debug for Topic<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("name", &self.name())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

//! Building a ring.

use super::core::Shape;
use super::join::{Start, join};
use super::publisher::Publisher;
use super::subscriber::Subscriber;
use super::unique::UniquePublisher;
use super::values::Ring;
use super::wait::Wait;
use super::word::END_OF_SEQUENCES;
use super::{MAX_CAPACITY, Overflow, Sequence};
use crate::error::BuildError;
use crate::sync::{Arc, Barrier};

/// Settings of a ring to be built. Plain data: it compares, prints and can be kept.
///
/// # Examples
/// ```
/// use eventcast::ring::{Builder, Overflow, Wait};
/// let (publisher, mut latest) = Builder::new(1024)
///     .overflow(Overflow::Lag)
///     .wait(Wait::Yield)
///     .build::<u64>()?;
/// publisher.publish(1)?;
/// assert_eq!(latest.recv(), Ok(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    capacity: usize,
    overflow: Overflow,
    wait: Wait,
    lag_slots: Option<usize>,
    prefault: bool,
    first: Sequence,
    barrier: Option<Barrier>,
}

impl Builder {
    /// A ring that keeps at least the newest `capacity` events, 1 to [`MAX_CAPACITY`].
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            overflow: Overflow::default(),
            wait: Wait::default(),
            lag_slots: None,
            prefault: false,
            first: 0,
            barrier: None,
        }
    }

    /// The overflow policy of the subscriber that `build` returns. Default: [`Overflow::Block`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// How both sides wait. Default: [`Wait::Park`].
    pub fn wait(mut self, wait: Wait) -> Self {
        self.wait = wait;
        self
    }

    /// How many events readers of policy [`Overflow::Lag`] and [`Overflow::Disconnect`] may hold in guards, all together,
    /// without ever holding up a publisher. Default: 64 or the capacity, whichever is less; at least 1, at most 2^20.
    ///
    /// Each costs a slot of memory. While more are held, publishers may find the ring full.
    pub fn lag_slots(mut self, n: usize) -> Self {
        self.lag_slots = Some(n);
        self
    }

    /// Touch every slot while building, so that the first lap has no page faults. Default: false.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.prefault = prefault;
        self
    }

    /// Starts the sequences at `first`: for tests near the ends of their range.
    #[doc(hidden)]
    pub fn first_sequence(mut self, first: Sequence) -> Self {
        self.first = first;
        self
    }

    /// Uses a full fence on both sides of the sleep handshakes, as on systems without `membarrier`: for tests.
    #[doc(hidden)]
    pub fn without_membarrier(mut self) -> Self {
        self.barrier = Some(Barrier::Fence);
        self
    }

    /// Builds the ring with a publisher that can be cloned, and a first subscriber.
    ///
    /// # Errors
    /// [`BuildError`] when the capacity is 0, above [`MAX_CAPACITY`], or too large for events of this size.
    pub fn build<T: Send + Sync + 'static>(&self) -> Result<(Publisher<T>, Subscriber<T>), BuildError> {
        let ring = self.ring::<T>(false)?;
        let subscriber = self.first_subscriber(&ring);
        Ok((Publisher::new(ring), subscriber))
    }

    /// Builds the ring with its only publisher, and a first subscriber.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    pub fn build_unique<T: Send + Sync + 'static>(
        &self,
    ) -> Result<(UniquePublisher<T>, Subscriber<T>), BuildError> {
        let ring = self.ring::<T>(true)?;
        let subscriber = self.first_subscriber(&ring);
        Ok((UniquePublisher::new(ring), subscriber))
    }

    fn first_subscriber<T: Send + Sync + 'static>(&self, ring: &Arc<Ring<T>>) -> Subscriber<T> {
        join(ring, Start::Now, self.overflow, None).expect("nothing is too old or ahead of now")
    }

    fn ring<T: Send + Sync + 'static>(&self, unique: bool) -> Result<Arc<Ring<T>>, BuildError> {
        let shape = self.shape::<T>(unique)?;
        let mut ring = Ring::new(shape, self.barrier.unwrap_or_else(Barrier::detect));
        if self.prefault {
            ring.prefault();
        }
        Ok(Arc::new(ring))
    }

    fn shape<T>(&self, unique: bool) -> Result<Shape, BuildError> {
        if self.capacity == 0 {
            return Err(BuildError::ZeroCapacity);
        }
        let capacity = self.capacity;
        let largest =
            (isize::MAX as usize / 4).checked_div(size_of::<T>()).unwrap_or(MAX_CAPACITY).min(MAX_CAPACITY);
        if capacity > largest {
            return Err(BuildError::TooLarge { capacity, max: largest });
        }
        // Room for a whole batch chunk, and for a look at the subscribers only now and then.
        let surplus = capacity.min((capacity / 4).max(super::room::MAX_CHUNK));
        let slots = (capacity + surplus).next_power_of_two();
        let surplus = capacity.min(slots - capacity);
        let spares = self.lag_slots.unwrap_or(capacity.min(64)).clamp(1, 1 << 20);
        Ok(Shape {
            capacity: capacity as u64,
            slots: slots as u64,
            surplus: surplus as u64,
            spares: spares as u64,
            first: self.first.min(END_OF_SEQUENCES),
            unique,
            wait: self.wait,
        })
    }
}

/// A ring of `capacity` events (brought into `1..=MAX_CAPACITY`) with a shared publisher and a blocking subscriber.
///
/// # Examples
/// ```
/// let (publisher, mut subscriber) = eventcast::ring::channel::<&str>(16);
/// publisher.publish("hello")?;
/// assert_eq!(subscriber.recv(), Ok("hello"));
/// # Ok::<(), eventcast::ring::PublishError<&str>>(())
/// ```
///
/// # Panics
/// When the memory for the ring cannot be addressed, which takes events of more than a gigabyte.
pub fn channel<T: Send + Sync + 'static>(capacity: usize) -> (Publisher<T>, Subscriber<T>) {
    match Builder::new(capacity.clamp(1, MAX_CAPACITY)).build() {
        Ok(ends) => ends,
        Err(error) => panic!("{error}"),
    }
}

//! Queued subscriptions: each has a bounded queue of its own, which the dispatcher fills.
//!
//! - **The queue is full** and its overflow is *block*: the dispatcher leaves the event where it is and serves the others;
//!   publishers are held up once that event is a full ring behind. After the time that the subscription allows, arriving events are
//!   lost, counted, until there is room again. *Drop newest*: the arriving event is lost. *Drop oldest*: the one that has
//!   waited longest. *Disconnect*: the subscription ends; what waits can still be read.
//! - **The dispatcher is a full ring behind** (publishers are faster than it can copy): queues that block hold publishers up;
//!   all others lose the oldest events, counted as `overwritten`.
//! - **The bus is closed**: what was accepted still goes into the queues; then the subscription reads what waits, then `Closed`.
//! - **The subscription is dropped**: what waits in its queue goes with it.

mod awaiter;
mod feed;
mod pipe;
mod reader;
mod tally;

pub(super) use feed::{Feed, Served};
pub(super) use pipe::End;
pub(super) use reader::Queued;
pub(super) use tally::Tally;

#[cfg(eventcast_loom)]
pub use pipe::model;

use super::dispatcher::Dispatcher;
use super::error::SubscribeError;
use super::outlet::Outlet;
use super::sieve::Sieve;
use super::start::Joined;
use super::stats::SubscriptionStats;
use super::subscribe::Plan;
use super::subscription::Subscription;
use crate::event::Event;
use crate::ring::{MAX_CAPACITY, Overflow, Sequence, SubscriberId, WeakPublisher};
use crate::sync::{Arc, AtomicBool, Mutex, Ordering::*};
use pipe::{Gauge, Size, pipe};
use std::time::Duration;

/// What happens when a subscription's queue is full.
///
/// Before its queue comes the bus's ring, where only [`Block`](Self::Block) makes publishers wait. With any other overflow, publishers
/// that get a full ring ahead of the dispatcher overwrite what it has not come to: the oldest events are lost then, of any topic,
/// also with [`DropNewest`](Self::DropNewest) and while the queue has room; with [`Disconnect`](Self::Disconnect) the subscription
/// ends. They are counted apart, as [`LostBy::overwritten`](crate::LostBy::overwritten). Give the bus a
/// [capacity](crate::BusBuilder::capacity) above the longest burst and whatever comes in while the dispatcher's thread, or a
/// [filter](crate::SubscriptionBuilder::filter) on it, is held up.
///
/// # Examples
/// ```
/// use eventcast::{Bus, QueueOverflow};
/// let bus = Bus::<u32>::builder().capacity(65_536).build()?;
/// let recent = bus.subscription("ticks.*").queue(256).queue_overflow(QueueOverflow::DropOldest).subscribe()?;
/// bus.publish("ticks.eur", 1)?;
/// let lost = bus.snapshot().subscriptions[0].lost_by;
/// assert_eq!((lost.queue_full, lost.overwritten), (0, 0));
/// # drop(recent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueueOverflow {
    /// The arriving event waits, at most `within` from the moment at which the queue was found full, and is lost then; so are
    /// those after it until there is room again. [`Duration::MAX`] loses nothing. While it waits it takes up room in the ring:
    /// publishers wait once it is a full ring behind.
    Block {
        /// How long a full queue is waited for.
        within: Duration,
    },
    /// The arriving event is lost.
    DropNewest,
    /// The event that has waited longest is lost. The default.
    #[default]
    DropOldest,
    /// The subscription ends; it can still read what waits.
    Disconnect,
}

impl QueueOverflow {
    /// What the dispatcher's subscriber in the ring does when it is a full ring behind.
    fn in_ring(self) -> Overflow {
        match self {
            Self::Block { .. } => Overflow::Block,
            Self::DropNewest | Self::DropOldest | Self::Disconnect => Overflow::Lag,
        }
    }
}

/// The queue that a subscription asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QueueSize {
    Events(usize),
    /// A ceiling in bytes; memory as it is needed.
    Bytes(usize),
}

/// What a queue of one event costs beside the event itself, at most: the channel's stamp and the item's kind.
pub(super) const ITEM_OVERHEAD: usize = 16;

impl QueueSize {
    fn check<P>(self) -> Result<Size, SubscribeError> {
        let (events, reserved) = match self {
            Self::Events(events) => (events, true),
            Self::Bytes(bytes) => (bytes / (size_of::<Event<P>>() + ITEM_OVERHEAD), false),
        };
        if events == 0 || (reserved && events > MAX_CAPACITY) {
            return Err(SubscribeError::QueueSize { events });
        }
        Ok(Size { events, reserved })
    }
}

/// What the dispatcher, the subscription and the bus share of one queue.
pub(super) struct Queue<P> {
    id: SubscriberId,
    overflow: QueueOverflow,
    gauge: Arc<Gauge>,
    ring: WeakPublisher<Event<P>>,
    tally: Arc<Tally>,
    /// Nothing once the subscription has ended. Locked by whoever fills the queue.
    pub(super) feed: Mutex<Option<Feed<P>>>,
    /// The subscription has been dropped, or was ended from outside.
    left: AtomicBool,
}

impl<P> Queue<P> {
    pub(super) fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    pub(super) fn overflow(&self) -> QueueOverflow {
        self.overflow
    }

    pub(super) fn id(&self) -> SubscriberId {
        self.id
    }

    /// From now on nobody fills it.
    pub(super) fn leave(&self) {
        // ORDERING: Release pairs with the Acquire of `has_left`; the bell that follows wakes the dispatcher to look.
        self.left.store(true, Release);
        // Unless somebody is at it, who will look.
        if let Some(mut feed) = self.feed.try_lock() {
            Feed::end(&mut feed, End::Closed);
        }
        self.tally.stand_at(Sequence::MAX);
    }

    pub(super) fn has_left(&self) -> bool {
        self.left.load(Acquire)
    }

    /// Do both read the same ring?
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.ring.is_of(&other.ring)
    }

    /// The sequence of the next event of its ring.
    pub(super) fn next_sequence(&self) -> Sequence {
        self.ring.next_sequence()
    }

    /// How many events lie ahead of the dispatcher, of any topic.
    pub(super) fn behind(&self) -> u64 {
        self.tally.behind(self.ring.next_sequence())
    }

    pub(super) fn stats(&self) -> SubscriptionStats {
        self.tally.stats(self.ring.next_sequence())
    }

    /// How many events have been put in so far.
    pub(super) fn put_in(&self) -> u64 {
        self.gauge.put_in()
    }

    /// How many of those were handed out or evicted.
    pub(super) fn settled(&self) -> u64 {
        self.tally.settled()
    }
}

/// Makes a queued subscription. Only for payloads that can be cloned, which is why the builder keeps this as a pointer.
pub(super) fn subscribe<P: Clone + Send + Sync + 'static>(
    outlet: &Outlet<P>,
    plan: Plan<P>,
    size: QueueSize,
    overflow: QueueOverflow,
) -> Result<Subscription<P>, SubscribeError> {
    let size = size.check::<P>()?;
    let publisher = outlet.publisher();
    let seated = plan.seat(outlet, overflow.in_ring(), Some(overflow));
    let mut subscriber = publisher.subscribe_as(plan.id, plan.start.in_ring(), overflow.in_ring())?;
    let joined = Joined::new(&mut subscriber, publisher, plan.start);
    let id = subscriber.id();
    let (intake, outflow) = pipe(size, subscriber.barrier());
    let gauge = intake.gauge().clone();
    let tally = Arc::new(Tally::new(gauge.clone(), joined.sequence));
    seated.queue(tally.clone());
    let sieve = Sieve::new(plan.pattern, plan.filter, outlet.max_age(), outlet.clock());
    let feed =
        Feed::new(subscriber, outlet.shared_topics().clone(), sieve, intake, overflow, publisher.capacity());
    let queue = Arc::new(Queue {
        id,
        overflow,
        gauge,
        ring: publisher.downgrade(),
        tally,
        feed: Mutex::new(Some(feed)),
        left: AtomicBool::new(false),
    });
    let dispatcher = outlet.dispatcher();
    Dispatcher::add(dispatcher, queue.clone())?;
    let (ending, called) = (queue.clone(), dispatcher.clone());
    seated.ends_by(move || {
        let ends = !ending.has_left();
        ending.leave();
        called.call();
        ends
    });
    seated.sit(id, joined);
    Ok(Subscription::queued(Queued::new(
        queue,
        outflow,
        dispatcher.clone(),
        seated,
        outlet.times().clone(),
        joined,
    )))
}

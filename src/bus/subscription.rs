//! A subscription: it reads the ring in place, or a queue of its own; or several of either, where its topics are on several
//! rings.

use super::direct::Direct;
use super::merged::Merged;
use super::queue::{QueueOverflow, Queued};
use super::stats::SubscriptionStats;
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{Leader, Overflow, Sequence, SubscriberId};
use crate::topic::TopicPattern;
use std::fmt;

/// Reads the events of its topics, in the bus's order, from where it started; where its topics are on several
/// [lanes](super::BusBuilder::lane), in the order of each.
///
/// A *direct* one reads them in the ring, in place; a [queued](super::SubscriptionBuilder::queue) one reads copies that the
/// dispatcher has put into a queue of its own. Not `Clone`: each subscription has its own place. Dropping it leaves the bus
/// and wakes publishers that waited for it; what waits in its queue goes with it. It does not keep the bus open.
#[must_use = "dropping a subscription leaves the bus"]
pub struct Subscription<P> {
    pub(super) reader: Reader<P>,
    /// When [`wait_any`](super::wait_any) answered it last, in turns of its own.
    pub(super) turn: u64,
}

// Nothing of it is pinned, whatever the payload.
impl<P> Unpin for Subscription<P> {}

/// Where a subscription reads.
#[allow(clippy::large_enum_variant, reason = "a box would cost the direct one a step on every read")]
pub(super) enum Reader<P> {
    Direct(Direct<P>),
    Queued(Queued<P>),
    /// On several rings.
    Merged(Box<Merged<P>>),
}

impl<P> Subscription<P> {
    pub(super) fn direct(direct: Direct<P>) -> Self {
        Self { reader: Reader::Direct(direct), turn: 0 }
    }

    pub(super) fn queued(queued: Queued<P>) -> Self {
        Self { reader: Reader::Queued(queued), turn: 0 }
    }

    pub(super) fn merged(merged: Merged<P>) -> Self {
        Self { reader: Reader::Merged(Box::new(merged)), turn: 0 }
    }

    /// Calls `f` with up to `max` events of its topics and says how many; at least one.
    pub(super) fn scan(&mut self, max: usize, mut f: impl FnMut(&Event<P>)) -> Result<usize, TryRecvError> {
        match &mut self.reader {
            Reader::Direct(direct) => direct.scan(max, f),
            Reader::Queued(queued) => queued.scan(max, f),
            Reader::Merged(merged) => merged.scan(max, &mut f),
        }
    }

    /// For those who are to read behind it, one for each ring; none of a queued one, which has nothing to do with the ring.
    pub(super) fn leaders(&self) -> Vec<Leader<Event<P>>> {
        match &self.reader {
            Reader::Direct(direct) => vec![direct.leader()],
            Reader::Queued(_) => Vec::new(),
            Reader::Merged(merged) => merged.leaders(),
        }
    }

    /// What was handed out is handled.
    pub(super) fn handled(&mut self) {
        match &mut self.reader {
            Reader::Direct(direct) => direct.handled(),
            Reader::Queued(queued) => queued.handled(),
            Reader::Merged(merged) => merged.last().handled(),
        }
    }

    /// The reader comes back: what was handed out is handled, and what a guard was forgotten for is consumed.
    pub(super) fn come_back(&mut self) {
        self.handled();
        match &mut self.reader {
            Reader::Direct(direct) => direct.settle(),
            Reader::Queued(queued) => queued.settle(),
            Reader::Merged(merged) => merged.last().come_back(),
        }
    }

    /// Lets nothing more come, as one who ends it from outside does.
    pub(super) fn end(&self) {
        match &self.reader {
            Reader::Direct(direct) => {
                direct.door.tell();
                direct.seated().quit();
            }
            Reader::Queued(queued) => {
                queued.end();
                queued.seated().quit();
            }
            Reader::Merged(merged) => merged.parts().for_each(Self::end),
        }
    }

    /// Was it ended before its ring was closed?
    pub(super) fn was_ended(&self) -> bool {
        match &self.reader {
            Reader::Direct(direct) => direct.door.is_told(),
            Reader::Queued(queued) => queued.was_ended(),
            Reader::Merged(merged) => merged.parts().any(Self::was_ended),
        }
    }

    /// The topics it reads.
    pub fn pattern(&self) -> &TopicPattern {
        match &self.reader {
            Reader::Direct(direct) => direct.seated().pattern(),
            Reader::Queued(queued) => queued.seated().pattern(),
            Reader::Merged(merged) => merged.any().pattern(),
        }
    }

    /// The name it was [given](super::SubscriptionBuilder::name).
    pub fn name(&self) -> Option<&str> {
        match &self.reader {
            Reader::Direct(direct) => direct.seated().name(),
            Reader::Queued(queued) => queued.seated().name(),
            Reader::Merged(merged) => merged.any().name(),
        }
    }

    /// What happens when it is a full ring behind; a queued one is so when the dispatcher is.
    pub fn overflow(&self) -> Overflow {
        match &self.reader {
            Reader::Direct(direct) => direct.subscriber.overflow(),
            Reader::Queued(queued) => queued.overflow(),
            Reader::Merged(merged) => merged.any().overflow(),
        }
    }

    /// What happens when its queue is full; `None` for a direct one.
    pub fn queue_overflow(&self) -> Option<QueueOverflow> {
        match &self.reader {
            Reader::Direct(_) => None,
            Reader::Queued(queued) => Some(queued.queue_overflow()),
            Reader::Merged(merged) => merged.any().queue_overflow(),
        }
    }

    /// The number by which [`PublishError::blocked_by`](super::PublishError::blocked_by) names it; never used again on its
    /// bus.
    pub fn id(&self) -> SubscriberId {
        match &self.reader {
            Reader::Direct(direct) => direct.subscriber.id(),
            Reader::Queued(queued) => queued.id(),
            Reader::Merged(merged) => merged.any().id(),
        }
    }

    /// How many events lie ahead of it: of any topic in the ring, of its own in its queue. What a forgotten guard had is ahead of it
    /// until its next call.
    pub fn len(&self) -> usize {
        match &self.reader {
            Reader::Direct(direct) => direct.ahead(),
            Reader::Queued(queued) => queued.len(),
            Reader::Merged(merged) => merged.parts().map(Self::len).sum(),
        }
    }

    /// Is there nothing ahead of it, of any topic?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events it has missed since it joined, those included that no receive has reported yet: of any topic where the
    /// ring overtook it, of its own where its queue was full.
    pub fn lost(&self) -> u64 {
        match &self.reader {
            Reader::Direct(direct) => direct.lost(),
            Reader::Queued(queued) => queued.lost(),
            Reader::Merged(merged) => merged.parts().map(Self::lost).sum(),
        }
    }

    /// The sequence of the next event it will look at; for a queued one that has nothing in hand, the one after the last event
    /// it handed out. Of one that reads several [lanes](super::BusBuilder::lane), in the lane whose turn it is.
    pub fn sequence(&self) -> Sequence {
        match &self.reader {
            Reader::Direct(direct) => direct.subscriber.sequence(),
            Reader::Queued(queued) => queued.sequence(),
            Reader::Merged(merged) => merged.next().sequence(),
        }
    }

    /// What has become of the events since it joined.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("parcels.sent", 1)?;
    /// bus.publish("orders.created", 2)?;
    /// bus.publish("orders.paid", 3)?;
    /// sub.recv()?;
    /// let stats = sub.stats();
    /// assert_eq!((stats.delivered, stats.filtered, stats.lost, stats.ahead), (1, 1, 0, 1));
    /// assert_eq!(stats.total(), bus.stats().accepted - stats.joined);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> SubscriptionStats {
        match &self.reader {
            Reader::Direct(direct) => direct.stats(),
            Reader::Queued(queued) => queued.stats(),
            Reader::Merged(merged) => merged.stats(),
        }
    }
}

impl<P> fmt::Debug for Subscription<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id())
            .field("pattern", self.pattern())
            .field("name", &self.name())
            .field("overflow", &self.overflow())
            .field("queue_overflow", &self.queue_overflow())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

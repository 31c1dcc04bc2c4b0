//! What both kinds of publisher can do and be asked: the same words, `&self` on the shared one, `&mut self` on the unique one.

use super::full::{Refusal, claim_waiting};
use super::join::{Start, join};
use super::publish_batch::Patience;
use super::publisher::{Claim, Publisher};
use super::subscriber::Subscriber;
use super::unique::UniquePublisher;
use super::{Overflow, Sequence, SubscriberId};
use crate::error::{
    PublishBatchError, PublishError, PublishTimeoutError, StartError, TryPublishError, note_blocked_by,
};
use crate::sync::{Deadline, Ordering::*};
use std::ops::Range;
use std::time::Duration;

/// Why there is no claim.
pub(crate) enum NoClaim {
    /// No room, for this subscriber's sake if it is one.
    Full(Option<SubscriberId>),
    Closed,
}

impl From<Refusal<'_>> for NoClaim {
    fn from(refusal: Refusal<'_>) -> Self {
        match refusal {
            Refusal::Full(blocker) => Self::Full(blocker.subscriber()),
            Refusal::Closed => Self::Closed,
        }
    }
}

macro_rules! publisher_methods {
    ($name:ident, $me:ident, $($receiver:tt)+) => {
        impl<T: Send + Sync + 'static> $name<T> {
            /// Publishes one event and waits while a blocking subscriber is a full ring behind.
            ///
            /// Waits for [`Overflow::Block`] subscribers only; the way it waits is the ring's [`Wait`](super::Wait). It is woken when
            /// the subscriber it waits for reads on or leaves, and when the ring is closed.
            ///
            /// # Errors
            /// [`PublishError::Closed`] with the event when the ring is closed, also when that happens during the wait.
            ///
            /// # Examples
            /// ```
            /// let (publisher, mut subscriber) = eventcast::ring::channel::<u32>(8);
            /// assert_eq!(publisher.publish(7)?, 0);
            /// assert_eq!(subscriber.recv(), Ok(7));
            /// # Ok::<(), eventcast::ring::PublishError<u32>>(())
            /// ```
            #[inline(always)]
            pub fn publish($($receiver)+, event: T) -> Result<Sequence, PublishError<T>> {
                match $me.claim_until(|| Deadline::NEVER) {
                    Ok(claim) => Ok($me.finish(claim, event)),
                    Err(_) => Err(PublishError::Closed(event)),
                }
            }

            /// Publishes one event if there is room now. Never waits.
            ///
            /// # Errors
            /// [`TryPublishError::Full`] or [`TryPublishError::Closed`], with the event.
            #[inline(always)]
            pub fn try_publish($($receiver)+, event: T) -> Result<Sequence, TryPublishError<T>> {
                match $me.claim_now() {
                    Ok(claim) => Ok($me.finish(claim, event)),
                    Err(NoClaim::Full(_)) => Err(TryPublishError::Full(event)),
                    Err(NoClaim::Closed) => Err(TryPublishError::Closed(event)),
                }
            }

            /// Publishes one event and waits for room for at most `timeout`; a duration beyond the clock means for ever.
            ///
            /// Woken as [`publish`](Self::publish) is.
            ///
            /// # Errors
            /// [`PublishTimeoutError::Timeout`] or [`PublishTimeoutError::Closed`], with the event;
            /// [`blocked_by`](PublishTimeoutError::blocked_by) names the subscriber.
            pub fn publish_timeout($($receiver)+, event: T, timeout: Duration) -> Result<Sequence, PublishTimeoutError<T>> {
                match $me.claim_until(|| Deadline::after(timeout)) {
                    Ok(claim) => Ok($me.finish(claim, event)),
                    Err(NoClaim::Full(subscriber)) => {
                        note_blocked_by(subscriber);
                        Err(PublishTimeoutError::Timeout(event))
                    }
                    Err(NoClaim::Closed) => Err(PublishTimeoutError::Closed(event)),
                }
            }

            /// Claims one sequence if there is room now. [`finish`](Self::finish) has to follow at once.
            ///
            /// Neither this nor waiting gets the event: an event that is passed on by address has to be on the stack, and is then
            /// copied from there with loads that wait for its stores, and for every store to a slot before them.
            #[inline(always)]
            pub(crate) fn claim_now(&self) -> Result<Claim, NoClaim> {
                self.claim_fast(1).map_or_else(|| self.claim_looking(), Ok)
            }

            /// Claims one sequence, and waits for room until the deadline, which is asked for only where there is none at once.
            /// [`finish`](Self::finish) has to follow at once.
            #[inline(always)]
            pub(crate) fn claim_until(&self, deadline: impl FnOnce() -> Deadline) -> Result<Claim, NoClaim> {
                self.claim_fast(1).map_or_else(|| self.claim_waiting(&deadline()), Ok)
            }

            #[cold]
            #[inline(never)]
            fn claim_looking(&self) -> Result<Claim, NoClaim> {
                Ok(self.claim(1)?)
            }

            #[cold]
            #[inline(never)]
            fn claim_waiting(&self, deadline: &Deadline) -> Result<Claim, NoClaim> {
                Ok(claim_waiting(&self.ring.core, deadline, || self.claim(1))?)
            }

            /// Publishes all events of the iterator and waits for room where it must.
            ///
            /// Answers the first sequence and the one after the last. The iterator runs outside any claim; a panic in it loses
            /// only events that it had yielded and that were not yet visible to readers.
            ///
            /// # Errors
            /// [`PublishBatchError`] with what was not published when the ring is closed.
            ///
            /// # Examples
            /// ```
            /// let (publisher, mut subscriber) = eventcast::ring::channel::<u32>(8);
            /// assert_eq!(publisher.publish_batch(0..3).unwrap(), 0..3);
            /// assert_eq!(subscriber.try_iter().sum::<u32>(), 3);
            /// ```
            pub fn publish_batch<I>($($receiver)+, events: I) -> Result<Range<Sequence>, PublishBatchError<T>>
            where
                I: IntoIterator<Item = T>,
            {
                $me.publish_all(events.into_iter(), Patience::Endless)
            }

            /// Publishes the events for which there is room now. Never waits.
            ///
            /// # Errors
            /// [`PublishBatchError`] with what was not published: the ring is full or closed.
            pub fn try_publish_batch<I>($($receiver)+, events: I) -> Result<Range<Sequence>, PublishBatchError<T>>
            where
                I: IntoIterator<Item = T>,
            {
                $me.publish_all(events.into_iter(), Patience::None)
            }

            /// Publishes all events of the iterator and waits for room for at most `timeout` in all.
            ///
            /// # Errors
            /// [`PublishBatchError`] with what was not published: no room within the time, or closed.
            pub fn publish_batch_timeout<I>(
                $($receiver)+,
                events: I,
                timeout: Duration,
            ) -> Result<Range<Sequence>, PublishBatchError<T>>
            where
                I: IntoIterator<Item = T>,
            {
                $me.publish_all(events.into_iter(), Patience::Until(Deadline::after(timeout)))
            }

            /// A new blocking subscriber that sees every event from now on; on a closed ring it is `Closed` at once.
            pub fn subscribe(&self) -> Subscriber<T> {
                self.subscribe_with(Overflow::Block)
            }

            /// As [`subscribe`](Self::subscribe), with another overflow policy.
            pub fn subscribe_with(&self, overflow: Overflow) -> Subscriber<T> {
                self.subscribe_from(Start::Now, overflow).expect("nothing is too old or ahead of now")
            }

            /// A new subscriber that starts among the kept events.
            ///
            /// # Errors
            /// [`StartError`] when the sequence is older than the oldest kept event or lies ahead of the next one.
            ///
            /// # Examples
            /// ```
            /// use eventcast::ring::{self, Overflow, Start};
            /// let (publisher, _first) = ring::channel::<u32>(8);
            /// publisher.publish(1)?;
            /// let mut late = publisher.subscribe_from(Start::Oldest, Overflow::Lag)?;
            /// assert_eq!(late.try_recv(), Ok(1));
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn subscribe_from(&self, start: Start, overflow: Overflow) -> Result<Subscriber<T>, StartError> {
                join(&self.ring, start, overflow, None)
            }

            /// How many events the ring keeps at least: exactly what it was built with.
            pub fn capacity(&self) -> usize {
                self.ring.core.shape.capacity as usize
            }

            /// How many events the slowest blocking subscriber has not read; 0 without one.
            pub fn len(&self) -> usize {
                self.ring.core.backlog() as usize
            }

            /// Have all blocking subscribers read everything?
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// How many subscribers there are now, of every policy.
            pub fn subscriber_count(&self) -> usize {
                self.ring.core.subscribers.load(Relaxed)
            }

            /// Is the ring closed?
            pub fn is_closed(&self) -> bool {
                self.ring.core.is_closed()
            }

            /// The sequence that the next event will get.
            #[inline(always)]
            pub fn next_sequence(&self) -> Sequence {
                self.ring.core.next_sequence()
            }

            /// How many panics of events' own `Drop` the ring has contained.
            pub fn drop_panics(&self) -> u64 {
                self.ring.core.drop_panics.load(Relaxed)
            }

            /// Bytes of memory the ring takes: fixed when it was built, but for blocks of cursors that are added as subscribers
            /// join and used again when they leave. What the events themselves own on the heap is not counted.
            pub fn memory(&self) -> usize {
                self.ring.memory()
            }
        }
    };
}

publisher_methods!(Publisher, self, &self);
publisher_methods!(UniquePublisher, self, &mut self);

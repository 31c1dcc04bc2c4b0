//! A borrowed run of a subscription's events.

use super::queue::Queued;
use super::run::Run;
use super::subscription::{Reader, Subscription};
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::event::Event;
use std::fmt;
use std::ops::Index;
use std::time::Duration;

/// The most events of one batch.
const MOST: usize = 64;

/// Events of a subscription's topics that it reads in place, oldest first; never empty.
///
/// Dropping it consumes them all, with what lies between them; [`release_first`](Self::release_first) only some. A guard that
/// was forgotten is consumed by the subscription's next call. Its events count as delivered once they are consumed; until then
/// they count as [`ahead`](crate::SubscriptionStats::ahead), of a queued subscription as [`queued`](crate::SubscriptionStats::queued).
///
/// # Examples
/// ```
/// let bus = eventcast::Bus::<String>::builder().build()?;
/// let mut sub = bus.subscribe("orders.*")?;
/// for text in ["one", "two", "three"] {
///     bus.publish("orders.created", text.to_owned())?;
///     bus.publish("noise", "?".to_owned())?;
/// }
/// let batch = sub.batch(64)?;
/// assert_eq!(batch.iter().map(|event| event.payload().as_str()).collect::<Vec<_>>(), ["one", "two", "three"]);
/// batch.release_first(1);
/// assert_eq!(sub.recv()?.payload(), "two");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a batch consumes its events"]
pub struct Batch<'a, P> {
    held: Held<'a, P>,
}

enum Held<'a, P> {
    InPlace(Run<'a, P>),
    InHand(Hand<'a, P>),
}

/// Events that a queued subscription has taken out of its queue.
struct Hand<'a, P> {
    queued: &'a mut Queued<P>,
    len: usize,
}

impl<P> Drop for Hand<'_, P> {
    fn drop(&mut self) {
        self.queued.release(self.len);
    }
}

/// What a batch will be made of.
enum Found {
    InPlace,
    InHand(usize),
}

impl<P> Subscription<P> {
    /// Borrows up to `max` events of its topics in place, at least one and at most 64; they are consumed when the guard is
    /// dropped. Nothing is cloned; a queued subscription takes them out of its queue.
    ///
    /// A blocking direct subscription holds publishers up while the guard lives, a ring later; any other does not, and holds at most
    /// eight events. The events of one batch are of one [lane](super::BusBuilder::lane).
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn batch(&mut self, max: usize) -> Result<Batch<'_, P>, TryRecvError> {
        let found = self.find(max)?;
        Ok(self.guard(found))
    }

    /// As [`batch`](Self::batch), and waits for the first event. Woken as [`recv`](Self::recv) is.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    pub fn recv_batch(&mut self, max: usize) -> Result<Batch<'_, P>, RecvError> {
        let found = self.until(|this| this.find(max))?;
        Ok(self.guard(found))
    }

    /// As [`recv_batch`](Self::recv_batch), for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn recv_batch_timeout(
        &mut self,
        max: usize,
        timeout: Duration,
    ) -> Result<Batch<'_, P>, RecvTimeoutError> {
        let found = self.within(timeout, |this| this.find(max))?;
        Ok(self.guard(found))
    }

    fn find(&mut self, max: usize) -> Result<Found, TryRecvError> {
        match &mut self.reader {
            Reader::Direct(direct) => direct.judge_next(max).map(|()| Found::InPlace),
            Reader::Queued(queued) => queued.hold(max.clamp(1, MOST)).map(Found::InHand),
            Reader::Merged(merged) => merged.ask(|part| part.find(max)),
        }
    }

    fn guard(&mut self, found: Found) -> Batch<'_, P> {
        let held = match (found, &mut self.reader) {
            (Found::InPlace, Reader::Direct(direct)) => Held::InPlace(direct.run()),
            (Found::InHand(len), Reader::Queued(queued)) => {
                queued.guard(len);
                Held::InHand(Hand { queued, len })
            }
            (found, Reader::Merged(merged)) => return merged.last().guard(found),
            _ => unreachable!("a subscription reads where it found something"),
        };
        Batch { held }
    }
}

impl<P> Batch<'_, P> {
    /// How many events it holds, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> usize {
        self.left(0)
    }

    fn left(&self, place: usize) -> usize {
        match &self.held {
            Held::InPlace(run) => run.left(place),
            Held::InHand(hand) => hand.len - place,
        }
    }

    /// The first event at `place` or behind, and the place behind it.
    fn next(&self, place: usize) -> Option<(&Event<P>, usize)> {
        match &self.held {
            Held::InPlace(run) => run.next(place),
            Held::InHand(hand) if place < hand.len => Some((hand.queued.held().get(place)?, place + 1)),
            Held::InHand(_) => None,
        }
    }

    /// The event at this place of the batch.
    pub fn get(&self, index: usize) -> Option<&Event<P>> {
        self.iter().nth(index)
    }

    /// Its events, oldest first; they live no longer than the guard.
    pub fn iter(&self) -> BatchIter<'_, P> {
        BatchIter { batch: self, at: 0 }
    }

    /// Consumes the first `n` events (at most all) and what lies before them, and leaves the rest for the subscription's next
    /// call, which asks the filter again. A subscription that nobody waits for goes on holding what is left until then.
    pub fn release_first(mut self, n: usize) {
        match &mut self.held {
            Held::InPlace(run) => run.keep_first(n),
            Held::InHand(hand) => hand.len = hand.len.min(n),
        }
    }
}

impl<P> Index<usize> for Batch<'_, P> {
    type Output = Event<P>;

    fn index(&self, index: usize) -> &Event<P> {
        match self.get(index) {
            Some(event) => event,
            None => panic!("index {index} of a batch of {}", self.len()),
        }
    }
}

impl<'b, P> IntoIterator for &'b Batch<'_, P> {
    type Item = &'b Event<P>;
    type IntoIter = BatchIter<'b, P>;

    fn into_iter(self) -> BatchIter<'b, P> {
        self.iter()
    }
}

impl<P: fmt::Debug> fmt::Debug for Batch<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over a [`Batch`].
pub struct BatchIter<'b, P> {
    batch: &'b Batch<'b, P>,
    at: usize,
}

impl<'b, P> Iterator for BatchIter<'b, P> {
    type Item = &'b Event<P>;

    fn next(&mut self) -> Option<&'b Event<P>> {
        let (event, next) = self.batch.next(self.at)?;
        self.at = next;
        Some(event)
    }
}

impl<P> fmt::Debug for BatchIter<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchIter").field("left", &self.batch.left(self.at)).finish()
    }
}

//! A borrowed run of a subscription's events.

use super::account::Account;
use super::sieve::{Now, Outcome};
use super::subscription::{RUN, Subscription};
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::event::Event;
use crate::ring::{self, Sequence};
use std::fmt;
use std::ops::Index;
use std::time::Duration;

/// Events of a subscription's topics that it reads in place, oldest first; never empty.
///
/// Dropping it consumes them all, with what lies between them; [`release_first`](Self::release_first) only some. A guard that
/// was forgotten is consumed by the subscription's next call, and counts as delivered.
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
    run: Option<ring::Batch<'a, Event<P>>>,
    account: &'a Account,
    judged: Judged,
}

/// What is to become of the next events of the ring.
struct Judged {
    outcomes: [Outcome; RUN],
    len: usize,
}

impl Judged {
    /// Places of the events that are handed out.
    fn delivered(&self) -> impl Iterator<Item = usize> {
        self.delivered_from(0)
    }

    /// Counts what is to become of the events from `first` on.
    fn count(&self, account: &Account, first: Sequence) {
        self.outcomes[..self.len].iter().for_each(|outcome| account.add(*outcome));
        account.stand_at(first + self.len as u64);
    }

    fn delivered_from(&self, first: usize) -> impl Iterator<Item = usize> {
        (first..self.len).filter(|at| self.outcomes[*at] == Outcome::Delivered)
    }
}

impl<P> Subscription<P> {
    /// Borrows up to `max` events of its topics in place, at least one and at most 64; they are consumed when the guard is
    /// dropped. Nothing is cloned.
    ///
    /// A blocking subscription holds publishers up while the guard lives, a ring later; any other does not, and holds at most
    /// eight events.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn batch(&mut self, max: usize) -> Result<Batch<'_, P>, TryRecvError> {
        let judged = self.judge_next(max)?;
        Ok(self.guard(judged))
    }

    /// As [`batch`](Self::batch), and waits for the first event. Woken as [`recv`](Self::recv) is.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    pub fn recv_batch(&mut self, max: usize) -> Result<Batch<'_, P>, RecvError> {
        let judged = self.until(|this| this.judge_next(max))?;
        Ok(self.guard(judged))
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
        let judged = self.within(timeout, |this| this.judge_next(max))?;
        Ok(self.guard(judged))
    }

    /// Reads past runs without an event of its topics, and judges the first that has one.
    fn judge_next(&mut self, max: usize) -> Result<Judged, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.handled();
        let max = max.max(1);
        let most = self.run_length(max).min(max);
        let mut skipped = 0;
        while skipped < self.horizon {
            let run = self.subscriber.batch(most).inspect_err(|error| self.seated.failed(error))?;
            let account = self.seated.account();
            self.stops.look(run.sequence(), account, || run.ahead());
            let mut judged = Judged { outcomes: [Outcome::Filtered; RUN], len: run.len() };
            let mut now = Now::default();
            for (at, event) in run.iter().enumerate() {
                judged.outcomes[at] = self.sieve.judge(event, run.sequence() + at as u64, &mut now);
            }
            if judged.delivered().next().is_some() {
                run.release_first(0);
                return Ok(judged);
            }
            judged.count(account, run.sequence());
            skipped += judged.len;
        }
        Err(TryRecvError::Empty)
    }

    /// The guard of what was judged just now.
    fn guard(&mut self, judged: Judged) -> Batch<'_, P> {
        let account = self.seated.account();
        let run = self.subscriber.batch(judged.len).expect("what was judged is still there");
        debug_assert_eq!(run.len(), judged.len, "nobody else reads here");
        judged.count(account, run.sequence());
        let hit = self.stops.next_timed(run.sequence());
        if judged.delivered().any(|at| at as u64 == hit) {
            self.handed_out = self.times.delivered(run.sequence() + hit);
        }
        Batch { run: Some(run), account, judged }
    }
}

impl<P> Batch<'_, P> {
    /// How many events it holds, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> usize {
        self.judged.delivered().count()
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
        let keep = self.judged.delivered().nth(n).unwrap_or(self.judged.len);
        let left = &self.judged.outcomes[keep..self.judged.len];
        left.iter().for_each(|outcome| self.account.take_back(*outcome));
        self.account.stand_at(self.account.position() - left.len() as u64);
        self.judged.len = keep;
    }
}

impl<P> Drop for Batch<'_, P> {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            run.release_first(self.judged.len);
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
        let at = self.batch.judged.delivered_from(self.at).next()?;
        self.at = at + 1;
        self.batch.run.as_ref()?.get(at)
    }
}

impl<P> fmt::Debug for BatchIter<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchIter").field("left", &self.batch.judged.delivered_from(self.at).count()).finish()
    }
}

//! Receiving from a subscription: by clone and in place; each at once, waiting, and bounded.
//!
//! The ring waits for any event, a direct subscription for one of its topics: it tries, waits for any, and tries again.

use super::iter::{Iter, Results, TryIter};
use super::subscription::{Reader, Subscription};
use super::wait_any;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::event::Event;
use crate::sync::{Countdown, Deadline};
use std::time::Duration;

impl<P> Subscription<P> {
    /// Takes the next event of its topics if there is one, by cloning it; a queued subscription's is a clone already.
    ///
    /// If the clone panics, the event counts as delivered and the panic goes on to the caller.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] when nothing is there, [`Lagged`](TryRecvError::Lagged) with the number of missed events (of any
    /// topic), once, [`Disconnected`](TryRecvError::Disconnected) once, [`Closed`](TryRecvError::Closed) from then on.
    ///
    /// # Examples
    /// ```
    /// use eventcast::TryRecvError;
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("parcels.sent", 1)?;
    /// assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Empty);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Event<P>, TryRecvError>
    where
        P: Clone,
    {
        match &mut self.reader {
            Reader::Direct(direct) => {
                let mut taken = None;
                direct.scan(1, |event| taken = Some(event.clone()))?;
                taken.ok_or(TryRecvError::Empty)
            }
            // Copied already.
            Reader::Queued(queued) => queued.take(),
            Reader::Merged(merged) => merged.ask(Self::try_recv),
        }
    }

    /// Takes the next event of its topics by cloning it, and waits for one. Woken by a publish to any topic (it goes on
    /// waiting if the topic is not one of its own), and by the close of the bus.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    ///
    /// # Examples
    /// ```
    /// use eventcast::RecvError;
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// std::thread::spawn(move || bus.publish("orders.created", 7).map(|_| ()));
    /// assert_eq!(*sub.recv()?.payload(), 7);
    /// assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv(&mut self) -> Result<Event<P>, RecvError>
    where
        P: Clone,
    {
        self.until(Self::try_recv)
    }

    /// Takes the next event of its topics by cloning it, and waits for at most `timeout`; a duration beyond the clock means
    /// for ever. Woken as [`recv`](Self::recv) is.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Event<P>, RecvTimeoutError>
    where
        P: Clone,
    {
        self.within(timeout, Self::try_recv)
    }

    /// Calls `f` with up to `max` events of its topics in place, and says how many; at least one (a `max` of 0 counts as 1).
    /// Nothing is cloned.
    ///
    /// Publishers wait for the slowest blocking subscription, also while it is inside `f`. If `f` panics, that event counts
    /// as delivered, later ones stay, and the panic goes on to the caller.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), when not a single event could be delivered.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<String>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// bus.publish("orders.created", "one".to_owned())?;
    /// bus.publish("orders.paid", "two".to_owned())?;
    /// let mut length = 0;
    /// assert_eq!(sub.drain(10, |event| length += event.payload().len())?, 2);
    /// assert_eq!(length, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&mut self, max: usize, f: impl FnMut(&Event<P>)) -> Result<usize, TryRecvError> {
        let drained = self.scan(max, f);
        self.handled();
        drained
    }

    /// As [`drain`](Self::drain), and waits for the first event. Woken as [`recv`](Self::recv) is.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    pub fn drain_wait(&mut self, max: usize, mut f: impl FnMut(&Event<P>)) -> Result<usize, RecvError> {
        self.until(|this| this.drain(max, &mut f))
    }

    /// As [`drain_wait`](Self::drain_wait), for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn drain_timeout(
        &mut self,
        max: usize,
        timeout: Duration,
        mut f: impl FnMut(&Event<P>),
    ) -> Result<usize, RecvTimeoutError> {
        self.within(timeout, |this| this.drain(max, &mut f))
    }

    /// Iterates over clones of the events and waits for each. Goes on after a lag (see [`lost`](Self::lost)); ends when the
    /// bus is closed and drained or the subscription is disconnected.
    pub fn iter(&mut self) -> Iter<'_, P> {
        Iter { subscription: self }
    }

    /// Iterates over clones of the events that are there, without waiting. Goes on after a lag.
    pub fn try_iter(&mut self) -> TryIter<'_, P> {
        TryIter { subscription: self }
    }

    /// As [`iter`](Self::iter), but yields what `recv` answers: a lag or a disconnect shows as an `Err`. Ends at `Closed`.
    ///
    /// # Examples
    /// ```
    /// use eventcast::{Bus, Overflow, RecvError};
    /// let bus = Bus::<u32>::builder().capacity(4).build()?;
    /// let mut sub = bus.subscription(">").overflow(Overflow::Lag).subscribe()?;
    /// for n in 0..100 {
    ///     bus.publish("tick", n)?;
    /// }
    /// drop(bus);
    /// let mut seen = 0;
    /// let mut missed = 0;
    /// for result in sub.results() {
    ///     match result {
    ///         Ok(_) => seen += 1,
    ///         Err(RecvError::Lagged(n)) => missed += n,
    ///         Err(error) => return Err(error.into()),
    ///     }
    /// }
    /// assert_eq!(seen + missed, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn results(&mut self) -> Results<'_, P> {
        Results { subscription: self, done: false }
    }

    /// Waits until there may be something; consumes nothing.
    fn wait(&mut self) -> Result<(), RecvError> {
        match &mut self.reader {
            Reader::Direct(direct) => direct.wait()?,
            Reader::Queued(queued) => {
                queued.wait(&Countdown::after(Duration::MAX));
            }
            Reader::Merged(_) => wait_any::wait(&mut [self], &Deadline::NEVER),
        }
        Ok(())
    }

    /// As [`wait`](Self::wait), for at most so long.
    fn wait_for(&mut self, left: Duration) -> Result<(), RecvTimeoutError> {
        match &mut self.reader {
            Reader::Direct(direct) => direct.wait_for(left)?,
            Reader::Queued(queued) => {
                if !queued.wait(&Countdown::after(left)) {
                    return Err(RecvTimeoutError::Timeout);
                }
            }
            Reader::Merged(_) => wait_any::wait(&mut [self], &Deadline::after(left)),
        }
        Ok(())
    }

    pub(super) fn until<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, RecvError> {
        loop {
            match attempt(self) {
                Ok(done) => return Ok(done),
                Err(TryRecvError::Empty) => self.wait()?,
                Err(TryRecvError::Lagged(n)) => return Err(RecvError::Lagged(n)),
                Err(TryRecvError::Disconnected(n)) => return Err(RecvError::Disconnected(n)),
                Err(TryRecvError::Closed) => return Err(RecvError::Closed),
            }
        }
    }

    pub(super) fn within<R>(
        &mut self,
        timeout: Duration,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, RecvTimeoutError> {
        let mut countdown = None;
        loop {
            match attempt(self) {
                Ok(done) => return Ok(done),
                Err(TryRecvError::Empty) => {
                    // The first wait starts the clock: what is there at once costs no look at it.
                    let left = countdown.get_or_insert_with(|| Countdown::after(timeout)).left();
                    if left.is_zero() {
                        return Err(RecvTimeoutError::Timeout);
                    }
                    self.wait_for(left)?;
                }
                Err(TryRecvError::Lagged(n)) => return Err(RecvTimeoutError::Lagged(n)),
                Err(TryRecvError::Disconnected(n)) => {
                    return Err(RecvTimeoutError::Disconnected(n));
                }
                Err(TryRecvError::Closed) => return Err(RecvTimeoutError::Closed),
            }
        }
    }
}

//! Receiving: by clone, in place, by batch; each at once, waiting, and bounded.

use super::Batch;
use super::iter::{Iter, Results, TryIter};
use super::subscriber::Subscriber;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::sync::{Deadline, park_until};
use std::time::Duration;

/// A `drain` lets publishers see its progress at least this often.
const STRIDE: u64 = 128;

/// Why a wait ended without anything to read.
struct TimedOut;

impl<T> Subscriber<T> {
    /// Takes the next event if there is one, by cloning it.
    ///
    /// If the clone panics, the event counts as delivered and the panic goes on to the caller.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] when nothing is there, [`Lagged`](TryRecvError::Lagged) with the number of missed events, once,
    /// [`Disconnected`](TryRecvError::Disconnected) once, [`Closed`](TryRecvError::Closed) from then on.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        self.settle();
        self.look(1)?;
        Ok(self.reading().pass().clone())
    }

    /// Takes the next event by cloning it, and waits for one in the ring's way of waiting.
    ///
    /// Woken by a publish, and by the close of the ring.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    ///
    /// # Examples
    /// ```
    /// use eventcast::ring::{self, RecvError};
    /// let (publisher, mut subscriber) = ring::channel::<u32>(4);
    /// std::thread::spawn(move || publisher.publish(1));
    /// assert_eq!(subscriber.recv(), Ok(1));
    /// assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    /// ```
    #[inline]
    pub fn recv(&mut self) -> Result<T, RecvError>
    where
        T: Clone,
    {
        self.until(&Deadline::NEVER, Self::try_recv).map_err(endless)
    }

    /// Takes the next event by cloning it, and waits for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError>
    where
        T: Clone,
    {
        self.within(timeout, Self::try_recv)
    }

    /// Calls `f` with up to `max` events in place, and says how many; at least one (a `max` of 0 counts as 1).
    ///
    /// If `f` panics, that event counts as delivered, later ones stay, and the panic goes on to the caller.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), when not a single event could be delivered.
    ///
    /// # Examples
    /// ```
    /// let (publisher, mut subscriber) = eventcast::ring::channel::<String>(8);
    /// publisher.publish("one".into()).unwrap();
    /// publisher.publish("two".into()).unwrap();
    /// let mut length = 0;
    /// assert_eq!(subscriber.drain(10, |event| length += event.len()), Ok(2));
    /// assert_eq!(length, 6);
    /// ```
    #[inline]
    pub fn drain(&mut self, max: usize, mut f: impl FnMut(&T)) -> Result<usize, TryRecvError> {
        self.settle();
        self.begin_drain();
        let max = (max as u64).max(1);
        let mut total = 0;
        loop {
            let most = STRIDE.min(max - total);
            let n = match if total == 0 { self.look(most) } else { self.look_on(most) } {
                Ok(n) => n,
                Err(error) if total == 0 => return Err(error),
                Err(_) => return Ok(total as usize),
            };
            self.read(n, &mut f);
            total += n;
            if total == max || self.is_at_end() {
                return Ok(total as usize);
            }
        }
    }

    /// As [`drain`](Self::drain), and waits for the first event. Woken by a publish, and by the close of the ring.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    pub fn drain_wait(&mut self, max: usize, mut f: impl FnMut(&T)) -> Result<usize, RecvError> {
        self.until(&Deadline::NEVER, |this| this.drain(max, &mut f)).map_err(endless)
    }

    /// As [`drain_wait`](Self::drain_wait), for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn drain_timeout(
        &mut self,
        max: usize,
        timeout: Duration,
        mut f: impl FnMut(&T),
    ) -> Result<usize, RecvTimeoutError> {
        self.within(timeout, |this| this.drain(max, &mut f))
    }

    /// Borrows up to `max` events in place, at least one; they are consumed when the guard is dropped.
    ///
    /// A blocking subscriber holds publishers up while the guard lives, a ring later; any other does not. A lagging one holds
    /// at most as many events as the ring has spare slots (see [`Builder::lag_slots`](super::Builder::lag_slots)), and at most
    /// 255.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn batch(&mut self, max: usize) -> Result<Batch<'_, T>, TryRecvError> {
        let n = self.settle_and_look(max)?;
        Ok(Batch::new(self, n))
    }

    /// As [`batch`](Self::batch), and waits for the first event. Woken by a publish, and by the close of the ring.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    pub fn recv_batch(&mut self, max: usize) -> Result<Batch<'_, T>, RecvError> {
        let n = self.until(&Deadline::NEVER, |this| this.settle_and_look(max)).map_err(endless)?;
        Ok(Batch::new(self, n))
    }

    /// As [`recv_batch`](Self::recv_batch), for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn recv_batch_timeout(
        &mut self,
        max: usize,
        timeout: Duration,
    ) -> Result<Batch<'_, T>, RecvTimeoutError> {
        let n = self.within(timeout, |this| this.settle_and_look(max))?;
        Ok(Batch::new(self, n))
    }

    fn settle_and_look(&mut self, max: usize) -> Result<u64, TryRecvError> {
        self.settle();
        self.look_far((max as u64).max(1))
    }

    /// Iterates over clones of the events and waits for each. Goes on after a lag (see [`lost`](Self::lost)); ends when the
    /// ring is closed and drained or the subscriber is disconnected.
    pub fn iter(&mut self) -> Iter<'_, T> {
        Iter { subscriber: self }
    }

    /// Iterates over clones of the events that are there, without waiting. Goes on after a lag.
    pub fn try_iter(&mut self) -> TryIter<'_, T> {
        TryIter { subscriber: self }
    }

    /// As [`iter`](Self::iter), but yields what `recv` answers: a lag or a disconnect shows as an `Err`. Ends at `Closed`.
    pub fn results(&mut self) -> Results<'_, T> {
        Results { subscriber: self, done: false }
    }

    /// Tries until there is an answer, waiting in between; `Empty` means that the time is over.
    #[inline]
    fn until<R>(
        &mut self,
        deadline: &Deadline,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, TryRecvError> {
        loop {
            match attempt(self) {
                Err(TryRecvError::Empty) => {
                    if let Err(TimedOut) = self.wait(deadline) {
                        return attempt(self);
                    }
                }
                done => return done,
            }
        }
    }

    fn within<R>(
        &mut self,
        timeout: Duration,
        mut attempt: impl FnMut(&mut Self) -> Result<R, TryRecvError>,
    ) -> Result<R, RecvTimeoutError> {
        let done = match attempt(self) {
            Err(TryRecvError::Empty) => self.until(&Deadline::after(timeout), attempt),
            done => done,
        };
        done.map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Lagged(n) => RecvTimeoutError::Lagged(n),
            TryRecvError::Disconnected(n) => RecvTimeoutError::Disconnected(n),
            TryRecvError::Closed => RecvTimeoutError::Closed,
        })
    }

    /// Waits until there is something to read or to report.
    #[cold]
    #[inline(never)]
    fn wait(&mut self, deadline: &Deadline) -> Result<(), TimedOut> {
        let mut round = 0;
        while !self.is_ready() {
            if deadline.expired() {
                return Err(TimedOut);
            }
            if !self.core().shape.wait.pause(round) {
                return self.sleep(deadline);
            }
            round = round.saturating_add(1);
        }
        Ok(())
    }

    /// Sleeps until woken with something to read; see [`sleep`](super::sleep) for the protocol.
    fn sleep(&mut self, deadline: &Deadline) -> Result<(), TimedOut> {
        let core = self.core();
        loop {
            let ticket = core.sleepers.register(self.wanted());
            core.barrier.heavy();
            let mut taken = false;
            while !taken && !self.is_ready() && !deadline.expired() {
                park_until(deadline, None);
                taken = !core.sleepers.holds(ticket);
            }
            // Whoever finds its registration taken has been given a wake-up.
            let woken = taken || !core.sleepers.cancel(ticket);
            if self.is_ready() {
                if woken {
                    core.sleepers.wake_one();
                }
                return Ok(());
            }
            if deadline.expired() {
                return Err(TimedOut);
            }
        }
    }
}

/// Without a deadline nothing times out.
fn endless(error: TryRecvError) -> RecvError {
    match error {
        TryRecvError::Lagged(n) => RecvError::Lagged(n),
        TryRecvError::Disconnected(n) => RecvError::Disconnected(n),
        TryRecvError::Closed => RecvError::Closed,
        TryRecvError::Empty => unreachable!("a wait without a deadline ended with nothing"),
    }
}

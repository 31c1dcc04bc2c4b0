//! Reading in place with an end-of-batch flag: whoever gathers events learns which of them is the last for now.
//!
//! An event is held back until the next one that is wanted was found, or until it is known that this call has none. So the
//! flag comes with the last event itself, whatever lies behind it that nobody asked for.

use super::direct::{Direct, Run};
use super::sieve::{Now, Outcome};
use super::subscription::{Reader, Subscription};
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::event::Event;
use std::time::Duration;

impl<P> Subscription<P> {
    /// As [`drain`](Self::drain), and tells `f` which event ends the batch: `true` beside the last one of the call, `false`
    /// beside all before it. What gathers events (a file, a connection, a transaction) flushes then. This is the
    /// `endOfBatch` of the LMAX Disruptor.
    ///
    /// The batch ends with the `max`th event, or where nothing more of its topics is there. A direct subscription that nobody
    /// waits for ends it after eight events of the ring at the latest: it holds on to all of them until it knows the last.
    /// It hands an event out when it has found the next one, or knows that there is none now. Where its topics are on several
    /// [lanes](super::BusBuilder::lane), a batch is of one of them and ends after 64 events.
    ///
    /// If `f` panics, that event counts as delivered, later ones stay, and the panic goes on to the caller: that batch has
    /// no end. The filter is asked again about the event behind it.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), when not a single event could be delivered.
    ///
    /// # Examples
    /// ```
    /// let bus = eventcast::Bus::<u32>::builder().build()?;
    /// let mut sub = bus.subscribe("orders.*")?;
    /// for n in 1..=3 {
    ///     bus.publish("orders.created", n)?;
    ///     bus.publish("noise", 0)?;
    /// }
    /// let (mut gathered, mut written) = (Vec::new(), Vec::new());
    /// sub.drain_batch(100, |event, end_of_batch| {
    ///     gathered.push(*event.payload());
    ///     if end_of_batch {
    ///         written.append(&mut gathered);
    ///     }
    /// })?;
    /// assert_eq!(written, [1, 2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain_batch(
        &mut self,
        max: usize,
        mut f: impl FnMut(&Event<P>, bool),
    ) -> Result<usize, TryRecvError> {
        match &mut self.reader {
            Reader::Direct(direct) => direct.scan_batch(max, f),
            Reader::Queued(queued) => queued.scan_batch(max, f),
            Reader::Merged(merged) => merged.scan_batch(max, &mut f),
        }
    }

    /// As [`drain_batch`](Self::drain_batch), and waits for the first event. Woken as [`recv`](Self::recv) is.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), without `Empty`.
    pub fn drain_batch_wait(
        &mut self,
        max: usize,
        mut f: impl FnMut(&Event<P>, bool),
    ) -> Result<usize, RecvError> {
        self.until(|this| this.drain_batch(max, &mut f))
    }

    /// As [`drain_batch_wait`](Self::drain_batch_wait), for at most `timeout`; a duration beyond the clock means for ever.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv), with `Timeout` in place of `Empty`.
    pub fn drain_batch_timeout(
        &mut self,
        max: usize,
        timeout: Duration,
        mut f: impl FnMut(&Event<P>, bool),
    ) -> Result<usize, RecvTimeoutError> {
        self.within(timeout, |this| this.drain_batch(max, &mut f))
    }
}

impl<P> Direct<P> {
    /// Calls `f` with up to `max` events of its topics, with `true` beside the last, and says how many.
    ///
    /// The event that is held back stays in the ring, unread. What lies between it and the end of the run is judged and
    /// counted already, and read past together with it.
    fn scan_batch(&mut self, max: usize, mut f: impl FnMut(&Event<P>, bool)) -> Result<usize, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.settle();
        if !self.door.enter() {
            return Err(TryRecvError::Closed);
        }
        self.handled();
        let found = self.scan_batch_inside(max.max(1), &mut f);
        self.door.exit();
        found
    }

    fn scan_batch_inside(
        &mut self,
        max: usize,
        f: &mut impl FnMut(&Event<P>, bool),
    ) -> Result<usize, TryRecvError> {
        let mut found = 0;
        let mut skipped = 0;
        // How many of the next events were judged: the first is held back, nobody wants the others.
        let mut known = 0;
        loop {
            // What is known was allowed.
            let most = self.allowed(known + self.run_length(max - found))?;
            // Never an error behind one that is held back: that is there.
            let batch = self.subscriber.batch(most).inspect_err(|error| self.seated.failed(error))?;
            let (first, len) = (batch.sequence(), batch.len());
            let account = self.seated.account();
            self.stops.look(first, account, || batch.ahead());
            let mut run = Run::new(batch);
            let mut now = Now::default();
            let mut held = (known > 0).then_some(0);
            let mut next = known;
            while let Some(event) = run.get(next) {
                let outcome = self.sieve.judge(event, &mut now);
                next += 1;
                if outcome != Outcome::Delivered {
                    account.add(outcome);
                    skipped += 1;
                    continue;
                }
                if let Some(before) = held.replace(next - 1) {
                    run.taken = next - 1;
                    found += 1;
                    account.add(Outcome::Delivered);
                    account.stand_at(first + run.taken as u64);
                    run.get(before).into_iter().for_each(|event| f(event, false));
                }
                if found + 1 == max {
                    break;
                }
            }
            let seen_enough = skipped >= self.horizon;
            match held {
                Some(last) if found + 1 == max || len == known || seen_enough => {
                    run.taken = next;
                    account.add(Outcome::Delivered);
                    account.stand_at(first + next as u64);
                    run.get(last).into_iter().for_each(|event| f(event, true));
                    return Ok(found + 1);
                }
                Some(held) => {
                    run.taken = held;
                    known = len - held;
                }
                None => {
                    run.taken = next;
                    account.stand_at(first + next as u64);
                    if seen_enough {
                        return Err(TryRecvError::Empty);
                    }
                }
            }
        }
    }
}

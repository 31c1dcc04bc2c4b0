//! A direct subscription: a subscriber of the bus's ring that hands out the events of its topics in place.

use super::audience::Seated;
use super::error::SubscribeError;
use super::outlet::Outlet;
use super::run::Judged;
use super::sieve::{Now, Outcome, Sieve};
use super::start::Joined;
use super::stats::SubscriptionStats;
use super::stops::Stops;
use super::subscribe::Plan;
use super::subscription::Subscription;
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::event::Event;
use crate::ring::{Batch, Door, Enlisted, Leader, Overflow, Sequence, Subscriber, Wait};
use crate::stats::Times;
use crate::sync::{Arc, Countdown, Deadline};
use crate::topic::Topics;
use std::time::Duration;

/// How many events a reader that publishers wait for takes from the ring at a time.
pub(super) const RUN: usize = 64;

/// The same for readers that nobody waits for. All of them together may hold only
/// [`lag_slots`](crate::BusBuilder::lag_slots) events before they hold up a publisher.
const FREE_RUN: usize = 8;

/// Makes a direct subscription.
pub(super) fn subscribe<P: Send + Sync + 'static>(
    outlet: &Outlet<P>,
    plan: Plan<P>,
    overflow: Overflow,
) -> Result<Subscription<P>, SubscribeError> {
    let seated = plan.seat(outlet, overflow, None);
    let publisher = outlet.publisher();
    let mut subscriber = publisher.subscribe_as(plan.id, plan.start.in_ring(), overflow)?;
    let joined = Joined::new(&mut subscriber, publisher, plan.start);
    seated.account().stand_at(subscriber.position());
    let door = subscriber.door();
    let told = door.clone();
    seated.ends_by(move || told.tell());
    seated.sit(subscriber.id(), joined);
    let capacity = publisher.capacity();
    let times = outlet.times().clone();
    Ok(Subscription::direct(Direct {
        joined: joined.sequence,
        lost_before: joined.lost_before,
        subscriber,
        door,
        seated,
        leaders: plan.leaders,
        _topics: outlet.shared_topics().clone(),
        sieve: Sieve::new(plan.pattern, plan.filter, outlet.max_age(), outlet.clock()),
        horizon: capacity.saturating_mul(4).saturating_add(RUN),
        unreported: None,
        judged: Judged::nothing(),
        stops: Stops::new(times.sampling, capacity),
        times,
        handed_out: None,
        enlisted: None,
    }))
}

pub(super) struct Direct<P> {
    pub(super) subscriber: Subscriber<Event<P>>,
    /// It reads in place between going in and coming out.
    pub(super) door: Door<Event<P>>,
    /// Leaves after the subscriber.
    pub(super) seated: Seated,
    /// It reads only what these have released.
    leaders: Box<[Leader<Event<P>>]>,
    /// Events in the ring refer to it.
    _topics: Arc<Topics>,
    pub(super) sieve: Sieve<P>,
    joined: Sequence,
    /// What the subscriber had missed on the way to where this starts.
    lost_before: u64,
    /// More events than can lie ahead of a reader: a ring has fewer than four times its capacity of slots, and what is held in
    /// hand beside them is at most a run.
    pub(super) horizon: usize,
    /// A lag or disconnect that was found after some events of the same call; the next call reports it.
    pub(super) unreported: Option<TryRecvError>,
    /// What is in a guard, also in one that was forgotten.
    pub(super) judged: Judged,
    pub(super) stops: Stops,
    pub(super) times: Arc<Times>,
    /// When a timed event was handed out that is still being handled.
    pub(super) handed_out: Option<u64>,
    /// Who waits for its next event beside other things.
    pub(super) enlisted: Option<Enlisted<Event<P>>>,
}

/// A run of events that is consumed as far as it was handed out, also by a panic.
pub(super) struct Run<'a, P> {
    /// Only the drop takes it.
    batch: Option<Batch<'a, Event<P>>>,
    pub(super) taken: usize,
}

impl<'a, P> Run<'a, P> {
    pub(super) fn new(batch: Batch<'a, Event<P>>) -> Self {
        Self { batch: Some(batch), taken: 0 }
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&Event<P>> {
        self.batch.as_ref().and_then(|batch| batch.get(at))
    }
}

impl<P> Drop for Run<'_, P> {
    fn drop(&mut self) {
        if let Some(batch) = self.batch.take() {
            batch.release_first(self.taken);
        }
    }
}

impl<P> Direct<P> {
    /// Calls `f` with up to `max` events of its topics and says how many; reads past all others.
    ///
    /// Reads past no more events than can have been there when it began, so that it ends also while other topics are busy.
    #[inline(always)]
    pub(super) fn scan(&mut self, max: usize, mut f: impl FnMut(&Event<P>)) -> Result<usize, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        self.settle();
        if !self.door.enter() {
            return Err(TryRecvError::Closed);
        }
        // A panic of `f` leaves it inside until the next call.
        let found = self.scan_inside(max.max(1), &mut f);
        self.door.exit();
        found
    }

    #[inline(always)]
    fn scan_inside(&mut self, max: usize, f: &mut impl FnMut(&Event<P>)) -> Result<usize, TryRecvError> {
        let mut found = 0;
        let mut skipped = 0;
        loop {
            self.handled();
            let most = match self.allowed(self.run_length(max - found)) {
                Ok(most) => most,
                Err(error) if found == 0 => return Err(error),
                Err(_) => return Ok(found),
            };
            let account = self.seated.account();
            let batch = match self.subscriber.batch(most) {
                Ok(batch) => batch,
                Err(error) => {
                    self.seated.failed(&error);
                    if found == 0 {
                        return Err(error);
                    }
                    if let TryRecvError::Lagged(_) | TryRecvError::Disconnected(_) = error {
                        self.unreported = Some(error);
                    }
                    return Ok(found);
                }
            };
            let first = batch.sequence();
            let stage = self.stops.stage(first, account, || batch.ahead());
            let end = stage.len.min(batch.len() as u64) as usize;
            let mut now = Now::default();
            let mut run = Run::new(batch);
            while run.taken < end
                && let Some(batch) = &run.batch
            {
                let Some(event) = batch.get(run.taken) else { break };
                run.taken += 1;
                if self.sieve.passes_over(event) {
                    // Events of other topics in one go: nothing of the user's runs meanwhile.
                    let passes =
                        |at: &usize| batch.get(*at).is_some_and(|event| self.sieve.passes_over(event));
                    let passed = 1 + (run.taken..end).take_while(passes).count();
                    run.taken += passed - 1;
                    skipped += passed;
                    account.pass(passed as u64);
                    account.stand_at(first + run.taken as u64);
                    continue;
                }
                let outcome = self.sieve.judge_own(event, &mut now);
                account.add(outcome);
                account.stand_at(first + run.taken as u64);
                if outcome != Outcome::Delivered {
                    skipped += 1;
                    continue;
                }
                found += 1;
                if stage.timed {
                    self.handed_out = self.times.delivered(first);
                }
                f(event);
                if found == max {
                    return Ok(found);
                }
            }
            if skipped >= self.horizon {
                return if found == 0 { Err(TryRecvError::Empty) } else { Ok(found) };
            }
        }
    }

    /// How many of `most` events it may look at: what its leaders have released.
    #[inline(always)]
    pub(super) fn allowed(&self, most: usize) -> Result<usize, TryRecvError> {
        if self.leaders.is_empty() { Ok(most) } else { self.released_by_leaders(most) }
    }

    #[inline(never)]
    fn released_by_leaders(&self, most: usize) -> Result<usize, TryRecvError> {
        let place = self.subscriber.wanted();
        let released = self.leaders.iter().map(Leader::released).min().unwrap_or(Sequence::MAX);
        match released.saturating_sub(place) {
            0 if self.subscriber.is_over() => Err(TryRecvError::Closed),
            0 => Err(TryRecvError::Empty),
            allowed => Ok(most.min(usize::try_from(allowed).unwrap_or(usize::MAX))),
        }
    }

    /// May there be something that it is allowed to look at?
    pub(super) fn is_ready(&self) -> bool {
        self.subscriber.is_ready() && self.allowed(1) != Err(TryRecvError::Empty)
    }

    /// How a thread waits for it beside others. Nobody wakes it for what a leader lets go.
    pub(super) fn way_to_wait(&self) -> Wait {
        match self.subscriber.way_to_wait() {
            Wait::Park if !self.leaders.is_empty() => Wait::Yield,
            way => way,
        }
    }

    /// The leader that has to release something first.
    fn slowest(&self) -> Option<&Leader<Event<P>>> {
        let place = self.subscriber.wanted();
        self.leaders.iter().find(|leader| leader.released() <= place)
    }

    /// What was handed out is handled: the reader comes back.
    #[inline]
    pub(super) fn handled(&mut self) {
        if let Some(start) = self.handed_out.take() {
            self.seated.handling_time().record(self.times.since(start));
        }
    }

    /// How many events of the ring to look at together, for a reader who wants `max` more.
    pub(super) fn run_length(&self, max: usize) -> usize {
        match self.subscriber.overflow() {
            Overflow::Block => RUN,
            // What is left of such a run would stay pinned.
            _ => FREE_RUN.min(max),
        }
    }

    /// For those who are to read only what it has released.
    pub(super) fn leader(&self) -> Leader<Event<P>> {
        self.subscriber.leader()
    }

    pub(super) fn seated(&self) -> &Seated {
        &self.seated
    }

    /// How many events lie ahead of it, those in a guard included.
    pub(super) fn ahead(&self) -> usize {
        self.subscriber.len() + self.judged.len()
    }

    pub(super) fn lost(&self) -> u64 {
        self.subscriber.lost() - self.lost_before
    }

    pub(super) fn stats(&self) -> SubscriptionStats {
        self.seated.account().stats(self.joined, self.lost(), self.ahead() as u64)
    }

    /// Waits until there may be something; consumes nothing.
    pub(super) fn wait(&mut self) -> Result<(), RecvError> {
        self.settle();
        if !self.door.enter() {
            return Err(RecvError::Closed);
        }
        let waited = self.subscriber.recv_batch(1).map(|batch| batch.release_first(0));
        if waited.is_ok()
            && let Some(leader) = self.slowest()
        {
            leader.wait(&self.subscriber, &Deadline::NEVER);
        }
        self.door.exit();
        waited.inspect_err(|error| self.seated.failed(&(*error).into()))
    }

    /// As [`wait`](Self::wait), for at most so long.
    pub(super) fn wait_for(&mut self, left: Duration) -> Result<(), RecvTimeoutError> {
        self.settle();
        if !self.door.enter() {
            return Err(RecvTimeoutError::Closed);
        }
        let countdown = Countdown::after(left);
        let waited = self.subscriber.recv_batch_timeout(1, left).map(|batch| batch.release_first(0));
        if waited.is_ok()
            && let Some(leader) = self.slowest()
        {
            leader.wait(&self.subscriber, &Deadline::after(countdown.left()));
        }
        self.door.exit();
        waited.inspect_err(|error| self.seated.failed(&(*error).into()))
    }
}

impl<P> Drop for Direct<P> {
    fn drop(&mut self) {
        self.settle();
        // Before the subscriber leaves the ring: afterwards this is all that is known of it.
        self.seated.end(self.subscriber.lost());
    }
}

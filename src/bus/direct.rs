//! A direct subscription: a subscriber of the bus's ring that hands out the events of its topics in place.

use super::audience::Seated;
use super::error::SubscribeError;
use super::outlet::Outlet;
use super::sieve::{Counts, Now, Outcome, Sieve};
use super::start::Joined;
use super::stats::SubscriptionStats;
use super::subscribe::Plan;
use super::subscription::Subscription;
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{Batch, Enlisted, Overflow, Sequence, Subscriber};
use crate::sync::Arc;
use crate::topic::Topics;

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
    let mut subscriber = publisher.subscribe_from(plan.start.in_ring(), overflow)?;
    seated.sit(subscriber.id());
    let joined = Joined::new(&mut subscriber, publisher, plan.start);
    let sieve = Sieve::new(plan.pattern, plan.filter, outlet.max_age());
    let topics = outlet.shared_topics().clone();
    Ok(Subscription::direct(Direct::new(subscriber, joined, seated, topics, sieve, publisher.capacity())))
}

pub(super) struct Direct<P> {
    pub(super) subscriber: Subscriber<Event<P>>,
    /// Leaves after the subscriber.
    seated: Seated,
    /// Events in the ring refer to it.
    _topics: Arc<Topics>,
    pub(super) sieve: Sieve<P>,
    pub(super) counts: Counts,
    joined: Sequence,
    /// What the subscriber had missed on the way to where this starts.
    lost_before: u64,
    /// More events than a ring can hold ahead of a reader: it keeps fewer than twice its capacity.
    pub(super) horizon: usize,
    /// A lag or disconnect that was found after some events of the same call; the next call reports it.
    pub(super) unreported: Option<TryRecvError>,
    /// Who waits for its next event beside other things.
    pub(super) enlisted: Option<Enlisted<Event<P>>>,
}

impl<P: Send + Sync + 'static> Direct<P> {
    pub(super) fn new(
        subscriber: Subscriber<Event<P>>,
        joined: Joined,
        seated: Seated,
        topics: Arc<Topics>,
        sieve: Sieve<P>,
        capacity: usize,
    ) -> Self {
        Self {
            joined: joined.sequence,
            lost_before: joined.lost_before,
            subscriber,
            seated,
            _topics: topics,
            sieve,
            counts: Counts::default(),
            horizon: capacity.saturating_mul(2),
            unreported: None,
            enlisted: None,
        }
    }
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
    pub(super) fn scan(&mut self, max: usize, mut f: impl FnMut(&Event<P>)) -> Result<usize, TryRecvError> {
        if let Some(error) = self.unreported.take() {
            return Err(error);
        }
        let max = max.max(1);
        let mut found = 0;
        let mut skipped = 0;
        loop {
            let most = self.run_length(max - found);
            let batch = match self.subscriber.batch(most) {
                Ok(batch) => batch,
                Err(error) if found == 0 => return Err(error),
                Err(error @ (TryRecvError::Lagged(_) | TryRecvError::Disconnected(_))) => {
                    self.unreported = Some(error);
                    return Ok(found);
                }
                Err(_) => return Ok(found),
            };
            let first = batch.sequence();
            let mut now = Now::default();
            let mut run = Run::new(batch);
            while let Some(event) = run.batch.as_ref().and_then(|batch| batch.get(run.taken)) {
                run.taken += 1;
                let outcome = self.sieve.judge(event, first + run.taken as u64 - 1, &mut now);
                self.counts.add(outcome);
                if outcome != Outcome::Delivered {
                    skipped += 1;
                    continue;
                }
                found += 1;
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

    /// How many events of the ring to look at together, for a reader who wants `max` more.
    pub(super) fn run_length(&self, max: usize) -> usize {
        match self.subscriber.overflow() {
            Overflow::Block => RUN,
            // What is left of such a run would stay pinned.
            _ => FREE_RUN.min(max),
        }
    }

    pub(super) fn seated(&self) -> &Seated {
        &self.seated
    }

    pub(super) fn lost(&self) -> u64 {
        self.subscriber.lost() - self.lost_before
    }

    pub(super) fn stats(&self) -> SubscriptionStats {
        SubscriptionStats {
            joined: self.joined,
            delivered: self.counts.delivered,
            filtered: self.counts.filtered,
            filter_panics: self.counts.filter_panics,
            expired: self.counts.expired,
            lost: self.lost(),
            queued: 0,
            ahead: self.subscriber.len() as u64,
        }
    }
}

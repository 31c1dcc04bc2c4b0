//! A queued subscription's own side.

use super::pipe::{End, Nothing, Outflow};
use super::{Queue, QueueOverflow};
use crate::bus::audience::Seated;
use crate::bus::dispatcher::Dispatcher;
use crate::bus::start::Joined;
use crate::bus::stats::SubscriptionStats;
use crate::bus::waitable::Found;
use crate::error::TryRecvError;
use crate::event::Event;
use crate::ring::{Overflow, Sequence, SubscriberId};
use crate::stats::Times;
use crate::sync::{Arc, Countdown};
use crate::topic::TopicRef;
use std::collections::VecDeque;

pub(in crate::bus) struct Queued<P> {
    queue: Arc<Queue<P>>,
    outflow: Outflow<Event<P>, TopicRef>,
    dispatcher: Arc<Dispatcher<P>>,
    seated: Seated,
    times: Arc<Times>,
    /// When a timed event was handed out that is still being handled.
    timed: Option<u64>,
    /// After the last event that was handed out.
    next: Sequence,
    /// Events in hand that a guard was made for and that were not released: the next call hands them out.
    guarded: usize,
    /// The end has been reported.
    ended: bool,
}

impl<P> Queued<P> {
    pub(super) fn new(
        queue: Arc<Queue<P>>,
        outflow: Outflow<Event<P>, TopicRef>,
        dispatcher: Arc<Dispatcher<P>>,
        seated: Seated,
        times: Arc<Times>,
        joined: Joined,
    ) -> Self {
        let next = joined.sequence;
        Self { queue, outflow, dispatcher, seated, times, timed: None, next, guarded: 0, ended: false }
    }

    /// Takes the next event if there is one.
    pub(in crate::bus) fn take(&mut self) -> Result<Event<P>, TryRecvError> {
        let mut event = self.take_kept()?;
        event.keep_topic();
        Ok(event)
    }

    /// As [`take`](Self::take); the event's topic is kept until the next call.
    fn take_kept(&mut self) -> Result<Event<P>, TryRecvError> {
        self.handled();
        self.settle();
        let (event, awaited) = match self.outflow.take() {
            Ok(taken) => taken,
            Err(nothing) => return Err(self.report(nothing)),
        };
        self.made_room(awaited);
        self.handed_out(event.sequence(), 1);
        Ok(event)
    }

    /// Calls `f` with up to `max` events and says how many.
    pub(in crate::bus) fn scan(
        &mut self,
        max: usize,
        mut f: impl FnMut(&Event<P>),
    ) -> Result<usize, TryRecvError> {
        f(&self.take_kept()?);
        let mut found = 1;
        while found < max {
            self.handled();
            let Ok((event, awaited)) = self.outflow.take() else { break };
            self.made_room(awaited);
            self.handed_out(event.sequence(), 1);
            found += 1;
            f(&event);
        }
        Ok(found)
    }

    /// As [`scan`](Self::scan), with `true` beside the last event. The next one is in hand before `f` gets the one before it.
    pub(in crate::bus) fn scan_batch(
        &mut self,
        max: usize,
        mut f: impl FnMut(&Event<P>, bool),
    ) -> Result<usize, TryRecvError> {
        self.hold(1)?;
        for found in 1.. {
            let last = found >= max || !self.has_next_in_hand();
            let (event, _) = self.outflow.take().unwrap_or_else(|_| unreachable!("it is in hand"));
            self.handed_out(event.sequence(), 1);
            f(&event, last);
            if last {
                return Ok(found);
            }
        }
        unreachable!("more events than numbers")
    }

    /// Takes the event behind the first one in hand, if there is one.
    fn has_next_in_hand(&mut self) -> bool {
        if self.held().len() == 1 {
            // Or what its topic was kept with would pile up for as long as there always is a next one.
            self.outflow.own(Event::keep_topic);
            let _ = self.take_in_hand(2);
        }
        self.held().len() > 1
    }

    /// Takes up to `max` events in hand for a guard, at least one, and says how many.
    pub(in crate::bus) fn hold(&mut self, max: usize) -> Result<usize, TryRecvError> {
        self.settle();
        if (1..max).contains(&self.held().len()) {
            // Or what their topics are kept with would pile up for as long as a rest is always left.
            self.outflow.own(Event::keep_topic);
        }
        self.take_in_hand(max).map_err(|nothing| self.report(nothing))
    }

    /// Takes events in hand until there are `max`, as far as they are there, and says how many; at least one.
    fn take_in_hand(&mut self, max: usize) -> Result<usize, Nothing> {
        let (n, awaited) = self.outflow.take_in_hand(max)?;
        self.queue.tally.handed_out(0, self.held().len());
        self.made_room(awaited);
        Ok(n)
    }

    /// The events in hand.
    pub(in crate::bus) fn held(&self) -> &VecDeque<Event<P>> {
        self.outflow.in_hand()
    }

    /// A guard is made for the first `n` of those in hand.
    pub(in crate::bus) fn guard(&mut self, n: usize) {
        self.guarded = n;
    }

    /// Hands out what a guard was made for and did not release.
    pub(in crate::bus) fn settle(&mut self) {
        self.release(self.guarded);
    }

    /// Hands out the first `n` of those in hand, and leaves the rest.
    pub(in crate::bus) fn release(&mut self, n: usize) {
        self.guarded = 0;
        let Some(last) = n.checked_sub(1).and_then(|last| self.held().get(last)) else { return };
        let last = last.sequence();
        self.outflow.release(n);
        self.handed_out(last, n as u64);
    }

    fn handed_out(&mut self, last: Sequence, n: u64) {
        self.next = last + 1;
        self.queue.tally.handed_out(n, self.held().len());
        if self.times.sampling.hits(last) {
            self.timed = self.times.delivered(last);
        }
    }

    /// What was handed out is handled: the reader comes back.
    #[inline]
    pub(in crate::bus) fn handled(&mut self) {
        if let Some(start) = self.timed.take() {
            self.seated.handling_time().record(self.times.since(start));
        }
    }

    fn made_room(&self, awaited: bool) {
        if awaited {
            self.dispatcher.call();
        }
    }

    fn report(&mut self, nothing: Nothing) -> TryRecvError {
        match (nothing, self.queue.gauge().end()) {
            (Nothing::Yet, _) => TryRecvError::Empty,
            (Nothing::Ever, End::Disconnected(missed)) if !self.ended => {
                self.ended = true;
                let error = TryRecvError::Disconnected(missed);
                self.seated.tell_of(&error);
                error
            }
            (Nothing::Ever, _) => TryRecvError::Closed,
        }
    }

    /// Waits until there is an event or an end; false when the time is over first.
    pub(in crate::bus) fn wait(&mut self, left: &Countdown) -> bool {
        self.outflow.wait(left)
    }

    /// Is there an event in hand, or an end to report? Takes one in hand if there is.
    pub(in crate::bus) fn seek(&mut self) -> Found {
        self.settle();
        match self.take_in_hand(1) {
            Ok(_) => Found::Something,
            Err(Nothing::Yet) => Found::Nothing,
            Err(Nothing::Ever) => match self.queue.gauge().end() {
                End::Disconnected(_) if !self.ended => Found::Something,
                _ => Found::End,
            },
        }
    }

    /// Lets nothing more in; what waits can still be read.
    pub(in crate::bus) fn end(&self) {
        self.queue.leave();
        self.dispatcher.call();
    }

    /// Was it ended, by whomever?
    pub(in crate::bus) fn was_ended(&self) -> bool {
        self.queue.has_left()
    }

    pub(in crate::bus) fn outflow(&self) -> &Outflow<Event<P>, TopicRef> {
        &self.outflow
    }

    pub(in crate::bus) fn seated(&self) -> &Seated {
        &self.seated
    }

    pub(in crate::bus) fn id(&self) -> SubscriberId {
        self.queue.id()
    }

    /// Of the dispatcher's subscriber in the ring.
    pub(in crate::bus) fn overflow(&self) -> Overflow {
        self.queue.overflow().in_ring()
    }

    pub(in crate::bus) fn queue_overflow(&self) -> QueueOverflow {
        self.queue.overflow()
    }

    pub(in crate::bus) fn sequence(&self) -> Sequence {
        self.held().front().map_or(self.next, Event::sequence)
    }

    /// Events that wait, and those ahead of the dispatcher.
    pub(in crate::bus) fn len(&self) -> usize {
        let stats = self.stats();
        (stats.ahead + stats.queued) as usize
    }

    pub(in crate::bus) fn lost(&self) -> u64 {
        self.queue.tally.lost()
    }

    pub(in crate::bus) fn stats(&self) -> SubscriptionStats {
        self.queue.stats()
    }
}

impl<P> Drop for Queued<P> {
    fn drop(&mut self) {
        // What a forgotten guard had was handed out.
        self.queue.tally.handed_out(self.guarded as u64, self.held().len() - self.guarded);
        self.outflow.leave();
        self.queue.leave();
        self.dispatcher.remove(&self.queue);
    }
}

//! Who comes and goes: subscriptions join and leave, handles are made, cloned and dropped, the bus is flushed and closed.

use super::{HANDLES, ITEM, NAMES, PATTERNS, Payload, World};
use crate::bus_oracle::{Asks, Check, Direct, Filter, Queued, Reads, Sub, Tally, Verdict, ensure};
use crate::ledger::Bang;
use eventcast::{Event, Overflow, QueueOverflow, Start, StartError, SubscribeError, Subscription};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

impl World<'_> {
    pub(super) fn join(&mut self, slot: usize, b: usize, c: usize) -> Check {
        // A slot whose subscription is busy with a guard is not free.
        if self.model.subs[slot].is_some() {
            return Ok(());
        }
        let Some(bus) = self.bus() else {
            return Ok(());
        };
        let log = &self.model.log;
        let asks = Asks {
            pattern: PATTERNS[[0, 0, 1, 2, 3, 4, 5, 6, 7][c % 9]],
            filter: [Filter::All, Filter::All, Filter::Odd, Filter::Bangs][b / 32 % 4],
        };
        let (oldest, now) = (log.oldest(), log.next());
        let (start, first) = match c / 16 % 8 {
            0..=3 => (Start::Now, now),
            4 | 5 => (Start::Oldest, oldest),
            _ => {
                let sequence = (oldest + b as u64 / 4 % (now - oldest + 5)).saturating_sub(2);
                (Start::Sequence(sequence), sequence)
            }
        };
        let mut builder = bus.subscription(asks.pattern).start(start).name("one");
        let filter = asks.filter;
        // Whoever fills a queue has its filter, and leaves the ring before the filter goes.
        let (token, is_queued) = (Arc::new(()), b % 8 > 3);
        let feed = is_queued.then(|| Arc::downgrade(&token));
        if filter != Filter::All || is_queued {
            builder = builder.filter(move |event| {
                let _feed = &token;
                match filter.judge(event.payload().id) {
                    Verdict::Panicked => resume_unwind(Box::new(Bang)),
                    verdict => verdict == Verdict::Wanted,
                }
            });
        }
        // Below eight events nothing goes into a queue, or out of it, in pieces.
        let size = 1 + c % 7 * (b / 128);
        let reads = match b % 8 {
            way @ 0..=3 => {
                let overflow = [Overflow::Block, Overflow::Lag, Overflow::Lag, Overflow::Disconnect][way];
                builder = builder.overflow(overflow);
                Reads::Direct(Direct::new(overflow, first, log))
            }
            way => {
                let overflow = match (way, b / 8 % 2) {
                    // With two queues nobody knows when the other one has ended as well.
                    (6, _) if self.rules.lanes.are_read_by(asks.pattern) => QueueOverflow::DropNewest,
                    (4, _) => QueueOverflow::DropOldest,
                    (5, _) => QueueOverflow::DropNewest,
                    (6, _) => QueueOverflow::Disconnect,
                    (_, 0) => QueueOverflow::Block { within: Duration::ZERO },
                    (_, _) => QueueOverflow::Block { within: Duration::MAX },
                };
                builder = match b / 16 % 4 {
                    0 => builder.unbounded_queue(size * (size_of::<Event<Payload>>() + ITEM)),
                    _ => builder.queue(size),
                };
                builder = builder.queue_overflow(overflow);
                Reads::Queued(Queued::new(overflow, size, first, log))
            }
        };
        let result = builder.subscribe();
        self.say(|| {
            format!("join {slot} {asks:?} {start:?} {reads:?}: {:?}", result.as_ref().map(Subscription::id))
        });
        let subscription = match result {
            Ok(subscription) => subscription,
            Err(SubscribeError::Start(error)) => {
                let expected = if first < oldest {
                    StartError::TooOld { sequence: first, oldest }
                } else {
                    StartError::Ahead { sequence: first, next: now }
                };
                ensure!(!(oldest..=now).contains(&first), "{error:?} of {oldest}..={now}");
                ensure!(error == expected, "{error:?}, expected {expected:?}");
                return Ok(());
            }
            Err(SubscribeError::AmbiguousStart { sequence, lanes: 2 }) => {
                ensure!(sequence == first && self.rules.lanes.are_read_by(asks.pattern), "{asks:?} is clear");
                return Ok(());
            }
            Err(error) => return Err(format!("{error:?}")),
        };
        let clear = !matches!(start, Start::Sequence(_)) || !self.rules.lanes.are_read_by(asks.pattern);
        ensure!(clear, "started at {first} of which lane?");
        ensure!((oldest..=now).contains(&first), "started at {first} of {oldest}..={now}");
        self.seen.late_join |= first < now;
        let id = subscription.id();
        ensure!(self.departed.came.insert(id), "{id} twice");
        let sub = Sub { id, asks, tally: Tally { joined: first, ..Tally::default() }, reads };
        ensure!(subscription.queue_overflow() == sub.queue_overflow(), "another overflow");
        ensure!(subscription.pattern().as_str() == asks.pattern, "another pattern");
        self.model.subs[slot] = Some(sub);
        self.model.feed();
        self.subs[slot] = Some(subscription);
        self.feeds[slot] = feed;
        Ok(())
    }

    pub(super) fn leave(&mut self, slot: usize) -> Check {
        if let Some(subscription) = self.subs[slot].take() {
            self.say(|| format!("leave {slot}"));
            drop(subscription);
            self.ending.extend(self.feeds[slot].take());
            if let Some(mut sub) = self.model.subs[slot].take() {
                sub.leaves(&self.model.log);
                self.departed.add(&sub, &self.model.log);
            }
        }
        Ok(())
    }

    /// How many events wait for queued subscriptions.
    fn queued(&self) -> u64 {
        let queued = self.model.present().filter_map(|sub| match &sub.reads {
            Reads::Direct(_) => None,
            Reads::Queued(queued) => Some(queued.queued() + queued.ahead(&self.model.log)),
        });
        queued.sum()
    }

    pub(super) fn close(&mut self) -> Check {
        let Some(bus) = self.bus() else {
            return Ok(());
        };
        let report = bus.close(Duration::ZERO);
        self.say(|| format!("close: {report:?}"));
        let (accepted, backlog, queued) = (self.model.log.next(), self.model.backlog(), self.queued());
        self.closed();
        ensure!(report.accepted == accepted, "{report:?} of {accepted}");
        ensure!(report.undelivered == backlog, "{report:?}, {backlog} undelivered");
        ensure!(report.queued == queued, "{report:?}, {queued} queued");
        ensure!(report.is_complete() == (backlog == 0 && queued == 0), "{report:?}");
        Ok(())
    }

    pub(super) fn closed(&mut self) {
        let log = &self.model.log;
        let unread = self.model.present().any(|sub| sub.stats(log).ahead + sub.stats(log).queued > 0);
        self.seen.close_with_unread |= unread && !log.closed;
        self.model.close();
    }

    pub(super) fn flush(&mut self) -> Check {
        let Some(bus) = self.bus() else {
            return Ok(());
        };
        let report = bus.flush(Duration::ZERO);
        self.say(|| format!("flush: {report:?}"));
        let expected = (self.model.backlog(), self.queued());
        ensure!((report.undelivered, report.queued) == expected, "{report:?}, expected {expected:?}");
        Ok(())
    }

    /// Clones and drops of the bus, topic handles.
    pub(super) fn handles(&mut self, which: usize, b: usize, c: usize) -> Check {
        let which = which % HANDLES;
        let present = self.buses.iter().flatten().count();
        match b % 8 {
            0 | 1 => {
                let copy = self.bus().cloned();
                if let (Some(copy), Some(free)) = (copy, self.buses.iter_mut().find(|bus| bus.is_none())) {
                    *free = Some(copy);
                }
            }
            // The last one goes seldom: after it nothing can be published.
            2 if present > 1 || b >= 240 => {
                if present == 1 && self.buses[which].is_some() {
                    self.say(|| "the last bus goes".into());
                    self.closed();
                }
                self.buses[which] = None;
            }
            2 | 3 => self.topics[which] = None,
            4 => {
                self.kept.pop();
            }
            5 => {
                let copy = self.topics.iter().flatten().next().cloned();
                self.topics[which] = copy;
            }
            _ => {
                let Some(bus) = self.bus() else {
                    return Ok(());
                };
                let topic = bus.topic(NAMES[c % NAMES.len()]).map_err(|error| error.to_string())?;
                ensure!(topic.name() == NAMES[c % NAMES.len()], "another topic");
                ensure!(topic.is_closed() == self.model.log.closed, "a topic of another mind");
                self.topics[which] = Some(topic);
            }
        }
        Ok(())
    }
}

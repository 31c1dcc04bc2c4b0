//! A list of operations, read from bytes, done to a bus and to the oracle at once; every answer is compared.
//!
//! Four bytes are one operation, so that a random list, a fuzzer's input and a kept regression are the same thing.
//!
//! Here: the case, its list, and who comes and goes. What publishers do: `bus_world/publish.rs`; what subscriptions do:
//! `bus_world/receive.rs`; the comparison after each operation: `bus_world/compare.rs`.

#![allow(dead_code, reason = "each user has its own part of it")]

#[path = "bus_world/compare.rs"]
mod compare;
#[path = "bus_world/publish.rs"]
mod publish;
#[path = "bus_world/receive.rs"]
mod receive;

use crate::bus_oracle::{Asks, Check, Direct, Filter, Model, Queued, Reads, Sub, Tally, ensure};
use crate::ledger::{Bang, Event as Payload, Ledger};
use compare::{Departed, Registry};
use eventcast::{
    Bus, Event, Fanout, Overflow, QueueOverflow, Snapshot, Start, StartError, SubscribeError, Subscription,
    Topic, Wait,
};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const HEADER: usize = 8;
pub(crate) const STEP: usize = 4;
pub(crate) const MAX_STEPS: usize = 200;
const SLOTS: usize = 4;
const HANDLES: usize = 3;
const CAPACITIES: [u64; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const NAMES: [&str; 5] = ["a", "a.b", "a.c", "b.c", "b.c.d"];
const PATTERNS: [&str; 8] = [">", "a.*", "a", "*.c", "a.>", "b.c.d", "*", "a.b"];
/// For calls that must not wait: if one does, its time-out shows.
const LONG: Duration = Duration::from_millis(200);
/// What an event in a queue counts beside its own size.
const ITEM: usize = 16;

/// Who fills the queues.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Filled {
    /// Publishers.
    Inline,
    /// As the list says.
    Either,
}

/// What a case has met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) full: bool,
    pub(crate) lag: bool,
    pub(crate) disconnect: bool,
    pub(crate) drop_newest: bool,
    pub(crate) drop_oldest: bool,
    pub(crate) queue_disconnect: bool,
    pub(crate) stall: bool,
    pub(crate) expired_stall: bool,
    pub(crate) unwanted: bool,
    pub(crate) filter_panic: bool,
    pub(crate) turned_away: bool,
    pub(crate) unrouted: bool,
    pub(crate) close_with_unread: bool,
    pub(crate) topic_back: bool,
    pub(crate) guard_kept: bool,
    pub(crate) guard_forgotten: bool,
    pub(crate) clone_panic: bool,
    pub(crate) late_join: bool,
    pub(crate) steps: usize,
}

/// How the bus was built.
#[derive(Clone, Copy, Debug)]
struct Rules {
    filter: bool,
    limit: bool,
    statistics: bool,
}

/// What the bus tells of events that nobody wants.
type Told = Arc<Mutex<Vec<(String, u64)>>>;

pub(crate) struct World<'b> {
    bytes: &'b [u8],
    at: usize,
    buses: [Option<Bus<Payload>>; HANDLES],
    topics: [Option<Topic<Payload>>; HANDLES],
    subs: [Option<Subscription<Payload>>; SLOTS],
    /// Copies that somebody keeps.
    kept: Vec<Event<Payload>>,
    model: Model,
    departed: Departed,
    registry: Registry,
    told: Told,
    earlier: Option<Snapshot>,
    rules: Rules,
    ledger: Arc<Ledger>,
    made: u64,
    filter_panics: u64,
    floods: usize,
    pub(crate) seen: Coverage,
    trace: bool,
}

/// Runs the whole case; an error says what was wrong.
pub(crate) fn run(bytes: &[u8], filled: Filled, trace: bool) -> Check<Coverage> {
    let mut world = World::new(bytes, filled, trace);
    let ledger = world.ledger.clone();
    world.steps(0)?;
    world.finish()?;
    let seen = world.seen;
    drop(world);
    // A dispatcher that has nothing left to do may still be on its way out.
    compare::eventually(|| ledger.alive() == 0);
    ledger.balance()?;
    Ok(seen)
}

/// The bus's own filter.
fn turns_away(payload: u64) -> bool {
    payload % 8 == 3
}

fn bangs_in_filter(payload: u64) -> bool {
    payload % 32 == 19
}

const LIMIT: usize = 13;

fn size(payload: u64) -> usize {
    (payload % 16) as usize
}

impl<'b> World<'b> {
    fn new(bytes: &'b [u8], filled: Filled, trace: bool) -> Self {
        let header = |index: usize| bytes.get(index).copied().unwrap_or(0);
        let capacity = CAPACITIES[usize::from(header(0)) % CAPACITIES.len()];
        let lag_slots = [None, None, Some(1), Some(1), Some(1), Some(2), Some(3), Some(8)];
        let lag_slots = lag_slots[usize::from(header(1)) % 8];
        let rules = Rules {
            filter: header(2) % 2 == 1,
            limit: header(2) / 2 % 2 == 1,
            statistics: header(2) / 4 % 4 != 3,
        };
        let told = Told::default();
        let tell = told.clone();
        let mut builder = Bus::<Payload>::builder()
            .capacity(capacity as usize)
            .publish_timeout(Duration::ZERO)
            .statistics(rules.statistics)
            .sample([0, 1, 1024][usize::from(header(3)) % 3])
            .wait([Wait::Park, Wait::Yield, Wait::Spin][usize::from(header(4)) % 3])
            .fanout(if filled == Filled::Either && header(5) % 4 == 0 {
                Fanout::Dispatcher
            } else {
                Fanout::Inline
            })
            .on_unrouted(move |topic, at| tell.lock().unwrap().push((topic.to_owned(), at)));
        if let Some(n) = lag_slots {
            builder = builder.lag_slots(n);
        }
        if rules.filter {
            builder = builder.filter(|event| {
                if bangs_in_filter(event.payload().id) {
                    resume_unwind(Box::new(Bang));
                }
                !turns_away(event.payload().id)
            });
        }
        if rules.limit {
            builder = builder.max_payload(LIMIT, |payload| size(payload.id));
        }
        let bus = builder.build().expect("a small bus");
        let spares = lag_slots.map_or(capacity, |n| n as u64);
        if trace {
            println!("capacity {capacity} spares {spares} {rules:?}");
        }
        Self {
            bytes: bytes.get(HEADER..).unwrap_or(&[]),
            at: 0,
            buses: [Some(bus), None, None],
            topics: [const { None }; HANDLES],
            subs: [const { None }; SLOTS],
            kept: Vec::new(),
            model: Model::new(capacity, spares, SLOTS),
            departed: Departed::default(),
            registry: Registry::default(),
            told,
            earlier: None,
            rules,
            ledger: Ledger::new(),
            made: 0,
            filter_panics: 0,
            floods: 0,
            seen: Coverage::default(),
            trace,
        }
    }

    fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("  {}", text());
        }
    }

    /// Does operations until the list ends or, inside a guard, until one says that the guard goes. True at the list's end.
    fn steps(&mut self, depth: usize) -> Check<bool> {
        loop {
            let Some(&[kind, a, b, c]) = self.bytes.get(self.at..self.at + STEP) else {
                return Ok(true);
            };
            if self.seen.steps == MAX_STEPS {
                return Ok(true);
            }
            self.at += STEP;
            self.seen.steps += 1;
            let (slot, b, c) = (usize::from(a) % SLOTS, usize::from(b), usize::from(c));
            match kind % 64 {
                0..=20 => self.publish(usize::from(a), b, c)?,
                21..=26 => self.receive(slot, b)?,
                27..=30 => self.drain(slot, c)?,
                31..=36 => {
                    if self.batch(slot, b, c, depth)? {
                        return Ok(true);
                    }
                }
                37..=44 => self.join(slot, b, c)?,
                45 => self.leave(slot)?,
                46 if b < 40 => self.close()?,
                46 => self.flush()?,
                47..=49 => self.handles(usize::from(a) >> 2, b, c)?,
                50 => self.snapshot()?,
                51 => self.iterate(slot, c)?,
                52 if b < 48 => self.come_and_go()?,
                53..=56 if depth > 0 => return Ok(false),
                _ => self.publish(usize::from(a), b, c)?,
            }
            self.compare()?;
        }
    }

    fn bus(&self) -> Option<&Bus<Payload>> {
        self.buses.iter().flatten().next()
    }

    fn join(&mut self, slot: usize, b: usize, c: usize) -> Check {
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
        if filter != Filter::All {
            builder = builder.filter(move |event| match filter.judge(event.payload().id) {
                crate::bus_oracle::Verdict::Panicked => resume_unwind(Box::new(Bang)),
                verdict => verdict == crate::bus_oracle::Verdict::Wanted,
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
            Err(error) => return Err(format!("{error:?}")),
        };
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
        Ok(())
    }

    fn leave(&mut self, slot: usize) -> Check {
        if let Some(subscription) = self.subs[slot].take() {
            self.say(|| format!("leave {slot}"));
            drop(subscription);
            if let Some(sub) = self.model.subs[slot].take() {
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

    fn close(&mut self) -> Check {
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

    fn closed(&mut self) {
        let log = &self.model.log;
        let unread = self.model.present().any(|sub| sub.stats(log).ahead + sub.stats(log).queued > 0);
        self.seen.close_with_unread |= unread && !log.closed;
        self.model.close();
    }

    fn flush(&mut self) -> Check {
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
    fn handles(&mut self, which: usize, b: usize, c: usize) -> Check {
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

    /// The last bus goes; every subscription reads to its end.
    fn finish(&mut self) -> Check {
        self.snapshot()?;
        self.buses = [const { None }; HANDLES];
        self.say(|| "the end".into());
        self.closed();
        for slot in 0..SLOTS {
            self.compare()?;
            while self.subs[slot].is_some() {
                if self.receive_once(slot, 3)?.is_none() {
                    self.leave(slot)?;
                }
                self.compare()?;
            }
        }
        Ok(())
    }
}

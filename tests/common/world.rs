//! A list of operations, read from bytes, done to a ring and to the oracle at once; every answer is compared.
//!
//! Here: the case, its list, and the comparison after each operation. What publishers do: `world/publish.rs`; what
//! subscribers do: `world/receive.rs`; who comes and goes: `world/members.rs`.

#![allow(dead_code, reason = "each user has its own part of it")]

#[path = "world/members.rs"]
mod members;
#[path = "world/publish.rs"]
mod publish;
#[path = "world/receive.rs"]
mod receive;

use crate::ledger::{Event, Ledger};
use crate::oracle::{Check, Counters, END, Model, ensure};
use crate::script::Script;
use eventcast::ring::{
    Builder, Overflow, Publisher, Subscriber, SubscriberId, TryRecvError, UniquePublisher, Wait,
    WeakPublisher,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const SLOTS: usize = 4;
const HANDLES: usize = 3;
const CAPACITIES: [u64; 6] = [1, 2, 3, 4, 8, 17];
/// For calls that must not wait: if one does, its time-out shows.
const LONG: Duration = Duration::from_millis(100);

/// What a case has met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Coverage {
    pub(crate) full: bool,
    pub(crate) lag: bool,
    pub(crate) displacement: bool,
    pub(crate) disconnect: bool,
    pub(crate) wrap: bool,
    pub(crate) close_with_unread: bool,
    pub(crate) no_spare: bool,
    pub(crate) guard_kept: bool,
    pub(crate) guard_forgotten: bool,
    pub(crate) panic: bool,
    pub(crate) end_of_sequences: bool,
    pub(crate) steps: usize,
}

enum Publishers {
    Shared([Option<Publisher<Event>>; HANDLES]),
    Unique(Option<UniquePublisher<Event>>),
}

/// The same call on whichever kind of publisher is there.
macro_rules! publisher {
    ($world:expr, $which:expr, $p:ident => $call:expr) => {
        match &mut $world.publishers {
            Publishers::Shared(handles) => match &mut handles[$which] {
                Some($p) => Some($call),
                None => None,
            },
            Publishers::Unique(handle) => match handle {
                Some($p) => Some($call),
                None => None,
            },
        }
    };
}
use publisher;

pub(crate) struct World<'b> {
    script: Script<'b>,
    publishers: Publishers,
    weak: Option<WeakPublisher<Event>>,
    subs: [Option<Subscriber<Event>>; SLOTS],
    #[cfg(feature = "select")]
    bells: [Option<crossbeam_channel::Receiver<()>>; SLOTS],
    model: Model,
    ids: BTreeSet<SubscriberId>,
    ledger: Arc<Ledger>,
    made: u64,
    slots: u64,
    /// Now and then the forms without a time-out; a failure in them is a hang, which cannot be made smaller.
    endless: bool,
    pub(crate) seen: Coverage,
}

/// Runs the whole case; an error says what was wrong.
pub(crate) fn run(bytes: &[u8], trace: bool) -> Check<Coverage> {
    let mut world = World::new(bytes, trace);
    let ledger = world.ledger.clone();
    let seen = world.play()?;
    drop(world);
    ledger.balance()?;
    Ok(seen)
}

impl<'b> World<'b> {
    fn new(bytes: &'b [u8], trace: bool) -> Self {
        let header = |index: usize| u64::from(bytes.get(index).copied().unwrap_or(0));
        let capacity = CAPACITIES[header(0) as usize % CAPACITIES.len()];
        let unique = header(1) % 4 == 3;
        let first = match header(2) % 8 {
            0..=3 => 0,
            4 => (1 << 32) - header(3) % 64,
            5 | 6 => END - header(3),
            _ => header(3) << 40,
        };
        let overflow = policy(header(4));
        let lag_slots =
            [None, None, None, Some(1), Some(1), Some(1), Some(2), Some(3)][header(5) as usize % 8];
        let mut builder = Builder::new(capacity as usize)
            .overflow(overflow)
            .wait([Wait::Park, Wait::Yield, Wait::Spin][header(6) as usize % 3])
            .prefault(header(6) % 2 == 1)
            .first_sequence(first);
        if header(7) % 2 == 1 {
            builder = builder.without_membarrier();
        }
        if let Some(n) = lag_slots {
            builder = builder.lag_slots(n);
        }
        let spares = lag_slots.unwrap_or(capacity.min(64) as usize) as u64;
        let (publishers, subscriber) = if unique {
            let (publisher, subscriber) = builder.build_unique().expect("a small ring");
            (Publishers::Unique(Some(publisher)), subscriber)
        } else {
            let (publisher, subscriber) = builder.build().expect("a small ring");
            (Publishers::Shared([Some(publisher), None, None]), subscriber)
        };
        if trace {
            println!("capacity {capacity} first {first} spares {spares} unique {unique} {overflow:?}");
        }
        let mut model = Model::new(capacity, first, spares, unique, SLOTS);
        model.joined(0, overflow, None, Ok(subscriber.id())).expect("the first subscriber starts now");
        Self {
            script: Script::new(bytes, trace),
            publishers,
            weak: None,
            ids: BTreeSet::from([subscriber.id()]),
            subs: [Some(subscriber), None, None, None],
            #[cfg(feature = "select")]
            bells: [const { None }; SLOTS],
            model,
            ledger: Ledger::new(),
            made: 0,
            slots: (capacity + capacity.min((capacity / 4).max(32))).next_power_of_two(),
            endless: header(7) >= 240,
            seen: Coverage::default(),
        }
    }

    fn play(&mut self) -> Check<Coverage> {
        self.steps(0)?;
        self.finish()?;
        Ok(self.seen)
    }

    fn say(&self, text: impl FnOnce() -> String) {
        self.script.say(text);
    }

    /// Does operations until the list ends or, inside a guard, until one says that the guard goes. True at the list's end.
    fn steps(&mut self, depth: usize) -> Check<bool> {
        loop {
            let Some([kind, a, b, c]) = self.script.next() else {
                return Ok(true);
            };
            self.seen.steps = self.script.steps;
            let (slot, b, c) = (a as usize % SLOTS, u64::from(b), u64::from(c));
            let handle = usize::from(a >> 4) % HANDLES;
            match kind % 64 {
                0..=15 => self.publish(handle, b, c)?,
                16..=23 => self.publish_batch(handle, b, c)?,
                24..=33 => self.receive(slot, b)?,
                34..=39 => self.drain(slot, b, c)?,
                40..=45 => {
                    if self.batch(slot, b, c, depth)? {
                        return Ok(true);
                    }
                }
                46..=49 => self.join(slot, b, c)?,
                50 => self.leave(slot)?,
                51 if b < 48 => self.close(handle)?,
                51..=54 => self.handles(handle, b)?,
                55 | 56 => self.iterate(slot, b, c)?,
                57 | 58 => self.arm(slot)?,
                _ if depth > 0 => return Ok(false),
                _ => self.publish(handle, b, c)?,
            }
            self.compare()?;
        }
    }

    /// A fresh event, perhaps one that panics.
    fn event(&mut self, b: u64) -> Event {
        self.made += 1;
        Event::new(&self.ledger, self.made).bang_on_drop(b % 32 == 1).bang_on_clone(b % 64 == 2)
    }

    fn has_publisher(&mut self, handle: usize) -> bool {
        publisher!(self, handle, p => p.capacity()).is_some()
    }

    /// The handle asked for, or any other.
    fn handle(&mut self, wanted: usize) -> Option<usize> {
        (0..HANDLES).map(|offset| (wanted + offset) % HANDLES).find(|handle| self.has_publisher(*handle))
    }

    /// Compares every counter.
    fn compare(&mut self) -> Check {
        #[cfg(feature = "select")]
        for slot in 0..SLOTS {
            // It was armed with nothing to read: it rings with the next event or the close, not before.
            if let (Some(bell), Some(_)) = (&self.bells[slot], &self.model.subs[slot]) {
                if self.model.is_ready(slot) {
                    ensure!(bell.try_recv().is_ok(), "the bell of {slot} did not ring");
                    self.bells[slot] = None;
                } else {
                    ensure!(bell.is_empty(), "the bell of {slot} rang for nothing");
                }
            }
        }
        for slot in 0..SLOTS {
            let Some(subscriber) = &self.subs[slot] else {
                continue;
            };
            let seen = Counters {
                len: subscriber.len() as u64,
                lost: subscriber.lost(),
                sequence: subscriber.sequence(),
            };
            ensure!(subscriber.is_empty() == (seen.len == 0), "is_empty");
            let counted = self.model.counters(slot, seen);
            counted.map_err(|text| format!("subscriber {slot}: {text}"))?;
        }
        let Some(handle) = self.handle(0) else {
            return Ok(());
        };
        let (len, count, closed, next, bangs, capacity) = publisher!(self, handle, p => {
            (p.len() as u64, p.subscriber_count(), p.is_closed(), p.next_sequence(), p.drop_panics(), p.capacity())
        })
        .expect("a handle");
        let model = &self.model;
        ensure!(len == model.backlog(), "publisher.len() {len}, expected {}", model.backlog());
        ensure!(
            count == model.subscriber_count(),
            "{count} subscribers, expected {}",
            model.subscriber_count()
        );
        ensure!(closed == model.closed, "closed: {closed}");
        ensure!(next == model.next(), "next {next}, expected {}", model.next());
        ensure!(bangs == self.ledger.bangs(), "{bangs} drop panics, were {}", self.ledger.bangs());
        ensure!(capacity as u64 == model.capacity, "capacity");
        Ok(())
    }

    /// The last publisher goes; every subscriber reads to its end.
    fn finish(&mut self) -> Check {
        match &mut self.publishers {
            Publishers::Shared(handles) => handles.iter_mut().for_each(|handle| *handle = None),
            Publishers::Unique(handle) => *handle = None,
        }
        self.say(|| "the end".into());
        self.model.close();
        for slot in 0..SLOTS {
            while self.subs[slot].is_some() {
                let before = self.model.sub(slot).next;
                self.receive(slot, 2)?;
                if let Some(subscriber) = &mut self.subs[slot] {
                    let sub = self.model.sub(slot);
                    if (sub.gone || sub.next == self.model.next()) && before == sub.next {
                        ensure!(subscriber.is_empty(), "not empty at the end");
                        ensure!(
                            subscriber.try_recv().err() == Some(TryRecvError::Closed),
                            "not closed at the end"
                        );
                        self.subs[slot] = None;
                    }
                }
            }
        }
        Ok(())
    }
}

fn policy(byte: u64) -> Overflow {
    [Overflow::Block, Overflow::Lag, Overflow::Disconnect, Overflow::Lag][byte as usize % 4]
}

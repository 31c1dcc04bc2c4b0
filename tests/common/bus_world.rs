//! A list of operations, read from bytes, done to a bus and to the oracle at once; every answer is compared.
//!
//! Here: the case and its list. Who comes and goes: `bus_world/members.rs`; what publishers do: `bus_world/publish.rs`; what
//! subscriptions do: `bus_world/receive.rs`; the comparison after each operation: `bus_world/compare.rs`.

#![allow(dead_code, reason = "each user has its own part of it")]

#[path = "bus_world/compare.rs"]
mod compare;
#[path = "bus_world/members.rs"]
mod members;
#[path = "bus_world/publish.rs"]
mod publish;
#[path = "bus_world/receive.rs"]
mod receive;

use crate::bus_oracle::{Check, Model};
use crate::ledger::{Bang, Event as Payload, Ledger};
use crate::script::Script;
use compare::{Departed, Registry};
use eventcast::{Bus, Event, Fanout, Snapshot, Subscription, Topic, Wait};
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

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

/// Which topics have a ring of their own. What the oracle knows of happens on one ring.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lanes {
    None,
    /// Those to which nobody publishes. Subscriptions to wide patterns read that ring, too.
    Quiet,
    /// All of them.
    Everything,
}

const QUIET: &str = "quiet.c";

impl Lanes {
    /// Does a subscription to this pattern read several rings?
    fn are_read_by(self, pattern: &str) -> bool {
        self == Self::Quiet && matches!(pattern, ">" | "*.c")
    }
}

/// How the bus was built.
#[derive(Clone, Copy, Debug)]
struct Rules {
    lanes: Lanes,
    filter: bool,
    limit: bool,
    statistics: bool,
}

/// What the bus tells of events that nobody wants.
type Told = Arc<Mutex<Vec<(String, u64)>>>;

pub(crate) struct World<'b> {
    script: Script<'b>,
    buses: [Option<Bus<Payload>>; HANDLES],
    topics: [Option<Topic<Payload>>; HANDLES],
    subs: [Option<Subscription<Payload>>; SLOTS],
    /// Of each queued one that has not ended: gone once nobody fills its queue any more.
    feeds: [Option<Weak<()>>; SLOTS],
    /// Of those that have ended or left since.
    ending: Vec<Weak<()>>,
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
            lanes: [Lanes::None, Lanes::Quiet, Lanes::Everything][usize::from(header(6)) % 3],
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
        builder = match rules.lanes {
            Lanes::None => builder,
            Lanes::Quiet => builder.lane(QUIET, 3),
            Lanes::Everything => builder.capacity(1).lane(">", capacity as usize),
        };
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
            script: Script::new(bytes, trace),
            buses: [Some(bus), None, None],
            topics: [const { None }; HANDLES],
            subs: [const { None }; SLOTS],
            feeds: [const { None }; SLOTS],
            ending: Vec::new(),
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
        }
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

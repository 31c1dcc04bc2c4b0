//! A list of operations, read from bytes, done to a ring and to the oracle at once; every answer is compared.
//!
//! Four bytes are one operation, so that a random list, a fuzzer's input and a kept regression are the same thing.

#![allow(dead_code, reason = "each user has its own part of it")]

use super::ledger::{Bang, Event, Ledger};
use super::oracle::{BatchAnswer, Check, Counters, END, Model, ensure};
use eventcast::ring::{
    Batch, BatchRefusal, Builder, Overflow, PublishBatchError, Publisher, RecvError, RecvTimeoutError, Start,
    StartError, Subscriber, SubscriberId, TryPublishError, TryRecvError, UniquePublisher, Wait,
    WeakPublisher,
};
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const HEADER: usize = 8;
pub(crate) const STEP: usize = 4;
pub(crate) const MAX_STEPS: usize = 200;
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

pub(crate) struct World<'b> {
    bytes: &'b [u8],
    at: usize,
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
    trace: bool,
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
            bytes: bytes.get(HEADER..).unwrap_or(&[]),
            at: 0,
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
            trace,
        }
    }

    fn play(&mut self) -> Check<Coverage> {
        self.steps(0)?;
        self.finish()?;
        Ok(self.seen)
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

    fn publish(&mut self, handle: usize, b: u64, c: u64) -> Check {
        let Some(handle) = self.handle(handle) else {
            return Ok(());
        };
        let event = self.event(c);
        let id = event.id;
        let (must, _) = self.model.room();
        let sure = self.model.closed || must > 0;
        let before = self.model.next();
        let (answer, back, named) = match b % 4 {
            0 if sure && self.endless => {
                match publisher!(self, handle, p => p.publish(event)).expect("a handle") {
                    Ok(sequence) => (Ok(sequence), None, None),
                    Err(error) => (Err(BatchRefusal::Closed), Some(error.into_inner()), None),
                }
            }
            1 => {
                let timeout = if sure && c.is_multiple_of(2) { LONG } else { Duration::ZERO };
                match publisher!(self, handle, p => p.publish_timeout(event, timeout)).expect("a handle") {
                    Ok(sequence) => (Ok(sequence), None, None),
                    Err(error) => {
                        let (named, timeout) = (error.blocked_by(), error.is_timeout());
                        let refusal = if timeout { BatchRefusal::Timeout } else { BatchRefusal::Closed };
                        (Err(refusal), Some(error.into_inner()), timeout.then_some(named))
                    }
                }
            }
            _ => match publisher!(self, handle, p => p.try_publish(event)).expect("a handle") {
                Ok(sequence) => (Ok(sequence), None, None),
                Err(TryPublishError::Full(event)) => (Err(BatchRefusal::Full), Some(event), None),
                Err(error) => (Err(BatchRefusal::Closed), Some(error.into_inner()), None),
            },
        };
        self.say(|| format!("publish {id}: {answer:?}"));
        if let Some(named) = named {
            self.model.blocked(named)?;
        }
        self.note(before, u64::from(answer.is_ok()), answer.err());
        self.model.offered(id, answer)?;
        if let Some(event) = back {
            ensure!(event.defuse() == id, "another event came back");
        }
        Ok(())
    }

    /// What this says about coverage; before the model takes it in.
    fn note(&mut self, before: u64, accepted: u64, refusal: Option<BatchRefusal>) {
        match refusal {
            Some(BatchRefusal::Full | BatchRefusal::Timeout) => {
                self.seen.full = true;
                self.seen.no_spare |= self.model.held().len() as u64 > self.model.spares;
            }
            Some(BatchRefusal::Closed) if !self.model.closed => self.seen.end_of_sequences = true,
            _ => {}
        }
        let reused = |held: &u64| (before..before + accepted).contains(&(held + self.slots));
        self.seen.displacement |= self.model.held().iter().any(reused);
        self.seen.wrap |= before + accepted > self.model.first + self.slots;
    }

    fn publish_batch(&mut self, handle: usize, b: u64, c: u64) -> Check {
        let Some(handle) = self.handle(handle) else {
            return Ok(());
        };
        let n = c % (2 * self.model.capacity + 5);
        let (must, _) = self.model.room();
        let sure = self.model.closed || must >= n;
        let panics_at = (b % 16 == 7).then_some(n / 2);
        let events: Vec<Event> = (0..n).map(|index| self.event(c + index)).collect();
        let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
        let hint = [(n as usize, Some(n as usize)), (0, Some(0)), (0, None), (n as usize * 2, None)]
            [b as usize / 16 % 4];
        let mut source = Source { events: events.into_iter(), panics_at, hint };
        let before = self.model.next();
        let result = catch_unwind(AssertUnwindSafe(|| {
            publisher!(self, handle, p => match b % 4 {
                0 if sure && self.endless => p.publish_batch(&mut source),
                0 | 1 if sure => p.publish_batch_timeout(&mut source, LONG),
                1 => p.publish_batch_timeout(&mut source, Duration::ZERO),
                _ => p.try_publish_batch(&mut source),
            })
            .expect("a handle")
        }));
        let left = std::mem::take(&mut source.events);
        let unasked = left.map(Event::defuse).count() as u64;
        match result {
            Ok(result) => self.batch_done(&ids, n, unasked, before, result),
            Err(panic) => {
                let yielded = &ids[..(n - unasked) as usize];
                let published = self.next_sequence(handle) - before;
                self.say(|| format!("batch {ids:?}: panic after {yielded:?}, {published} published"));
                if !panic.is::<Bang>() {
                    resume_unwind(panic);
                }
                ensure!(panics_at.is_some(), "a panic that was not the iterator's");
                self.seen.panic = true;
                self.note(before, published, None);
                self.model.interrupted_batch(yielded, published)
            }
        }
    }

    fn batch_done(
        &mut self,
        ids: &[u64],
        offered: u64,
        unasked: u64,
        before: u64,
        result: Result<Range<u64>, PublishBatchError<Event>>,
    ) -> Check {
        self.say(|| format!("batch {ids:?}: {result:?}"));
        ensure!(unasked == 0, "{unasked} events were never asked for");
        let answer = match result {
            Ok(range) => {
                ensure!(range.start == before, "{range:?} from {before}");
                ensure!(range.end == before + offered, "{range:?} of {offered} events");
                BatchAnswer { offered, published: offered, refusal: None, blocked_by: None }
            }
            Err(error) => {
                let answer = BatchAnswer {
                    offered,
                    published: error.published(),
                    refusal: Some(error.refusal()),
                    blocked_by: error.blocked_by(),
                };
                let rest: Vec<u64> = error.into_rest().into_iter().map(Event::defuse).collect();
                ensure!(rest == ids[answer.published as usize..], "{answer:?}, {rest:?} came back");
                answer
            }
        };
        self.note(before, answer.published, answer.refusal);
        self.model.offered_batch(ids, &answer)
    }

    fn next_sequence(&mut self, handle: usize) -> u64 {
        publisher!(self, handle, p => p.next_sequence()).expect("a handle")
    }

    fn receive(&mut self, slot: usize, b: u64) -> Check {
        let ready = self.subs[slot].is_some() && self.model.is_ready(slot);
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        let result = catch_unwind(AssertUnwindSafe(|| match b % 4 {
            0 if ready && self.endless => subscriber.recv().map_err(from_recv),
            0 | 1 if ready => subscriber.recv_timeout(LONG).map_err(from_timeout),
            1 => subscriber.recv_timeout(Duration::ZERO).map_err(from_timeout),
            _ => subscriber.try_recv(),
        }));
        self.model.called(slot);
        let result = match result {
            Ok(result) => result.map(|event| event.id),
            // Its clone panicked: it counts as delivered. Which one it was, only the oracle can say, if at all.
            Err(panic) if panic.is::<Bang>() => {
                self.seen.panic = true;
                let at = self.just_read(slot);
                match self.model.event(at) {
                    Some(event) => Ok(event),
                    None => return Err(format!("a clone panicked, but there is no event {at}")),
                }
            }
            Err(panic) => resume_unwind(panic),
        };
        self.say(|| format!("receive {slot}: {result:?}"));
        match result {
            Ok(event) => {
                self.model.looked(slot, &[event])?;
                self.model.consumed(slot, 1);
                Ok(())
            }
            Err(error) => self.nothing(slot, error),
        }
    }

    /// The event that a receive has just consumed without handing it out: the next one in hand, or else the one before the
    /// place where it stands now, because nobody has published since.
    fn just_read(&self, slot: usize) -> u64 {
        let sub = self.model.sub(slot);
        match &self.subs[slot] {
            Some(subscriber) if sub.held == 0 => subscriber.sequence() - 1,
            _ => sub.next,
        }
    }

    fn nothing(&mut self, slot: usize, error: TryRecvError) -> Check {
        self.seen.lag |= error.is_lagged();
        self.seen.disconnect |= error.is_disconnected();
        self.model.nothing(slot, error)
    }

    fn drain(&mut self, slot: usize, b: u64, c: u64) -> Check {
        let max = match c % 32 {
            31 => usize::MAX,
            max => max as usize,
        };
        let ready = self.subs[slot].is_some() && self.model.is_ready(slot);
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        self.model.called(slot);
        let mut panics_at = (b % 16 == 7).then_some(b as usize / 16 % 4);
        if self.model.sub(slot).held > 0 || self.model.sub(slot).is_ambiguous() {
            // How much of a run stays in hand is the ring's own affair; the oracle knows it only for a fresh one.
            panics_at = None;
        }
        let mut ids = Vec::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let f = |event: &Event| {
                ids.push(event.id);
                if panics_at == Some(ids.len() - 1) {
                    resume_unwind(Box::new(Bang));
                }
            };
            match b % 4 {
                0 if ready && self.endless => subscriber.drain_wait(max, f).map_err(from_recv),
                0 | 1 if ready => subscriber.drain_timeout(max, LONG, f).map_err(from_timeout),
                1 => subscriber.drain_timeout(max, Duration::ZERO, f).map_err(from_timeout),
                _ => subscriber.drain(max, f),
            }
        }));
        self.say(|| format!("drain {slot} of {max}: {ids:?} {:?}", result.as_ref().ok()));
        let n = ids.len() as u64;
        let max = (max as u64).max(1);
        let ahead = self.model.next() - self.model.sub(slot).next;
        // A disconnecting subscriber may skip what is overwritten between two runs.
        for run in ids
            .chunk_by(|a, b| a + 1 == *b || self.model.follows(*a, *b))
            .map(<[u64]>::to_vec)
            .collect::<Vec<_>>()
        {
            self.model.looked(slot, &run)?;
            self.model.consumed(slot, run.len() as u64);
        }
        match result {
            Ok(Ok(answer)) => {
                ensure!(answer as u64 == n && n > 0, "answered {answer}, called {n} times");
                if self.model.sub(slot).overflow == Overflow::Block {
                    ensure!(n == max.min(ahead), "drained {n} of {ahead}, at most {max}");
                }
                ensure!(n <= max, "drained {n}, at most {max}");
                Ok(())
            }
            Ok(Err(error)) => {
                ensure!(n == 0, "{error:?} after {n} events");
                self.nothing(slot, error)
            }
            Err(panic) => {
                if !panic.is::<Bang>() {
                    resume_unwind(panic);
                }
                self.seen.panic = true;
                self.model.drain_interrupted(slot, max, n);
                Ok(())
            }
        }
    }

    /// Takes a batch, and lets it go in one way or another; perhaps after other operations. True at the list's end.
    fn batch(&mut self, slot: usize, b: u64, c: u64, depth: usize) -> Check<bool> {
        let max = match c % 32 {
            31 => usize::MAX,
            max => max as usize,
        };
        let ready = self.subs[slot].is_some() && self.model.is_ready(slot);
        let Some(mut subscriber) = self.subs[slot].take() else {
            return Ok(false);
        };
        self.model.called(slot);
        let result = match b % 4 {
            0 if ready && self.endless => subscriber.recv_batch(max).map_err(from_recv),
            0 | 1 if ready => subscriber.recv_batch_timeout(max, LONG).map_err(from_timeout),
            1 => subscriber.recv_batch_timeout(max, Duration::ZERO).map_err(from_timeout),
            _ => subscriber.batch(max),
        };
        let ended = self.guard(slot, (b, c), max, result, depth)?;
        self.subs[slot] = Some(subscriber);
        Ok(ended)
    }

    fn guard(
        &mut self,
        slot: usize,
        (b, c): (u64, u64),
        max: usize,
        result: Result<Batch<'_, Event>, TryRecvError>,
        depth: usize,
    ) -> Check<bool> {
        let mut ended = false;
        match result {
            Err(error) => {
                self.say(|| format!("batch {slot} of {max}: {error:?}"));
                self.nothing(slot, error)?;
            }
            Ok(batch) => {
                let ids: Vec<u64> = batch.iter().map(|event| event.id).collect();
                self.say(|| format!("batch {slot} of {max}: {ids:?}"));
                self.model.looked(slot, &ids)?;
                let n = ids.len() as u64;
                ensure!(n <= (max as u64).max(1), "a batch of {n}, at most {max}");
                same(&batch, &ids, self.model.sub(slot).next)?;
                if b & 64 != 0 {
                    self.seen.guard_kept = true;
                    self.say(|| format!("{slot} keeps its guard"));
                    ended = self.steps(depth + 1)?;
                    same(&batch, &ids, self.model.sub(slot).next)?;
                }
                let way = b / 4 % 4;
                self.say(|| format!("guard of {slot} goes, way {way}"));
                match way {
                    0 => {
                        self.seen.guard_forgotten = true;
                        std::mem::forget(batch);
                        self.model.forget_guard(slot, n);
                    }
                    1 => {
                        let part = c / 32 % (n + 1);
                        batch.release_first(part as usize);
                        self.model.consumed(slot, part);
                    }
                    2 => {
                        batch.release_first(usize::MAX);
                        self.model.consumed(slot, n);
                    }
                    _ => {
                        drop(batch);
                        self.model.consumed(slot, n);
                    }
                }
            }
        }
        Ok(ended)
    }

    fn join(&mut self, slot: usize, b: u64, c: u64) -> Check {
        // A slot whose subscriber is busy with a guard is not free.
        if self.subs[slot].is_some() || self.model.subs[slot].is_some() {
            return Ok(());
        }
        let Some(handle) = self.handle(0) else {
            return Ok(());
        };
        let overflow = policy(b);
        let (oldest, now) = (self.model.oldest(), self.model.next());
        let (start, from) = match b / 4 % 4 {
            0 => (Start::Now, None),
            1 => (Start::Oldest, Some(None)),
            _ => {
                let sequence = (oldest + c % (now - oldest + 5)).saturating_sub(2);
                (Start::Sequence(sequence), Some(Some(sequence)))
            }
        };
        let result: Result<Subscriber<Event>, StartError> = publisher!(self, handle, p => {
            match (start, overflow) {
                (Start::Now, Overflow::Block) if c.is_multiple_of(2) => Ok(p.subscribe()),
                (Start::Now, overflow) if c.is_multiple_of(2) => Ok(p.subscribe_with(overflow)),
                _ => p.subscribe_from(start, overflow),
            }
        })
        .expect("a handle");
        self.say(|| format!("join {slot} {overflow:?} {start:?}: {:?}", result.as_ref().map(Subscriber::id)));
        let answer = result.as_ref().map(Subscriber::id).map_err(|error| *error);
        self.model.joined(slot, overflow, from, answer)?;
        if let Ok(subscriber) = result {
            ensure!(self.ids.insert(subscriber.id()), "{} twice", subscriber.id());
            ensure!(subscriber.overflow() == overflow, "another policy");
            self.subs[slot] = Some(subscriber);
        }
        Ok(())
    }

    fn leave(&mut self, slot: usize) -> Check {
        if self.subs[slot].take().is_some() {
            self.say(|| format!("leave {slot}"));
            self.model.left(slot);
            #[cfg(feature = "select")]
            {
                self.bells[slot] = None;
            }
        }
        Ok(())
    }

    fn close(&mut self, handle: usize) -> Check {
        let Some(handle) = self.handle(handle) else {
            return Ok(());
        };
        self.say(|| "close".into());
        let unread = self.model.subs.iter().flatten().any(|sub| !sub.gone && sub.next < self.model.next());
        self.seen.close_with_unread |= unread && !self.model.closed;
        publisher!(self, handle, p => p.close());
        self.model.close();
        Ok(())
    }

    /// Clones, drops, weak handles.
    fn handles(&mut self, which: usize, b: u64) -> Check {
        let Publishers::Shared(handles) = &mut self.publishers else {
            return Ok(());
        };
        let present = handles.iter().flatten().count();
        match b % 8 {
            0..=2 => {
                let copy = handles.iter().flatten().next().cloned();
                if let (Some(copy), Some(free)) = (copy, handles.iter_mut().find(|handle| handle.is_none())) {
                    *free = Some(copy);
                }
            }
            // The last one goes seldom: after it nothing can be published.
            3 | 4 if present > 1 || b >= 224 => {
                if handles[which].take().is_some() && present == 1 {
                    self.say(|| "the last publisher goes".into());
                    self.model.close();
                }
            }
            5 | 6 => {
                self.weak = handles.iter().flatten().next().map(Publisher::downgrade).or(self.weak.take())
            }
            _ => {
                let Some(weak) = self.weak.clone() else {
                    return Ok(());
                };
                let upgraded = weak.upgrade();
                ensure!(upgraded.is_some() == (present > 0), "upgrade with {present} publishers");
                handles[which] = upgraded.or(handles[which].take());
            }
        }
        Ok(())
    }

    fn iterate(&mut self, slot: usize, b: u64, c: u64) -> Check {
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        // It would not say what ended it.
        if self.model.sub(slot).overflow == Overflow::Disconnect {
            return Ok(());
        }
        for _ in 0..c % 8 {
            let result = catch_unwind(AssertUnwindSafe(|| subscriber.try_iter().next()));
            self.model.called(slot);
            let lost = subscriber.lost();
            let sub = self.model.sub(slot);
            let missed = lost - sub.lost;
            self.seen.lag |= missed > 0;
            let event = match result {
                Ok(event) => event.map(|event| event.id),
                Err(panic) if panic.is::<Bang>() => {
                    let at = if sub.held == 0 { subscriber.sequence() - 1 } else { sub.next };
                    self.model.event(at)
                }
                Err(panic) => resume_unwind(panic),
            };
            // What lies between is what a receive would have reported.
            if let Some(event) = event {
                let skipped = self.model.distance(sub.next, event)?;
                if skipped > 0 {
                    self.model.nothing(slot, TryRecvError::Lagged(skipped))?;
                }
                self.model.looked(slot, &[event])?;
                self.model.consumed(slot, 1);
            } else {
                let error = if self.model.closed { TryRecvError::Closed } else { TryRecvError::Empty };
                self.model.nothing(slot, error)?;
            }
        }
        self.say(|| format!("iterate {slot}, {b}"));
        Ok(())
    }

    #[cfg(not(feature = "select"))]
    fn arm(&mut self, _slot: usize) -> Check {
        Ok(())
    }

    #[cfg(feature = "select")]
    fn arm(&mut self, slot: usize) -> Check {
        let Some(subscriber) = &mut self.subs[slot] else {
            return Ok(());
        };
        let bell = subscriber.arm().clone();
        self.model.called(slot);
        let ready = self.model.is_ready(slot);
        self.say(|| format!("arm {slot}: ready {ready}"));
        ensure!(bell.try_recv().is_ok() == ready, "armed with ready = {ready}");
        ensure!(bell.try_recv().is_err(), "it rang twice");
        self.bells[slot] = (!ready).then_some(bell);
        Ok(())
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

/// Does the guard still lend what it lent at first?
fn same(batch: &Batch<'_, Event>, ids: &[u64], first: u64) -> Check {
    ensure!(
        batch.iter().map(|event| event.id).eq(ids.iter().copied()),
        "the guard's events changed: {batch:?}"
    );
    ensure!(batch.len() == ids.len() && batch.iter().len() == ids.len(), "the guard's length");
    ensure!(batch.get(ids.len()).is_none() && batch[0].id == ids[0], "the guard's index");
    ensure!(batch.sequence() == first, "a guard from {}, expected {first}", batch.sequence());
    Ok(())
}

pub(crate) fn from_recv(error: RecvError) -> TryRecvError {
    error.into()
}

pub(crate) fn from_timeout(error: RecvTimeoutError) -> TryRecvError {
    match error {
        RecvTimeoutError::Timeout => TryRecvError::Empty,
        RecvTimeoutError::Lagged(n) => TryRecvError::Lagged(n),
        RecvTimeoutError::Disconnected(n) => TryRecvError::Disconnected(n),
        _ => TryRecvError::Closed,
    }
}

/// An iterator that may lie about its length, and may panic.
struct Source {
    events: std::vec::IntoIter<Event>,
    panics_at: Option<u64>,
    hint: (usize, Option<usize>),
}

impl Iterator for Source {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if let Some(left) = &mut self.panics_at {
            if *left == 0 {
                resume_unwind(Box::new(Bang));
            }
            *left -= 1;
        }
        self.events.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hint
    }
}

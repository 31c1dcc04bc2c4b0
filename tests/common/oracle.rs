//! The naive oracle of one ring: every event that was ever accepted in one list, and per subscriber where it stands.
//!
//! Where the contract leaves the moment open, the oracle keeps what is possible and each answer narrows it:
//!
//! - a `Lag` subscriber may be moved forward by any publish, but never past the newest `capacity` events, and the count is exact;
//! - one that joined behind now (at the oldest kept, or at a sequence) may find publishers up to `capacity` events further than
//!   its policy says, once: they had looked before it came;
//! - while more events are held in guards than the ring has spares, a publish may find it full.
//!
//! Everything else has exactly one right answer.

#![allow(dead_code, reason = "each user has its own part of it")]

use eventcast::ring::{BatchRefusal, Overflow, StartError, SubscriberId, TryRecvError};

/// First sequence that is never used.
pub(crate) const END: u64 = (1 << 53) - (1 << 32);

pub(crate) type Check<T = ()> = Result<T, String>;

macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
pub(crate) use ensure;

/// What one subscriber's counters said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) len: u64,
    pub(crate) lost: u64,
    pub(crate) sequence: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Sub {
    pub(crate) overflow: Overflow,
    pub(crate) id: SubscriberId,
    /// First event not consumed.
    pub(crate) next: u64,
    /// Where publishers see it: behind `next` while it holds a run of which some is consumed.
    pub(crate) place: u64,
    /// Missed and reported; of a disconnecting subscriber: missed so far.
    pub(crate) lost: u64,
    /// Events from `next` on that it holds and that cannot be overwritten.
    pub(crate) held: u64,
    /// Of these, in a forgotten guard: the next call consumes them.
    pub(crate) guarded: u64,
    /// Lag, Disconnect: it goes on at least here after what it holds.
    resume: u64,
    /// Somebody has tried to publish since `resume` was seen.
    stale: bool,
    /// Disconnect: at which event it may have been marked.
    marks: Vec<Option<u64>>,
    /// Its disconnect was reported.
    pub(crate) gone: bool,
    /// It joined behind: publishers may not have noticed before this sequence.
    unnoticed: u64,
}

impl Sub {
    /// Is it unknown whether, or where, it was marked?
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.marks.len() > 1
    }

    fn may_be_marked(&mut self, at: u64) {
        if !self.marks.contains(&Some(at)) {
            self.marks.push(Some(at));
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) capacity: u64,
    pub(crate) first: u64,
    pub(crate) spares: u64,
    pub(crate) unique: bool,
    /// The events by sequence, increasing.
    pub(crate) events: Vec<u64>,
    pub(crate) closed: bool,
    pub(crate) subs: Vec<Option<Sub>>,
}

/// What a batch answered.
#[derive(Clone, Debug)]
pub(crate) struct BatchAnswer {
    pub(crate) offered: u64,
    pub(crate) published: u64,
    pub(crate) refusal: Option<BatchRefusal>,
    pub(crate) blocked_by: Option<SubscriberId>,
}

impl Model {
    pub(crate) fn new(capacity: u64, first: u64, spares: u64, unique: bool, subs: usize) -> Self {
        Self { capacity, first, spares, unique, events: Vec::new(), closed: false, subs: vec![None; subs] }
    }

    pub(crate) fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    pub(crate) fn oldest(&self) -> u64 {
        self.next().saturating_sub(self.capacity).max(self.first)
    }

    fn sequence_of(&self, event: u64) -> Check<u64> {
        match self.events.binary_search(&event) {
            Ok(index) => Ok(self.first + index as u64),
            Err(_) => Err(format!("event {event} was never accepted")),
        }
    }

    pub(crate) fn event(&self, sequence: u64) -> Option<u64> {
        self.events.get(sequence.checked_sub(self.first)? as usize).copied()
    }

    pub(crate) fn sub(&self, slot: usize) -> &Sub {
        self.subs[slot].as_ref().expect("a subscriber in this slot")
    }

    fn sub_mut(&mut self, slot: usize) -> &mut Sub {
        self.subs[slot].as_mut().expect("a subscriber in this slot")
    }

    fn present(&self) -> impl Iterator<Item = &Sub> {
        self.subs.iter().flatten().filter(|sub| !sub.gone)
    }

    pub(crate) fn subscriber_count(&self) -> usize {
        self.present().count()
    }

    /// Events that the slowest blocking subscriber has not read.
    pub(crate) fn backlog(&self) -> u64 {
        let blocking = self.present().filter(|sub| sub.overflow == Overflow::Block);
        blocking.map(|sub| self.next() - sub.place).max().unwrap_or(0)
    }

    /// Events held in guards of subscribers that nobody waits for; one that two of them hold counts once.
    pub(crate) fn held(&self) -> Vec<u64> {
        let lossy = self.present().filter(|sub| sub.overflow != Overflow::Block && sub.held > 0);
        let mut held: Vec<u64> = lossy.flat_map(|sub| sub.place..sub.next + sub.held).collect();
        held.sort_unstable();
        held.dedup();
        held
    }

    /// How many events a publisher must be let through with, and how many it may.
    pub(crate) fn room(&self) -> (u64, u64) {
        let next = self.next();
        let (mut must, mut may) = (u64::MAX, u64::MAX);
        for sub in self.present().filter(|sub| sub.overflow == Overflow::Block) {
            let room = (sub.place + self.capacity).saturating_sub(next);
            must = must.min(room);
            may = may.min(room.max(sub.unnoticed.saturating_sub(next)));
        }
        if self.held().len() as u64 > self.spares {
            must = 0;
        }
        (must, may)
    }

    /// Is this the name of whom a refused publisher waits for?
    fn names_a_blocker(&self, id: SubscriberId) -> Check {
        let backlog = self.backlog();
        let holders = self.held().len() as u64 > self.spares;
        let named = self.present().any(|sub| {
            sub.id == id
                && match sub.overflow {
                    Overflow::Block => self.next() - sub.place == backlog,
                    _ => holders && sub.held > 0,
                }
        });
        ensure!(named, "{id} is named but holds nobody up");
        Ok(())
    }

    /// Somebody tried to publish: cursors may have been moved, and who joined a ring behind may be noticed.
    fn tried(&mut self) {
        let (now, capacity) = (self.next(), self.capacity);
        for sub in self.subs.iter_mut().flatten() {
            sub.stale = true;
            if sub.marks.contains(&None) && now > sub.next + capacity {
                sub.may_be_marked(sub.next + capacity);
            }
        }
    }

    fn accept(&mut self, event: u64) {
        let sequence = self.next();
        let capacity = self.capacity;
        self.events.push(event);
        for sub in self.subs.iter_mut().flatten() {
            if sub.overflow == Overflow::Disconnect && !sub.gone && sub.marks.contains(&None) {
                if sequence >= sub.next + capacity {
                    sub.may_be_marked(sub.next + capacity);
                }
                if sequence >= sub.next + capacity && sequence >= sub.unnoticed {
                    sub.marks.retain(Option::is_some);
                }
            }
        }
    }

    /// One event was offered without waiting.
    pub(crate) fn offered(&mut self, event: u64, answer: Result<u64, BatchRefusal>) -> Check {
        let (must, may) = self.room();
        self.tried();
        match answer {
            Ok(sequence) => {
                ensure!(!self.closed, "accepted on a closed ring");
                ensure!(sequence == self.next(), "sequence {sequence}, not {}", self.next());
                ensure!(sequence < END, "a sequence beyond the end");
                ensure!(may > 0, "accepted, though a blocking subscriber is a ring behind");
                self.accept(event);
            }
            Err(BatchRefusal::Closed) => {
                ensure!(self.closed || self.next() == END, "closed, but nobody closed it");
                self.closed = true;
            }
            Err(refusal) => {
                ensure!(!self.closed, "{refusal:?} on a closed ring");
                ensure!(must == 0, "{refusal:?} with room for {must}");
            }
        }
        Ok(())
    }

    /// Whom the refused publisher names.
    pub(crate) fn blocked(&self, by: Option<SubscriberId>) -> Check {
        match by {
            Some(id) => self.names_a_blocker(id),
            None => Err("nobody is named".into()),
        }
    }

    /// The longest piece of a batch that goes in as a whole.
    fn chunk(&self) -> u64 {
        32.min(self.capacity)
    }

    /// A batch was offered; `events` are all it would have yielded.
    pub(crate) fn offered_batch(&mut self, events: &[u64], answer: &BatchAnswer) -> Check {
        let &BatchAnswer { offered, published, refusal, blocked_by } = answer;
        let (must, may) = self.room();
        let left = END - self.next();
        if offered == 0 {
            ensure!(published == 0 && refusal.is_none(), "an empty batch: {answer:?}");
            return Ok(());
        }
        self.tried();
        ensure!(published <= offered, "more published than offered: {answer:?}");
        if self.closed {
            ensure!(
                published == 0 && refusal == Some(BatchRefusal::Closed),
                "batch on a closed ring: {answer:?}"
            );
            return Ok(());
        }
        ensure!(published <= may, "{published} published, with room for {may}");
        ensure!(published <= left, "sequences beyond the end");
        // What stopped it was a piece, all of which needed room.
        let piece = if self.unique { 1 } else { self.chunk().min(offered - published) };
        // A chunk is cut where a guard holds the slot that it wants.
        if !self.unique && refusal.is_some() && self.held().is_empty() {
            ensure!(published.is_multiple_of(self.chunk()), "half a chunk: {answer:?}");
        }
        match refusal {
            None => ensure!(published == offered, "{answer:?}"),
            Some(BatchRefusal::Closed) => {
                ensure!(published + piece > left, "closed, but nobody closed it: {answer:?}");
                self.closed = true;
            }
            Some(_) => {
                ensure!(published + piece > must, "{answer:?} with room for {must}");
            }
        }
        events[..published as usize].iter().for_each(|event| self.accept(*event));
        if let Some(BatchRefusal::Full | BatchRefusal::Timeout) = refusal {
            self.blocked(blocked_by)?;
        }
        Ok(())
    }

    /// A batch's iterator panicked after it had yielded these.
    pub(crate) fn interrupted_batch(&mut self, yielded: &[u64], published: u64) -> Check {
        let (must, may) = self.room();
        let n = yielded.len() as u64;
        let left = END - self.next();
        self.tried();
        ensure!(published <= n && published <= may, "{published} of {n} published, room for {may}");
        if self.closed {
            ensure!(published == 0, "published on a closed ring");
            return Ok(());
        }
        if self.unique {
            self.closed = n > published && published == left;
        } else {
            ensure!(published.is_multiple_of(self.chunk()) || !self.held().is_empty(), "half a chunk");
            let whole = n / self.chunk() * self.chunk();
            let refused = published + self.chunk() > must.min(left);
            ensure!(
                published == whole || refused,
                "{published} published, {whole} in whole chunks before the panic"
            );
            // The rest of a refused batch was being collected when the iterator panicked.
            if published < whole && published + self.chunk() > left {
                self.closed = true;
            }
        }
        yielded[..published as usize].iter().for_each(|event| self.accept(*event));
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// A subscriber asked to start somewhere; `from` is `None` for now and a sequence otherwise, `Some(None)` the oldest.
    pub(crate) fn joined(
        &mut self,
        slot: usize,
        overflow: Overflow,
        from: Option<Option<u64>>,
        answer: Result<SubscriberId, StartError>,
    ) -> Check {
        let (oldest, now) = (self.oldest(), self.next());
        let start = match from {
            None => now,
            Some(None) => oldest,
            Some(Some(sequence)) => sequence,
        };
        match answer {
            Ok(id) => {
                ensure!((oldest..=now).contains(&start), "started at {start} of {oldest}..={now}");
                self.subs[slot] = Some(Sub {
                    overflow,
                    id,
                    next: start,
                    place: start,
                    lost: 0,
                    held: 0,
                    guarded: 0,
                    resume: start,
                    stale: false,
                    marks: vec![None],
                    gone: false,
                    unnoticed: if start < now { now + self.capacity } else { 0 },
                });
            }
            Err(StartError::TooOld { sequence, oldest: kept }) => {
                ensure!(
                    sequence == start && kept == oldest && start < oldest,
                    "{answer:?} of {oldest}..={now}"
                );
            }
            Err(StartError::Ahead { sequence, next }) => {
                ensure!(sequence == start && next == now && start > now, "{answer:?} of {oldest}..={now}");
            }
            Err(other) => return Err(format!("{other:?}")),
        }
        Ok(())
    }

    pub(crate) fn left(&mut self, slot: usize) {
        self.subs[slot] = None;
    }

    /// Is there certainly an answer without waiting?
    pub(crate) fn is_ready(&self, slot: usize) -> bool {
        let sub = self.sub(slot);
        sub.gone || self.closed || sub.next + sub.guarded < self.next()
    }

    /// Any call that takes the subscriber by `&mut` releases a forgotten guard.
    pub(crate) fn called(&mut self, slot: usize) {
        let guarded = std::mem::take(&mut self.sub_mut(slot).guarded);
        self.consumed(slot, guarded);
    }

    /// The first `n` held events were consumed.
    pub(crate) fn consumed(&mut self, slot: usize, n: u64) {
        let sub = self.sub_mut(slot);
        sub.next += n;
        sub.held = sub.held.saturating_sub(n);
        if sub.held == 0 || sub.overflow == Overflow::Block {
            sub.place = sub.next;
            sub.resume = sub.resume.max(sub.next);
        }
    }

    /// The furthest that a laggard may have been moved to by now.
    fn furthest(&self, sub: &Sub) -> u64 {
        if sub.stale { sub.resume.max(self.next().saturating_sub(self.capacity)) } else { sub.resume }
    }

    /// It looked at these events, in order, at least one.
    pub(crate) fn looked(&mut self, slot: usize, events: &[u64]) -> Check {
        let first = self.sequence_of(events[0])?;
        for (index, event) in events.iter().enumerate() {
            let sequence = self.sequence_of(*event)?;
            ensure!(
                sequence == first + index as u64,
                "sequence {sequence} at place {index} of a run from {first}"
            );
        }
        let end = first + events.len() as u64;
        let furthest = self.furthest(self.sub(slot));
        let sub = self.sub_mut(slot);
        ensure!(!sub.gone, "an event after the disconnect");
        if sub.overflow == Overflow::Disconnect {
            let (resume, next, held) = (sub.resume, sub.next, sub.held);
            sub.marks.retain(|mark| match mark {
                None => first == next,
                // What it holds it reads, also beyond a mark that came late.
                Some(mark) if held > 0 => first == next && end <= (*mark).max(next + held),
                Some(mark) => (resume..=furthest).contains(&first) && end <= *mark,
            });
            ensure!(!sub.marks.is_empty(), "read {first}..{end}, stood at {next}");
            sub.lost += first - next;
        } else {
            ensure!(first == sub.next, "read {first}, stood at {}", sub.next);
            ensure!(
                sub.held > 0 || sub.overflow == Overflow::Block || sub.resume == sub.next,
                "read {first}, had been moved to {}",
                sub.resume
            );
        }
        if sub.held == 0 {
            sub.next = first;
            sub.place = first;
            sub.stale = false;
        }
        sub.held = sub.held.max(events.len() as u64);
        sub.resume = sub.resume.max(sub.next + sub.held);
        Ok(())
    }

    /// A look had nothing to give.
    pub(crate) fn nothing(&mut self, slot: usize, error: TryRecvError) -> Check {
        let (now, closed) = (self.next(), self.closed);
        let furthest = self.furthest(self.sub(slot));
        let sub = self.sub_mut(slot);
        ensure!(sub.held == 0, "{error:?} with {} events in hand", sub.held);
        match error {
            TryRecvError::Closed if sub.gone => {}
            _ if sub.gone => return Err(format!("{error:?} after the disconnect")),
            TryRecvError::Empty | TryRecvError::Closed => {
                ensure!(closed == (error == TryRecvError::Closed), "{error:?}, closed: {closed}");
                ensure!(sub.next == now, "{error:?} at {} of {now}", sub.next);
                ensure!(sub.resume == now, "{error:?} after it was moved to {}", sub.resume);
                ensure!(sub.marks.contains(&None), "{error:?} for a disconnected subscriber {:?}", sub.marks);
                sub.marks = vec![None];
            }
            TryRecvError::Lagged(n) => {
                let to = sub.next + n;
                ensure!(sub.overflow == Overflow::Lag && n > 0, "{error:?} for {:?}", sub.overflow);
                ensure!(
                    to >= sub.resume && to <= furthest,
                    "{error:?} from {}: expected to go on in {}..={furthest}",
                    sub.next,
                    sub.resume
                );
                sub.lost += n;
                sub.next = to;
                sub.place = to;
                sub.resume = to;
                sub.stale = false;
            }
            TryRecvError::Disconnected(n) => {
                // One that joined behind may have read beyond its mark before anybody noticed.
                let missed = |mark: u64| sub.lost + mark.saturating_sub(sub.next);
                let mark = sub.marks.iter().flatten().find(|mark| missed(**mark) == n);
                let Some(&mark) = mark else {
                    return Err(format!(
                        "{error:?} at {} after {} lost: marks {:?}",
                        sub.next, sub.lost, sub.marks
                    ));
                };
                sub.gone = true;
                sub.lost = n;
                sub.next = sub.next.max(mark);
            }
            other => return Err(format!("{other:?}")),
        }
        Ok(())
    }

    /// How long a run it can hold at once.
    pub(crate) fn longest_run(&self, slot: usize) -> u64 {
        match self.sub(slot).overflow {
            Overflow::Block => u64::MAX,
            _ => self.spares.min(255),
        }
    }

    /// A drain that began with nothing in hand and panicked in its `n`-th event: the rest of its last run stays in hand.
    /// Runs are as long as the spares allow, and at most 64 events.
    pub(crate) fn drain_interrupted(&mut self, slot: usize, max: u64, n: u64) {
        if self.sub(slot).overflow == Overflow::Block {
            return;
        }
        let run = self.longest_run(slot).min(64);
        let now = self.next();
        let sub = self.sub_mut(slot);
        let end = sub.marks.iter().flatten().copied().next().unwrap_or(now);
        let start = sub.next - n;
        let before = (n - 1) / run * run;
        let in_hand = run.min(max - before).min(end - start - before) - (n - before);
        if in_hand > 0 {
            sub.place = start + before;
            sub.held = in_hand;
            sub.resume = sub.resume.max(sub.next + in_hand);
        }
    }

    /// Is `b` the event after `a`?
    pub(crate) fn follows(&self, a: u64, b: u64) -> bool {
        matches!((self.sequence_of(a), self.sequence_of(b)), (Ok(a), Ok(b)) if a + 1 == b)
    }

    /// How far this event lies ahead of a place.
    pub(crate) fn distance(&self, from: u64, event: u64) -> Check<u64> {
        let sequence = self.sequence_of(event)?;
        sequence.checked_sub(from).ok_or_else(|| format!("event {event} lies before {from}"))
    }

    /// A guard of `n` events was forgotten.
    pub(crate) fn forget_guard(&mut self, slot: usize, n: u64) {
        self.sub_mut(slot).guarded = n;
    }

    /// Takes what the counters say: checks it, and remembers what it tells.
    pub(crate) fn counters(&mut self, slot: usize, seen: Counters) -> Check {
        let now = self.next();
        let furthest = self.furthest(self.sub(slot));
        let sub = self.sub_mut(slot);
        let next = sub.next + sub.guarded;
        if sub.gone || sub.overflow == Overflow::Block {
            let expected =
                Counters { len: if sub.gone { 0 } else { now - next }, lost: sub.lost, sequence: next };
            ensure!(seen == expected, "{seen:?}, expected {expected:?}");
            return Ok(());
        }
        let held = sub.held.saturating_sub(sub.guarded);
        ensure!(seen.lost >= sub.lost, "lost went down: {seen:?}, {}", sub.lost);
        let resume = seen.lost - sub.lost + next + held;
        let fits = |end: u64| {
            let sequence = if held > 0 { next } else { resume };
            seen == Counters { len: held + (end - resume.min(end)), lost: seen.lost, sequence }
        };
        let low = sub.resume;
        if sub.overflow == Overflow::Lag {
            ensure!(
                (low..=furthest).contains(&resume),
                "{seen:?}: goes on at {resume} of {low}..={furthest}"
            );
            ensure!(fits(now), "{seen:?}: next {next} held {held} of {now}");
        } else {
            let marks = sub.marks.clone();
            sub.marks.retain(|mark| match mark {
                None => resume == next + held && fits(now),
                Some(mark) => {
                    let most = furthest.min(*mark).max(next + held);
                    (low.min(most)..=most).contains(&resume) && fits(*mark)
                }
            });
            ensure!(
                !sub.marks.is_empty(),
                "{seen:?}: next {next} held {held} of {now}, {low}..={furthest}, {marks:?}"
            );
        }
        sub.resume = sub.resume.max(resume);
        sub.stale = false;
        Ok(())
    }
}

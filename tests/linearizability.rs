//! Short histories of concurrent operations have an order in which each answer is the oracle's.
//!
//! `EVENTCAST_HISTORIES` sets their number, `EVENTCAST_SEED` what they do.
//!
//! A publish takes effect at two moments, both while it runs: it gets its sequence, and readers may see it. In between, readers
//! of it and of everything after it find nothing; that is what the design says of a publisher that is stopped there. A close
//! is the same: publishers are refused first, and readers told after.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;

use common::{Rng, env_number, seed, within};
use eventcast::ring::{Builder, Overflow, Publisher, Subscriber, TryPublishError, TryRecvError, Wait};
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::*};
use std::thread;
use std::time::Duration;

const HISTORIES: u64 = if cfg!(miri) { 6 } else { 2_000 };
const SUBSCRIBERS: usize = 2;

/// An event whose clone and drop give the core away now and then: more of the operations run at once.
#[derive(Debug)]
struct Value(u8);

fn perhaps_yield() {
    thread_local! {
        static TURN: Cell<u32> = const { Cell::new(0) };
    }
    TURN.set(TURN.get().wrapping_add(1));
    if TURN.get().is_multiple_of(3) {
        thread::yield_now();
    }
}

impl Clone for Value {
    fn clone(&self) -> Self {
        perhaps_yield();
        Self(self.0)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        perhaps_yield();
    }
}

/// What was done, and what came of it.
#[derive(Clone, Debug)]
enum Done {
    /// Events with these values were offered; so many were accepted, in `first..end`, and it ended like this.
    Publish {
        values: Vec<u8>,
        accepted: usize,
        range: Option<(u64, u64)>,
        refused: Option<Refused>,
    },
    Close,
    /// These values were read and consumed.
    Read(usize, Vec<u8>),
    /// These values were looked at in a guard, and not consumed yet.
    Look(usize, Vec<u8>),
    /// The guard went, and so many events with it.
    Consume(usize, usize),
    Nothing(usize, TryRecvError),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Refused {
    Full,
    Closed,
}

#[derive(Clone, Debug)]
struct Operation {
    called: u64,
    answered: u64,
    done: Done,
}

#[derive(Clone, Debug)]
struct Setting {
    capacity: u64,
    policies: [Overflow; SUBSCRIBERS],
    /// Fewer spares than readers might hold: a publish may find the ring full for want of one.
    few_spares: bool,
}

impl Setting {
    fn lossy(&self) -> bool {
        self.policies.iter().any(|policy| *policy != Overflow::Block)
    }
}

/// One moment of an operation.
#[derive(Clone, Debug)]
enum Moment {
    /// Gets the next sequences, which have to begin and end here if they say so.
    Claim {
        values: Vec<u8>,
        first: Option<u64>,
        end: Option<u64>,
    },
    /// Readers may see the latest claim of this operation.
    Release,
    Full {
        wanted: u64,
    },
    RefusedAsClosed,
    CloseIntake,
    TellReaders,
    Read {
        subscriber: usize,
        values: Vec<u8>,
        consume: bool,
    },
    Consume {
        subscriber: usize,
        events: u64,
    },
    Nothing {
        subscriber: usize,
        error: TryRecvError,
    },
}

/// The moments of an operation, in order.
fn moments(done: &Done, setting: &Setting) -> Vec<Moment> {
    match done {
        Done::Publish { values, accepted, range, refused } => {
            let mut moments = Vec::new();
            let all = &values[..*accepted];
            // A batch within the capacity is one claim; a laggard that holds a slot may cut it.
            let pieces: Vec<&[u8]> =
                if setting.lossy() { all.chunks(1).collect() } else { all.chunks(32).collect() };
            for (index, piece) in pieces.iter().enumerate() {
                moments.push(Moment::Claim {
                    values: piece.to_vec(),
                    first: range.filter(|_| index == 0).map(|range| range.0),
                    end: range.filter(|_| index + 1 == pieces.len()).map(|range| range.1),
                });
                moments.push(Moment::Release);
            }
            match refused {
                Some(Refused::Full) => {
                    moments.push(Moment::Full { wanted: (values.len() - accepted) as u64 })
                }
                Some(Refused::Closed) => moments.push(Moment::RefusedAsClosed),
                None => {}
            }
            moments
        }
        Done::Close => vec![Moment::CloseIntake, Moment::TellReaders],
        // A drain lets publishers see its progress on the way, and looks again.
        Done::Read(subscriber, values) => values
            .iter()
            .map(|value| Moment::Read { subscriber: *subscriber, values: vec![*value], consume: true })
            .collect(),
        Done::Look(subscriber, values) => {
            vec![Moment::Read { subscriber: *subscriber, values: values.clone(), consume: false }]
        }
        Done::Consume(subscriber, events) => {
            vec![Moment::Consume { subscriber: *subscriber, events: *events as u64 }]
        }
        Done::Nothing(subscriber, error) => vec![Moment::Nothing { subscriber: *subscriber, error: *error }],
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Reader {
    next: u64,
    lost: u64,
    gone: bool,
}

/// What the ring would be, done naively.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    events: Vec<u8>,
    released: u64,
    intake_closed: bool,
    readers_told: bool,
    readers: [Reader; SUBSCRIBERS],
    /// Per operation: sequences claimed and not released.
    open: Vec<(u64, u64)>,
}

impl State {
    fn new(operations: usize) -> Self {
        Self {
            events: Vec::new(),
            released: 0,
            intake_closed: false,
            readers_told: false,
            readers: std::array::from_fn(|_| Reader { next: 0, lost: 0, gone: false }),
            open: vec![(0, 0); operations],
        }
    }

    fn claimed(&self) -> u64 {
        self.events.len() as u64
    }

    fn is_released(&self, sequence: u64) -> bool {
        sequence < self.claimed() && self.released >> sequence & 1 == 1
    }

    /// The state after this moment, if its answer can be right now.
    fn after(&self, operation: usize, moment: &Moment, setting: &Setting) -> Option<Self> {
        let mut next = self.clone();
        match moment {
            Moment::Claim { values, first, end } => {
                let (from, to) = (self.claimed(), self.claimed() + values.len() as u64);
                let in_place = first.is_none_or(|first| first == from) && end.is_none_or(|end| end == to);
                if !in_place || self.intake_closed || !self.has_room(to, setting) {
                    return None;
                }
                next.events.extend(values);
                next.open[operation] = (from, to);
            }
            Moment::Release => {
                let (from, to) = std::mem::take(&mut next.open[operation]);
                (from..to).for_each(|sequence| next.released |= 1 << sequence);
            }
            Moment::Full { wanted } => {
                // Of a batch only a whole piece is refused; of a piece cut by a laggard any rest of it.
                let to = self.claimed() + wanted;
                let unreleased = (0..self.claimed()).find(|sequence| !self.is_released(*sequence));
                let behind_a_publisher = unreleased.is_some_and(|first| to > first + setting.capacity);
                let for_want_of_a_spare = setting.few_spares && setting.lossy();
                if self.intake_closed
                    || self.has_room(to, setting) && !behind_a_publisher && !for_want_of_a_spare
                {
                    return None;
                }
            }
            Moment::RefusedAsClosed => {
                if !self.intake_closed {
                    return None;
                }
            }
            Moment::CloseIntake => next.intake_closed = true,
            Moment::TellReaders => next.readers_told = true,
            Moment::Read { subscriber, values, consume } => {
                let at = self.read(*subscriber, values, setting)?;
                let reader = &mut next.readers[*subscriber];
                reader.lost += at - reader.next;
                reader.next = at + if *consume { values.len() as u64 } else { 0 };
            }
            Moment::Consume { subscriber, events } => next.readers[*subscriber].next += events,
            Moment::Nothing { subscriber, error } => next.nothing(*subscriber, *error, setting)?,
        }
        Some(next)
    }

    /// May everything below `to` be claimed without overtaking a blocking reader?
    fn has_room(&self, to: u64, setting: &Setting) -> bool {
        let blocking =
            self.readers.iter().zip(setting.policies).filter(|(_, policy)| *policy == Overflow::Block);
        blocking.clone().all(|(reader, _)| to <= reader.next + setting.capacity)
    }

    /// Where these values stand, if the reader can read them now.
    fn read(&self, subscriber: usize, values: &[u8], setting: &Setting) -> Option<u64> {
        let reader = &self.readers[subscriber];
        let at = self.events.iter().position(|event| *event == values[0])? as u64;
        let in_order = values.iter().enumerate().all(|(index, value)| {
            self.is_released(at + index as u64) && self.events[at as usize + index] == *value
        });
        // Only one that was a ring behind, and is marked, skips without a report of its own.
        let marked = setting.policies[subscriber] == Overflow::Disconnect
            && at > reader.next
            && self.claimed() > reader.next + setting.capacity
            && at + setting.capacity <= self.claimed();
        (in_order && !reader.gone && (at == reader.next || marked)).then_some(at)
    }

    fn nothing(&mut self, subscriber: usize, error: TryRecvError, setting: &Setting) -> Option<()> {
        let claimed = self.claimed();
        let (closed, told) = (self.intake_closed, self.readers_told);
        let there = self.is_released(self.readers[subscriber].next);
        let policy = setting.policies[subscriber];
        let reader = &mut self.readers[subscriber];
        let fits = match error {
            TryRecvError::Empty => !(reader.gone || there || told && reader.next == claimed),
            TryRecvError::Closed => reader.gone || closed && reader.next == claimed,
            TryRecvError::Lagged(n) => {
                reader.lost += n;
                reader.next += n;
                // Never beyond the newest events.
                policy == Overflow::Lag && n > 0 && reader.next + setting.capacity <= claimed
            }
            TryRecvError::Disconnected(n) => {
                let was_gone = std::mem::replace(&mut reader.gone, true);
                // The mark stands at most one batch beyond what is claimed: whoever marked it is claiming just now.
                let missed = n.checked_sub(reader.lost)?;
                policy == Overflow::Disconnect
                    && !was_gone
                    && reader.next + missed <= claimed + setting.capacity
                    && reader.next + missed >= setting.capacity
            }
            _ => false,
        };
        fits.then_some(())
    }
}

/// Is there an order of all moments, true to real time, in which every answer is right?
fn is_linearizable(history: &[Operation], setting: &Setting) -> bool {
    let moments: Vec<Vec<Moment>> =
        history.iter().map(|operation| moments(&operation.done, setting)).collect();
    let mut seen = HashSet::new();
    let mut stack = vec![(vec![0_u8; history.len()], State::new(history.len()))];
    while let Some((progress, state)) = stack.pop() {
        let open = |index: usize| usize::from(progress[index]) < moments[index].len();
        if !(0..history.len()).any(open) {
            return true;
        }
        // Whoever was called after another had answered comes after it.
        let first_answer =
            (0..history.len()).filter(|index| open(*index)).map(|index| history[index].answered).min();
        for index in (0..history.len()).filter(|index| open(*index)) {
            if first_answer.is_some_and(|answer| history[index].called > answer) {
                continue;
            }
            let moment = &moments[index][usize::from(progress[index])];
            if let Some(after) = state.after(index, moment, setting) {
                let mut progress = progress.clone();
                progress[index] += 1;
                if seen.insert((progress.clone(), after.clone())) {
                    stack.push((progress, after));
                }
            }
        }
    }
    false
}

/// Writes down what one thread does.
struct Recorder<'a> {
    clock: &'a AtomicU64,
    operations: Vec<Operation>,
}

impl Recorder<'_> {
    fn record<R>(&mut self, f: impl FnOnce() -> R, done: impl FnOnce(&R) -> Done) -> R {
        let called = self.clock.fetch_add(1, SeqCst);
        let result = f();
        let answered = self.clock.fetch_add(1, SeqCst);
        self.operations.push(Operation { called, answered, done: done(&result) });
        result
    }
}

fn publish(
    publisher: &Publisher<Value>,
    recorder: &mut Recorder<'_>,
    rng: &mut Rng,
    value: &mut u8,
    may_close: bool,
) {
    let n = 1 + rng.below(publisher.capacity() as u64) as u8;
    let values: Vec<u8> = (0..n).map(|offset| *value + offset).collect();
    *value += n;
    if may_close && rng.one_in(12) {
        recorder.record(|| publisher.close(), |()| Done::Close);
    } else if rng.one_in(2) {
        let _ = recorder.record(
            || publisher.try_publish(Value(values[0])),
            |result| {
                let refused = match result {
                    Ok(_) => None,
                    Err(TryPublishError::Full(_)) => Some(Refused::Full),
                    Err(_) => Some(Refused::Closed),
                };
                let range = result.as_ref().ok().map(|sequence| (*sequence, *sequence + 1));
                Done::Publish {
                    values: vec![values[0]],
                    accepted: usize::from(range.is_some()),
                    range,
                    refused,
                }
            },
        );
    } else {
        let _ = recorder.record(
            || {
                publisher.try_publish_batch(values.iter().map(|value| {
                    perhaps_yield();
                    Value(*value)
                }))
            },
            |result| match result {
                Ok(range) => Done::Publish {
                    values: values.clone(),
                    accepted: values.len(),
                    range: Some((range.start, range.end)),
                    refused: None,
                },
                Err(error) => Done::Publish {
                    values: values.clone(),
                    accepted: error.published() as usize,
                    range: None,
                    refused: Some(if error.is_full() { Refused::Full } else { Refused::Closed }),
                },
            },
        );
    }
}

fn read(subscriber: &mut Subscriber<Value>, me: usize, recorder: &mut Recorder<'_>, rng: &mut Rng) {
    let nothing = |error: &TryRecvError| Done::Nothing(me, *error);
    let max = 1 + rng.below(3) as usize;
    match rng.below(4) {
        0 | 1 => {
            let _ = recorder.record(
                || subscriber.try_recv(),
                |result| result.as_ref().map_or_else(nothing, |value| Done::Read(me, vec![value.0])),
            );
        }
        // A laggard's drain may look several times, with a loss in between that only the next call reports.
        2 if subscriber.overflow() == Overflow::Block => {
            let mut values = Vec::new();
            let _ = recorder.record(
                || {
                    let drained = subscriber.drain(max, |value| {
                        perhaps_yield();
                        values.push(value.0);
                    });
                    drained.map(|_| std::mem::take(&mut values))
                },
                |result| result.as_ref().map_or_else(nothing, |values| Done::Read(me, values.clone())),
            );
        }
        _ => {
            let batch = recorder.record(
                || subscriber.batch(max),
                |result| {
                    result.as_ref().map_or_else(nothing, |batch| {
                        Done::Look(me, batch.iter().map(|value| value.0).collect())
                    })
                },
            );
            if let Ok(batch) = batch {
                let n = rng.below(batch.len() as u64 + 1) as usize;
                recorder.record(|| batch.release_first(n), |()| Done::Consume(me, n));
            }
        }
    }
}

fn history(rng: &mut Rng) -> (Setting, Vec<Operation>) {
    let policies = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];
    let setting = Setting {
        capacity: rng.pick(&[1, 2, 3]),
        policies: [rng.pick(&policies), rng.pick(&policies)],
        few_spares: rng.one_in(4),
    };
    let builder = Builder::new(setting.capacity as usize)
        .overflow(setting.policies[0])
        .wait(Wait::Yield)
        .lag_slots(if setting.few_spares { 1 } else { 64 });
    let (publisher, first) = builder.build::<Value>().unwrap();
    // They stay to the end: a reader that leaves makes room.
    let mut subscribers = [first, publisher.subscribe_with(setting.policies[1])];
    let (clock, ready) = (AtomicU64::new(0), AtomicUsize::new(0));
    // Four threads, or, so that more of it really happens at once, two with a publisher and a subscriber each.
    let threads = if rng.one_in(4) { 4 } else { 2 };
    let start = || {
        ready.fetch_add(1, SeqCst);
        let mut round = 0_u32;
        while ready.load(SeqCst) < threads {
            round += 1;
            if threads == 4 || round > 10_000 || cfg!(miri) {
                thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
    };
    let mut operations = Vec::new();
    thread::scope(|scope| {
        let mut running = Vec::new();
        for (me, subscriber) in subscribers.iter_mut().enumerate() {
            let (mut rng, mut other, clock, start) =
                (Rng::new(rng.next()), Rng::new(rng.next()), &clock, &start);
            let publisher = publisher.clone();
            let mut value = 1 + 100 * me as u8;
            if threads == 4 {
                running.push(scope.spawn(move || {
                    let mut recorder = Recorder { clock, operations: Vec::new() };
                    start();
                    while recorder.operations.len() < 3 {
                        read(subscriber, me, &mut recorder, &mut rng);
                    }
                    recorder.operations
                }));
                running.push(scope.spawn(move || {
                    let mut recorder = Recorder { clock, operations: Vec::new() };
                    start();
                    for _ in 0..2 + other.below(2) {
                        publish(&publisher, &mut recorder, &mut other, &mut value, me == 1);
                    }
                    recorder.operations
                }));
            } else {
                running.push(scope.spawn(move || {
                    let mut recorder = Recorder { clock, operations: Vec::new() };
                    start();
                    while recorder.operations.len() < 5 {
                        if rng.one_in(2) {
                            publish(&publisher, &mut recorder, &mut rng, &mut value, me == 1);
                        } else {
                            read(subscriber, me, &mut recorder, &mut rng);
                        }
                    }
                    recorder.operations
                }));
            }
        }
        for thread in running {
            operations.extend(thread.join().unwrap());
        }
    });
    operations.sort_by_key(|operation| operation.called);
    (setting, operations)
}

#[test]
fn histories_have_an_order() {
    let histories = env_number("EVENTCAST_HISTORIES", HISTORIES);
    within(Duration::from_secs(3_600), "histories", move || {
        let mut rng = Rng::new(seed());
        let (mut overlaps, mut operations) = (0, 0);
        for number in 0..histories {
            let (setting, history) = history(&mut rng);
            operations += history.len();
            overlaps += u64::from(history.windows(2).any(|pair| pair[1].called < pair[0].answered));
            if !is_linearizable(&history, &setting) {
                for operation in &history {
                    println!("{:>4} {:>4} {:?}", operation.called, operation.answered, operation.done);
                }
                panic!("history {number} has no order, {setting:?}");
            }
        }
        println!("{histories} histories, {operations} operations, {overlaps} with operations that overlap");
        // Histories without concurrency would prove nothing.
        assert!(
            overlaps * 10 >= histories,
            "only {overlaps} of {histories} histories had operations that overlap"
        );
    });
}

/// The checker itself: histories that must not pass.
#[test]
fn wrong_histories_are_found() {
    let setting = Setting { capacity: 2, policies: [Overflow::Block, Overflow::Lag], few_spares: false };
    let at = |called, answered, done| Operation { called, answered, done };
    let publish = |value, sequence: u64| Done::Publish {
        values: vec![value],
        accepted: 1,
        range: Some((sequence, sequence + 1)),
        refused: None,
    };
    let full =
        |value| Done::Publish { values: vec![value], accepted: 0, range: None, refused: Some(Refused::Full) };
    let right = [
        at(0, 1, publish(7, 0)),
        at(2, 3, Done::Read(0, vec![7])),
        at(4, 5, Done::Nothing(0, TryRecvError::Empty)),
    ];
    assert!(is_linearizable(&right, &setting));
    // While the publish runs, both answers are right.
    for done in [Done::Read(0, vec![7]), Done::Nothing(0, TryRecvError::Empty)] {
        assert!(is_linearizable(&[at(0, 3, publish(7, 0)), at(1, 2, done)], &setting));
    }
    let wrong: [&[Operation]; 8] = [
        // Nothing, after the publish had answered.
        &[at(0, 1, publish(7, 0)), at(2, 3, Done::Nothing(0, TryRecvError::Empty))],
        // Twice.
        &[at(0, 1, publish(7, 0)), at(2, 3, Done::Read(0, vec![7])), at(4, 5, Done::Read(0, vec![7]))],
        // Before it was published.
        &[at(0, 1, Done::Read(0, vec![7])), at(2, 3, publish(7, 0))],
        // Out of order.
        &[at(0, 1, publish(7, 0)), at(2, 3, publish(8, 1)), at(4, 5, Done::Read(0, vec![8]))],
        // Two orders for two readers.
        &[
            at(0, 9, publish(7, 0)),
            at(1, 10, publish(8, 0)),
            at(11, 12, Done::Read(0, vec![7, 8])),
            at(13, 14, Done::Read(1, vec![8, 7])),
        ],
        // Full with room.
        &[at(0, 1, publish(7, 0)), at(2, 3, full(8))],
        // Accepted without room.
        &[at(0, 1, publish(7, 0)), at(2, 3, publish(8, 1)), at(4, 5, publish(9, 2))],
        // Told of a loss that was none.
        &[at(0, 1, publish(7, 0)), at(2, 3, Done::Nothing(1, TryRecvError::Lagged(1)))],
    ];
    for history in wrong {
        assert!(!is_linearizable(history, &setting), "{history:?}");
    }
}

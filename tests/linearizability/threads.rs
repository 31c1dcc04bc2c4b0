//! The threads that make a history: each does random operations and writes down what came of them.

use super::{Done, Operation, Refused, Setting};
use crate::common::Rng;
use eventcast::ring::{Builder, Overflow, Publisher, Subscriber, TryPublishError, TryRecvError, Wait};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::*};
use std::thread;

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

pub(super) fn history(rng: &mut Rng) -> (Setting, Vec<Operation>) {
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

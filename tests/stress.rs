//! All policies mixed on real threads, with joins and leaves: every event's content, its order, and every equation.
//!
//! `EVENTCAST_STRESS_EVENTS` sets the number of events of each load, `EVENTCAST_SEED` what it does.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;
#[path = "common/load.rs"]
mod load;

use common::{Boxed, Payload, Rng, Words, env_number, seed, within};
use eventcast::ring::{self, Builder, Overflow, RecvError, Start, Wait};
use load::{Load, Report};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::thread;
use std::time::Duration;

const EVENTS: u64 = if cfg!(miri) { 300 } else { 200_000 };
const ROUNDS: u64 = if cfg!(miri) { 3 } else { 200 };
const SUBSCRIPTIONS: u64 = if cfg!(miri) { 60 } else { 20_000 };
const LIMIT: Duration = Duration::from_secs(600);

const ALL: &[Overflow] =
    &[Overflow::Block, Overflow::Lag, Overflow::Disconnect, Overflow::Block, Overflow::Lag];
const LOSSY: &[Overflow] = &[Overflow::Lag, Overflow::Disconnect, Overflow::Lag];

fn events() -> u64 {
    env_number("EVENTCAST_STRESS_EVENTS", EVENTS)
}

fn mixed<P: Payload>(capacity: usize, wait: Wait, membarrier: bool, policies: &'static [Overflow]) {
    // Nearly every event of a tiny ring costs a switch of threads.
    let events = if capacity < 8 { events() / 4 } else { events() };
    let load = Load {
        capacity,
        wait,
        membarrier,
        first: 0,
        events,
        publishers: 3,
        policies,
        churners: 1,
        rest: Duration::ZERO,
        seed: seed(),
    };
    println!("{load:?}");
    let report: Report = within(LIMIT, "stress", move || load::run::<P>(&load, |_| {}));
    println!("{report:?}");
    assert!(report.subscriptions >= policies.len() as u64);
}

#[test]
fn all_policies_parked() {
    mixed::<Words>(64, Wait::Park, true, ALL);
}

#[test]
fn all_policies_parked_without_membarrier() {
    mixed::<Boxed>(64, Wait::Park, false, ALL);
}

#[test]
fn all_policies_yielding() {
    mixed::<Boxed>(64, Wait::Yield, true, ALL);
}

#[test]
fn all_policies_in_a_ring_of_three() {
    mixed::<Boxed>(3, Wait::Park, true, ALL);
}

#[test]
fn lossy_policies_in_a_ring_of_two() {
    mixed::<Boxed>(2, Wait::Park, true, LOSSY);
}

#[test]
fn lossy_policies() {
    mixed::<Words>(128, Wait::Park, false, LOSSY);
}

/// The unique publisher has a path of its own: one head instead of stamps.
#[test]
fn unique_publisher_with_all_policies() {
    for membarrier in [true, false] {
        within(LIMIT, "unique stress", move || unique(events() / 2, membarrier));
    }
}

fn unique(events: u64, membarrier: bool) {
    let mut rng = Rng::new(seed());
    let mut builder = Builder::new(32);
    if !membarrier {
        builder = builder.without_membarrier();
    }
    let (mut publisher, mut block) = builder.build_unique::<Boxed>().unwrap();
    let mut batches = publisher.subscribe();
    let mut lag = publisher.subscribe_with(Overflow::Lag);
    let mut gone = publisher.subscribe_with(Overflow::Disconnect);
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..events {
                assert_eq!(block.recv().unwrap().check(), (0, number));
            }
            assert_eq!(block.recv().err(), Some(RecvError::Closed));
        });
        scope.spawn(move || {
            let mut number = 0;
            while let Ok(batch) = batches.recv_batch(10) {
                for event in &batch {
                    assert_eq!(event.check(), (0, number));
                    number += 1;
                }
            }
            assert_eq!(number, events);
        });
        scope.spawn(move || {
            let mut number = 0;
            loop {
                match lag.recv_batch(7) {
                    Ok(batch) => {
                        for event in &batch {
                            assert_eq!(event.check(), (0, number));
                            number += 1;
                        }
                    }
                    Err(RecvError::Lagged(n)) => number += n,
                    Err(_) => break,
                }
            }
            assert_eq!(number, events);
        });
        scope.spawn(move || {
            let mut last = None;
            let mut delivered = 0;
            let end = loop {
                match gone.recv() {
                    Ok(event) => {
                        let (_, number) = event.check();
                        assert!(last < Some(number));
                        last = Some(number);
                        delivered += 1;
                    }
                    Err(RecvError::Disconnected(n)) => break delivered + n,
                    Err(_) => break events,
                }
            };
            assert_eq!(gone.sequence(), end);
            assert_eq!(delivered + gone.lost(), end);
        });
        let mut number = 0;
        while number < events {
            if rng.one_in(3) {
                let n = (1 + rng.below(50)).min(events - number);
                let batch = (number..number + n).map(|number| Boxed::make(0, number));
                assert_eq!(publisher.publish_batch(batch).unwrap(), number..number + n);
                number += n;
            } else {
                assert_eq!(publisher.publish(Boxed::make(0, number)).unwrap(), number);
                number += 1;
            }
            if rng.one_in(64) {
                let start = rng.pick(&[Start::Now, Start::Oldest]);
                let overflow = rng.pick(&[Overflow::Lag, Overflow::Disconnect, Overflow::Block]);
                let mut late = publisher.subscribe_from(start, overflow).unwrap();
                if start == Start::Oldest {
                    let oldest = number.saturating_sub(32);
                    assert_eq!(late.try_recv().unwrap().check(), (0, oldest));
                }
            }
        }
        drop(publisher);
    });
}

/// What was accepted before the close is delivered, and nothing else.
#[test]
fn close_while_publishing() {
    within(LIMIT, "close while publishing", || {
        let mut rng = Rng::new(seed());
        for round in 0..ROUNDS {
            let capacity = rng.pick(&[1, 2, 3, 16]);
            let mut builder = Builder::new(capacity);
            if round % 2 == 0 {
                builder = builder.without_membarrier();
            }
            let (publisher, mut block) = builder.build::<Words>().unwrap();
            let mut lag = publisher.subscribe_with(Overflow::Lag);
            let accepted = AtomicU64::new(0);
            thread::scope(|scope| {
                for me in 0..2 {
                    let (publisher, accepted) = (publisher.clone(), &accepted);
                    scope.spawn(move || {
                        let mut number = 0;
                        loop {
                            let before = number;
                            if number % 3 == 0 {
                                let batch = (number..number + 5).map(|n| Words::make(me, n));
                                match publisher.publish_batch(batch) {
                                    Ok(_) => number += 5,
                                    Err(error) => {
                                        assert!(error.is_closed());
                                        number += error.published();
                                        let left = error.into_rest();
                                        assert_eq!(left.len() as u64, before + 5 - number);
                                        assert_eq!(left[0].check(), (me, number));
                                        break;
                                    }
                                }
                            } else {
                                match publisher.publish(Words::make(me, number)) {
                                    Ok(_) => number += 1,
                                    Err(error) => {
                                        assert_eq!(error.into_inner().check(), (me, number));
                                        break;
                                    }
                                }
                            }
                        }
                        accepted.fetch_add(number, Relaxed);
                    });
                }
                let readers = [
                    scope.spawn(move || {
                        let mut next = [0; 2];
                        let mut delivered = 0;
                        while let Ok(event) = block.recv() {
                            let (publisher, number) = event.check();
                            assert_eq!(number, next[publisher as usize]);
                            next[publisher as usize] += 1;
                            delivered += 1;
                        }
                        delivered
                    }),
                    scope.spawn(move || {
                        let mut passed = 0;
                        for result in lag.results() {
                            passed += match result {
                                Ok(event) => {
                                    event.check();
                                    1
                                }
                                Err(RecvError::Lagged(n)) => n,
                                Err(error) => panic!("{error}"),
                            };
                        }
                        passed
                    }),
                ];
                let until = rng.below(400);
                while publisher.next_sequence() < until {
                    thread::yield_now();
                }
                publisher.close();
                publisher.close();
                assert!(publisher.is_closed());
                let end = publisher.next_sequence();
                for reader in readers {
                    assert_eq!(reader.join().unwrap(), end, "round {round}");
                }
            });
            assert_eq!(accepted.into_inner(), publisher.next_sequence());
        }
    });
}

/// Joins and leaves from two threads while a third publishes: memory stays what it was, and nobody gates who has left.
#[test]
fn join_and_leave_churn() {
    within(LIMIT, "churn", || {
        let (publisher, first) = ring::channel::<Boxed>(16);
        drop(first);
        let stop = Arc::new(AtomicBool::new(false));
        let done = AtomicU64::new(0);
        let mut rng = Rng::new(seed());
        thread::scope(|scope| {
            let writer = {
                let (publisher, stop) = (publisher.clone(), stop.clone());
                scope.spawn(move || {
                    let mut number = 0;
                    while !stop.load(Relaxed) {
                        publisher.publish(Boxed::make(0, number)).unwrap();
                        number += 1;
                    }
                })
            };
            let churners: Vec<_> = (0..2)
                .map(|_| {
                    let (publisher, done) = (publisher.clone(), &done);
                    let mut rng = Rng::new(rng.next());
                    scope.spawn(move || {
                        while done.fetch_add(1, Relaxed) < SUBSCRIPTIONS {
                            let overflow = rng.pick(&[Overflow::Block, Overflow::Lag, Overflow::Disconnect]);
                            let start = rng.pick(&[Start::Now, Start::Oldest]);
                            let mut subscriber = publisher.subscribe_from(start, overflow).unwrap();
                            let mut last = None;
                            for event in subscriber.try_iter().take(3) {
                                let (_, number) = event.check();
                                if overflow == Overflow::Block {
                                    assert!(last.is_none_or(|last| number == last + 1));
                                }
                                assert!(last < Some(number));
                                last = Some(number);
                            }
                            if rng.one_in(8) {
                                let _ = subscriber.batch(2).map(std::mem::forget);
                            }
                        }
                    })
                })
                .collect();
            for churner in churners {
                churner.join().unwrap();
            }
            stop.store(true, Relaxed);
            writer.join().unwrap();
        });
        // Two threads never had more than two subscribers at once: the first block of cursors served them all.
        let (fresh, _subscriber) = ring::channel::<Boxed>(16);
        assert_eq!(publisher.memory(), fresh.memory());
        assert_eq!(publisher.subscriber_count(), 0);
        assert_eq!(publisher.len(), 0);
        let next = publisher.next_sequence();
        (0..1_000).for_each(|n| assert_eq!(publisher.try_publish(Boxed::make(1, n)).unwrap(), next + n));
    });
}

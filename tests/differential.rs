//! Random lists of operations, done to the ring and to a naive oracle at once: every answer, every counter, every drop.
//!
//! `EVENTCAST_CASES` sets the number of lists, `EVENTCAST_SEED` which ones.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/lists.rs"]
mod lists;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/script.rs"]
mod script;
#[path = "common/world.rs"]
mod world;

use common::{Rng, env_number, seed, within};
use eventcast::ring::{Builder, Overflow, RecvError, Wait};
use lists::Lists;
use script::{HEADER, MAX_STEPS, STEP};
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::Duration;
use world::Coverage;

const CASES: u64 = match (cfg!(miri), cfg!(debug_assertions)) {
    (true, _) => 10,
    (_, true) => 4_000,
    (_, false) => 10_000,
};

#[test]
fn every_answer_is_the_oracles() {
    let lists = Lists { header: HEADER, step: STEP, max_steps: MAX_STEPS, run: &world::run, met: &met };
    let cases = env_number("EVENTCAST_CASES", CASES);
    lists.play_all(cases, &mut Rng::new(seed()), |seen| seen.steps);
}

fn met(seen: &Coverage) -> Vec<(&'static str, bool)> {
    vec![
        ("full", seen.full),
        ("lag", seen.lag),
        ("displacement", seen.displacement),
        ("disconnect", seen.disconnect),
        ("wrap", seen.wrap),
        ("close with something unread", seen.close_with_unread),
        ("(full for want of a spare)", seen.no_spare),
        ("operations inside a guard", seen.guard_kept),
        ("a forgotten guard", seen.guard_forgotten),
        ("a panic of the user's", seen.panic),
        ("(the end of the sequences)", seen.end_of_sequences),
    ]
}

const WAITERS: u64 = if cfg!(miri) { 8 } else { 600 };

/// What ends a wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Close,
    LastPublisherGoes,
    Publish,
    Read,
    SubscriberLeaves,
}

/// One thread waits in the ring while another does what has to end the wait; the answer is known beforehand.
#[test]
fn every_waiter_gets_the_oracles_answer() {
    let mut rng = Rng::new(seed());
    let mut closed = 0;
    for case in 0..WAITERS {
        let mut rng = Rng::new(rng.next());
        let publisher_waits = rng.one_in(2);
        let event = if publisher_waits {
            rng.pick(&[Event::Close, Event::Read, Event::SubscriberLeaves])
        } else {
            rng.pick(&[Event::Close, Event::LastPublisherGoes, Event::Publish])
        };
        closed += u64::from(matches!(event, Event::Close | Event::LastPublisherGoes));
        let what = format!("case {case}: publisher waits: {publisher_waits}, {event:?}");
        within(Duration::from_secs(60), &what, move || {
            if publisher_waits {
                waiting_publisher(&mut rng, event);
            } else {
                waiting_subscriber(&mut rng, event);
            }
        });
    }
    println!("{WAITERS} cases, {closed} of them a close with a waiter");
    assert!(closed * 20 >= WAITERS);
}

fn builder(rng: &mut Rng, capacity: u64) -> Builder {
    let builder =
        Builder::new(capacity as usize).wait(rng.pick(&[Wait::Park, Wait::Park, Wait::Yield, Wait::Spin]));
    if rng.one_in(2) { builder } else { builder.without_membarrier() }
}

/// Gives the other thread some time on its way into the wait: every moment of it is a case of its own.
fn dawdle(rng: &mut Rng, started: &AtomicBool) {
    while !started.load(Relaxed) {
        thread::yield_now();
    }
    let n = 1 << rng.below(if cfg!(miri) { 4 } else { 14 });
    for _ in 0..rng.below(n) {
        std::hint::spin_loop();
    }
    if rng.one_in(4) {
        thread::yield_now();
    }
}

fn waiting_publisher(rng: &mut Rng, event: Event) {
    let capacity = rng.pick(&[1, 2, 3, 17]);
    let (publisher, mut subscriber) = builder(rng, capacity).build::<u64>().unwrap();
    publisher.publish_batch(0..capacity).unwrap();
    let (closer, started) = (publisher.clone(), AtomicBool::new(false));
    let form = rng.below(3);
    thread::scope(|scope| {
        let started = &started;
        let waiter = scope.spawn(move || {
            started.store(true, Relaxed);
            match form {
                0 => publisher.publish(capacity).map_err(|error| error.into_inner()),
                1 => publisher.publish_timeout(capacity, Duration::MAX).map_err(|error| error.into_inner()),
                _ => publisher
                    .publish_batch([capacity])
                    .map(|range| range.start)
                    .map_err(|error| error.into_rest()[0]),
            }
        });
        dawdle(rng, started);
        match event {
            Event::Close => closer.close(),
            Event::Read => assert_eq!(subscriber.recv(), Ok(0)),
            _ => drop(subscriber),
        }
        let expected = if event == Event::Close { Err(capacity) } else { Ok(capacity) };
        assert_eq!(waiter.join().unwrap(), expected);
    });
}

fn waiting_subscriber(rng: &mut Rng, event: Event) {
    let capacity = rng.pick(&[1, 2, 3, 17]);
    let overflow = rng.pick(&[Overflow::Block, Overflow::Lag, Overflow::Disconnect]);
    let builder = builder(rng, capacity).overflow(overflow);
    let (publisher, mut subscriber) = builder.build::<u64>().unwrap();
    let started = AtomicBool::new(false);
    let form = rng.below(5);
    thread::scope(|scope| {
        let started = &started;
        let waiter = scope.spawn(move || {
            started.store(true, Relaxed);
            match form {
                0 => subscriber.recv(),
                1 => subscriber.recv_timeout(Duration::MAX).map_err(|_| RecvError::Closed),
                2 => {
                    let mut got = 0;
                    subscriber.drain_wait(1, |event| got = *event).map(|_| got)
                }
                3 => subscriber.recv_batch(9).map(|batch| batch[0]),
                _ => subscriber.iter().next().ok_or(RecvError::Closed),
            }
        });
        dawdle(rng, started);
        match event {
            Event::Publish => assert_eq!(publisher.publish(7), Ok(0)),
            Event::Close => publisher.close(),
            _ => drop(publisher),
        }
        let expected = if event == Event::Publish { Ok(7) } else { Err(RecvError::Closed) };
        assert_eq!(waiter.join().unwrap(), expected);
    });
}

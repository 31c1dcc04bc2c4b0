//! What one publish call costs while subscribers are polled and keep up.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::account;
use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{BLOCK, Budget, Clock, Latency, Sample};
use crate::rivals::{CAPACITY, Idle, Racer, Rx, Setup, Tx, Wait};

/// Nanoseconds of rest after each single call.
const REST: u64 = 2_000;

/// Single calls before blocks have their turn.
const SINGLES: u64 = 256;

/// Blocks before single calls have their turn.
const BLOCKS: u64 = 8;

/// Publishes at a pace to `subscribers` that one thread polls; times single calls and blocks of calls in turn.
pub(crate) fn run<R: Racer<Event>>(subscribers: usize, budget: &Budget) -> Option<Sample> {
    let setup = Setup { publishers: 1, subscribers, wait: Wait::Spin, lossy: false };
    let (mut txs, mut rxs) = R::build(&setup);
    let tx = txs.first_mut()?;
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let done = AtomicBool::new(false);
    let start = Barrier::new(2);
    let mut latency = Latency::new();
    let mut number = 0;
    let mut checks = Vec::new();
    thread::scope(|scope| {
        let (done, start, consumer_idle) = (&done, &start, &idle);
        let consumer = scope.spawn(move || {
            let mut checks = vec![Check::new(R::GATED); rxs.len()];
            start.wait();
            loop {
                let last = done.load(Ordering::Acquire);
                let mut any = false;
                for (rx, check) in rxs.iter_mut().zip(&mut checks) {
                    let polled = rx.poll(CAPACITY, |event| check.take(event));
                    check.count(polled.got, polled.lost);
                    any |= polled.got > 0;
                }
                if !any && (last || !consumer_idle.once()) {
                    return checks;
                }
            }
        });
        start.wait();
        (latency, number) = time(tx, &idle, budget);
        done.store(true, Ordering::Release);
        checks = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    if budget.stopped() {
        return None;
    }
    for check in &checks {
        check.finish(&[number]);
    }
    let mut sample = Sample::of_latency(latency);
    account(&mut sample, &checks);
    Some(sample)
}

/// The same calls while one lossy subscriber never reads: nobody touches what they write. Afterwards it reads once, and its account
/// must be exact.
#[cfg(feature = "ours")]
pub(crate) fn unread<R: Racer<Event>>(budget: &Budget) -> Option<Sample> {
    let setup = Setup { publishers: 1, subscribers: 1, wait: Wait::Spin, lossy: true };
    let (mut txs, mut rxs) = R::build(&setup);
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let (latency, number) = time(txs.first_mut()?, &idle, budget);
    let mut check = Check::new(true);
    while !check.complete(number) {
        let polled = rxs.first_mut()?.poll(CAPACITY, |event| check.take(event));
        check.count(polled.got, polled.lost);
        assert!(polled.got > 0 || polled.lost > 0, "a lossy subscriber does not account for every event");
    }
    let mut sample = Sample::of_latency(latency);
    account(&mut sample, &[check]);
    (!budget.stopped()).then_some(sample)
}

/// Publishes single events and blocks of them in turn for the budget's time; returns their times and how many events there were.
fn time(tx: &mut impl Tx<Event>, idle: &Idle, budget: &Budget) -> (Latency, u64) {
    let mut latency = Latency::new();
    let mut number = 0;
    let clock = Clock::start();
    let end = budget.time.as_nanos() as u64;
    'run: while clock.now() < end {
        for _ in 0..SINGLES {
            let from = clock.now();
            let published = tx.publish(|| Event::make(0, number), idle);
            let until = clock.now();
            number += 1;
            latency.single(until - from);
            if !published || !clock.until(until + REST, budget) {
                break 'run;
            }
        }
        for _ in 0..BLOCKS {
            let from = clock.now();
            for _ in 0..BLOCK {
                if !tx.publish(|| Event::make(0, number), idle) {
                    break 'run;
                }
                number += 1;
            }
            let until = clock.now();
            latency.block(until - from, BLOCK);
            if !clock.until(until + REST * BLOCK, budget) {
                break 'run;
            }
        }
    }
    (latency, number)
}

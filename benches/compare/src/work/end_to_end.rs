//! From publish to read, both sides spinning.
//!
//! Lossy racers may lose events here too, when their reader is off its core for longer than the ring is deep.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::account;
use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{BLOCK, Budget, Clock, Latency, Sample};
use crate::rivals::{CAPACITY, Idle, Racer, Rx, Setup, Tx, Wait};

/// Nanoseconds of rest between two events that are timed by themselves.
const REST: u64 = 2_000;

/// One subscriber: ping-pong over two rings for the median, then a paced one-way stream for the tail.
pub(crate) fn run<R: Racer<Event>>(budget: &Budget) -> Option<Sample> {
    let mut latency = Latency::new();
    ping_pong::<R>(budget, &mut latency)?;
    let check = one_way::<R>(budget, &mut latency)?;
    let mut sample = Sample::of_latency(latency);
    account(&mut sample, &[check]);
    Some(sample)
}

/// One ring with one publisher and one subscriber.
fn pair<R: Racer<Event>>() -> Option<(R::Tx, R::Rx)> {
    let setup = Setup { publishers: 1, subscribers: 1, wait: Wait::Spin, lossy: false };
    let (mut txs, mut rxs) = R::build(&setup);
    Some((txs.pop()?, rxs.pop()?))
}

/// Looks until the event `number` is there; false when given up.
#[inline]
fn await_event<R: Rx<Event>>(rx: &mut R, number: u64, idle: &Idle) -> bool {
    loop {
        let polled = rx.poll(1, |event| assert_eq!(event.number(), number, "an event out of order"));
        if polled.got == 1 {
            return true;
        }
        if !idle.once() {
            return false;
        }
    }
}

/// Sends events to and fro; half a block's mean round trip is one way.
fn ping_pong<R: Racer<Event>>(budget: &Budget, latency: &mut Latency) -> Option<()> {
    let (mut ping, mut ping_rx) = pair::<R>()?;
    let (mut pong, mut pong_rx) = pair::<R>()?;
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let done = AtomicBool::new(false);
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            let mut number = 0;
            loop {
                let polled =
                    ping_rx.poll(1, |event| assert_eq!(event.number(), number, "an event out of order"));
                if polled.got == 1 {
                    if !pong.publish(|| Event::make(0, number), &idle) {
                        return;
                    }
                    number += 1;
                } else if done.load(Ordering::Relaxed) || !idle.once() {
                    return;
                }
            }
        });
        start.wait();
        let clock = Clock::start();
        let end = budget.time.as_nanos() as u64 / 2;
        let mut number = 0;
        'run: while clock.now() < end {
            let from = clock.now();
            for _ in 0..BLOCK {
                if !ping.publish(|| Event::make(0, number), &idle)
                    || !await_event(&mut pong_rx, number, &idle)
                {
                    break 'run;
                }
                number += 1;
            }
            latency.block(clock.now() - from, 2 * BLOCK);
        }
        done.store(true, Ordering::Relaxed);
    });
    (!budget.stopped()).then_some(())
}

/// Publishes stamped events at a pace; the subscriber compares with its own reading of the clock.
fn one_way<R: Racer<Event>>(budget: &Budget, latency: &mut Latency) -> Option<Check> {
    let (mut tx, mut rx) = pair::<R>()?;
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let done = AtomicBool::new(false);
    let start = Barrier::new(2);
    let clock = Clock::start();
    let mut check = Check::new(R::GATED);
    let mut number = 0;
    thread::scope(|scope| {
        let (done, start, idle) = (&done, &start, &idle);
        let mut check_of_reader = check;
        let consumer = scope.spawn(move || {
            let mut own = Latency::new();
            start.wait();
            loop {
                let last = done.load(Ordering::Acquire);
                let polled = rx.poll(CAPACITY, |event: &Event| {
                    own.single(clock.now().saturating_sub(event.stamp));
                    check_of_reader.take(event);
                });
                check_of_reader.count(polled.got, polled.lost);
                if polled.got == 0 && polled.lost == 0 && (last || !idle.once()) {
                    return (own, check_of_reader);
                }
            }
        });
        start.wait();
        let end = clock.now() + budget.time.as_nanos() as u64 / 2;
        while clock.now() < end {
            if !tx.publish(|| Event::stamped(number, clock.now()), idle) {
                break;
            }
            number += 1;
            if !clock.until(clock.now() + REST, budget) {
                break;
            }
        }
        done.store(true, Ordering::Release);
        let own;
        (own, check) = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        latency.merge(&own);
    });
    if budget.stopped() {
        return None;
    }
    check.finish(&[number]);
    Some(check)
}

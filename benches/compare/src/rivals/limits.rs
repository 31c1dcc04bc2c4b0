//! What the machine itself can do: one cache line moved between two threads, and one thread woken by a futex.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;

use super::{Idle, Wait};
use crate::measure::{BLOCK, Budget, Clock, Latency, Sample};
use crate::work::{Line, parked};

/// Nanoseconds of rest between two transfers that are timed by themselves.
const REST: u64 = 2_000;

/// Looks until `line` holds `value`; false when given up.
#[inline]
fn await_value(line: &AtomicU64, value: u64, idle: &Idle) -> bool {
    while line.load(Ordering::Acquire) != value {
        if !idle.once() {
            return false;
        }
    }
    true
}

/// One-way transfer of a cache line: ping-pong over two lines for the median, paced stamps for the tail.
pub(crate) fn cache_line(budget: &Budget) -> Option<Sample> {
    let mut latency = Latency::new();
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let half = budget.time.as_nanos() as u64 / 2;
    let (ping, pong, done) = (Line::new(0), Line::new(0), AtomicBool::new(false));
    let start = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            start.wait();
            let mut number = 1;
            while !done.load(Ordering::Relaxed) {
                if ping.0.load(Ordering::Acquire) == number {
                    pong.0.store(number, Ordering::Release);
                    number += 1;
                } else if !idle.once() {
                    return;
                }
            }
        });
        start.wait();
        let clock = Clock::start();
        let mut number = 1;
        'run: while clock.now() < half {
            let from = clock.now();
            for _ in 0..BLOCK {
                ping.0.store(number, Ordering::Release);
                if !await_value(&pong.0, number, &idle) {
                    break 'run;
                }
                number += 1;
            }
            latency.block(clock.now() - from, 2 * BLOCK);
        }
        done.store(true, Ordering::Relaxed);
    });
    let (stamp, done, clock) = (Line::new(0), AtomicBool::new(false), Clock::start());
    thread::scope(|scope| {
        let (stamp, done, idle) = (&stamp, &done, &idle);
        let reader = scope.spawn(move || {
            let mut own = Latency::new();
            let mut last = 0;
            while !done.load(Ordering::Relaxed) {
                let seen = stamp.0.load(Ordering::Acquire);
                if seen != last {
                    own.single(clock.now().saturating_sub(seen));
                    last = seen;
                } else if !idle.once() {
                    break;
                }
            }
            own
        });
        let end = clock.now() + half;
        while clock.now() < end {
            stamp.0.store(clock.now(), Ordering::Release);
            if !clock.until(clock.now() + REST, budget) {
                break;
            }
        }
        done.store(true, Ordering::Relaxed);
        latency.merge(&reader.join().expect("the reader panicked"));
    });
    (!budget.stopped()).then(|| Sample::of_latency(latency))
}

/// From a store to the return of the sleeper it wakes.
pub(crate) fn futex_wake(budget: &Budget) -> Option<Sample> {
    let (bell, stamp, done) = (AtomicU32::new(0), Line::new(0), AtomicBool::new(false));
    let clock = Clock::start();
    let mut latency = Latency::new();
    thread::scope(|scope| {
        let (bell, stamp, done) = (&bell, &stamp, &done);
        let sleeper = scope.spawn(move || {
            let mut own = Latency::new();
            let mut heard = 0;
            loop {
                wait(bell, heard);
                let rung = bell.load(Ordering::Acquire);
                if rung == heard {
                    continue;
                }
                let now = clock.now();
                heard = rung;
                if done.load(Ordering::Acquire) {
                    return own;
                }
                own.single(now.saturating_sub(stamp.0.load(Ordering::Relaxed)));
            }
        });
        let end = budget.time.as_nanos() as u64;
        while clock.until(clock.now() + parked::REST, budget) && clock.now() < end {
            stamp.0.store(clock.now(), Ordering::Relaxed);
            bell.fetch_add(1, Ordering::Release);
            wake(bell);
        }
        done.store(true, Ordering::Release);
        bell.fetch_add(1, Ordering::Release);
        wake(bell);
        latency = sleeper.join().expect("the sleeper panicked");
    });
    (!budget.stopped()).then(|| Sample::of_latency(latency))
}

/// Sleeps while `bell` holds `value`.
#[cfg(target_os = "linux")]
fn wait(bell: &AtomicU32, value: u32) {
    let op = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word outlives the call, and the absent time-out is a null pointer, as futex(2) asks.
    unsafe { libc::syscall(libc::SYS_futex, bell.as_ptr(), op, value, std::ptr::null::<libc::timespec>()) };
}

/// Wakes one sleeper.
#[cfg(target_os = "linux")]
fn wake(bell: &AtomicU32) {
    let op = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word outlives the call; waking reads no other memory.
    unsafe { libc::syscall(libc::SYS_futex, bell.as_ptr(), op, 1) };
}

/// Without futexes: gives the core away while `bell` holds `value`, which is no limit worth comparing with.
#[cfg(not(target_os = "linux"))]
fn wait(bell: &AtomicU32, value: u32) {
    while bell.load(Ordering::Acquire) == value {
        thread::yield_now();
    }
}

/// Nobody sleeps.
#[cfg(not(target_os = "linux"))]
fn wake(_: &AtomicU32) {}

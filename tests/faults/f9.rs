//! F9: threads stopped at random moments by a signal whose handler waits for a flag.

#![allow(unsafe_code, reason = "signals")]

use super::NEXT;
use crate::common::{Payload, Rng, Words, eventually, seed, within};
use eventcast::ring::{Builder, Overflow, RecvError, Wait};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 4;
const STOPS: u64 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };

static STOP: [AtomicBool; THREADS] = [const { AtomicBool::new(false) }; THREADS];
static STOPPED: [AtomicBool; THREADS] = [const { AtomicBool::new(false) }; THREADS];

thread_local! {
    static ME: Cell<usize> = const { Cell::new(usize::MAX) };
}

extern "C" fn halt(_: libc::c_int) {
    // Nothing but atomics, a constant thread local and a system call: all of it may happen in a handler.
    let me = ME.get();
    if me == usize::MAX {
        return;
    }
    STOPPED[me].store(true, Release);
    while STOP[me].load(Acquire) {
        // SAFETY: takes no arguments and touches no memory.
        unsafe { libc::sched_yield() };
    }
    STOPPED[me].store(false, Release);
}

fn install() {
    // SAFETY: all zeros is a valid `sigaction`: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = halt as extern "C" fn(libc::c_int) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` is valid, and the old action is not asked for.
    let answer = unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) };
    assert_eq!(answer, 0);
}

/// What a thread of the test is told and tells.
struct Shared {
    thread: [AtomicU64; THREADS],
    done: [AtomicU64; THREADS],
    over: AtomicBool,
}

fn enter(shared: &Shared, me: usize) {
    ME.set(me);
    // SAFETY: always succeeds.
    let id = unsafe { libc::pthread_self() };
    shared.thread[me].store(id as u64, Release);
}

/// Stops thread `victim`, runs `during`, and lets it go on; false when it was leaving anyway.
fn stop(shared: &Shared, victim: usize, during: impl FnOnce()) {
    STOP[victim].store(true, Release);
    let id = shared.thread[victim].load(Acquire) as libc::pthread_t;
    // SAFETY: the threads end only after `over` is set, which the caller does after its last stop.
    let answer = unsafe { libc::pthread_kill(id, libc::SIGUSR2) };
    assert_eq!(answer, 0);
    eventually("the handler has the thread", || STOPPED[victim].load(Acquire));
    during();
    STOP[victim].store(false, Release);
    eventually("the thread goes on", || !STOPPED[victim].load(Acquire));
}

#[test]
fn f9_threads_stopped_at_random_moments() {
    within(Duration::from_secs(300), "stops", || {
        install();
        // Signals go by thread and flags are shared: one after the other.
        run(Wait::Yield, STOPS / 2, true);
        run(Wait::Park, STOPS / 2, false);
    });
}

fn run(wait: Wait, stops: u64, lock_free: bool) {
    let mut rng = Rng::new(seed());
    let (publisher, mut block) = Builder::new(64).wait(wait).build::<Words>().unwrap();
    let mut lag = publisher.subscribe_with(Overflow::Lag);
    let shared = Shared {
        thread: [const { AtomicU64::new(0) }; THREADS],
        done: [const { AtomicU64::new(0) }; THREADS],
        over: AtomicBool::new(false),
    };
    let others_went_on = AtomicU64::new(0);
    thread::scope(|scope| {
        let shared = &shared;
        let writers = [0, 1].map(|me| {
            let publisher = publisher.clone();
            scope.spawn(move || {
                enter(shared, me);
                let mut number = 0;
                while !shared.over.load(Acquire) {
                    if number % 5 == 0 {
                        let batch = (number..number + 3).map(|n| Words::make(me as u64, n));
                        publisher.publish_batch(batch).unwrap();
                        number += 3;
                    } else {
                        publisher.publish(Words::make(me as u64, number)).unwrap();
                        number += 1;
                    }
                    shared.done[me].store(number, Relaxed);
                }
                ME.set(usize::MAX);
            })
        });
        scope.spawn(move || {
            enter(shared, 2);
            let mut next = [0; 3];
            while let Ok(event) = block.recv() {
                let (publisher, number) = event.check();
                assert_eq!(number, next[publisher as usize], "lossless, in order");
                next[publisher as usize] += 1;
                shared.done[2].fetch_add(1, Relaxed);
            }
            ME.set(usize::MAX);
        });
        scope.spawn(move || {
            enter(shared, 3);
            let mut passed = 0;
            loop {
                match lag.recv_batch(4) {
                    Ok(batch) => {
                        batch.iter().for_each(|event| {
                            event.check();
                        });
                        passed += batch.len() as u64;
                    }
                    Err(RecvError::Lagged(n)) => passed += n,
                    Err(_) => break,
                }
                shared.done[3].store(passed, Relaxed);
            }
            ME.set(usize::MAX);
            assert_eq!(lag.sequence(), passed);
        });
        eventually("all threads run", || shared.thread.iter().all(|thread| thread.load(Acquire) != 0));
        for _ in 0..stops {
            let victim = rng.below(THREADS as u64) as usize;
            let hold = 1 << rng.below(15);
            stop(shared, victim, || match victim {
                // A laggard, perhaps inside its guard: everybody else goes on.
                3 if lock_free => {
                    let before = shared.done[2].load(Relaxed);
                    eventually("others go on while a laggard is stopped", || {
                        shared.done[2].load(Relaxed) > before + 10
                    });
                }
                // A publisher, perhaps between claim and release: the other one goes on within the capacity.
                0 | 1 => {
                    let before = shared.done[1 - victim].load(Relaxed);
                    (0..hold).for_each(|_| std::hint::spin_loop());
                    // Now and then long enough for the other one to get a core, whatever else runs on the machine.
                    let patience = Instant::now() + Duration::from_millis(if hold == 1 { 50 } else { 0 });
                    while shared.done[1 - victim].load(Relaxed) == before && Instant::now() < patience {
                        std::thread::yield_now();
                    }
                    others_went_on.fetch_add(shared.done[1 - victim].load(Relaxed) - before, Relaxed);
                }
                _ => (0..hold).for_each(|_| std::hint::spin_loop()),
            });
        }
        shared.over.store(true, Release);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        // The next events are normal.
        for number in 0..NEXT {
            publisher.publish(Words::make(2, number)).unwrap();
        }
        publisher.close();
    });
    let published = publisher.next_sequence();
    let [a, b, block, lag] = shared.done.map(AtomicU64::into_inner);
    println!("{wait:?}: {stops} stops, {published} events, {others_went_on:?} while a publisher was stopped");
    assert_eq!(a + b + NEXT, published);
    assert_eq!(block, published);
    assert_eq!(lag, published);
    assert!(others_went_on.into_inner() > 0);
}

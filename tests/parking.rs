//! A parked side uses no CPU and is woken by what it waits for: an event, room, the close, a leave; and so is everybody else.
//!
//! Each test runs with the barrier that the kernel offers and with the fence that replaces it.
//!
//! Here: who wakes whom, and what meets a falling asleep. The CPU time of the parked: `parking/cpu.rs`. The bell of `arm`:
//! `parking/select.rs`.

#![allow(unsafe_code, reason = "the CPU time of a thread")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;
#[cfg(all(unix, not(miri)))]
#[path = "parking/cpu.rs"]
mod cpu;
#[cfg(feature = "select")]
#[path = "parking/select.rs"]
mod select;

use common::{Rng, eventually, seed, within};
use eventcast::ring::{Builder, Overflow, Publisher, RecvError, RecvTimeoutError, Start, Subscriber, Wait};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: u64 = match (cfg!(miri), cfg!(debug_assertions)) {
    (true, _) => 5,
    (_, true) => 2_000,
    (_, false) => 10_000,
};
const LIMIT: Duration = Duration::from_secs(120);

/// A ring whose both sides park, with or without the kernel's barrier.
fn ring(capacity: usize, membarrier: bool) -> (Publisher<u64>, Subscriber<u64>) {
    builder(capacity, membarrier).build().unwrap()
}

fn builder(capacity: usize, membarrier: bool) -> Builder {
    let builder = Builder::new(capacity).wait(Wait::Park);
    if membarrier { builder } else { builder.without_membarrier() }
}

/// Runs the test with both barriers, and fails if it hangs.
fn both(what: &'static str, test: impl Fn(bool) + Send + Sync + 'static) {
    within(LIMIT, what, move || {
        test(true);
        test(false);
    });
}

/// Where a thread says who it is, so that others can see it sleep.
#[derive(Default)]
struct Sleeper(AtomicU64);

impl Sleeper {
    /// To be called by the thread on its way into the wait.
    fn enter(&self) {
        #[cfg(all(target_os = "linux", not(miri)))]
        // SAFETY: takes no arguments and touches no memory.
        let id = unsafe { libc::syscall(libc::SYS_gettid) } as u64;
        #[cfg(not(all(target_os = "linux", not(miri))))]
        let id = 1;
        self.0.store(id, Release);
    }

    /// Waits until the thread sleeps.
    fn sleeps(&self) {
        eventually("the thread is on its way", || self.0.load(Acquire) != 0);
        if cfg!(all(target_os = "linux", not(miri))) {
            let path = format!("/proc/self/task/{}/stat", self.0.load(Acquire));
            eventually("the thread sleeps", || {
                let stat = std::fs::read_to_string(&path).unwrap();
                // After the name, which may hold anything and ends with the last bracket.
                stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('S'))
            });
        } else {
            (0..200).for_each(|_| thread::yield_now());
        }
    }
}

#[test]
fn a_subscriber_is_woken_by_a_publish_and_by_the_close() {
    both("subscriber", |membarrier| {
        for close in [false, true] {
            for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
                let (publisher, mut subscriber) =
                    builder(4, membarrier).overflow(overflow).build::<u64>().unwrap();
                let sleeper = Sleeper::default();
                thread::scope(|scope| {
                    let waiter = scope.spawn(|| {
                        sleeper.enter();
                        subscriber.recv()
                    });
                    sleeper.sleeps();
                    if close {
                        publisher.close();
                        assert_eq!(waiter.join().unwrap(), Err(RecvError::Closed));
                    } else {
                        publisher.publish(7).unwrap();
                        assert_eq!(waiter.join().unwrap(), Ok(7));
                    }
                });
            }
        }
    });
}

#[test]
fn a_subscriber_is_woken_by_the_end_of_the_last_publisher() {
    both("last publisher", |membarrier| {
        for unique in [false, true] {
            let sleeper = Sleeper::default();
            let (shared, alone, mut subscriber) = if unique {
                let (publisher, subscriber) = builder(4, membarrier).build_unique::<u64>().unwrap();
                (None, Some(publisher), subscriber)
            } else {
                let (publisher, subscriber) = ring(4, membarrier);
                (Some(publisher), None, subscriber)
            };
            thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    sleeper.enter();
                    subscriber.drain_wait(1, |_| ())
                });
                sleeper.sleeps();
                drop((shared, alone));
                assert_eq!(waiter.join().unwrap(), Err(RecvError::Closed));
            });
        }
    });
}

/// What ends a publisher's wait.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    Read,
    Drain,
    Guard,
    Leave,
    Close,
}

#[test]
fn a_publisher_is_woken_by_room_by_a_leave_and_by_the_close() {
    both("publisher", |membarrier| {
        for ends in [Ends::Read, Ends::Drain, Ends::Guard, Ends::Leave, Ends::Close] {
            for form in 0..3 {
                let (publisher, mut subscriber) = ring(2, membarrier);
                publisher.publish_batch([0, 1]).unwrap();
                let (sleeper, writer) = (Sleeper::default(), publisher.clone());
                thread::scope(|scope| {
                    let waiter = scope.spawn(|| {
                        sleeper.enter();
                        match form {
                            0 => writer.publish(2).is_ok(),
                            1 => writer.publish_timeout(2, Duration::MAX).is_ok(),
                            _ => writer.publish_batch([2]).is_ok(),
                        }
                    });
                    sleeper.sleeps();
                    match ends {
                        Ends::Read => assert_eq!(subscriber.try_recv(), Ok(0)),
                        Ends::Drain => assert_eq!(subscriber.drain(2, |_| ()), Ok(2)),
                        Ends::Guard => subscriber.batch(2).unwrap().release_first(1),
                        Ends::Leave => drop(subscriber),
                        Ends::Close => publisher.close(),
                    }
                    assert_eq!(waiter.join().unwrap(), ends != Ends::Close, "{ends:?}");
                });
            }
        }
    });
}

/// The slowest of two holds the publisher up; that one's progress, and only that, lets it go on.
#[test]
fn a_publisher_waits_for_the_slowest() {
    both("slowest", |membarrier| {
        let (publisher, mut slow) = ring(2, membarrier);
        let mut quick = publisher.subscribe();
        publisher.publish_batch([0, 1]).unwrap();
        let sleeper = Sleeper::default();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                sleeper.enter();
                publisher.publish(2)
            });
            sleeper.sleeps();
            assert_eq!(quick.drain(2, |_| ()), Ok(2));
            (0..100).for_each(|_| thread::yield_now());
            assert!(!waiter.is_finished());
            assert_eq!(slow.recv(), Ok(0));
            assert_eq!(waiter.join().unwrap(), Ok(2));
            assert_eq!(quick.recv(), Ok(2));
        });
    });
}

#[test]
fn time_outs_end_in_time() {
    both("time-outs", |membarrier| {
        let wait = Duration::from_millis(30);
        let (publisher, mut subscriber) = ring(1, membarrier);
        let start = Instant::now();
        assert_eq!(subscriber.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= wait);
        assert_eq!(subscriber.drain_timeout(1, wait, |_| ()), Err(RecvTimeoutError::Timeout));
        assert!(matches!(subscriber.recv_batch_timeout(1, wait), Err(RecvTimeoutError::Timeout)));
        assert!(start.elapsed() >= wait * 3);
        publisher.publish(1).unwrap();
        let start = Instant::now();
        let refused = publisher.publish_timeout(2, wait).unwrap_err();
        assert_eq!((refused.is_timeout(), refused.blocked_by()), (true, Some(subscriber.id())));
        let refused = publisher.publish_batch_timeout([2, 3], wait).unwrap_err();
        assert_eq!((refused.is_timeout(), refused.blocked_by()), (true, Some(subscriber.id())));
        assert!(start.elapsed() >= wait * 2);
        assert_eq!(subscriber.recv_timeout(Duration::MAX), Ok(1));
        assert_eq!(publisher.publish_timeout(2, Duration::MAX), Ok(1));
        assert_eq!(subscriber.recv_timeout(Duration::ZERO), Ok(2));
    });
}

/// Eight sleepers, one wake per publish: each woken one wakes the next, and all get every event.
#[test]
fn a_chain_of_sleepers_all_get_each_event() {
    const SLEEPERS: usize = if cfg!(miri) { 3 } else { 8 };
    both("chain", |membarrier| {
        let rounds = ROUNDS / 4;
        let (publisher, first) = ring(4, membarrier);
        let mut subscribers = vec![first];
        subscribers.extend((1..SLEEPERS).map(|_| publisher.subscribe()));
        let read = AtomicUsize::new(0);
        thread::scope(|scope| {
            for mut subscriber in subscribers {
                let read = &read;
                scope.spawn(move || {
                    for n in 0..rounds {
                        assert_eq!(subscriber.recv(), Ok(n));
                        read.fetch_add(1, AcqRel);
                    }
                });
            }
            for n in 0..rounds {
                publisher.publish(n).unwrap();
                // The next event only when all have this one: nobody else's wake helps out.
                eventually("all have it", || read.load(Acquire) == (n as usize + 1) * SLEEPERS);
            }
        });
    });
}

/// The publish comes at any moment of the other side's way into its sleep: before, while it registers, after.
#[test]
fn a_publish_that_meets_a_falling_asleep_is_not_lost() {
    both("falling asleep", |membarrier| {
        let mut rng = Rng::new(seed());
        let rounds = ROUNDS * 10;
        let (publisher, mut subscriber) = ring(4, membarrier);
        let read = AtomicU64::new(0);
        thread::scope(|scope| {
            let read = &read;
            scope.spawn(move || {
                for n in 0..rounds {
                    assert_eq!(subscriber.recv(), Ok(n));
                    read.store(n + 1, Release);
                }
            });
            for n in 0..rounds {
                publisher.publish(n).unwrap();
                eventually("it has it", || read.load(Acquire) == n + 1);
                (0..rng.below(600)).for_each(|_| std::hint::spin_loop());
            }
        });
    });
}

/// The same for a publisher: room is made at any moment of its way into its sleep.
#[test]
fn room_that_meets_a_falling_asleep_is_not_lost() {
    both("room and falling asleep", |membarrier| {
        let mut rng = Rng::new(seed());
        let rounds = ROUNDS * 10;
        let (publisher, mut subscriber) = ring(1, membarrier);
        let published = AtomicU64::new(0);
        thread::scope(|scope| {
            let published = &published;
            scope.spawn(move || {
                for n in 0..rounds {
                    assert_eq!(publisher.publish(n), Ok(n));
                    published.store(n + 1, Release);
                }
            });
            for n in 0..rounds {
                eventually("it is published", || published.load(Acquire) > n);
                (0..rng.below(600)).for_each(|_| std::hint::spin_loop());
                assert_eq!(subscriber.try_recv(), Ok(n));
            }
        });
    });
}

/// Waiters whose time is over just when they are woken hand the wake on.
#[test]
fn a_wake_that_meets_a_time_out_is_not_lost() {
    both("time-out and wake", |membarrier| {
        let mut rng = Rng::new(seed());
        let (publisher, mut patient) = ring(64, membarrier);
        let hasty: [_; 3] = std::array::from_fn(|_| publisher.subscribe_with(Overflow::Lag));
        let read = AtomicU64::new(0);
        thread::scope(|scope| {
            for mut hasty in hasty {
                let mut own = Rng::new(rng.next());
                scope.spawn(move || {
                    loop {
                        let wait = Duration::from_nanos(own.below(60_000));
                        match hasty.recv_timeout(wait) {
                            Ok(_) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Lagged(_)) => {}
                            Err(_) => break,
                        }
                    }
                });
            }
            let read = &read;
            scope.spawn(move || {
                for n in 0..ROUNDS {
                    assert_eq!(patient.recv(), Ok(n));
                    read.store(n + 1, Release);
                }
            });
            for n in 0..ROUNDS {
                publisher.publish(n).unwrap();
                eventually("the patient one has it", || read.load(Acquire) == n + 1);
                (0..rng.below(2_000)).for_each(|_| std::hint::spin_loop());
            }
            drop(publisher);
        });
    });
}

/// Publishers that give up just when there is room hand that on as well.
#[test]
fn room_that_meets_a_time_out_is_not_lost() {
    both("time-out and room", |membarrier| {
        let mut rng = Rng::new(seed());
        let (publisher, mut subscriber) = ring(1, membarrier);
        let (patient, hasty) = (publisher.clone(), publisher);
        thread::scope(|scope| {
            let mut own = Rng::new(rng.next());
            let hasty = scope.spawn(move || {
                let mut accepted = 0;
                for _ in 0..ROUNDS {
                    let wait = Duration::from_nanos(own.below(60_000));
                    accepted += u64::from(hasty.publish_timeout(1, wait).is_ok());
                }
                accepted
            });
            let patient = scope.spawn(move || {
                for _ in 0..ROUNDS {
                    patient.publish(0).unwrap();
                }
            });
            let (mut zeros, mut ones) = (0, 0);
            while let Ok(event) = subscriber.recv() {
                *if event == 0 { &mut zeros } else { &mut ones } += 1;
                (0..rng.below(500)).for_each(|_| std::hint::spin_loop());
            }
            patient.join().unwrap();
            assert_eq!((zeros, ones), (ROUNDS, hasty.join().unwrap()));
        });
    });
}

/// A subscriber that leaves while it has been woken: its neighbours do not sleep on.
#[test]
fn a_sleeper_that_leaves_takes_nobodys_wake_along() {
    both("leave", |membarrier| {
        let (publisher, mut stays) = ring(64, membarrier);
        let read = AtomicU64::new(0);
        thread::scope(|scope| {
            let read = &read;
            scope.spawn(move || {
                for n in 0..ROUNDS {
                    assert_eq!(stays.recv(), Ok(n));
                    read.store(n + 1, Release);
                }
            });
            let joiner = publisher.downgrade();
            scope.spawn(move || {
                while let Some(publisher) = joiner.upgrade() {
                    let mut subscriber = publisher.subscribe_from(Start::Now, Overflow::Lag).unwrap();
                    drop(publisher);
                    let _ = subscriber.recv_timeout(Duration::from_micros(20));
                }
            });
            for n in 0..ROUNDS {
                publisher.publish(n).unwrap();
                eventually("the one that stays has it", || read.load(Acquire) == n + 1);
            }
            publisher.close();
            drop(publisher);
        });
    });
}

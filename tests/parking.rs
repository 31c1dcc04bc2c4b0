//! A parked side uses no CPU and is woken by what it waits for: an event, room, the close, a leave; and so is everybody else.
//!
//! Each test runs with the barrier that the kernel offers and with the fence that replaces it.

#![allow(unsafe_code, reason = "the CPU time of a thread")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;

use common::{Rng, eventually, seed, within};
use eventcast::ring::{
    Builder, Overflow, Publisher, RecvError, RecvTimeoutError, Start, Subscriber, TryRecvError, Wait,
};
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

#[cfg(all(unix, not(miri)))]
mod cpu {
    use super::*;

    /// The CPU time of the calling thread.
    fn used() -> Duration {
        // SAFETY: all zeros is a valid `timespec`.
        let mut time: libc::timespec = unsafe { std::mem::zeroed() };
        // SAFETY: `time` is valid for writing.
        let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        assert_eq!(answer, 0);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    fn during<R>(f: impl FnOnce() -> R) -> (R, Duration) {
        let before = used();
        let result = f();
        (result, used() - before)
    }

    /// Both sides wait for `time`, each in a ring of its own and with either barrier; then something ends the wait.
    fn parked_for(time: Duration, sides: &'static [fn(Duration, bool)]) {
        within(LIMIT + time, "parked", move || {
            thread::scope(|scope| {
                for membarrier in [true, false] {
                    for side in sides {
                        scope.spawn(move || side(time, membarrier));
                    }
                }
            });
        });
    }

    fn idle(what: &str, membarrier: bool, used: Duration) {
        println!("{what}, membarrier {membarrier}: {used:?}");
        assert!(used < Duration::from_millis(1), "{what} used {used:?}, membarrier {membarrier}");
    }

    fn subscriber(time: Duration, membarrier: bool) {
        let (publisher, mut subscriber) = ring(4, membarrier);
        let waiter = thread::spawn(move || during(|| subscriber.recv()));
        thread::sleep(time);
        publisher.publish(1).unwrap();
        let (result, used) = waiter.join().unwrap();
        assert_eq!(result, Ok(1));
        idle("a parked subscriber", membarrier, used);
    }

    fn publisher(time: Duration, membarrier: bool) {
        let (publisher, mut subscriber) = ring(1, membarrier);
        publisher.publish(1).unwrap();
        let waiter = thread::spawn(move || during(|| publisher.publish(2)));
        thread::sleep(time);
        assert_eq!(subscriber.recv(), Ok(1));
        let (result, used) = waiter.join().unwrap();
        assert_eq!(result, Ok(1));
        idle("a parked publisher", membarrier, used);
    }

    /// Two events are held by lagging readers, and there is one spare.
    fn without_spare(time: Duration, membarrier: bool) {
        let builder = builder(1, membarrier).overflow(Overflow::Lag).lag_slots(1);
        let (publisher, mut a) = builder.build::<u64>().unwrap();
        let mut b = publisher.subscribe_with(Overflow::Lag);
        publisher.publish(0).unwrap();
        let held = a.batch(1).unwrap();
        publisher.publish(1).unwrap();
        while b.sequence() < 1 {
            b.try_recv().unwrap();
        }
        let also_held = b.batch(1).unwrap();
        while publisher.try_publish(2).is_ok() {
            assert!(publisher.next_sequence() < 100, "two held events never filled a ring with one spare");
        }
        let waiter = thread::spawn(move || during(|| publisher.publish(3)));
        thread::sleep(time);
        drop(held);
        let (result, used) = waiter.join().unwrap();
        assert!(result.is_ok());
        drop(also_held);
        idle("a publisher that waits for a spare", membarrier, used);
    }

    #[test]
    fn a_parked_side_uses_no_cpu() {
        parked_for(Duration::from_secs(2), &[subscriber, publisher]);
    }

    #[test]
    fn a_publisher_that_waits_for_a_spare_uses_no_cpu() {
        parked_for(Duration::from_secs(2), &[without_spare]);
    }

    #[test]
    #[ignore = "waits for 10 s; the 2 s version runs always"]
    fn a_parked_side_uses_no_cpu_in_ten_seconds() {
        parked_for(Duration::from_secs(10), &[subscriber, publisher, without_spare]);
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

#[cfg(feature = "select")]
mod select {
    use super::*;
    use crossbeam_channel::{RecvTimeoutError as BellTimeout, bounded, select};

    const MOMENT: Duration = Duration::from_millis(20);

    #[test]
    fn armed_with_something_to_read_it_rings_at_once() {
        both("at once", |membarrier| {
            for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
                let (publisher, mut subscriber) =
                    builder(4, membarrier).overflow(overflow).build::<u64>().unwrap();
                publisher.publish(1).unwrap();
                let bell = subscriber.arm().clone();
                assert_eq!(bell.try_recv(), Ok(()));
                // Once.
                assert!(bell.try_recv().is_err());
                publisher.publish(2).unwrap();
                assert!(bell.try_recv().is_err());
                // A lag and a disconnect are something to report as well.
                let _ = publisher.try_publish_batch(0..40);
                assert_eq!(subscriber.arm().try_recv(), Ok(()));
            }
        });
    }

    #[test]
    fn armed_with_nothing_it_rings_once_at_the_next_event() {
        both("once", |membarrier| {
            let (publisher, mut subscriber) = ring(8, membarrier);
            let bell = subscriber.arm().clone();
            assert!(bell.try_recv().is_err());
            publisher.publish(1).unwrap();
            publisher.publish(2).unwrap();
            assert_eq!(bell.try_recv(), Ok(()));
            assert!(bell.try_recv().is_err());
            assert_eq!(subscriber.drain(9, |_| ()), Ok(2));
            // Armed twice: still one stroke.
            let _ = subscriber.arm();
            let bell = subscriber.arm().clone();
            publisher.publish(3).unwrap();
            assert_eq!(bell.try_recv(), Ok(()));
            assert!(bell.try_recv().is_err());
        });
    }

    #[test]
    fn it_rings_on_close() {
        both("close", |membarrier| {
            let (publisher, mut subscriber) = ring(8, membarrier);
            let bell = subscriber.arm().clone();
            publisher.close();
            assert_eq!(bell.try_recv(), Ok(()));
            assert_eq!(subscriber.try_recv(), Err(TryRecvError::Closed));
            // And at once on a ring that is closed already.
            assert_eq!(subscriber.arm().try_recv(), Ok(()));
        });
    }

    #[test]
    fn a_forgotten_guard_is_released_before_it_looks() {
        both("forgotten guard", |membarrier| {
            let (publisher, mut subscriber) = ring(1, membarrier);
            publisher.publish(1).unwrap();
            std::mem::forget(subscriber.batch(1).unwrap());
            // `arm` is the next call: it consumes the guard's event, and then there is nothing to read.
            assert!(subscriber.arm().try_recv().is_err());
            assert_eq!(publisher.try_publish(2), Ok(1));
            assert_eq!(subscriber.arm().try_recv(), Ok(()));
            assert_eq!(subscriber.try_recv(), Ok(2));
        });
    }

    /// try, arm, try again, select: in a loop with another channel and its time-outs, every event arrives.
    #[test]
    fn in_a_select_beside_another_channel() {
        both("select", |membarrier| {
            let (publisher, mut subscriber) = ring(4, membarrier);
            let (sender, other) = bounded::<u64>(4);
            let rounds = ROUNDS / 2;
            thread::scope(|scope| {
                scope.spawn(move || (0..rounds).for_each(|n| assert_eq!(publisher.publish(n), Ok(n))));
                scope.spawn(move || (0..rounds).for_each(|n| sender.send(n).unwrap()));
                let (mut mine, mut others, mut closed, mut gone) = (0, 0, false, false);
                while !(closed && gone) {
                    let bell = subscriber.arm().clone();
                    match subscriber.try_recv() {
                        Ok(n) => {
                            assert_eq!(n, mine);
                            mine += 1;
                            continue;
                        }
                        Err(TryRecvError::Empty) => {}
                        Err(_) => closed = true,
                    }
                    let never = crossbeam_channel::never();
                    let (bell, others_end) =
                        (if closed { &never } else { &bell }, if gone { None } else { Some(&other) });
                    let idle = crossbeam_channel::never();
                    select! {
                        recv(bell) -> _ => {}
                        recv(others_end.unwrap_or(&idle)) -> message => match message {
                            Ok(n) => {
                                assert_eq!(n, others);
                                others += 1;
                            }
                            Err(_) => gone = true,
                        },
                        default(Duration::from_millis(1)) => {}
                    }
                }
                assert_eq!((mine, others), (rounds, rounds));
            });
        });
    }

    /// After another channel's time-out the bell still rings: the registration is as it was.
    #[test]
    fn it_rings_after_time_outs_of_others() {
        both("after a time-out", |membarrier| {
            let (publisher, mut subscriber) = ring(4, membarrier);
            let (_silent, other) = bounded::<u64>(1);
            let bell = subscriber.arm().clone();
            for _ in 0..3 {
                select! {
                    recv(bell) -> _ => panic!("it rang for nothing"),
                    recv(other) -> _ => panic!("nobody sent"),
                    default(Duration::from_millis(1)) => {}
                }
            }
            assert_eq!(bell.recv_timeout(MOMENT), Err(BellTimeout::Timeout));
            publisher.publish(1).unwrap();
            assert_eq!(bell.recv_timeout(MOMENT), Ok(()));
            assert_eq!(subscriber.try_recv(), Ok(1));
        });
    }

    /// A bell is no sleeper: whoever wakes somebody rings every bell on the way and still wakes a sleeper.
    #[test]
    fn an_armed_subscriber_takes_nobodys_wake() {
        both("bells before sleepers", |membarrier| {
            for leave in [false, true] {
                let (publisher, mut armed) = ring(4, membarrier);
                let mut also_armed = publisher.subscribe();
                let mut parked = publisher.subscribe();
                let bell = armed.arm().clone();
                let other_bell = also_armed.arm().clone();
                let sleeper = Sleeper::default();
                thread::scope(|scope| {
                    let waiter = scope.spawn(|| {
                        sleeper.enter();
                        parked.recv()
                    });
                    sleeper.sleeps();
                    if leave {
                        drop(armed);
                    }
                    publisher.publish(5).unwrap();
                    assert_eq!(waiter.join().unwrap(), Ok(5));
                });
                // The chain goes on behind the sleeper as well.
                eventually("the other bell", || other_bell.try_recv().is_ok());
                assert_eq!(bell.try_recv().is_ok(), !leave);
            }
        });
    }

    /// Arms, drops and sleepers against a publisher: nobody sleeps through an event.
    #[test]
    fn armed_subscribers_come_and_go() {
        both("armed churn", |membarrier| {
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
                    let mut rng = Rng::new(5);
                    while let Some(publisher) = joiner.upgrade() {
                        let mut subscriber = publisher.subscribe_with(Overflow::Lag);
                        drop(publisher);
                        let bell = subscriber.arm().clone();
                        if rng.one_in(2) {
                            let _ = bell.recv_timeout(Duration::from_micros(rng.below(30)));
                        }
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
}

//! The bell of an armed subscriber: it rings once, when there is something to read, and takes nobody's wake.

use super::{ROUNDS, Sleeper, both, builder, ring};
use crate::common::{Rng, eventually};
use crossbeam_channel::{RecvTimeoutError as BellTimeout, bounded, select};
use eventcast::ring::{Overflow, TryRecvError};
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::thread;
use std::time::Duration;

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

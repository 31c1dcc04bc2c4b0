//! F13: closing twice, from a handler, during a join, and with a handler that is stuck.

use super::{LIMIT, POLICIES, read_all};
use crate::common::{Payload, Rng, Words, eventually, seed, within};
use crate::ledger::{Event, Ledger};
use eventcast::ring::{Builder, Overflow, RecvError, RecvTimeoutError, Start, TryRecvError};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use std::thread;
use std::time::Duration;

#[test]
fn f13_close_twice_and_from_a_handler() {
    for overflow in POLICIES {
        let ledger = Ledger::new();
        {
            let (publisher, mut subscriber) = Builder::new(8).overflow(overflow).build::<Event>().unwrap();
            publisher.publish_batch((0..5).map(|id| Event::new(&ledger, id))).unwrap();
            let mut seen = Vec::new();
            let drained = subscriber.drain(3, |event| {
                seen.push(event.id);
                publisher.close();
            });
            assert_eq!((drained, seen), (Ok(3), vec![0, 1, 2]));
            publisher.close();
            assert!(publisher.is_closed());
            assert!(publisher.try_publish(Event::new(&ledger, 9)).unwrap_err().is_closed());
            assert!(publisher.publish(Event::new(&ledger, 9)).is_err());
            assert!(
                publisher.publish_timeout(Event::new(&ledger, 9), Duration::MAX).unwrap_err().is_closed()
            );
            let error = publisher.publish_batch((9..12).map(|id| Event::new(&ledger, id))).unwrap_err();
            assert!(error.is_closed());
            assert_eq!((error.published(), error.into_rest().len()), (0, 3));
            assert_eq!(read_all(&mut subscriber), (vec![3, 4], 0));
            assert_eq!(subscriber.recv().err(), Some(RecvError::Closed));
            assert_eq!(subscriber.recv_timeout(Duration::MAX).err(), Some(RecvTimeoutError::Closed));
            assert_eq!(subscriber.drain(1, |_| ()), Err(TryRecvError::Closed));
            assert!(subscriber.batch(1).is_err());
            assert_eq!(publisher.next_sequence(), 5);
        }
        ledger.balance().unwrap();
    }
}

/// A join while the ring closes: the joiner is closed, at once or after the history it asked for; it never hangs.
#[test]
fn f13_close_during_join() {
    const ROUNDS: u64 = if cfg!(miri) { 4 } else { 300 };
    within(LIMIT, "close during join", || {
        let mut rng = Rng::new(seed());
        for _ in 0..ROUNDS {
            let (publisher, first) = Builder::new(4).build::<u64>().unwrap();
            drop(first);
            publisher.publish_batch(0..6).unwrap();
            let (start, overflow) = (rng.pick(&[Start::Now, Start::Oldest]), rng.pick(&POLICIES));
            let ready = AtomicUsize::new(0);
            thread::scope(|scope| {
                let (ready, closer) = (&ready, publisher.clone());
                scope.spawn(move || {
                    ready.fetch_add(1, AcqRel);
                    while ready.load(Acquire) < 2 {
                        std::hint::spin_loop();
                    }
                    closer.close();
                });
                ready.fetch_add(1, AcqRel);
                while ready.load(Acquire) < 2 {
                    std::hint::spin_loop();
                }
                let mut subscriber = publisher.subscribe_from(start, overflow).unwrap();
                let got: Vec<u64> = subscriber.iter().collect();
                let expected = if start == Start::Oldest { vec![2, 3, 4, 5] } else { Vec::new() };
                assert_eq!(got, expected);
                assert_eq!(subscriber.recv(), Err(RecvError::Closed));
            });
            // On a closed ring: the same.
            assert_eq!(publisher.subscribe().recv(), Err(RecvError::Closed));
            let late = publisher.subscribe_from(Start::Sequence(5), Overflow::Lag).unwrap();
            assert_eq!(late.into_iter().collect::<Vec<_>>(), [5]);
        }
    });
}

/// One reader is stuck in its handler: the close wakes everybody else, and waits for nobody.
#[test]
fn f13_close_with_a_stuck_handler() {
    within(LIMIT, "close with a stuck handler", || {
        for overflow in POLICIES {
            let (publisher, mut stuck) = Builder::new(2).overflow(overflow).build::<Words>().unwrap();
            let mut sleeper = publisher.subscribe();
            publisher.publish_batch((0..2).map(|n| Words::make(0, n))).unwrap();
            let (release, inside) = (AtomicBool::new(false), AtomicBool::new(false));
            thread::scope(|scope| {
                let (release, inside) = (&release, &inside);
                let handler = scope.spawn(move || {
                    let drained = stuck.drain(1, |event| {
                        inside.store(true, Release);
                        while !release.load(Acquire) {
                            thread::yield_now();
                        }
                        assert_eq!(event.check(), (0, 0));
                    });
                    assert_eq!(drained, Ok(1));
                    stuck
                });
                eventually("the handler runs", || inside.load(Acquire));
                let blocked = {
                    let publisher = publisher.clone();
                    scope.spawn(move || {
                        publisher.publish(Words::make(0, 2)).map_err(|error| error.into_inner().check())
                    })
                };
                let reader = scope.spawn(move || {
                    let mut numbers = Vec::new();
                    while let Ok(event) = sleeper.recv() {
                        numbers.push(event.check().1);
                    }
                    numbers
                });
                eventually("the reader has read", || {
                    publisher.next_sequence() == 3 || overflow == Overflow::Block || publisher.is_empty()
                });
                publisher.close();
                publisher.close();
                let result = blocked.join().unwrap();
                let numbers = reader.join().unwrap();
                let accepted = publisher.next_sequence();
                assert_eq!(numbers, (0..accepted).collect::<Vec<_>>());
                assert_eq!(result, if accepted == 3 { Ok(2) } else { Err((0, 2)) });
                assert!(!handler.is_finished());
                release.store(true, Release);
                let mut stuck = handler.join().unwrap();
                let mut passed = 1;
                for result in stuck.results() {
                    passed += match result {
                        Ok(event) => {
                            event.check();
                            1
                        }
                        Err(RecvError::Lagged(n) | RecvError::Disconnected(n)) => n,
                        Err(error) => panic!("{error}"),
                    };
                }
                assert!(passed == accepted || overflow == Overflow::Disconnect);
            });
        }
    });
}

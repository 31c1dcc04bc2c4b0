//! F6 to F8: readers that are slow, stuck in a guard for ever, or gone in the middle of everything.

use super::{LIMIT, NEXT, POLICIES, for_both_publishers, goes_on, read_all};
use crate::common::{Payload, Rng, Words, eventually, seed, within};
use crate::ledger::{Event, Ledger};
use eventcast::ring::{
    Builder, Overflow, Publisher, RecvError, Subscriber, TryPublishError, TryRecvError, Wait,
};
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

/// The p99 of a publish in nanoseconds, over a few thousand.
fn publish_p99(publisher: &Publisher<Words>) -> u64 {
    let mut times: Vec<u64> = (0..4_000)
        .map(|n| {
            let event = Words::make(0, n);
            let start = Instant::now();
            publisher.publish(event).unwrap();
            start.elapsed().as_nanos() as u64
        })
        .collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// A reader that takes 100 ms for an event, inside a guard: publishers do not notice.
#[test]
#[cfg_attr(miri, ignore = "compares times")]
fn f6_slow_subscriber_that_nobody_waits_for() {
    for overflow in [Overflow::Lag, Overflow::Disconnect] {
        let (publisher, first) = Builder::new(256).overflow(Overflow::Lag).build::<Words>().unwrap();
        let slow = publisher.subscribe_with(overflow);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let stop = &stop;
            let reader = scope.spawn(move || {
                let mut slow = slow;
                let mut delivered = 0;
                while !stop.load(Relaxed) {
                    if let Ok(batch) = slow.batch(1) {
                        thread::sleep(Duration::from_millis(100));
                        batch[0].check();
                        delivered += 1;
                    }
                }
                (slow, delivered)
            });
            // The same ring a moment ago is the comparison; noise makes a round worthless, so one good round of many counts.
            let (other, _idle) = Builder::new(256).overflow(Overflow::Lag).build::<Words>().unwrap();
            let mut rounds = Vec::new();
            let good = (0..60).any(|_| {
                let (without, with) = (publish_p99(&other), publish_p99(&publisher));
                rounds.push((without, with));
                with as f64 <= without as f64 * 1.2
            });
            stop.store(true, Relaxed);
            let (mut slow, delivered) = reader.join().unwrap();
            assert!(good, "publish p99 without and with a slow subscriber: {rounds:?}");
            let published = publisher.next_sequence();
            let ahead = slow.len() as u64;
            if overflow == Overflow::Lag {
                assert_eq!(published, delivered + slow.lost() + ahead);
            } else {
                let mut rest = 0;
                let missed = loop {
                    match slow.try_recv() {
                        Ok(_) => rest += 1,
                        Err(TryRecvError::Disconnected(n)) => break n,
                        // Its report came while it was being stopped.
                        Err(_) => break slow.lost(),
                    }
                };
                assert_eq!(slow.sequence(), delivered + rest + missed);
            }
        });
        drop(first);
    }
}

/// A blocking reader that is too slow: the bound holds, and the error names it.
#[test]
fn f6_slow_subscriber_that_publishers_wait_for() {
    for_both_publishers!(2, Overflow::Block, |publisher, subscriber, ledger| {
        let mut quick = publisher.subscribe_with(Overflow::Block);
        for id in 0..2 {
            publisher.publish(Event::new(&ledger, id)).unwrap();
            assert_eq!(quick.recv().unwrap().id, id);
        }
        let start = Instant::now();
        let refused =
            publisher.publish_timeout(Event::new(&ledger, 2), Duration::from_millis(20)).unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert!(refused.is_timeout());
        assert_eq!(refused.blocked_by(), Some(subscriber.id()));
        assert_eq!(refused.into_inner().id, 2);
        assert_eq!((publisher.len(), quick.len()), (2, 0));
        assert_eq!(read_all(&mut subscriber), (vec![0, 1], 0));
        publisher.publish(Event::new(&ledger, 3)).unwrap();
        drop((subscriber, quick));
    });
}

#[test]
fn f7_stuck_in_a_guard_for_ever() {
    for overflow in [Overflow::Lag, Overflow::Disconnect] {
        for capacity in [1, 2, 4, 16] {
            for_both_publishers!(capacity, overflow, |publisher, subscriber, ledger| {
                let n = capacity as u64;
                publisher.publish_batch((0..n).map(|id| Event::new(&ledger, id))).unwrap();
                let held = subscriber.batch(capacity).unwrap();
                let len = held.len();
                for id in n..n + NEXT {
                    publisher.try_publish(Event::new(&ledger, id)).unwrap();
                }
                for first in (0..10).map(|batch| batch * n) {
                    publisher
                        .try_publish_batch((first..first + n).map(|id| Event::new(&ledger, id)))
                        .unwrap();
                }
                assert!(held.iter().map(|event| event.id).eq(0..len as u64));
                std::mem::forget(held);
                publisher.try_publish(Event::new(&ledger, 0)).unwrap();
                let published = publisher.next_sequence();
                let (got, missed) = read_all(&mut subscriber);
                let all = if overflow == Overflow::Lag { published } else { n };
                assert_eq!(len as u64 + got.len() as u64 + missed, all);
            });
        }
    }
}

/// One guard more than there are spares: `try_publish` answers `Full`, `publish` waits; one guard less, and it goes on.
#[test]
fn f7_more_leaked_guards_than_spares() {
    within(LIMIT, "leaked guards", || {
        for spares in [1, 2, 3] {
            for wait in [Wait::Park, Wait::Yield] {
                leaked_guards(spares, wait);
            }
        }
    });
}

fn leaked_guards(spares: usize, wait: Wait) {
    let ledger = Ledger::new();
    let builder = Builder::new(4).overflow(Overflow::Lag).lag_slots(spares).wait(wait);
    let (mut publisher, first) = builder.build::<Event>().unwrap();
    let mut readers = vec![first];
    readers.extend((0..spares).map(|_| publisher.subscribe_with(Overflow::Lag)));
    for (id, reader) in readers.iter_mut().enumerate() {
        publisher.publish(Event::new(&ledger, id as u64)).unwrap();
        // Each holds another event: all of them together one more than there are spares.
        while reader.try_recv().is_ok_and(|event| event.id < id as u64) {}
    }
    let start = publisher.next_sequence();
    for (offset, reader) in readers.iter_mut().enumerate() {
        publisher.publish(Event::new(&ledger, 100 + offset as u64)).unwrap();
        while reader.sequence() < start + offset as u64 {
            reader.try_recv().unwrap();
        }
        std::mem::forget(reader.batch(1).unwrap());
    }
    let mut accepted = 0;
    let refused = loop {
        match publisher.try_publish(Event::new(&ledger, 200)) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 1_000, "{} guards never filled a ring with {spares} spares", readers.len());
    };
    assert!(matches!(refused, TryPublishError::Full(_)));
    assert!(publisher.try_publish(Event::new(&ledger, 201)).unwrap_err().is_full());
    let late = publisher.publish_timeout(Event::new(&ledger, 202), Duration::from_millis(5)).unwrap_err();
    let named = late.blocked_by().expect("somebody is named");
    assert!(readers.iter().any(|reader| reader.id() == named));
    assert!(publisher.try_publish_batch([Event::new(&ledger, 203)]).unwrap_err().is_full());
    let before = publisher.next_sequence();
    let waiting = AtomicBool::new(false);
    thread::scope(|scope| {
        let (waiting, ledger, publisher) = (&waiting, &ledger, &publisher);
        let writer = scope.spawn(move || {
            waiting.store(true, Relaxed);
            publisher.publish(Event::new(ledger, 204)).unwrap()
        });
        eventually("the publisher is on its way", || waiting.load(Relaxed));
        for _ in 0..100 {
            thread::yield_now();
            assert_eq!(publisher.next_sequence(), before, "published without a spare");
        }
        // One reader's next call releases its guard.
        let _ = readers[0].try_recv();
        assert_eq!(writer.join().unwrap(), before);
    });
    for _ in 0..NEXT {
        publisher.try_publish(Event::new(&ledger, 205)).unwrap();
    }
    drop(readers);
    goes_on(&mut publisher, &ledger);
    drop((publisher, refused, late));
    ledger.balance().unwrap();
}

/// One of three readers leaves in the middle of everything, from its own thread or another: the neighbours get each event
/// exactly once.
#[test]
fn f8_subscriber_dropped_while_events_are_published() {
    const ROUNDS: u64 = if cfg!(miri) { 2 } else { 60 };
    within(LIMIT, "leaving", || {
        let mut rng = Rng::new(seed());
        for round in 0..ROUNDS {
            let events = if cfg!(miri) { 60 } else { 500 };
            let capacity = rng.pick(&[1, 2, 5, 64]);
            let (publisher, mut a) = Builder::new(capacity).build::<Words>().unwrap();
            let mut b = publisher.subscribe();
            let mut leaver = publisher.subscribe_with(POLICIES[round as usize % 3]);
            let leave_after = rng.below(events / 2);
            let from_another_thread = rng.one_in(2);
            thread::scope(|scope| {
                let all = |reader: &mut Subscriber<Words>| {
                    for n in 0..events {
                        assert_eq!(reader.recv().unwrap().check(), (0, n));
                    }
                    assert_eq!(reader.recv().err(), Some(RecvError::Closed));
                };
                scope.spawn(move || all(&mut a));
                scope.spawn(move || all(&mut b));
                scope.spawn(move || {
                    let mut seen = 0;
                    while seen < leave_after {
                        match leaver.recv_batch(3) {
                            Ok(batch) => seen += batch.len() as u64,
                            Err(RecvError::Lagged(n)) => seen += n,
                            Err(_) => break,
                        }
                    }
                    if from_another_thread {
                        thread::scope(|inner| {
                            inner.spawn(move || drop(leaver));
                        });
                    } else if let Ok(batch) = leaver.batch(2) {
                        std::mem::forget(batch);
                    }
                });
                for n in 0..events {
                    publisher.publish(Words::make(0, n)).unwrap();
                }
                drop(publisher);
            });
        }
    });
}

/// A reader that leaves from inside its own handler: the closure of a drain drops another subscriber of the same ring.
#[test]
fn f8_subscriber_dropped_from_a_handler() {
    for_both_publishers!(4, Overflow::Block, |publisher, subscriber, ledger| {
        let mut other = Some(publisher.subscribe_with(Overflow::Block));
        publisher.publish_batch((0..4).map(|id| Event::new(&ledger, id))).unwrap();
        let mut seen = Vec::new();
        let drained = subscriber.drain(10, |event| {
            seen.push(event.id);
            other = None;
        });
        assert_eq!((drained, seen), (Ok(4), vec![0, 1, 2, 3]));
        assert_eq!(publisher.subscriber_count(), 1);
        publisher.try_publish_batch((4..8).map(|id| Event::new(&ledger, id))).unwrap();
        assert_eq!(read_all(&mut subscriber), ((4..8).collect(), 0));
        drop(subscriber);
    });
}

//! Subscriptions that somebody else ends: they read nothing more, are woken, and no longer hold publishers up.

mod common;

use common::within;
use eventcast::{Bus, Overflow, QueueOverflow, RecvError, TryRecvError};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

fn bus(capacity: usize) -> Bus<u64> {
    Bus::builder().capacity(capacity).build().unwrap()
}

#[test]
fn exactly_those_of_the_pattern_end() {
    let bus = bus(8);
    let mut mine = POLICIES.map(|overflow| bus.subscription("a.*").overflow(overflow).subscribe().unwrap());
    let mut other = bus.subscribe("a.>").unwrap();
    bus.publish("a.b", 1).unwrap();
    assert_eq!(bus.unsubscribe_all("a.*").unwrap(), 3);
    assert_eq!(bus.unsubscribe_all("a.*").unwrap(), 0);
    assert!(bus.unsubscribe_all("a.>.b").is_err());
    for sub in &mut mine {
        assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
        assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
        assert!(sub.batch(1).is_err());
        assert_eq!(sub.len(), 0);
    }
    assert_eq!(bus.subscriptions().len(), 1);
    assert_eq!(bus.stats().subscriptions, 1);
    assert_eq!(*other.recv().unwrap().payload(), 1);
    // Their cursors serve others while they are still there.
    let mut after = POLICIES.map(|overflow| bus.subscription("a.*").overflow(overflow).subscribe().unwrap());
    bus.publish("a.b", 2).unwrap();
    drop(mine);
    for sub in &mut after {
        assert_eq!(*sub.recv().unwrap().payload(), 2);
    }
}

#[test]
fn nobody_wants_what_only_ended_ones_wanted() {
    let bus = bus(8);
    let _sub = bus.subscribe("a").unwrap();
    bus.publish("a", 1).unwrap();
    assert_eq!(bus.stats().unrouted, 0);
    bus.unsubscribe_all("a").unwrap();
    bus.publish("a", 2).unwrap();
    assert_eq!(bus.stats().unrouted, 1);
}

#[test]
fn one_that_waits_is_woken() {
    within(LIMIT, "a waiting subscription", || {
        for queue in [false, true] {
            for overflow in POLICIES {
                let bus = bus(8);
                let builder = bus.subscription("a");
                let builder = if queue { builder.queue(4) } else { builder.overflow(overflow) };
                let mut sub = builder.subscribe().unwrap();
                let (waits, waiting) = mpsc::channel();
                let reader = thread::spawn(move || {
                    waits.send(()).unwrap();
                    sub.recv().unwrap_err()
                });
                waiting.recv().unwrap();
                assert_eq!(bus.unsubscribe_all("a").unwrap(), 1);
                assert_eq!(reader.join().unwrap(), RecvError::Closed);
            }
        }
    });
}

#[test]
fn publishers_no_longer_wait_for_one_that_is_not_reading() {
    within(LIMIT, "a publisher", || {
        let bus = bus(4);
        let stuck = bus.subscribe("a").unwrap();
        while bus.try_publish("a", 0).is_ok() {}
        let publisher = {
            let bus = bus.clone();
            thread::spawn(move || bus.publish_timeout("a", 0, Duration::MAX).is_ok())
        };
        assert_eq!(bus.unsubscribe_all("a").unwrap(), 1);
        assert!(publisher.join().unwrap());
        drop(stuck);
        bus.publish("a", 1).unwrap();
    });
}

#[test]
fn one_that_reads_in_place_leaves_when_it_comes_back() {
    for overflow in POLICIES {
        let bus = bus(4);
        let mut sub = bus.subscription("a").overflow(overflow).subscribe().unwrap();
        for n in 0..4 {
            bus.publish("a", n).unwrap();
        }
        let batch = sub.batch(4).unwrap();
        assert_eq!(bus.unsubscribe_all("a").unwrap(), 1);
        // What it holds is not overwritten under its hands.
        for n in 4..100 {
            let refused = bus.try_publish("a", n).is_err();
            assert_eq!(refused, overflow == Overflow::Block, "{overflow:?}");
        }
        assert!(batch.iter().map(|event| *event.payload()).eq(0..batch.len() as u64));
        drop(batch);
        bus.try_publish("a", 100).unwrap();
        assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
    }
}

#[test]
fn its_own_closure_may_end_it() {
    let bus = bus(4);
    let mut sub = bus.subscribe("a").unwrap();
    for n in 0..3 {
        bus.publish("a", n).unwrap();
    }
    let mut seen = Vec::new();
    sub.drain(10, |event| {
        seen.push(*event.payload());
        let _ = bus.unsubscribe_all("a");
    })
    .unwrap();
    assert_eq!(seen, [0, 1, 2], "what it had come to it reads");
    assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
    assert_eq!(bus.stats().subscriptions, 0);
}

#[test]
fn a_queued_one_reads_what_waits() {
    let bus = bus(64);
    let forever = QueueOverflow::Block { within: Duration::MAX };
    let mut sub = bus.subscription("a").queue(8).queue_overflow(forever).subscribe().unwrap();
    for n in 0..3 {
        bus.publish("a", n).unwrap();
    }
    while sub.stats().ahead > 0 {
        thread::yield_now();
    }
    assert_eq!(bus.unsubscribe_all("a").unwrap(), 1);
    bus.publish("a", 3).unwrap();
    assert!(sub.iter().map(|event| *event.payload()).eq(0..3));
    assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
}

#[test]
fn ending_at_every_moment_leaves_the_bus_whole() {
    const ROUNDS: u64 = if cfg!(miri) { 10 } else { 300 };
    within(LIMIT, "rounds of ending", || {
        let bus = bus(4);
        let stop = Arc::new(AtomicBool::new(false));
        let publisher = {
            let (bus, stop) = (bus.clone(), stop.clone());
            thread::spawn(move || {
                let mut n = 0;
                while !stop.load(SeqCst) {
                    n += u64::from(bus.publish("a", n).is_ok());
                }
                n
            })
        };
        for round in 0..ROUNDS {
            let overflow = POLICIES[round as usize % 3];
            let mut sub = bus.subscription("a").overflow(overflow).subscribe().unwrap();
            let reader = thread::spawn(move || {
                let mut last = None;
                loop {
                    match sub.recv() {
                        Ok(event) => {
                            assert!(last.is_none_or(|last| last < *event.payload()));
                            last = Some(*event.payload());
                        }
                        Err(RecvError::Lagged(_)) => {}
                        Err(error) => return error,
                    }
                }
            });
            while bus.unsubscribe_all("a").unwrap() == 0 && bus.stats().subscriptions > 0 {
                thread::yield_now();
            }
            let end = reader.join().unwrap();
            assert!(end == RecvError::Closed || overflow == Overflow::Disconnect, "{end:?}");
        }
        stop.store(true, SeqCst);
        assert_eq!(publisher.join().unwrap(), bus.stats().accepted);
        assert_eq!(bus.stats().subscriptions, 0);
    });
}

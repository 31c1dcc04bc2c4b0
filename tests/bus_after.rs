//! Subscriptions that read only what others have released: never before them, and on as soon as they let go or leave.

mod common;

use common::within;
use eventcast::{Bus, Overflow, RecvError, RecvTimeoutError, TryRecvError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

fn bus(capacity: usize) -> Bus<u64> {
    Bus::builder().capacity(capacity).build().unwrap()
}

#[test]
fn it_never_comes_before_any_of_them() {
    let bus = bus(16);
    for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
        let mut one = bus.subscription(">").overflow(overflow).subscribe().unwrap();
        let mut two = bus.subscription("a").subscribe().unwrap();
        let mut last = bus.subscription("a").overflow(overflow).subscribe_after(&[&one, &two]).unwrap();
        for n in 0..4 {
            bus.publish("a", n).unwrap();
        }
        assert_eq!(last.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(one.drain(3, |_| ()), Ok(3));
        assert_eq!(last.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(two.drain(2, |_| ()), Ok(2));
        assert_eq!(*last.recv().unwrap().payload(), 0);
        assert_eq!(*last.recv().unwrap().payload(), 1);
        assert_eq!(last.recv_timeout(Duration::from_millis(1)).unwrap_err(), RecvTimeoutError::Timeout);
        // What is held in a guard is not released.
        let guard = two.batch(1).unwrap();
        assert!(last.batch(1).is_err());
        drop(guard);
        assert_eq!(*last.batch(8).unwrap()[0].payload(), 2);
        // Who has left holds nothing back.
        drop((one, two));
        assert_eq!(*last.recv().unwrap().payload(), 3);
    }
}

#[test]
fn a_pipeline_keeps_its_order_under_load() {
    const EVENTS: u64 = if cfg!(miri) { 100 } else { 20_000 };
    within(LIMIT, "a pipeline", || {
        for wait in [eventcast::Wait::Park, eventcast::Wait::Yield] {
            let bus = Bus::<u64>::builder().capacity(32).wait(wait).build().unwrap();
            let first = bus.subscribe("a").unwrap();
            let second = bus.subscription("a").subscribe_after(&[&first]).unwrap();
            let third = bus.subscription("a").subscribe_after(&[&first, &second]).unwrap();
            let done = [0; 3].map(|_| Arc::new(AtomicU64::new(0)));
            let stages = [first, second, third].into_iter().enumerate().map(|(stage, mut sub)| {
                let done = done.clone();
                thread::spawn(move || {
                    let mut next = 0;
                    let run = |event: &eventcast::Event<u64>| {
                        assert_eq!(*event.payload(), next);
                        next += 1;
                        for before in &done[..stage] {
                            assert!(before.load(SeqCst) >= next, "stage {stage} came first");
                        }
                        done[stage].store(next, SeqCst);
                    };
                    let mut run = run;
                    while sub.drain_wait(7, &mut run).is_ok() {}
                    next
                })
            });
            let stages: Vec<_> = stages.collect();
            for n in 0..EVENTS {
                bus.publish("a", n).unwrap();
            }
            drop(bus);
            for stage in stages {
                assert_eq!(stage.join().unwrap(), EVENTS);
            }
        }
    });
}

#[test]
fn it_is_closed_once_it_has_read_everything() {
    let bus = bus(4);
    let mut first = bus.subscribe("a").unwrap();
    let mut second = bus.subscription("a").subscribe_after(&[&first]).unwrap();
    bus.publish("a", 1).unwrap();
    drop(bus);
    assert_eq!(second.try_recv().unwrap_err(), TryRecvError::Empty);
    first.recv().unwrap();
    assert_eq!(*second.recv().unwrap().payload(), 1);
    assert_eq!(second.recv().unwrap_err(), RecvError::Closed);
}

#[test]
fn one_that_waits_for_another_can_be_ended() {
    within(LIMIT, "an ended follower", || {
        let bus = bus(4);
        let stuck = bus.subscribe("a").unwrap();
        let mut follower = bus.subscription("b").subscribe_after(&[&stuck]).unwrap();
        bus.publish("a", 1).unwrap();
        let reader = thread::spawn(move || follower.recv().unwrap_err());
        thread::yield_now();
        while bus.unsubscribe_all("b").unwrap() == 0 {}
        assert_eq!(reader.join().unwrap(), RecvError::Closed);
        drop(stuck);
    });
}

#[test]
fn only_direct_subscriptions_of_one_bus_take_part() {
    let (bus, other) = (bus(4), bus(4));
    let (mine, foreign) = (bus.subscribe("a").unwrap(), other.subscribe("a").unwrap());
    let queued = bus.subscription("a").queue(4).subscribe().unwrap();
    assert!(bus.subscription("a").subscribe_after(&[&foreign]).unwrap_err().is_conflict());
    assert!(bus.subscription("a").subscribe_after(&[&queued]).unwrap_err().is_conflict());
    assert!(bus.subscription("a").queue(4).subscribe_after(&[&mine]).unwrap_err().is_conflict());
}

#[test]
fn a_forgotten_guard_lets_it_come_no_further() {
    let bus = bus(1024);
    let mut first = bus.subscribe("a").unwrap();
    let mut second = bus.subscription("a").subscribe_after(&[&first]).unwrap();
    for n in 0..4 {
        bus.publish("a", n).unwrap();
    }
    first.batch(4).unwrap().release_first(2);
    std::mem::forget(second.batch(1).unwrap());
    let mut seen = Vec::new();
    second.drain(4, |event| seen.push(*event.payload())).unwrap();
    assert_eq!(seen, [1], "the first has released two events");
}

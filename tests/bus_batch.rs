//! Reading a subscription's events by batch, in place.

mod common;

use common::within;
use eventcast::{Bus, Overflow, RecvError, RecvTimeoutError, Subscription, TryRecvError};
use std::thread;
use std::time::Duration;

/// A payload that cannot be cloned.
#[derive(Debug, PartialEq)]
struct Number(u32);

const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

fn bus() -> Bus<Number> {
    Bus::builder().capacity(256).build().unwrap()
}

fn publish(bus: &Bus<Number>, numbers: std::ops::Range<u32>) {
    for n in numbers {
        bus.publish(if n % 3 == 0 { "noise" } else { "n" }, Number(n)).unwrap();
    }
}

/// All batches of at most `max` until nothing is left.
fn batches(sub: &mut Subscription<Number>, max: usize) -> Vec<Vec<u32>> {
    let mut all = Vec::new();
    loop {
        match sub.batch(max) {
            Ok(batch) => all.push(batch.iter().map(|event| event.payload().0).collect()),
            Err(TryRecvError::Empty) => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

fn balanced(bus: &Bus<Number>, sub: &Subscription<Number>) {
    let stats = sub.stats();
    assert_eq!(stats.total(), bus.stats().accepted - stats.joined, "{stats:?}");
}

#[test]
fn batches_hold_the_events_of_its_topics_and_nothing_else() {
    for overflow in POLICIES {
        for max in [0, 1, 2, 7, 64, 1_000] {
            let bus = bus();
            let mut sub = bus.subscription("n").overflow(overflow).subscribe().unwrap();
            publish(&bus, 0..200);
            let all = batches(&mut sub, max);
            assert!(all.iter().all(|batch| !batch.is_empty() && batch.len() <= max.clamp(1, 64)));
            let expected: Vec<u32> = (0..200).filter(|n| n % 3 != 0).collect();
            assert_eq!(all.concat(), expected, "{overflow:?} {max}");
            balanced(&bus, &sub);
            assert_eq!((sub.stats().delivered, sub.stats().filtered), (133, 67));
        }
    }
}

#[test]
fn a_part_of_a_batch_stays_for_the_next_call() {
    for overflow in POLICIES {
        let bus = bus();
        let mut sub = bus
            .subscription("n")
            .overflow(overflow)
            .filter(|event| {
                assert!(event.payload().0 != 5, "no luck");
                true
            })
            .subscribe()
            .unwrap();
        publish(&bus, 0..8);
        let batch = sub.batch(8).unwrap();
        assert_eq!((batch.len(), batch[0].payload(), batch[3].payload()), (4, &Number(1), &Number(7)));
        assert_eq!((batch[1].sequence(), batch.get(4).is_none()), (2, true));
        batch.release_first(2);
        // 0 and 3 are noise; 5, on which the filter panics, is judged again.
        let stats = sub.stats();
        assert_eq!(
            (stats.delivered, stats.filtered, stats.filter_panics, stats.ahead),
            (2, 2, 0, 4),
            "{overflow:?}"
        );
        balanced(&bus, &sub);
        sub.batch(8).unwrap().release_first(0);
        balanced(&bus, &sub);
        assert_eq!(batches(&mut sub, 8), [[4, 7]]);
        let stats = sub.stats();
        assert_eq!((stats.delivered, stats.filtered, stats.filter_panics), (4, 4, 1));
        balanced(&bus, &sub);
    }
}

#[test]
fn a_forgotten_batch_counts_as_delivered() {
    let bus = bus();
    let mut sub = bus.subscribe("n").unwrap();
    publish(&bus, 0..4);
    std::mem::forget(sub.batch(3).unwrap());
    assert!(batches(&mut sub, 8).is_empty());
    assert_eq!((sub.stats().delivered, sub.stats().filtered), (2, 2));
    balanced(&bus, &sub);
}

#[test]
fn only_noise_is_read_past() {
    let bus = bus();
    let mut sub = bus.subscribe("n").unwrap();
    for n in 0..150 {
        bus.publish("noise", Number(n)).unwrap();
    }
    assert_eq!(sub.batch(8).unwrap_err(), TryRecvError::Empty);
    assert_eq!((sub.stats().filtered, sub.len()), (150, 0));
    assert_eq!(sub.recv_batch_timeout(8, Duration::from_millis(2)).unwrap_err(), RecvTimeoutError::Timeout);
}

#[test]
fn a_laggard_is_told_before_its_next_batch() {
    let bus = Bus::<Number>::builder().capacity(4).build().unwrap();
    let mut sub = bus.subscription("n").overflow(Overflow::Lag).subscribe().unwrap();
    publish(&bus, 0..100);
    let TryRecvError::Lagged(missed) = sub.batch(8).unwrap_err() else { panic!("no lag") };
    let read: Vec<u32> = batches(&mut sub, 8).concat();
    assert_eq!(read, (missed as u32..100).filter(|n| n % 3 != 0).collect::<Vec<_>>());
    balanced(&bus, &sub);
}

#[test]
fn a_waiting_batch_is_woken_by_a_publish_and_by_the_end() {
    within(Duration::from_secs(60), "a waiting batch", || {
        let bus = bus();
        let mut sub = bus.subscribe("n").unwrap();
        let reader = thread::spawn(move || {
            let mut seen = Vec::new();
            loop {
                match sub.recv_batch(16) {
                    Ok(batch) => seen.extend(batch.iter().map(|event| event.payload().0)),
                    Err(RecvError::Closed) => return seen,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        publish(&bus, 0..1_000);
        drop(bus);
        assert_eq!(reader.join().unwrap(), (0..1_000).filter(|n| n % 3 != 0).collect::<Vec<_>>());
    });
}

//! Closing a bus stops intake, waits for blocking subscriptions, and says what was not delivered.

use eventcast::{Bus, Overflow, RecvError};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);

#[test]
fn close_waits_until_the_readers_are_through() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe("a").unwrap();
    for n in 0..500 {
        bus.publish(if n % 2 == 0 { "a" } else { "b" }, n).unwrap();
    }
    let reader = thread::spawn(move || (sub.iter().count(), sub.stats()));
    let report = bus.close(Duration::from_secs(60));
    assert!(report.is_complete());
    assert_eq!(report.accepted, 500);
    let (count, stats) = reader.join().unwrap();
    assert_eq!((count, stats.delivered, stats.filtered, stats.total()), (250, 250, 250, 500));
}

#[test]
fn close_gives_up_in_time_and_says_what_is_left() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe("a").unwrap();
    for n in 0..10 {
        bus.publish("a", n).unwrap();
    }
    sub.recv().unwrap();
    let report = bus.close(SOON);
    assert_eq!((report.accepted, report.undelivered), (10, 9));
    assert!(!report.is_complete());
    assert!(bus.is_closed());
    // Again, with the same answer; what is left can still be read.
    assert_eq!(bus.close(Duration::ZERO), report);
    assert_eq!(sub.iter().count(), 9);
    assert!(bus.close(Duration::ZERO).is_complete());
}

#[test]
fn close_ends_when_the_last_one_behind_leaves() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let sub = bus.subscribe("a").unwrap();
    bus.publish("a", 1).unwrap();
    let closer = bus.clone();
    let closing = thread::spawn(move || closer.close(Duration::MAX));
    while !bus.is_closed() {
        thread::yield_now();
    }
    drop(sub);
    assert!(closing.join().unwrap().is_complete());
}

#[test]
fn laggards_are_not_waited_for_and_can_still_read() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscription("a").overflow(Overflow::Lag).subscribe().unwrap();
    bus.publish("a", 1).unwrap();
    assert!(bus.close(Duration::MAX).is_complete());
    assert_eq!(sub.recv().unwrap().into_payload(), 1);
    assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
}

#[test]
fn who_subscribes_to_a_closed_bus_is_closed_at_once() {
    let bus = Bus::<u32>::builder().build().unwrap();
    bus.publish("a", 1).unwrap();
    assert!(bus.close(Duration::ZERO).is_complete());
    assert_eq!(bus.subscribe("a").unwrap().recv().unwrap_err(), RecvError::Closed);
}

#[test]
fn a_waiting_reader_is_woken_by_close() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe("a").unwrap();
    let reader = thread::spawn(move || sub.recv().map(|event| event.into_payload()));
    assert!(bus.close(Duration::from_secs(60)).is_complete());
    assert_eq!(reader.join().unwrap(), Err(RecvError::Closed));
}

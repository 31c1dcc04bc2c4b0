//! A subscriber that somebody else tells to leave: what it reads in place stays, its cursor is set free once, and it is woken.

use super::{Model, model};
use crate::ring::{Reader, offer, shared, spawn};
use eventcast::ring::door_model::door;
use eventcast::ring::{Builder, Overflow, RecvError, Wait};
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L32-told-reading-block", 3, || told_reading(Overflow::Block)),
    model("L32-told-reading-lag", 2, || told_reading(Overflow::Lag)),
    model("L32-told-leaving", 0, told_leaving),
    model("L32-told-asleep", 3, told_asleep),
];

/// Told at every moment of a read in place, beside a publisher that needs its slot.
fn told_reading(overflow: Overflow) {
    let (publisher, mut subscriber) = shared(1, 1, overflow);
    let door = door(&mut subscriber);
    offer(&publisher, 0..1);
    let writer = spawn(&publisher, 1..3);
    let teller = {
        let door = door.clone();
        thread::spawn(move || assert!(door.tell()))
    };
    let mut reader = Reader::new(subscriber);
    for _ in 0..2 {
        if door.enter() {
            reader.poll(1);
            door.exit();
        }
    }
    teller.join().unwrap();
    writer.join().unwrap();
    assert!(!door.enter(), "let in after it was told to leave");
    assert!(!door.tell(), "told twice");
    assert_eq!(publisher.subscriber_count(), 0);
    assert_eq!(offer(&publisher, 9..10), 1, "somebody still holds the publisher up");
    drop(reader);
    assert_eq!(publisher.subscriber_count(), 0, "left twice");
}

/// Told while it leaves of its own.
fn told_leaving() {
    let (publisher, mut subscriber) = shared(1, 1, Overflow::Block);
    let door = door(&mut subscriber);
    let teller = {
        let door = door.clone();
        thread::spawn(move || door.tell())
    };
    let entered = door.enter();
    if entered {
        door.exit();
    }
    drop(subscriber);
    teller.join().unwrap();
    assert_eq!(publisher.subscriber_count(), 0);
    // The cursor is free for one more, who is not disturbed.
    let second = publisher.subscribe();
    assert_eq!(publisher.subscriber_count(), 1);
    drop(second);
}

/// Told while it goes to sleep.
fn told_asleep() {
    let builder = Builder::new(1).lag_slots(1).wait(Wait::Park);
    let (publisher, mut subscriber) = builder.build::<u64>().unwrap();
    let door = door(&mut subscriber);
    let teller = {
        let door = door.clone();
        thread::spawn(move || door.tell())
    };
    if door.enter() {
        assert_eq!(subscriber.recv().unwrap_err(), RecvError::Closed);
        door.exit();
    }
    teller.join().unwrap();
    assert_eq!(publisher.subscriber_count(), 0);
}

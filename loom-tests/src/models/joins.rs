//! Joining and leaving while publishers run at their limits.

use super::{Model, model};
use crate::ring::{Event, Reader, event, offer, shared, spawn, unique};
use eventcast::ring::{Overflow, Publisher, Start};
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L6-unique-join", 3, || join_unique(Overflow::Block, Start::Now)),
    model("L6-unique-join-oldest", 3, || join_unique(Overflow::Lag, Start::Oldest)),
    model("L7-join-1p3", 3, || join_block(1, 3)),
    model("L7-join-2p1", 2, || join_block(2, 1)),
    model("L18-leave-pinned-join", 3, leave_pinned),
    model("L18-churn", 2, churn),
    model("L24-counters", 3, counters),
    model("L31-join-oldest-1p3", 2, || join_oldest(1, 3)),
    model("L31-join-oldest-2p1", 2, || join_oldest(2, 1)),
    model("L31-join-lag-now", 3, join_lag_now),
];

/// A subscriber joins a unique publisher that holds a limit it found before.
fn join_unique(overflow: Overflow, start: Start) {
    let (mut publisher, first) = unique(1, 1, Overflow::Lag);
    drop(first);
    publisher.try_publish(event(0)).unwrap();
    publisher.try_publish(event(1)).unwrap();
    let joiner = publisher.joiner();
    let writer = thread::spawn(move || {
        let ok: Vec<u64> = (2..5).filter(|&n| publisher.try_publish(event(n)).is_ok()).collect();
        (publisher, ok)
    });
    let subscriber = joiner.subscribe_from(start, overflow).unwrap();
    let from = subscriber.joined();
    let mut reader = Reader::new(subscriber);
    for _ in 0..2 {
        reader.poll(1);
    }
    let (publisher, ok) = writer.join().unwrap();
    let all: Vec<u64> = [0, 1].into_iter().chain(ok).collect();
    let total = all.len() as u64;
    if let Overflow::Block = overflow {
        assert!(reader.subscriber.len() <= 1, "beyond the capacity of a blocking subscriber");
    }
    drop(publisher);
    let got = reader.settle(total - from, if overflow == Overflow::Lag { 1 } else { 0 });
    assert!(got.windows(2).all(|pair| pair[0] < pair[1]), "{got:?}");
    if let Overflow::Block = overflow {
        assert_eq!(got, all[from as usize..]);
    }
}

/// A blocking subscriber joins publishers that claim by an old limit.
fn join_block(publishers: u64, each: u64) {
    let (publisher, first) = shared(1, 1, Overflow::Block);
    drop(first);
    let writers: Vec<_> = (0..publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    let subscriber = publisher.subscribe();
    let from = subscriber.joined();
    let mut reader = Reader::new(subscriber);
    for _ in 0..2 {
        reader.poll(1);
        assert!(reader.subscriber.len() <= 1, "beyond the capacity of a blocking subscriber");
    }
    for writer in writers {
        writer.join().unwrap();
    }
    assert!(reader.subscriber.len() <= 1, "beyond the capacity of a blocking subscriber");
    let total = publisher.next_sequence();
    reader.settle(total - from, 0);
}

/// A pinned laggard leaves; its cursor is used again, by a subscriber of another policy.
fn leave_pinned() {
    let (publisher, mut first) = shared(1, 1, Overflow::Lag);
    publisher.try_publish(event(0)).unwrap();
    let batch = first.batch(1).unwrap();
    let writer = spawn(&publisher, 1..4);
    assert_eq!(*batch[0].get_ref(), 0);
    std::mem::forget(batch);
    drop(first);
    let subscriber = publisher.subscribe_with(Overflow::Block);
    let from = subscriber.joined();
    let mut reader = Reader::new(subscriber);
    reader.poll(1);
    writer.join().unwrap();
    let total = publisher.next_sequence();
    reader.settle(total - from, 0);
}

/// Two subscribers come and go, in cursors of a block that is added meanwhile, while events are published.
fn churn() {
    let (publisher, first) = shared(1, 1, Overflow::Lag);
    let second = publisher.subscribe_with(Overflow::Lag);
    let other: Publisher<Event> = publisher.clone();
    let joiner = thread::spawn(move || {
        let subscriber = other.subscribe();
        let from = subscriber.joined();
        let mut reader = Reader::new(subscriber);
        reader.poll(1);
        (reader, from)
    });
    let leaver = thread::spawn(move || drop(first));
    let mut ok = offer(&publisher, 0..2);
    leaver.join().unwrap();
    let (mut reader, from) = joiner.join().unwrap();
    reader.drain(1);
    ok += offer(&publisher, 2..3);
    assert_eq!(publisher.subscriber_count(), 2);
    reader.settle(ok - from, 0);
    Reader::new(second).settle(ok, 1);
}

/// What a subscriber says of itself while events are published never exceeds what was published.
fn counters() {
    let (publisher, subscriber) = shared(1, 1, Overflow::Lag);
    // The observer only loads, so the stores are the main thread's: loom goes back to a store for a later load.
    let weak = publisher.downgrade();
    let observer = thread::spawn(move || {
        let publisher = weak.upgrade().unwrap();
        for _ in 0..2 {
            let missed = subscriber.lost();
            let ahead = subscriber.len() as u64;
            let published = publisher.next_sequence();
            assert!(missed <= published && ahead <= published, "{missed} lost, {ahead} ahead of {published}");
        }
        subscriber
    });
    assert_eq!(offer(&publisher, 0..4), 4);
    let subscriber = observer.join().unwrap();
    assert_eq!(subscriber.lost() + subscriber.len() as u64, 4);
    Reader::new(subscriber).settle(4, 1);
}

/// A laggard joins at the oldest kept while publishers overwrite.
fn join_oldest(publishers: u64, each: u64) {
    let (publisher, first) = shared(1, 1, Overflow::Lag);
    drop(first);
    assert_eq!(offer(&publisher, 0..2), 2);
    let writers: Vec<_> = (1..=publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    let subscriber = publisher.subscribe_from(Start::Oldest, Overflow::Lag).unwrap();
    let from = subscriber.joined();
    assert!(from >= 1);
    let mut reader = Reader::new(subscriber);
    reader.polls(if publishers == 1 { 2 } else { 0 }, 1);
    let total = 2 + writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    assert_eq!(publisher.next_sequence(), total);
    reader.settle(total - from, 1);
}

fn join_lag_now() {
    let (publisher, first) = shared(1, 1, Overflow::Lag);
    drop(first);
    assert_eq!(offer(&publisher, 0..1), 1);
    let writer = spawn(&publisher, 1..5);
    let subscriber = publisher.subscribe_with(Overflow::Lag);
    let from = subscriber.joined();
    let mut reader = Reader::new(subscriber);
    reader.poll(1);
    reader.poll(1);
    let total = 1 + writer.join().unwrap();
    reader.settle(total - from, 1);
}

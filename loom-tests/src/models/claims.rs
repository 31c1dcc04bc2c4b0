//! Claims, stamps, wrap-around, batches, several readers: blocking subscribers that never lose anything.

use super::{Model, model};
use crate::ring::{Event, Reader, accepted, builder, event, in_order, offer, shared, spawn, unique};
use eventcast::ring::{Overflow, Publisher, TryRecvError};
use loom::sync::Arc;
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L1-claim-claim", 3, || claims(2, 2, 2, 1)),
    model("L2-three-claimants", 2, || claims(3, 1, 2, 0)),
    model("L3-wrap-cap1", 0, || wrap(1, 3)),
    model("L3-wrap-cap2", 0, || wrap(2, 6)),
    model("L3-wrap-unique", 0, wrap_unique),
    model("L4-two-readers", 3, two_readers),
    model("L5-batch", 3, || batch(4)),
    model("L5-batch-wrap", 2, || batch(2)),
    model("L5-batch-straight", 3, batch_straight),
    model("L5-straight-or-map", 3, straight_or_map),
    model("L25-shared-handle", 3, shared_handle),
];

/// Publishers race for the next sequence; every accepted event is read once, each publisher's in its order.
fn claims(publishers: u64, each: u64, capacity: usize, polls: usize) {
    let (publisher, subscriber) = shared(capacity, 1, Overflow::Block);
    let threads: Vec<_> = (0..publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    let mut reader = Reader::new(subscriber);
    reader.polls(polls, 2);
    let ok = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    let got = reader.settle(ok, 0);
    in_order(&got);
}

/// The publisher is on lap k + 1 while the reader is on lap k.
fn wrap(capacity: usize, events: u64) {
    let (publisher, subscriber) = shared(capacity, 1, Overflow::Block);
    let thread = thread::spawn(move || {
        let ok: Vec<u64> = (0..events).filter(|&n| accepted(publisher.try_publish(event(n)))).collect();
        (publisher, ok)
    });
    let mut reader = Reader::new(subscriber);
    for _ in 0..3 {
        reader.poll(1);
    }
    let (publisher, ok) = thread.join().unwrap();
    assert!(ok.len() >= capacity.min(events as usize));
    drop(publisher);
    assert_eq!(reader.settle(ok.len() as u64, 0), ok);
}

fn wrap_unique() {
    let (mut publisher, subscriber) = unique(1, 1, Overflow::Block);
    let thread = thread::spawn(move || {
        let ok: Vec<u64> = (0..3).filter(|&n| accepted(publisher.try_publish(event(n)))).collect();
        (publisher, ok)
    });
    let mut reader = Reader::new(subscriber);
    for _ in 0..3 {
        reader.poll(1);
    }
    let (publisher, ok) = thread.join().unwrap();
    drop(publisher);
    assert_eq!(reader.settle(ok.len() as u64, 0), ok);
}

/// The slowest of two readers gates the publisher, whichever it is.
fn two_readers() {
    let (publisher, first) = shared(1, 1, Overflow::Block);
    let second = publisher.subscribe();
    assert_eq!(offer(&publisher, 0..1), 1);
    let mut first = Reader::new(first);
    assert!(first.poll(1));
    let look = |mut reader: Reader| {
        thread::spawn(move || {
            reader.polls(2, 1);
            reader
        })
    };
    let (first, second) = (look(first), look(Reader::new(second)));
    let ok = 1 + offer(&publisher, 1..3);
    let (first, second) = (first.join().unwrap(), second.join().unwrap());
    assert_eq!(first.settle(ok, 0), second.settle(ok, 0));
}

/// A reader sees a whole batch or nothing of it, beside a single publish.
fn batch(capacity: usize) {
    let (publisher, subscriber) = shared(capacity, 1, Overflow::Block);
    let other = publisher.clone();
    let writer = thread::spawn(move || match other.try_publish_batch([event(100), event(101)]) {
        Ok(range) => range.end - range.start,
        Err(error) => {
            assert_eq!(error.published(), 0);
            assert_eq!(error.into_rest().len(), 2);
            0
        }
    });
    let single = spawn(&publisher, 0..1);
    let mut reader = Reader::new(subscriber);
    for _ in 0..2 {
        reader.poll(4);
        let seen = reader.got.iter().filter(|&&n| n >= 100).count();
        assert!(seen == 0 || seen == 2, "half a batch: {:?}", reader.got);
    }
    let ok = writer.join().unwrap() + single.join().unwrap();
    in_order(&reader.settle(ok, 0));
}

/// Events without a drop, which a unique batch writes into the slots without the map, over more than a lap.
fn batch_straight() {
    let (mut publisher, mut subscriber) = builder(1, 1).build_unique::<u64>().unwrap();
    let writer = thread::spawn(move || {
        let mut next = 0;
        for _ in 0..3 {
            match publisher.try_publish_batch(next..4) {
                Ok(range) => next = range.end,
                Err(error) => next += error.published(),
            }
        }
        next
    });
    let mut got = Vec::new();
    for _ in 0..3 {
        let _ = subscriber.drain(2, |event| got.push(*event));
    }
    let ok = writer.join().unwrap();
    while subscriber.drain(2, |event| got.push(*event)).is_ok() {}
    assert_eq!(got, (0..ok).collect::<Vec<_>>());
}

/// Two publishers send batches of events without a drop around a held one: whoever comes after the displacement asks the map.
fn straight_or_map() {
    let (publisher, mut subscriber) = builder(1, 2).overflow(Overflow::Lag).build::<u64>().unwrap();
    publisher.try_publish(7).unwrap();
    let held = subscriber.batch(1).unwrap();
    let other = publisher.clone();
    let offer = |publisher: Publisher<u64>, from: u64| match publisher.try_publish_batch(from..from + 2) {
        Ok(_) => 2,
        Err(error) => error.published(),
    };
    let writer = thread::spawn(move || offer(other, 100));
    let ok = offer(publisher, 200) + writer.join().unwrap();
    assert_eq!(held[0], 7);
    drop(held);
    let mut got = Vec::new();
    while !matches!(subscriber.drain(4, |event| got.push(*event)), Err(TryRecvError::Closed)) {}
    assert_eq!(subscriber.lost() + got.len() as u64, ok);
    in_order(&got);
}

/// Two threads use one handle: the limit that one of them found is good for the other, with all that stands behind it.
fn shared_handle() {
    let (publisher, subscriber) = shared(1, 1, Overflow::Lag);
    assert_eq!(offer(&publisher, 0..2), 2);
    let publisher: Arc<Publisher<Event>> = Arc::new(publisher);
    let other = publisher.clone();
    let writer = thread::spawn(move || offer(&other, 100..101));
    let mut reader = Reader::new(subscriber);
    let looker = thread::spawn(move || {
        reader.poll(1);
        reader
    });
    let ok = 2 + offer(&publisher, 200..201) + writer.join().unwrap();
    let reader = looker.join().unwrap();
    in_order(&reader.settle(ok, 1));
}

//! Laggards: pins, moves, displacement, spares, and the exact count of what was lost.

use super::{Model, model};
use crate::ring::{Reader, accepted, event, in_order, offer, shared, spawn, unique};
use eventcast::ring::{Overflow, TryPublishError, TryRecvError};
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L13-lag-1p4", 3, || lag(0, 1, 1, 1, 4, 1, 3, 1)),
    model("L13-lag-full-1p2", 0, || lag(2, 1, 1, 1, 2, 1, 1, 1)),
    model("L13-lag-2p2", 2, || lag(0, 1, 1, 2, 2, 1, 1, 1)),
    model("L13-lag-unique", 3, lag_unique),
    model("L14-lag-full-2p1", 2, || lag(2, 1, 1, 2, 1, 1, 1, 1)),
    model("L14-two-laggards", 2, || lag(0, 1, 2, 1, 3, 2, 2, 1)),
    model("L14-run2", 2, || lag(4, 2, 2, 1, 4, 1, 2, 2)),
    model("L14-batch-over-run", 2, batch_over_run),
    model("L14-late-swap", 2, late_swap),
    model("L14-lapped-1p5", 3, || lapped(1, 5, 1)),
    model("L14-lapped-2p1", 2, || lapped(2, 1, 2)),
    model("L14-two-pinned-1s", 2, || two_pinned(1)),
    model("L14-two-pinned-2s", 2, || two_pinned(2)),
    model("L14-claimers-2s", 2, || claimers(2)),
    model("L14-held", 1, held),
    Model { name: "L15-stuck-1p6", bound: 0, at_least: 1, run: || stuck(1, 6, 2) },
    model("L15-stuck-2p2", 2, || stuck(2, 2, 3)),
    model("L15-exhausted", 3, exhausted),
    model("L28-cap1", 0, || paused(1, false)),
    model("L28-cap2", 0, || paused(2, false)),
    model("L29-cap1", 3, || paused(1, true)),
    model("L29-cap2", 3, || paused(2, true)),
    model("L13-mixed", 2, mixed),
];

/// Laggards against publishers, on a ring with `before` events in it already.
#[allow(clippy::too_many_arguments)]
fn lag(
    before: u64,
    capacity: usize,
    spares: usize,
    publishers: u64,
    each: u64,
    readers: usize,
    polls: usize,
    max: usize,
) {
    let (publisher, first) = shared(capacity, spares, Overflow::Lag);
    let others: Vec<_> = (1..readers).map(|_| publisher.subscribe_with(Overflow::Lag)).collect();
    assert_eq!(offer(&publisher, 0..before), before);
    let writers: Vec<_> = (1..=publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    let look = move |subscriber| {
        let mut reader = Reader::new(subscriber);
        reader.polls(polls, max);
        reader
    };
    let others: Vec<_> =
        others.into_iter().map(|subscriber| thread::spawn(move || look(subscriber))).collect();
    let first = look(first);
    let ok = before + writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    assert_eq!(publisher.next_sequence(), ok);
    if publishers == 1 && readers <= spares {
        assert_eq!(ok, before + each, "a laggard held a publisher");
    }
    for reader in std::iter::once(first).chain(others.into_iter().map(|other| other.join().unwrap())) {
        in_order(&reader.settle(ok, capacity as u64));
    }
}

fn lag_unique() {
    let (mut publisher, subscriber) = unique(1, 1, Overflow::Lag);
    let writer = thread::spawn(move || {
        (0..5).for_each(|n| {
            assert_eq!(publisher.try_publish(event(n)).unwrap(), n, "a laggard held the publisher")
        });
        publisher
    });
    let mut reader = Reader::new(subscriber);
    reader.polls(3, 1);
    let publisher = writer.join().unwrap();
    in_order(&reader.settle(5, 1));
    drop(publisher);
}

/// A batch is claimed over slots that a pinned run holds, while the reader lets go at any moment.
fn batch_over_run() {
    let (publisher, mut subscriber) = shared(2, 2, Overflow::Lag);
    assert_eq!(offer(&publisher, 0..4), 4);
    let mut got = Vec::new();
    subscriber.drain(2, |event| got.push(*event.get_ref())).unwrap();
    let batch = subscriber.batch(2).unwrap();
    assert_eq!(offer(&publisher, 4..5), 1);
    // The first of the two has a free slot, the second one's is held.
    let other = publisher.clone();
    let writer = thread::spawn(move || {
        assert!(other.try_publish_batch([event(100), event(101)]).is_ok(), "a laggard held a publisher");
        offer(&other, 102..104)
    });
    got.extend(batch.iter().map(|event| *event.get_ref()));
    got.extend(batch.iter().map(|event| *event.get_ref()));
    drop(batch);
    assert_eq!(got, [0, 1, 2, 3, 2, 3], "a held event changed");
    let mut reader = Reader::new(subscriber);
    reader.got = vec![0, 1, 2, 3];
    reader.poll(1);
    let ok = 7 + writer.join().unwrap();
    assert_eq!(ok, 9, "a laggard held a publisher");
    in_order(&reader.settle(ok, 2));
}

/// A publisher that saw the pin is late; the reader lets go; another publisher takes the sequence without a displacement.
fn late_swap() {
    let (publisher, mut subscriber) = shared(1, 2, Overflow::Lag);
    assert_eq!(offer(&publisher, 0..2), 2);
    let batch = subscriber.batch(1).unwrap();
    let value = *batch[0].get_ref();
    let writers = [spawn(&publisher, 100..101), spawn(&publisher, 200..201)];
    drop(batch);
    let ok = 2 + writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    assert_eq!(publisher.next_sequence(), ok);
    let mut reader = Reader::new(subscriber);
    reader.got.push(value);
    in_order(&reader.settle(ok, 1));
}

/// Pinned while publishers lap it; lets go at any moment, and reads on.
fn lapped(publishers: u64, each: u64, spares: usize) {
    let (publisher, mut subscriber) = shared(1, spares, Overflow::Lag);
    assert_eq!(offer(&publisher, 0..1), 1);
    let batch = subscriber.batch(1).unwrap();
    let writers: Vec<_> = (1..=publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    assert_eq!(*batch[0].get_ref(), 0);
    drop(batch);
    let mut reader = Reader::new(subscriber);
    reader.got.push(0);
    reader.poll(1);
    let ok = 1 + writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    if publishers == 1 {
        assert_eq!(ok, 1 + each, "a laggard held a publisher");
    }
    in_order(&reader.settle(ok, 1));
}

/// Two readers hold the same event, with one spare or two; spares return.
fn two_pinned(spares: usize) {
    let (publisher, mut a) = shared(1, spares, Overflow::Lag);
    let mut b = publisher.subscribe_with(Overflow::Lag);
    assert_eq!(offer(&publisher, 0..1), 1);
    let (held_a, held_b) = (a.batch(1).unwrap(), b.batch(1).unwrap());
    assert_eq!(*held_b[0].get_ref(), 0);
    std::mem::forget(held_b);
    let writer = spawn(&publisher, 1..4);
    let other = thread::spawn(move || {
        let mut b = Reader::new(b);
        b.got.push(0);
        b.poll(1);
        b
    });
    assert_eq!(*held_a[0].get_ref(), 0);
    drop(held_a);
    let mut a = Reader::new(a);
    a.got.push(0);
    a.poll(1);
    let ok = 1 + writer.join().unwrap();
    let b = other.join().unwrap();
    if spares == 2 {
        assert_eq!(ok, 4, "a laggard held a publisher");
    }
    assert_eq!(offer(&publisher, 4..6), 2, "a spare did not return");
    a.settle(ok + 2, 1);
    b.settle(ok + 2, 1);
}

/// Two readers hold two events, and two publishers displace both.
fn claimers(spares: usize) {
    let (publisher, mut a) = shared(1, spares, Overflow::Lag);
    let mut b = publisher.subscribe_with(Overflow::Lag);
    assert_eq!(offer(&publisher, 0..2), 2);
    let held_a = a.batch(1).unwrap();
    b.drain(1, |_| ()).unwrap();
    let held_b = b.batch(1).unwrap();
    let writers = [spawn(&publisher, 100..101), spawn(&publisher, 200..201)];
    assert_eq!(*held_a[0].get_ref(), 0);
    drop(held_a);
    let ok = 2 + writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    assert_eq!(*held_b[0].get_ref(), 1);
    drop(held_b);
    assert_eq!(offer(&publisher, 2..4), 2);
    let (mut a, mut b) = (Reader::new(a), Reader::new(b));
    a.got.push(0);
    b.got.extend([0, 1]);
    a.settle(ok + 2, 1);
    b.settle(ok + 2, 1);
}

/// One laggard is lapped while it holds an event, a second one holds another; the first one's slot must not come back early.
fn held() {
    let (publisher, a) = shared(1, 1, Overflow::Lag);
    let mut b = publisher.subscribe_with(Overflow::Lag);
    assert_eq!(offer(&publisher, 0..2), 2);
    let other = thread::spawn(move || {
        let mut a = Reader::new(a);
        a.poll(1);
        a.poll(1);
        a
    });
    assert_eq!(offer(&publisher, 2..5), 3, "held with a spare left");
    let (lost, held_b) = loop {
        match b.batch(1) {
            Ok(batch) => break (3, batch),
            Err(TryRecvError::Lagged(n)) => assert_eq!(n, 3),
            Err(error) => panic!("{error}"),
        }
    };
    let value = *held_b[0].get_ref();
    let full = 3 - offer(&publisher, 5..8);
    let a = other.join().unwrap();
    if full > 0 {
        assert!(accepted(publisher.try_publish(event(9))), "a spare did not return");
    }
    assert_eq!(*held_b[0].get_ref(), value);
    drop(held_b);
    let mut b = Reader::new(b);
    b.got.push(value);
    b.lost = lost;
    let ok = publisher.next_sequence();
    a.settle(ok, 1);
    b.settle(ok, 1);
}

/// A reader inside a guard for ever: publishers go on.
fn stuck(publishers: u64, each: u64, more: u64) {
    let (publisher, mut subscriber) = shared(1, 1, Overflow::Lag);
    assert_eq!(offer(&publisher, 0..1), 1);
    let batch = subscriber.batch(1).unwrap();
    let writers: Vec<_> = (1..=publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    assert_eq!(*batch[0].get_ref(), 0);
    let mut ok = 1 + writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    if publishers == 1 {
        assert_eq!(ok, 1 + each, "a pinned reader held a publisher");
    }
    assert_eq!(offer(&publisher, 0..more), more, "a pinned reader held a publisher");
    ok += more;
    assert_eq!(*batch[0].get_ref(), 0);
    drop(batch);
    let mut reader = Reader::new(subscriber);
    reader.got.push(0);
    reader.settle(ok, 1);
}

/// More events held than there are spares: full, and room again after one guard is gone.
fn exhausted() {
    let (publisher, mut a) = shared(1, 1, Overflow::Lag);
    let mut b = publisher.subscribe_with(Overflow::Lag);
    assert_eq!(offer(&publisher, 0..2), 2);
    b.drain(1, |_| ()).unwrap();
    let held_b = b.batch(1).unwrap();
    std::mem::forget(a.batch(1).unwrap());
    assert_eq!(publisher.try_publish(event(2)).unwrap(), 2);
    assert!(matches!(publisher.try_publish(event(3)), Err(TryPublishError::Full(_))));
    // The claim that fails only loads, so the stores are the main thread's: loom goes back to a store for a later load.
    let other = publisher.clone();
    let writer = thread::spawn(move || accepted(other.try_publish(event(3))));
    let mut a = Reader::new(a);
    a.got.push(0);
    a.poll(1);
    let ok = writer.join().unwrap();
    if !ok {
        assert_eq!(publisher.try_publish(event(3)).unwrap(), 3);
    }
    assert_eq!(*held_b[0].get_ref(), 1);
    drop(held_b);
    let mut b = Reader::new(b);
    b.got.extend([0, 1]);
    a.settle(4, 1);
    b.settle(4, 1);
}

/// One publisher stands between claim and release while another publishes: it must get `capacity` events in.
fn paused(capacity: usize, reader: bool) {
    let (publisher, first) = shared(capacity, 1, Overflow::Lag);
    let first = if reader {
        Some(Reader::new(first))
    } else {
        drop(first);
        None
    };
    let one = spawn(&publisher, 100..101);
    let two = spawn(&publisher, 200..200 + capacity as u64 + 2);
    let first = first.map(|mut reader| {
        reader.poll(1);
        reader
    });
    let ok = two.join().unwrap();
    assert!(ok >= capacity as u64, "a paused publisher held another one within the slots");
    let ok = ok + one.join().unwrap();
    assert_eq!(offer(&publisher, 0..2), 2);
    if let Some(reader) = first {
        in_order(&reader.settle(ok + 2, capacity as u64));
    }
}

/// A blocking subscriber and a laggard on one ring.
fn mixed() {
    let (publisher, block) = shared(1, 1, Overflow::Block);
    let lag = publisher.subscribe_with(Overflow::Lag);
    let writer = spawn(&publisher, 0..4);
    let other = thread::spawn(move || {
        let mut lag = Reader::new(lag);
        lag.poll(1);
        lag.poll(1);
        lag
    });
    let mut block = Reader::new(block);
    block.polls(3, 1);
    let ok = writer.join().unwrap();
    let lag = other.join().unwrap();
    in_order(&block.settle(ok, 0));
    in_order(&lag.settle(ok, 1));
}

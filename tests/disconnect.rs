//! A `Disconnect` subscriber is removed by exactly the event that finds it a full ring behind, and is told so once.

mod common;

use common::Handle;
use eventcast::ring::{self, Builder, Overflow, Publisher, Start, Subscriber, TryRecvError};

fn disconnecting(capacity: usize) -> (Publisher<u64>, Subscriber<u64>) {
    Builder::new(capacity).overflow(Overflow::Disconnect).build().unwrap()
}

/// Reads to the end: what it got, and the report.
fn read(subscriber: &mut Subscriber<u64>) -> (Vec<u64>, Option<TryRecvError>) {
    let mut events = Vec::new();
    loop {
        match subscriber.try_recv() {
            Ok(event) => events.push(event),
            Err(TryRecvError::Empty) => return (events, None),
            Err(error) => return (events, Some(error)),
        }
    }
}

#[test]
fn a_drain_that_reaches_the_mark_leaves_the_report_to_the_next_call() {
    let (publisher, mut subscriber) = disconnecting(2);
    publisher.publish_batch(0..3).unwrap();
    let mut got = Vec::new();
    assert_eq!(subscriber.drain(10, |event| got.push(*event)), Ok(2));
    assert_eq!(got, [0, 1]);
    assert_eq!(subscriber.drain(10, |_| ()), Err(TryRecvError::Disconnected(0)));
    assert_eq!(subscriber.drain(10, |_| ()), Err(TryRecvError::Closed));
}

#[test]
fn a_ring_of_events_behind_is_the_last_moment() {
    for capacity in [1, 2, 3, 4, 8, 17] {
        let (publisher, mut subscriber) = disconnecting(capacity);
        let n = capacity as u64;
        publisher.publish_batch(0..n).unwrap();
        assert_eq!(subscriber.len(), capacity);
        assert_eq!(subscriber.try_recv(), Ok(0));
        publisher.publish(n).unwrap();
        assert_eq!(read(&mut subscriber), ((1..=n).collect(), None));
        publisher.publish_batch(n + 1..2 * n + 2).unwrap();
        assert_eq!(publisher.subscriber_count(), 1);
        let (events, end) = read(&mut subscriber);
        let missed = n - events.len() as u64;
        assert_eq!(end, Some(TryRecvError::Disconnected(missed)), "capacity {capacity}");
        assert!(events.iter().copied().eq(n + 1 + missed..2 * n + 1));
        assert_eq!(publisher.subscriber_count(), 0);
    }
}

#[test]
fn events_consumed_from_a_released_guard_do_not_count_as_behind() {
    let (publisher, mut subscriber) = disconnecting(4);
    publisher.publish_batch(0..4).unwrap();
    subscriber.batch(4).unwrap().release_first(3);
    assert_eq!(subscriber.len(), 1);
    // One event behind, then two, in a ring of four.
    publisher.publish(4).unwrap();
    publisher.publish(5).unwrap();
    assert_eq!(read(&mut subscriber), (vec![3, 4, 5], None));
}

#[test]
fn joining_at_the_oldest_of_a_full_ring_is_a_full_ring_behind() {
    // A publisher may run on for a moment by a limit that it found before the join; the mark is where it belongs all the same.
    let (publisher, first) = ring::channel::<u64>(8);
    drop(first);
    publisher.publish_batch(0..9).unwrap();
    let mut subscriber = publisher.subscribe_from(Start::Oldest, Overflow::Disconnect).unwrap();
    assert_eq!(subscriber.len(), 8);
    publisher.publish_batch(9..30).unwrap();
    let (events, end) = read(&mut subscriber);
    assert!(events.iter().all(|event| *event < 9));
    assert_eq!(end, Some(TryRecvError::Disconnected(8 - events.len() as u64)));
}

/// A ring with two events held by lagging readers and one spare; answers with the readers. Its next refusal is for want of
/// a spare.
fn two_held_and_one_spare(capacity: usize) -> (Publisher<u64>, [Subscriber<u64>; 2]) {
    let builder = Builder::new(capacity).overflow(Overflow::Lag).lag_slots(1);
    let (publisher, mut a) = builder.build().unwrap();
    let mut b = publisher.subscribe_with(Overflow::Lag);
    publisher.publish(0).unwrap();
    publisher.publish(1).unwrap();
    std::mem::forget(a.batch(1).unwrap());
    assert_eq!(b.try_recv(), Ok(0));
    std::mem::forget(b.batch(1).unwrap());
    (publisher, [a, b])
}

#[test]
fn a_refused_event_marks_nobody() {
    // Which sequence is refused: found out on a ring of its own.
    let (publisher, readers) = two_held_and_one_spare(2);
    while publisher.try_publish(publisher.next_sequence()).is_ok() {
        assert!(publisher.next_sequence() < 1_000, "no event was ever refused");
    }
    let refused = publisher.next_sequence();
    drop((publisher, readers));

    let (publisher, readers) = two_held_and_one_spare(2);
    while publisher.next_sequence() < refused - 2 {
        publisher.try_publish(publisher.next_sequence()).unwrap();
    }
    let mut subscriber = publisher.subscribe_with(Overflow::Disconnect);
    publisher.try_publish(refused - 2).unwrap();
    publisher.try_publish(refused - 1).unwrap();
    assert!(publisher.try_publish(refused).unwrap_err().is_full());
    // It is a full ring behind, but there was no further event; it reads on before there is one.
    assert_eq!(read(&mut subscriber), (vec![refused - 2, refused - 1], None));
    drop(readers);
    publisher.try_publish(refused).unwrap();
    assert_eq!(read(&mut subscriber), (vec![refused], None));
}

#[test]
fn a_batch_that_is_refused_marks_nobody() {
    let (publisher, readers) = two_held_and_one_spare(4);
    let mut next = publisher.next_sequence();
    let mut subscriber = loop {
        let mut subscriber = publisher.subscribe_with(Overflow::Disconnect);
        publisher.try_publish(next).unwrap();
        next += 1;
        // One behind in a ring of four; the last of these four events would be one too many.
        let refused = publisher.try_publish_batch(next..next + 4).err();
        let read = read(&mut subscriber);
        if let Some(error) = refused {
            let got = (next - 1..next + error.published()).collect();
            assert_eq!(read, (got, None), "an event that was refused marked it");
            next += error.published();
            break subscriber;
        }
        next += 4;
        assert!(next < 1_000, "no chunk was ever refused");
    };
    drop(readers);
    // It reads each event as soon as it is there, and so is never behind.
    for next in next..next + 20 {
        publisher.publish(next).unwrap();
        assert_eq!(read(&mut subscriber), (vec![next], None));
    }
}

/// It joined a full ring behind, and publishers ran on for a moment; the mark falls before what it holds in its guard.
#[test]
fn marked_below_what_it_holds() {
    fn run(mut publisher: impl Handle<u64>) {
        publisher.publish_batch(0..7).unwrap();
        let mut subscriber = publisher.subscribe_from(Start::Oldest, Overflow::Disconnect).unwrap();
        publisher.publish(7).unwrap();
        let batch = subscriber.batch(5).unwrap();
        let got = batch.len() as u64;
        publisher.publish(8).unwrap();
        drop(batch);
        // Its counters stay what they say, whenever it was noticed.
        assert!(subscriber.len() <= 3, "len {}", subscriber.len());
        let (events, end) = read(&mut subscriber);
        let missed = subscriber.lost();
        assert_eq!(subscriber.sequence(), 5 + got + events.len() as u64 + missed);
        assert!(matches!(end, None | Some(TryRecvError::Disconnected(_))));
    }
    let (publisher, first) = Builder::new(2).lag_slots(4).build::<u64>().unwrap();
    drop(first);
    run(publisher);
    let (publisher, first) = Builder::new(2).lag_slots(4).build_unique::<u64>().unwrap();
    drop(first);
    run(publisher);
}

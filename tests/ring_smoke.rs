//! Each kind of ring works end to end, on threads.

use eventcast::ring::{self, Builder, Overflow, RecvError, Start, TryPublishError, TryRecvError, Wait};
use std::thread;

const EVENTS: u64 = if cfg!(miri) { 200 } else { 200_000 };

#[test]
fn blocking_subscribers_get_everything_in_order() {
    for wait in [Wait::Yield, Wait::Park] {
        for capacity in [1, 2, 3, 64] {
            let (publisher, mut a) = Builder::new(capacity).wait(wait).build::<u64>().unwrap();
            let mut b = publisher.subscribe();
            let events = EVENTS / 10;
            let reader = thread::spawn(move || (0..events).for_each(|n| assert_eq!(b.recv(), Ok(n))));
            let writer =
                thread::spawn(move || (0..events).for_each(|n| assert_eq!(publisher.publish(n), Ok(n))));
            (0..events).for_each(|n| assert_eq!(a.recv(), Ok(n)));
            assert_eq!(a.recv(), Err(RecvError::Closed));
            reader.join().unwrap();
            writer.join().unwrap();
        }
    }
}

#[test]
fn unique_publisher_feeds_every_policy() {
    let (mut publisher, mut block) = Builder::new(8).build_unique::<String>().unwrap();
    let mut lag = publisher.subscribe_with(Overflow::Lag);
    let mut gone = publisher.subscribe_with(Overflow::Disconnect);
    let reader = thread::spawn(move || block.iter().count());
    for n in 0..EVENTS / 4 {
        publisher.publish(n.to_string()).unwrap();
    }
    let total = EVENTS / 4;
    let mut got = 0;
    let mut lost = 0;
    loop {
        match lag.try_recv() {
            Ok(_) => got += 1,
            Err(TryRecvError::Lagged(n)) => lost += n,
            Err(TryRecvError::Empty) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(got + lost, total);
    assert_eq!(lag.lost(), lost);
    assert!(got >= 8);
    let mut read = 0;
    let disconnected = loop {
        match gone.try_recv() {
            Ok(_) => read += 1,
            Err(TryRecvError::Disconnected(n)) => break n,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(read + disconnected, 8);
    assert_eq!(gone.try_recv(), Err(TryRecvError::Closed));
    drop(publisher);
    assert_eq!(reader.join().unwrap() as u64, total);
}

#[test]
fn a_leaked_guard_of_a_laggard_never_stops_the_publisher() {
    let (publisher, mut stuck) =
        Builder::new(2).overflow(Overflow::Lag).lag_slots(2).build::<Box<u64>>().unwrap();
    publisher.publish(Box::new(0)).unwrap();
    publisher.publish(Box::new(1)).unwrap();
    let batch = stuck.batch(2).unwrap();
    for n in 2..100 {
        publisher.try_publish(Box::new(n)).unwrap();
    }
    assert_eq!(batch.iter().map(|event| **event).collect::<Vec<_>>(), [0, 1]);
    std::mem::forget(batch);
    for n in 100..200 {
        publisher.try_publish(Box::new(n)).unwrap();
    }
    let Err(TryRecvError::Lagged(missed)) = stuck.try_recv() else { panic!("no lag") };
    let rest: Vec<u64> = stuck.try_iter().map(|event| *event).collect();
    assert_eq!(2 + missed + rest.len() as u64, 200);
    assert_eq!(rest.last(), Some(&199));
}

#[test]
fn full_names_the_subscriber_and_gives_the_event_back() {
    let (publisher, subscriber) = ring::channel::<u32>(2);
    publisher.publish_batch([1, 2]).unwrap();
    assert_eq!(publisher.try_publish(3), Err(TryPublishError::Full(3)));
    let error = publisher.publish_timeout(3, std::time::Duration::from_millis(5)).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.blocked_by(), Some(subscriber.id()));
    drop(subscriber);
    assert_eq!(publisher.try_publish(3), Ok(2));
    let mut late = publisher.subscribe_from(Start::Oldest, Overflow::Block).unwrap();
    assert_eq!(late.try_iter().collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn two_publishers_and_a_laggard_account_exactly() {
    let (publisher, mut lag) = Builder::new(4).overflow(Overflow::Lag).build::<u64>().unwrap();
    let other = publisher.clone();
    let writers = [publisher, other].map(|publisher| {
        thread::spawn(move || (0..EVENTS).for_each(|n| assert!(publisher.publish(n).is_ok())))
    });
    let mut seen = 0;
    let mut missed = 0;
    for result in lag.results() {
        match result {
            Ok(_) => seen += 1,
            Err(RecvError::Lagged(n)) => missed += n,
            Err(error) => panic!("{error}"),
        }
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(seen + missed, 2 * EVENTS);
}

#[test]
fn a_drain_reads_everything_that_is_there() {
    // More than one look ahead.
    let capacity: u16 = if cfg!(miri) { 300 } else { 1024 };
    for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
        for slots in [1, 64, usize::from(capacity)] {
            let builder = Builder::new(capacity.into()).overflow(overflow).lag_slots(slots);
            let (shared, mut subscriber) = builder.clone().build::<u16>().unwrap();
            (0..capacity).for_each(|n| assert!(shared.publish(n).is_ok()));
            assert_eq!(
                subscriber.drain(usize::MAX, |_| ()),
                Ok(capacity.into()),
                "{overflow:?} {slots} shared"
            );
            let (mut unique, mut subscriber) = builder.build_unique::<u16>().unwrap();
            unique.publish_batch(0..capacity).unwrap();
            assert_eq!(
                subscriber.drain(usize::MAX, |_| ()),
                Ok(capacity.into()),
                "{overflow:?} {slots} unique"
            );
        }
    }
}

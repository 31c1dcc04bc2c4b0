//! The programs. An event is its publisher and a number of its own; readers check order, content and the equations.

use eventcast::ring::{
    Builder, Overflow, Publisher, RecvError, RecvTimeoutError, Start, Subscriber, TryRecvError,
    UniquePublisher,
};
use shuttle::thread::{self, JoinHandle};
use std::time::Duration;

/// Publisher and number, on the heap: a slot that is read after it was freed shows.
type Event = Box<(u64, u64)>;

fn ring(capacity: usize, overflow: Overflow) -> (Publisher<Event>, Subscriber<Event>) {
    Builder::new(capacity).lag_slots(2).overflow(overflow).build().unwrap()
}

/// Publishes `events` numbered events, one by one, waiting for room.
fn write(publisher: &Publisher<Event>, me: u64, events: u64) -> JoinHandle<()> {
    let publisher = publisher.clone();
    thread::spawn(move || {
        for n in 0..events {
            publisher.publish(Box::new((me, n))).unwrap();
        }
    })
}

/// Reads to the end, in batches of at most `max`; answers what it got and what it lost.
fn read(mut subscriber: Subscriber<Event>, max: usize) -> (Vec<(u64, u64)>, u64) {
    let (mut got, mut lost) = (Vec::new(), 0);
    loop {
        match subscriber.recv_batch(max) {
            Ok(batch) => got.extend(batch.iter().map(|event| **event)),
            Err(RecvError::Lagged(n)) => lost += n,
            Err(RecvError::Disconnected(n)) => lost += n,
            Err(_) => break,
        }
    }
    in_order(&got);
    assert_eq!(subscriber.lost(), lost);
    (got, lost)
}

/// Each publisher's events in their order.
fn in_order(got: &[(u64, u64)]) {
    let mut last = std::collections::BTreeMap::new();
    for &(publisher, number) in got {
        assert!(last.insert(publisher, number) < Some(number), "{number} of {publisher} in {got:?}");
    }
}

/// Three publishers, a subscriber of each policy, a tiny ring: full, lag, displacement and disconnect all the time.
pub fn mixed_policies() {
    let (publisher, block) = ring(2, Overflow::Block);
    let lag = publisher.subscribe_with(Overflow::Lag);
    let gone = publisher.subscribe_with(Overflow::Disconnect);
    let readers = [block, lag, gone]
        .map(|subscriber| thread::spawn(move || (subscriber.overflow(), read(subscriber, 2))));
    for writer in [0, 1, 2].map(|me| write(&publisher, me, 3)) {
        writer.join().unwrap();
    }
    drop(publisher);
    for reader in readers {
        let (overflow, (got, lost)) = reader.join().unwrap();
        match overflow {
            Overflow::Block => assert_eq!((got.len(), lost), (9, 0)),
            // A disconnected one counts what it skipped, not what came after its end.
            Overflow::Disconnect => assert!(got.len() as u64 + lost <= 9),
            _ => assert_eq!(got.len() as u64 + lost, 9),
        }
    }
}

/// Subscribers join beyond sequences that are claimed and not released, and sleep before those that wait for them. Nothing
/// closes the ring before everybody who was there from the start has everything.
pub fn joiners_and_gaps() {
    let (publisher, first) = ring(2, Overflow::Block);
    let patient: Vec<_> = [first, publisher.subscribe()]
        .map(|mut subscriber| {
            thread::spawn(move || (0..4).for_each(|_| drop(subscriber.recv_batch(1).unwrap())))
        })
        .into_iter()
        .collect();
    let late: Vec<_> = [Overflow::Lag, Overflow::Disconnect, Overflow::Block]
        .map(|overflow| {
            let weak = publisher.downgrade();
            thread::spawn(move || {
                let Some(publisher) = weak.upgrade() else { return };
                let subscriber = publisher.subscribe_with(overflow);
                let joined = subscriber.joined();
                drop(publisher);
                let (got, lost) = read(subscriber, 1);
                if overflow != Overflow::Disconnect {
                    assert_eq!(got.len() as u64 + lost, 4 - joined);
                }
            })
        })
        .into_iter()
        .collect();
    for writer in [write(&publisher, 0, 2), write(&publisher, 1, 2)] {
        writer.join().unwrap();
    }
    for reader in patient {
        reader.join().unwrap();
    }
    drop(publisher);
    for reader in late {
        reader.join().unwrap();
    }
}

/// Subscribers come, read a little, and leave in the middle of something, while publishers wait for them.
pub fn churn() {
    let (publisher, first) = ring(1, Overflow::Block);
    let churner = {
        let weak = publisher.downgrade();
        thread::spawn(move || {
            for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
                let Some(publisher) = weak.upgrade() else { return };
                let mut subscriber = publisher.subscribe_from(Start::Oldest, overflow).unwrap();
                drop(publisher);
                let _ = subscriber.batch(1).map(std::mem::forget);
            }
        })
    };
    let reader = thread::spawn(move || read(first, 1));
    for writer in [write(&publisher, 0, 3), write(&publisher, 1, 2)] {
        writer.join().unwrap();
    }
    churner.join().unwrap();
    assert_eq!(publisher.subscriber_count(), 1);
    drop(publisher);
    assert_eq!(reader.join().unwrap().0.len(), 5);
}

/// The ring closes while publishers wait for room and subscribers for events: what was accepted is delivered, the rest
/// comes back.
pub fn close_with_waiters() {
    let (publisher, first) = ring(1, Overflow::Block);
    let lag = publisher.subscribe_with(Overflow::Lag);
    let readers = [first, lag].map(|subscriber| thread::spawn(move || read(subscriber, 1)));
    let writers: Vec<_> = (0..2)
        .map(|me| {
            let publisher = publisher.clone();
            thread::spawn(move || {
                let mut accepted = 0;
                while accepted < 3 {
                    let Err(error) = publisher.publish(Box::new((me, accepted))) else {
                        accepted += 1;
                        continue;
                    };
                    assert_eq!(*error.into_inner(), (me, accepted));
                    break;
                }
                accepted
            })
        })
        .collect();
    publisher.close();
    let accepted: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    assert_eq!(publisher.next_sequence(), accepted);
    for reader in readers {
        let (got, lost) = reader.join().unwrap();
        assert_eq!(got.len() as u64 + lost, accepted);
    }
}

/// The unique publisher's own path: batches into a tiny ring with a holder, a laggard and a joiner.
pub fn unique_batches() {
    let (mut publisher, block): (UniquePublisher<Event>, _) =
        Builder::new(2).lag_slots(2).build_unique().unwrap();
    let mut holder = publisher.subscribe_with(Overflow::Lag);
    let joiner = publisher.joiner();
    let reader = thread::spawn(move || read(block, 3));
    let held = thread::spawn(move || {
        let mut seen = 0;
        loop {
            match holder.recv_batch(2) {
                Ok(batch) => {
                    let first: Vec<_> = batch.iter().map(|event| event.1).collect();
                    thread::yield_now();
                    // What is held does not change, however far the publisher is.
                    assert_eq!(batch.iter().map(|event| event.1).collect::<Vec<_>>(), first);
                    assert_eq!(first[0], batch.sequence());
                    seen += first.len() as u64;
                }
                Err(RecvError::Lagged(n)) => seen += n,
                Err(_) => return seen,
            }
        }
    });
    let late = thread::spawn(move || {
        let late = joiner.subscribe_from(Start::Oldest, Overflow::Lag).unwrap();
        drop(joiner);
        let joined = late.joined();
        let (got, lost) = read(late, 1);
        assert_eq!(joined + got.len() as u64 + lost, 7);
    });
    publisher.publish_batch((0..5).map(|n| Box::new((0, n)))).unwrap();
    publisher.publish(Box::new((0, 5))).unwrap();
    publisher.publish_batch([Box::new((0, 6))]).unwrap();
    drop(publisher);
    assert_eq!(reader.join().unwrap().0.len(), 7);
    assert_eq!(held.join().unwrap(), 7);
    late.join().unwrap();
}

/// Waiters that give up at any moment, and armed ones, among patient sleepers: nobody's wake-up is lost with them.
pub fn bells_and_time_outs() {
    let (publisher, mut armed) = ring(2, Overflow::Lag);
    let mut hasty = publisher.subscribe();
    let patient = publisher.subscribe();
    let patient = thread::spawn(move || read(patient, 1));
    let hasty = thread::spawn(move || {
        let mut got = 0;
        loop {
            match hasty.recv_timeout(Duration::from_millis(1)) {
                Ok(_) => got += 1,
                Err(RecvTimeoutError::Timeout) => thread::yield_now(),
                Err(_) => return got,
            }
        }
    });
    let bell = thread::spawn(move || {
        let mut passed = 0;
        loop {
            let bell = armed.arm().clone();
            match armed.try_recv() {
                Ok(_) => passed += 1,
                Err(TryRecvError::Lagged(n)) => passed += n,
                // Whoever waits on the bell outside of the model would sleep here.
                Err(TryRecvError::Empty) => {
                    while bell.is_empty() {
                        thread::yield_now();
                    }
                }
                Err(_) => return passed,
            }
        }
    });
    for writer in [write(&publisher, 0, 2), write(&publisher, 1, 1)] {
        writer.join().unwrap();
    }
    drop(publisher);
    assert_eq!(patient.join().unwrap().0.len(), 3);
    assert_eq!(hasty.join().unwrap(), 3);
    assert_eq!(bell.join().unwrap(), 3);
}

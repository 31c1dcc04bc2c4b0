//! Sleeping and waking, both sides, with the ring's default way of waiting.

use super::{Model, model};
use crate::ring::{Event, event};
use eventcast::ring::{Builder, Overflow, Publisher, RecvError, RecvTimeoutError, Subscriber, TryRecvError};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

pub const MODELS: &[Model] = &[
    model("L8-leave-waiting-publisher", 3, leave),
    model("L8-join-waiting-publisher", 3, join),
    model("L9-full-to-room", 3, || room(false)),
    model("L9-full-to-room-unique", 3, || room(true)),
    model("L9-spare-to-room", 2, spare),
    model("L10-park-publish", 3, || park(1, 2)),
    model("L10-two-sleepers", 2, || park(2, 1)),
    model("L10-joiner-beyond-gap", 2, joiner_beyond_gap),
    model("L10-task", 3, task),
    model("L10-task-before-sleeper", 2, task_before_sleeper),
    model("L11-close-two-sleepers", 2, close_sleepers),
    model("L11-close-blocked-publisher", 3, close_publisher),
    model("L30-timeout-wake", 2, timeout),
];

fn parking(capacity: usize) -> (Publisher<Event>, Subscriber<Event>) {
    Builder::new(capacity).lag_slots(1).build().unwrap()
}

fn value(event: &Event) -> u64 {
    *event.get_ref()
}

fn recv(subscriber: &mut Subscriber<Event>) -> Result<u64, RecvError> {
    let mut got = 0;
    subscriber.drain_wait(1, |event| got = value(event)).map(|_| got)
}

/// A publisher waits for a subscriber that leaves.
fn leave() {
    let (publisher, subscriber) = parking(1);
    publisher.publish(event(0)).unwrap();
    let leaver = thread::spawn(move || drop(subscriber));
    publisher.publish(event(1)).unwrap();
    leaver.join().unwrap();
}

/// A publisher waits for a subscriber that has registered and not found its start yet.
fn join() {
    let (publisher, first) = parking(1);
    drop(first);
    let writer = publisher.clone();
    let writer = thread::spawn(move || (0..2).for_each(|n| assert_eq!(writer.publish(event(n)).unwrap(), n)));
    let mut late = publisher.subscribe();
    (late.joined()..2).for_each(|n| assert_eq!(recv(&mut late), Ok(n)));
    writer.join().unwrap();
}

/// Room appears at each step of the publisher's wait.
fn room(unique: bool) {
    let read = |mut subscriber: Subscriber<Event>| {
        thread::spawn(move || (0..3).for_each(|n| assert_eq!(recv(&mut subscriber), Ok(n))))
    };
    if unique {
        let (mut publisher, subscriber) = Builder::new(1).lag_slots(1).build_unique().unwrap();
        let reader = read(subscriber);
        (0..3).for_each(|n| assert_eq!(publisher.publish(event(n)).unwrap(), n));
        reader.join().unwrap();
    } else {
        let (publisher, subscriber) = parking(1);
        let reader = read(subscriber);
        (0..3).for_each(|n| assert_eq!(publisher.publish(event(n)).unwrap(), n));
        reader.join().unwrap();
    }
}

/// A publisher waits for a spare that one of two holders sets free, and not the one whose slot it wants.
fn spare() {
    let (publisher, mut a) = Builder::new(1).lag_slots(1).overflow(Overflow::Lag).build::<Event>().unwrap();
    let mut b = publisher.subscribe_with(Overflow::Lag);
    publisher.publish(event(0)).unwrap();
    publisher.publish(event(1)).unwrap();
    b.drain(1, |_| ()).unwrap();
    std::mem::forget(a.batch(1).unwrap());
    let held = b.batch(1).unwrap();
    publisher.publish(event(2)).unwrap();
    // Event 3 wants the slot that b holds; the only spare keeps what a holds.
    let reader = thread::spawn(move || drop(a));
    assert_eq!(publisher.publish(event(3)).unwrap(), 3);
    assert_eq!(value(&held[0]), 1);
    reader.join().unwrap();
}

/// Sleepers against publishes: each gets everything, though a publish wakes at most one.
fn park(sleepers: usize, events: u64) {
    let (publisher, first) = parking(2);
    let mut subscribers = vec![first];
    subscribers.extend((1..sleepers).map(|_| publisher.subscribe()));
    let readers: Vec<_> = subscribers
        .into_iter()
        .map(|mut subscriber| {
            thread::spawn(move || (0..events).for_each(|n| assert_eq!(recv(&mut subscriber), Ok(n))))
        })
        .collect();
    (0..events).for_each(|n| assert_eq!(publisher.try_publish(event(n)).unwrap(), n));
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

/// A subscriber that joins while a sequence is claimed and not released starts beyond it. If it sleeps first, the release
/// must still wake the one that waits for the gap.
fn joiner_beyond_gap() {
    let (publisher, mut first) = parking(1);
    let late = {
        let publisher = publisher.clone();
        thread::spawn(move || {
            let mut late = publisher.subscribe_with(Overflow::Lag);
            drop(publisher);
            match late.joined() {
                0 => assert_eq!(recv(&mut late), Ok(0)),
                _ => assert_eq!(recv(&mut late), Err(RecvError::Closed)),
            }
        })
    };
    let patient = thread::spawn(move || assert_eq!(recv(&mut first), Ok(0)));
    assert_eq!(publisher.try_publish(event(0)).unwrap(), 0);
    patient.join().unwrap();
    publisher.close();
    late.join().unwrap();
}

/// An executor with one task.
struct Executor {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Executor {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

/// Reads so many events as a task does: look, register, look once more, let the executor sleep.
fn poll(subscriber: &mut Subscriber<Event>, events: u64) {
    let executor = Arc::new(Executor { woken: Mutex::new(false), changed: Condvar::new() });
    let look = |subscriber: &mut Subscriber<Event>, next: &mut u64| {
        match subscriber.drain(1, |event| assert_eq!(value(event), *next)) {
            Ok(n) => *next += n as u64,
            Err(TryRecvError::Empty) => return false,
            Err(error) => panic!("{error}"),
        }
        true
    };
    let mut next = 0;
    while next < events {
        if look(subscriber, &mut next) {
            continue;
        }
        let registration = subscriber.enlist_for_model(Waker::from(executor.clone()));
        if !look(subscriber, &mut next) {
            let mut woken = executor.woken.lock().unwrap();
            while !*woken {
                woken = executor.changed.wait(woken).unwrap();
            }
            *woken = false;
        }
        drop(registration);
    }
}

/// Events come at each step of a task's going to sleep.
fn task() {
    let (publisher, mut subscriber) = parking(2);
    let task = thread::spawn(move || poll(&mut subscriber, 2));
    (0..2).for_each(|n| assert_eq!(publisher.try_publish(event(n)).unwrap(), n));
    task.join().unwrap();
}

/// A task takes no sleeper's wake-up, and no sleeper a task's.
fn task_before_sleeper() {
    let (publisher, mut subscriber) = parking(1);
    let mut second = publisher.subscribe();
    let task = thread::spawn(move || poll(&mut subscriber, 1));
    let sleeper = thread::spawn(move || assert_eq!(recv(&mut second), Ok(0)));
    assert_eq!(publisher.try_publish(event(0)).unwrap(), 0);
    task.join().unwrap();
    sleeper.join().unwrap();
}

/// Close during registration of two sleepers.
fn close_sleepers() {
    let (publisher, first) = parking(1);
    let readers = [publisher.subscribe(), first].map(|mut subscriber| {
        thread::spawn(move || assert_eq!(recv(&mut subscriber), Err(RecvError::Closed)))
    });
    publisher.close();
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

/// Close while a publisher waits for room.
fn close_publisher() {
    let (publisher, subscriber) = parking(1);
    publisher.publish(event(0)).unwrap();
    let blocked = publisher.clone();
    let writer = thread::spawn(move || {
        let error = blocked.publish(event(1)).unwrap_err();
        assert_eq!(value(&error.into_inner()), 1);
    });
    publisher.close();
    writer.join().unwrap();
    drop(subscriber);
}

/// One of two sleepers times out at any moment, also just when it is woken: the other must still get the event.
fn timeout() {
    let (publisher, first) = parking(1);
    let mut second = publisher.subscribe();
    let mut hasty = first;
    let impatient = thread::spawn(move || match hasty.drain_timeout(1, Duration::from_millis(1), |_| ()) {
        Ok(1) | Err(RecvTimeoutError::Timeout) => drop(hasty),
        other => panic!("{other:?}"),
    });
    let patient = thread::spawn(move || assert_eq!(recv(&mut second), Ok(0)));
    publisher.try_publish(event(0)).unwrap();
    impatient.join().unwrap();
    patient.join().unwrap();
}

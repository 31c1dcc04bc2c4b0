//! Close, last handles, and the drop of every value exactly once.

use super::{Model, model};
use crate::ring::{Event, Reader, event, offer, shared, spawn};
use eventcast::ring::{Builder, Overflow, RecvError, TryPublishError, TryRecvError};
use loom::sync::{Arc, Notify};
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L12-close-1p2-block", 3, || closing(1, 2, Overflow::Block)),
    model("L12-close-2p1-block", 2, || closing(2, 1, Overflow::Block)),
    model("L12-close-1p2-lag", 3, || closing(1, 2, Overflow::Lag)),
    model("L16-drop-once", 3, drop_once),
    model("L16-drop-after-release", 3, drop_after_release),
    model("L17-last-handles", 3, last_handles),
    model("L17-last-both", 3, last_both),
];

/// Close against publish and drain: what was accepted is drained, and nothing comes after the end.
fn closing(publishers: u64, each: u64, overflow: Overflow) {
    let (publisher, subscriber) = shared(2, 1, overflow);
    let writers: Vec<_> = (0..publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    let closer = {
        let publisher = publisher.clone();
        thread::spawn(move || publisher.close())
    };
    let mut reader = Reader::new(subscriber);
    reader.polls(2, 1);
    let ok = writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    closer.join().unwrap();
    reader.drain(1);
    assert_eq!(reader.end, Some(TryRecvError::Closed));
    assert_eq!(reader.got.len() as u64 + reader.lost, ok, "an accepted event was not drained");
    assert!(matches!(publisher.try_publish(event(9)), Err(TryPublishError::Closed(_))));
}

/// Values are overwritten, read, left unread and displaced; loom counts their drops.
fn drop_once() {
    let (publisher, mut lag) = shared(1, 1, Overflow::Lag);
    assert_eq!(offer(&publisher, 0..1), 1);
    let held = lag.batch(1).unwrap();
    let writer = spawn(&publisher, 1..4);
    assert_eq!(*held[0].get_ref(), 0);
    std::mem::forget(held);
    let leaver = thread::spawn(move || drop(lag));
    drop(publisher);
    leaver.join().unwrap();
    writer.join().unwrap();
}

/// An event whose drop waits until the event that overwrote it has been read.
struct Waiting {
    _tracked: Event,
    read: Option<Arc<Notify>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(read) = self.read.take() {
            read.wait();
        }
    }
}

/// The overwritten value's drop runs after the release.
fn drop_after_release() {
    let read = Arc::new(Notify::new());
    let (publisher, mut subscriber) = Builder::new(1).lag_slots(1).build::<Waiting>().unwrap();
    let mut waits = Some(read.clone());
    for n in 0..2 {
        publisher.publish(Waiting { _tracked: event(n), read: waits.take() }).unwrap();
        subscriber.drain(1, |_| ()).unwrap();
    }
    let writer = thread::spawn(move || {
        publisher.publish(Waiting { _tracked: event(2), read: None }).map(drop).unwrap()
    });
    subscriber.drain_wait(1, |_| ()).unwrap();
    read.notify();
    writer.join().unwrap();
}

/// Two publishers go while a subscriber sleeps: it must learn of the end.
fn last_handles() {
    let (publisher, mut subscriber) = Builder::new(1).lag_slots(1).build::<Event>().unwrap();
    let other = publisher.clone();
    let gone = thread::spawn(move || drop(other));
    let sleeper = thread::spawn(move || assert_eq!(subscriber.drain_wait(1, |_| ()), Err(RecvError::Closed)));
    drop(publisher);
    gone.join().unwrap();
    sleeper.join().unwrap();
}

/// The last publisher and the last subscriber go at once, with an unread value between them, and a weak handle upgrades.
fn last_both() {
    let (publisher, subscriber) = Builder::new(1).lag_slots(1).build::<Event>().unwrap();
    publisher.try_publish(event(0)).unwrap();
    let weak = publisher.downgrade();
    let gone = thread::spawn(move || drop(subscriber));
    let late = thread::spawn(move || {
        if let Some(publisher) = weak.upgrade() {
            assert!(!publisher.is_closed(), "a handle of a closed ring");
        }
    });
    drop(publisher);
    gone.join().unwrap();
    late.join().unwrap();
}

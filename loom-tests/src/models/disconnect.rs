//! Disconnect: marked once, by the first event that finds the subscriber a full ring behind, and counted exactly.

use super::{Model, model};
use crate::ring::{Reader, in_order, offer, shared, spawn};
use eventcast::ring::{Overflow, TryRecvError};
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L20-mark-read", 3, || mark(1, 4)),
    model("L20-mark-read-2p", 2, || mark(2, 1)),
    model("L20-mark-leave-join", 2, leave_join),
];

/// Marks against reads: everything before the mark is read or counted.
fn mark(publishers: u64, each: u64) {
    let (publisher, subscriber) = shared(1, 1, Overflow::Disconnect);
    let writers: Vec<_> = (0..publishers).map(|p| spawn(&publisher, p * 100..p * 100 + each)).collect();
    let mut reader = Reader::new(subscriber);
    reader.polls(3, 1);
    let ok = writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>();
    if publishers == 1 {
        assert_eq!(ok, each, "a disconnecting subscriber held a publisher");
    }
    reader.drain(1);
    in_order(&reader.got);
    let got = reader.got.len() as u64;
    match reader.end {
        Some(TryRecvError::Disconnected(missed)) => {
            assert!(got + missed < ok, "marked by an event that was never published");
            assert_eq!(missed, reader.subscriber.lost());
            assert_eq!(publisher.subscriber_count(), 0);
            assert_eq!(reader.subscriber.len(), 0);
        }
        None => assert_eq!(got, ok, "neither read nor disconnected"),
        end => panic!("{end:?}"),
    }
}

/// A disconnected subscriber is dropped while another one takes the cursor it left.
fn leave_join() {
    let (publisher, subscriber) = shared(1, 1, Overflow::Disconnect);
    assert_eq!(offer(&publisher, 0..2), 2);
    let other = publisher.clone();
    let leaver = thread::spawn(move || {
        let mut reader = Reader::new(subscriber);
        reader.drain(1);
        // Event 1 found it a full ring behind; event 2 may have overwritten event 0 before it was read.
        let missed = 1 - reader.got.len() as u64;
        assert_eq!(reader.end, Some(TryRecvError::Disconnected(missed)));
    });
    let joined = other.subscribe();
    let from = joined.sequence();
    let ok = offer(&publisher, 2..4);
    leaver.join().unwrap();
    assert_eq!(publisher.subscriber_count(), 1);
    assert_eq!(ok, 1, "the new subscriber does not gate");
    Reader::new(joined).settle(2 + ok - from, 0);
}

//! What a thread has seen of a ring through one subscriber, it knows for the next one it looks at.

use super::{Model, model};
use crate::ring::{Reader, offer, shared, spawn};
use eventcast::ring::Overflow;

pub const MODELS: &[Model] =
    &[model("L36-sight-behind-a-gap", 2, behind_a_gap), model("L36-sight-of-another-ring", 2, another_ring)];

/// Two publishers, one of which may stand between claim and release; a subscriber that joins behind that event, and one from
/// before it, looked at by one thread in turn.
fn behind_a_gap() {
    let (publisher, first) = shared(4, 1, Overflow::Block);
    let writers = [spawn(&publisher, 100..101), spawn(&publisher, 200..201)];
    let mut late = Reader::new(publisher.subscribe());
    let mut first = Reader::new(first);
    late.poll(4);
    first.poll(4);
    let accepted: u64 = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    assert_eq!(first.settle(accepted, 2).len(), 2);
}

/// Two rings that one thread looks at in turn.
fn another_ring() {
    let (one, of_one) = shared(2, 1, Overflow::Block);
    let (other, of_other) = shared(2, 1, Overflow::Block);
    offer(&one, 0..1);
    let writer = spawn(&other, 0..2);
    let (mut of_one, mut of_other) = (Reader::new(of_one), Reader::new(of_other));
    for _ in 0..2 {
        of_one.poll(2);
        of_other.poll(2);
    }
    assert_eq!(writer.join().unwrap(), 2);
    of_other.settle(2, 2);
}

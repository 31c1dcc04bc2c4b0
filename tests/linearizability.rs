//! Short histories of concurrent operations have an order in which each answer is the oracle's.
//!
//! `EVENTCAST_HISTORIES` sets their number, `EVENTCAST_SEED` what they do.
//!
//! A publish takes effect at two moments, both while it runs: it gets its sequence, and readers may see it. In between, readers
//! of it and of everything after it find nothing; that is what the design says of a publisher that is stopped there. A close
//! is the same: publishers are refused first, and readers told after.
//!
//! What the ring would be, done naively, and the search for an order: `linearizability/order.rs`. The threads that make the
//! histories: `linearizability/threads.rs`. Here: what a history is, and the tests.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;
#[path = "linearizability/order.rs"]
mod order;
#[path = "linearizability/threads.rs"]
mod threads;

use common::{Rng, env_number, seed, within};
use eventcast::ring::{Overflow, TryRecvError};
use order::is_linearizable;
use std::time::Duration;
use threads::history;

const HISTORIES: u64 = if cfg!(miri) { 6 } else { 2_000 };
const SUBSCRIBERS: usize = 2;

/// What was done, and what came of it.
#[derive(Clone, Debug)]
enum Done {
    /// Events with these values were offered; so many were accepted, in `first..end`, and it ended like this.
    Publish {
        values: Vec<u8>,
        accepted: usize,
        range: Option<(u64, u64)>,
        refused: Option<Refused>,
    },
    Close,
    /// These values were read and consumed.
    Read(usize, Vec<u8>),
    /// These values were looked at in a guard, and not consumed yet.
    Look(usize, Vec<u8>),
    /// The guard went, and so many events with it.
    Consume(usize, usize),
    Nothing(usize, TryRecvError),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Refused {
    Full,
    Closed,
}

#[derive(Clone, Debug)]
struct Operation {
    called: u64,
    answered: u64,
    done: Done,
}

#[derive(Clone, Debug)]
struct Setting {
    capacity: u64,
    policies: [Overflow; SUBSCRIBERS],
    /// Fewer spares than readers might hold: a publish may find the ring full for want of one.
    few_spares: bool,
}

impl Setting {
    fn lossy(&self) -> bool {
        self.policies.iter().any(|policy| *policy != Overflow::Block)
    }
}

#[test]
fn histories_have_an_order() {
    let histories = env_number("EVENTCAST_HISTORIES", HISTORIES);
    within(Duration::from_secs(3_600), "histories", move || {
        let mut rng = Rng::new(seed());
        let (mut overlaps, mut operations) = (0, 0);
        for number in 0..histories {
            let (setting, history) = history(&mut rng);
            operations += history.len();
            overlaps += u64::from(history.windows(2).any(|pair| pair[1].called < pair[0].answered));
            if !is_linearizable(&history, &setting) {
                for operation in &history {
                    println!("{:>4} {:>4} {:?}", operation.called, operation.answered, operation.done);
                }
                panic!("history {number} has no order, {setting:?}");
            }
        }
        println!("{histories} histories, {operations} operations, {overlaps} with operations that overlap");
        // Histories without concurrency would prove nothing.
        assert!(
            overlaps * 10 >= histories,
            "only {overlaps} of {histories} histories had operations that overlap"
        );
    });
}

/// The checker itself: histories that must not pass.
#[test]
fn wrong_histories_are_found() {
    let setting = Setting { capacity: 2, policies: [Overflow::Block, Overflow::Lag], few_spares: false };
    let at = |called, answered, done| Operation { called, answered, done };
    let publish = |value, sequence: u64| Done::Publish {
        values: vec![value],
        accepted: 1,
        range: Some((sequence, sequence + 1)),
        refused: None,
    };
    let full =
        |value| Done::Publish { values: vec![value], accepted: 0, range: None, refused: Some(Refused::Full) };
    let right = [
        at(0, 1, publish(7, 0)),
        at(2, 3, Done::Read(0, vec![7])),
        at(4, 5, Done::Nothing(0, TryRecvError::Empty)),
    ];
    assert!(is_linearizable(&right, &setting));
    // While the publish runs, both answers are right.
    for done in [Done::Read(0, vec![7]), Done::Nothing(0, TryRecvError::Empty)] {
        assert!(is_linearizable(&[at(0, 3, publish(7, 0)), at(1, 2, done)], &setting));
    }
    let wrong: [&[Operation]; 8] = [
        // Nothing, after the publish had answered.
        &[at(0, 1, publish(7, 0)), at(2, 3, Done::Nothing(0, TryRecvError::Empty))],
        // Twice.
        &[at(0, 1, publish(7, 0)), at(2, 3, Done::Read(0, vec![7])), at(4, 5, Done::Read(0, vec![7]))],
        // Before it was published.
        &[at(0, 1, Done::Read(0, vec![7])), at(2, 3, publish(7, 0))],
        // Out of order.
        &[at(0, 1, publish(7, 0)), at(2, 3, publish(8, 1)), at(4, 5, Done::Read(0, vec![8]))],
        // Two orders for two readers.
        &[
            at(0, 9, publish(7, 0)),
            at(1, 10, publish(8, 0)),
            at(11, 12, Done::Read(0, vec![7, 8])),
            at(13, 14, Done::Read(1, vec![8, 7])),
        ],
        // Full with room.
        &[at(0, 1, publish(7, 0)), at(2, 3, full(8))],
        // Accepted without room.
        &[at(0, 1, publish(7, 0)), at(2, 3, publish(8, 1)), at(4, 5, publish(9, 2))],
        // Told of a loss that was none.
        &[at(0, 1, publish(7, 0)), at(2, 3, Done::Nothing(1, TryRecvError::Lagged(1)))],
    ];
    for history in wrong {
        assert!(!is_linearizable(history, &setting), "{history:?}");
    }
}

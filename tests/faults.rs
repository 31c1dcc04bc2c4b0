//! Faults of the ring's users, one by one: what panics, hangs, is stopped, leaked or closed twice hurts nobody else.
//!
//! After each: the equations, every value dropped once, and the next 1,000 events as if nothing had been.
//!
//! F3 to F5 and F10, what panics: `faults/panics.rs`. F6 to F8, readers that are slow, stuck or gone: `faults/readers.rs`.
//! F9, threads that are stopped: `faults/f9.rs`. F13, closing: `faults/close.rs`. Here: what they share.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

#[path = "faults/close.rs"]
mod close;
mod common;
#[cfg(all(unix, not(miri)))]
#[path = "faults/f9.rs"]
mod f9;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "faults/panics.rs"]
mod panics;
#[path = "faults/readers.rs"]
mod readers;

use common::Handle;
use eventcast::ring::{Overflow, Subscriber, TryRecvError};
use ledger::{Event, Ledger};
use std::sync::Arc;
use std::time::Duration;

const NEXT: u64 = if cfg!(miri) { 40 } else { 1_000 };
const LIMIT: Duration = Duration::from_secs(120);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

/// Runs a test for both kinds of publisher.
macro_rules! for_both_publishers {
    ($capacity:expr, $overflow:expr, |$publisher:ident, $subscriber:ident, $ledger:ident| $body:block) => {{
        {
            let $ledger = Ledger::new();
            {
                #[allow(unused_mut, reason = "each body uses what it needs")]
                let (mut $publisher, mut $subscriber) =
                    Builder::new($capacity).overflow($overflow).build::<Event>().unwrap();
                $body
                goes_on(&mut $publisher, &$ledger);
            }
            $ledger.balance().unwrap();
        }
        {
            let $ledger = Ledger::new();
            {
                #[allow(unused_mut, reason = "each body uses what it needs")]
                let (mut $publisher, mut $subscriber) =
                    Builder::new($capacity).overflow($overflow).build_unique::<Event>().unwrap();
                $body
                goes_on(&mut $publisher, &$ledger);
            }
            $ledger.balance().unwrap();
        }
    }};
}
use for_both_publishers;

/// The next 1,000 events are normal for subscribers of every policy. Nobody who blocks may be left.
fn goes_on(publisher: &mut impl Handle<Event>, ledger: &Arc<Ledger>) {
    let mut subscribers = POLICIES.map(|policy| publisher.subscribe_with(policy));
    let start = publisher.next_sequence();
    let count = publisher.subscriber_count();
    for n in 0..NEXT {
        let id = 1_000_000 + n;
        let sequence = if n % 2 == 0 {
            publisher.publish(Event::new(ledger, id)).unwrap()
        } else {
            publisher.publish_batch([Event::new(ledger, id)]).unwrap().start
        };
        assert_eq!(sequence, start + n);
        for subscriber in &mut subscribers {
            assert_eq!(subscriber.try_recv().unwrap().id, id);
            assert!(subscriber.try_recv().unwrap_err().is_empty());
        }
    }
    for subscriber in &subscribers {
        assert_eq!((subscriber.lost(), subscriber.len(), subscriber.sequence()), (0, 0, start + NEXT));
    }
    drop(subscribers);
    assert_eq!(publisher.subscriber_count(), count - 3);
    assert_eq!(publisher.drop_panics(), ledger.bangs());
}

/// Reads what is there: the ids, and what was missed.
fn read_all(subscriber: &mut Subscriber<Event>) -> (Vec<u64>, u64) {
    let (mut ids, mut missed) = (Vec::new(), 0);
    loop {
        match subscriber.try_recv() {
            Ok(event) => ids.push(event.id),
            Err(TryRecvError::Lagged(n)) => missed += n,
            Err(TryRecvError::Disconnected(n)) => return (ids, n),
            Err(_) => return (ids, missed),
        }
    }
}

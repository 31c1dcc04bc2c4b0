//! disruptor-rs with consumer threads of its own, on the work of `throughput`.

use std::time::Instant;

use crate::event::Event;
use crate::event::Load;
use crate::measure::{Budget, Sample};
use crate::rivals::disruptor::{Accounts, Out, Yielding, multi_with_handlers, single_with_handlers};
use crate::rivals::{Idle, Tx, Wait};

/// Events between two looks at the clock.
const STRIDE: u64 = 256;

/// A single producer and `count` handler threads.
pub(crate) fn single(count: usize, wait: Wait, budget: &Budget) -> Option<Sample> {
    if wait == Wait::Spin {
        let (tx, accounts) = single_with_handlers(disruptor::BusySpinWithSpinLoopHint, count);
        publish(tx, &accounts, wait, budget)
    } else {
        let (tx, accounts) = single_with_handlers(Yielding, count);
        publish(tx, &accounts, wait, budget)
    }
}

/// A multi producer, used by one thread, and `count` handler threads.
pub(crate) fn multi(count: usize, wait: Wait, budget: &Budget) -> Option<Sample> {
    if wait == Wait::Spin {
        let (tx, accounts) = multi_with_handlers(disruptor::BusySpinWithSpinLoopHint, count);
        publish(tx, &accounts, wait, budget)
    } else {
        let (tx, accounts) = multi_with_handlers(Yielding, count);
        publish(tx, &accounts, wait, budget)
    }
}

/// Publishes for the budget's time; dropping the producer waits until every handler has had everything.
fn publish<P>(mut tx: Out<P>, accounts: &Accounts, wait: Wait, budget: &Budget) -> Option<Sample>
where
    Out<P>: Tx<Event>,
{
    let idle = Idle::new(wait, &budget.stop);
    let began = Instant::now();
    let end = began + budget.time;
    let mut number = 0;
    'publish: loop {
        for _ in 0..STRIDE {
            if !tx.publish(|| Event::make(0, number), &idle) {
                break 'publish;
            }
            number += 1;
        }
        if Instant::now() >= end {
            break;
        }
    }
    drop(tx);
    let elapsed = began.elapsed();
    if budget.stopped() {
        return None;
    }
    for account in accounts {
        account.lock().expect("a handler panicked").finish(&[number]);
    }
    Some(Sample::of_rate(number, elapsed))
}

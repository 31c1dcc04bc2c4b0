//! A publisher at full speed into lossy subscribers that never read.

use std::time::Instant;

use super::account;
use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{Budget, Sample};
use crate::rivals::{CAPACITY, Idle, Racer, Rx, Setup, Tx, Wait};

/// Events between two looks at the clock.
const STRIDE: u64 = 256;

/// Publishes for the budget's time past `readers` subscribers, then lets each read once and settles its account.
pub(crate) fn run<R: Racer<Event>>(readers: usize, budget: &Budget) -> Option<Sample> {
    let setup = Setup { publishers: 1, subscribers: readers, wait: Wait::Spin, lossy: true };
    let (mut txs, mut rxs) = R::build(&setup);
    let tx = txs.first_mut()?;
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let began = Instant::now();
    let end = began + budget.time;
    let mut number = 0;
    loop {
        for _ in 0..STRIDE {
            if !tx.publish(|| Event::make(0, number), &idle) {
                return None;
            }
            number += 1;
        }
        if Instant::now() >= end {
            break;
        }
    }
    let elapsed = began.elapsed();
    let mut checks = vec![Check::new(true); readers];
    for (rx, check) in rxs.iter_mut().zip(&mut checks) {
        // The first look reports the loss, the second finds the ring empty.
        while !check.complete(number) {
            let polled = rx.poll(CAPACITY, |event| check.take(event));
            check.count(polled.got, polled.lost);
            if polled.got == 0 && polled.lost == 0 {
                break;
            }
        }
    }
    let mut sample = Sample::of_rate(number, elapsed);
    account(&mut sample, &checks);
    sample.miscounted |= checks.iter().any(|check| !check.complete(number));
    Some(sample)
}

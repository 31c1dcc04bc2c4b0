//! Our own ring with one `Lag` reader that sits inside a batch guard for the whole measurement, or without it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use eventcast::ring::{Batch, Subscriber};

use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{Budget, Clock, Latency, Sample};
use crate::rivals::{CAPACITY, Idle, Racer, Rx, Setup, Tx, Wait};

/// Single calls between two looks at whether to end.
const STRIDE: u64 = 256;

/// Times single publish calls, `rest` nanoseconds apart, with one reader that keeps up and one that is stuck or idle.
pub(crate) fn run<R>(stuck: bool, rest: u64, budget: &Budget) -> Option<Sample>
where
    R: Racer<Event, Rx = Subscriber<Event>>,
{
    let setup = Setup { publishers: 1, subscribers: 2, wait: Wait::Spin, lossy: true };
    let (mut txs, mut rxs) = R::build(&setup);
    let tx = txs.first_mut()?;
    let (mut lazy, mut reader) = (rxs.pop()?, rxs.pop()?);
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let done = AtomicBool::new(false);
    let start = Barrier::new(2);
    let mut latency = Latency::new();
    let mut number = 0;
    let mut lost = 0;
    if !tx.publish(|| Event::make(0, number), &idle) {
        return None;
    }
    number += 1;
    // Both shapes have the same two subscribers; only the guard differs.
    let guard: Option<Batch<'_, Event>> = if stuck { Some(lazy.batch(1).ok()?) } else { None };
    thread::scope(|scope| {
        let (done, start, consumer_idle) = (&done, &start, &idle);
        let consumer = scope.spawn(move || {
            let mut check = Check::new(true);
            start.wait();
            loop {
                let last = done.load(Ordering::Acquire);
                let polled = reader.poll(CAPACITY, |event| check.take(event));
                check.count(polled.got, polled.lost);
                if polled.got == 0 && polled.lost == 0 && (last || !consumer_idle.once()) {
                    return check;
                }
            }
        });
        start.wait();
        let clock = Clock::start();
        let end = budget.time.as_nanos() as u64;
        'run: while clock.now() < end {
            for _ in 0..STRIDE {
                let from = clock.now();
                let published = tx.publish(|| Event::make(0, number), &idle);
                let until = clock.now();
                number += 1;
                latency.single(until - from);
                if !published || !clock.until(until + rest, budget) {
                    break 'run;
                }
            }
        }
        done.store(true, Ordering::Release);
        let check = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert_eq!(check.torn, 0, "a Lag reader saw a damaged event");
        assert!(check.honest() && check.complete(number), "a Lag reader's account is not exact");
        lost = check.lost;
    });
    if let Some(guard) = &guard {
        for event in guard {
            assert!(event.intact() && event.number() == 0, "the guarded event changed under its reader");
        }
    }
    let mut sample = Sample::of_latency(latency);
    sample.lost = lost;
    (!budget.stopped()).then_some(sample)
}

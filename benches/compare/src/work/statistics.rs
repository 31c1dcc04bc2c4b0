//! Our bus with and without its counts of topics: how long blocks of publishes take.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use eventcast::{Bus, Wait};

use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{Budget, Clock, Sample, quantile};
use crate::rivals::eventcast_bus::{Handle, builder};
use crate::rivals::{CAPACITY, Idle, Rx, Tx, Wait as Waiting};

/// Publishes that are timed together.
const BLOCK: u64 = 16_384;

/// Publishes blocks for the budget's time through a handle, with one polling subscriber or none; the rate is that of the
/// median block.
pub(crate) fn run(statistics: bool, reader: bool, budget: &Budget) -> Option<Sample> {
    let bus = builder(CAPACITY).wait(Wait::Spin).statistics(statistics).build();
    let bus: Bus<Event> = bus.expect("the capacity is in range");
    let subscription = reader.then(|| bus.subscribe(">").expect("the pattern is valid"));
    let mut handle = Handle::new(&bus, 0);
    let idle = Idle::new(Waiting::Spin, &budget.stop);
    let start = Barrier::new(1 + usize::from(reader));
    let mut blocks = Vec::new();
    let mut number = 0;
    thread::scope(|scope| {
        let (idle, start) = (&idle, &start);
        let consumer = subscription.map(|mut subscription| {
            scope.spawn(move || {
                let mut check = Check::new(false);
                start.wait();
                loop {
                    let polled = subscription.poll(CAPACITY, |event| check.take(event));
                    check.count(polled.got, polled.lost);
                    if polled.closed || (polled.got == 0 && !idle.once()) {
                        return check;
                    }
                }
            })
        });
        start.wait();
        let clock = Clock::start();
        let end = budget.time.as_nanos() as u64;
        'run: while clock.now() < end {
            let from = clock.now();
            for _ in 0..BLOCK {
                if !handle.publish(|| Event::make(0, number), idle) {
                    break 'run;
                }
                number += 1;
            }
            blocks.push((clock.now() - from) as f64);
        }
        // The subscribers read what is left; nobody waits here.
        let _ = bus.close(Duration::ZERO);
        if let Some(consumer) = consumer {
            let check = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            if !budget.stopped() {
                check.finish(&[number]);
            }
        }
    });
    if budget.stopped() {
        return None;
    }
    let stats = bus.stats();
    let unread = if reader { 0 } else { number };
    assert_eq!((stats.accepted, stats.unrouted), (number, unread), "the bus counted other events");
    let counted = if statistics { number } else { 0 };
    assert_eq!(bus.topics()[0].published, counted, "the topic counted other events");
    let nanos = quantile(&blocks, 0.5);
    (nanos > 0.0).then(|| Sample::of_rate(BLOCK, Duration::from_nanos(nanos as u64)))
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::measure::Budget;

    #[test]
    fn blocks_are_counted_or_not_and_read_or_not() {
        for statistics in [true, false] {
            for reader in [true, false] {
                let sample = run(statistics, reader, &Budget::short()).expect("nobody gave up");
                assert!(sample.rate.is_some_and(|rate| rate > 0.0));
            }
        }
    }
}

//! Our bus with queued subscriptions, 10,000 events per second: how long the publish call takes, and how long until an event
//! is read; with or without a subscription that is stuck.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use eventcast::{Bus, QueueOverflow, Subscription};

use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{Budget, Clock, Latency, Sample};
use crate::rivals::eventcast_bus::{Handle, LOSSLESS, QUEUED_RING, builder, fanout, queued};
use crate::rivals::{CAPACITY, SleepRx, SleepTx};

/// Nanoseconds from one event to the next.
const PACE: u64 = 100_000;

/// How long a stuck subscription's account may take to be complete once nobody publishes.
const SETTLES: Duration = Duration::from_secs(10);

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timed {
    /// The publish call.
    Call,
    /// From before the publish call until the event is read, by every subscription that is not stuck.
    Delivery,
}

/// Who takes part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The publisher fills the queues, not the dispatcher.
    pub(crate) inline: bool,
    /// Lossless subscriptions, a sleeping thread each.
    pub(crate) readers: usize,
    /// One more, which nobody reads.
    pub(crate) stuck: Option<QueueOverflow>,
    /// What is timed.
    pub(crate) timed: Timed,
}

/// Publishes for the budget's time.
pub(crate) fn run(plan: &Plan, budget: &Budget) -> Option<Sample> {
    let bus = builder(QUEUED_RING).fanout(fanout(plan.inline)).build().expect("the capacity is in range");
    let mut stuck = plan.stuck.map(|overflow| queued(&bus, overflow));
    let readers: Vec<_> = (0..plan.readers).map(|_| queued(&bus, LOSSLESS)).collect();
    let mut handle = Handle::new(&bus, 0);
    let start = Barrier::new(plan.readers + 1);
    let clock = Clock::start();
    let mut calls = Vec::new();
    let mut number = 0;
    thread::scope(|scope| {
        let start = &start;
        let read = |reader| scope.spawn(move || read(reader, clock, start, budget));
        let readers: Vec<_> = readers.into_iter().map(read).collect();
        start.wait();
        // Fills the stuck queue; without a stamp these are not timed.
        while number <= CAPACITY as u64 && handle.send(Event::make(0, number)) {
            number += 1;
        }
        let end = clock.now() + budget.time.as_nanos() as u64;
        let mut due = clock.now();
        while due < end && !budget.stopped() {
            due += PACE;
            // Asleep, so that both cores are the readers' meanwhile.
            thread::sleep(Duration::from_nanos(due.saturating_sub(clock.now())));
            let from = clock.now();
            if !handle.send(Event::stamped(number, from)) {
                break;
            }
            number += 1;
            if plan.timed == Timed::Call {
                calls.push((from, clock.now() - from));
            }
        }
        // The subscribers read what is left; nobody waits here.
        let _ = bus.close(Duration::ZERO);
        for reader in readers {
            let (own, check) = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            if !budget.stopped() {
                check.finish(&[number]);
            }
            if plan.timed == Timed::Delivery {
                calls.extend(own);
            }
        }
    });
    if budget.stopped() {
        return None;
    }
    let mut sample = Sample::of_latency(Latency::of_calls(&mut calls));
    if let (Some(stuck), Some(overflow)) = (&mut stuck, plan.stuck) {
        sample.lost = settle(&bus, stuck, overflow, number);
    }
    Some(sample)
}

/// Reads everything, asleep while there is nothing; returns when each stamped event was published and how long it took, and the
/// account.
fn read(
    mut reader: Subscription<Event>,
    clock: Clock,
    start: &Barrier,
    budget: &Budget,
) -> (Vec<(u64, u64)>, Check) {
    let mut own = Vec::new();
    let mut check = Check::new(false);
    start.wait();
    loop {
        let polled = SleepRx::recv(&mut reader, |event: &Event| {
            if event.stamp > 0 {
                own.push((event.stamp, clock.now().saturating_sub(event.stamp)));
            }
            check.take(event);
        });
        check.count(polled.got, polled.lost);
        if polled.closed || budget.stopped() {
            return (own, check);
        }
    }
}

/// Reads what a stuck subscription has kept and returns what it lost: it must have been stuck, have lost what its overflow says,
/// and account for every event.
fn settle(bus: &Bus<Event>, stuck: &mut Subscription<Event>, overflow: QueueOverflow, published: u64) -> u64 {
    // The dispatcher may still be at the last events.
    let until = Instant::now() + SETTLES;
    while stuck.stats().ahead > 0 && Instant::now() < until {
        thread::yield_now();
    }
    let lost = stuck.lost();
    let mut kept = Vec::new();
    while let Ok(event) = stuck.recv() {
        kept.push(event.payload().number());
    }
    assert_eq!(kept.len() as u64 + lost, published, "a stuck subscription does not account for every event");
    assert_eq!(kept.len(), CAPACITY, "the stuck queue was not full");
    let first = if overflow == QueueOverflow::DropOldest { published - CAPACITY as u64 } else { 0 };
    assert!(kept.iter().copied().eq(first..first + CAPACITY as u64), "{overflow:?} kept other events");
    assert_eq!(bus.stats().accepted, published, "the bus counted other events");
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settles a subscription of `overflow` that was stuck for so many events, as one of which `claimed` is expected.
    fn settled(overflow: QueueOverflow, claimed: QueueOverflow, events: u64) -> u64 {
        let bus = builder(QUEUED_RING).build().expect("the capacity is in range");
        let mut stuck = queued(&bus, overflow);
        let mut handle = Handle::new(&bus, 0);
        assert!((0..events).all(|number| handle.send(Event::make(0, number))));
        let _ = bus.close(Duration::ZERO);
        settle(&bus, &mut stuck, claimed, events)
    }

    const FULL: u64 = CAPACITY as u64;

    #[test]
    fn every_policy_is_measured_by_everybody() {
        let blocks = QueueOverflow::Block { within: Duration::ZERO };
        for stuck in [None, Some(blocks), Some(QueueOverflow::DropOldest), Some(QueueOverflow::DropNewest)] {
            for inline in [false, true] {
                for timed in [Timed::Call, Timed::Delivery] {
                    let plan = Plan { inline, readers: 2, stuck, timed };
                    let sample = run(&plan, &Budget::short()).expect("nobody gave up");
                    assert_eq!(sample.lost > 0, stuck.is_some());
                    assert!(sample.latency.is_some_and(|latency| !latency.singles.is_empty()));
                }
            }
        }
    }

    #[test]
    fn a_stuck_account_is_exact() {
        assert_eq!(settled(QueueOverflow::DropOldest, QueueOverflow::DropOldest, FULL + 9), 9);
        assert_eq!(settled(QueueOverflow::DropNewest, QueueOverflow::DropNewest, FULL + 9), 9);
    }

    #[test]
    #[should_panic(expected = "kept other events")]
    fn keeping_the_wrong_events_is_a_panic() {
        settled(QueueOverflow::DropNewest, QueueOverflow::DropOldest, FULL + 9);
    }

    #[test]
    #[should_panic(expected = "was not full")]
    fn a_queue_that_was_not_stuck_is_a_panic() {
        settled(QueueOverflow::DropNewest, QueueOverflow::DropNewest, FULL - 1);
    }
}

//! One publisher, a thread per receiver, every side asleep when it has nothing to do.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::{Gate, Totals, account};
use crate::check::Check;
use crate::event::{Event, Load};
use crate::measure::{Budget, Sample};
use crate::rivals::{Idle, Racer, Setup, SleepRx, SleepTx, Wait};

/// Events between two looks at the clock.
const STRIDE: u64 = 64;

/// Publishes for the budget's time to `receivers` sleeping receivers.
pub(crate) fn run<R>(receivers: usize, budget: &Budget) -> Option<Sample>
where
    R: Racer<Event>,
    R::Tx: SleepTx<Event>,
    R::Rx: SleepRx<Event>,
{
    let setup = Setup { publishers: 1, subscribers: receivers, wait: Wait::Park, lossy: false };
    let (mut txs, rxs) = R::build(&setup);
    let mut tx = txs.pop()?;
    drop(txs);
    let gate = R::GATED.then(|| Gate::new(1, receivers));
    let totals = Totals::new(1);
    let idle = Idle::new(Wait::Yield, &budget.stop);
    let start = Barrier::new(receivers + 1);
    let mut began = None;
    let mut ended = Vec::new();
    let mut checks = Vec::new();
    thread::scope(|scope| {
        let (gate, start, totals, idle) = (gate.as_ref(), &start, &totals, &idle);
        let consumers: Vec<_> = rxs
            .into_iter()
            .enumerate()
            .map(|(at, mut rx)| {
                scope.spawn(move || {
                    let mut check = [Check::new(R::GATED)];
                    start.wait();
                    while !budget.stopped() {
                        let polled = rx.recv(|event| check[0].take(event));
                        check[0].count(polled.got, polled.lost);
                        if let Some(gate) = gate {
                            gate.advance(at, &check);
                        }
                        if polled.closed {
                            break;
                        }
                    }
                    let [check] = check;
                    (check, Instant::now())
                })
            })
            .collect();
        start.wait();
        let from = Instant::now();
        began = Some(from);
        let mut number = 0;
        let mut limit = gate.map_or(u64::MAX, |gate| gate.limit(0));
        'publish: loop {
            for _ in 0..STRIDE {
                while number >= limit {
                    limit = gate.map_or(u64::MAX, |gate| gate.limit(0));
                    if number >= limit && !idle.once() {
                        break 'publish;
                    }
                }
                if !tx.send(Event::make(0, number)) {
                    break 'publish;
                }
                number += 1;
            }
            if from.elapsed() >= budget.time || budget.stopped() {
                break;
            }
        }
        totals.set(0, number);
        // Closes: the receivers drain and end.
        drop(tx);
        for consumer in consumers {
            let (check, end) = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            checks.push(check);
            ended.push(end);
        }
    });
    if budget.stopped() {
        return None;
    }
    let totals = totals.get()?;
    for check in &checks {
        check.finish(&totals);
    }
    let mut sample = Sample::of_rate(totals[0], ended.into_iter().max()? - began?);
    account(&mut sample, &checks);
    Some(sample)
}

#[cfg(all(test, feature = "ours"))]
mod tests {
    use std::time::Duration;

    use eventcast::{Bus, QueueOverflow, Subscription};

    use super::run;
    use crate::event::Event;
    use crate::measure::Budget;
    use crate::rivals::crossbeam_arc::CrossbeamArc;
    use crate::rivals::eventcast_bus::{Handle, Queued};
    use crate::rivals::{Racer, Setup};

    /// Queues so short that they lose events.
    struct Losing;

    impl Racer<Event> for Losing {
        type Tx = Handle;
        type Rx = Subscription<Event>;

        fn build(_: &Setup) -> (Vec<Handle>, Vec<Subscription<Event>>) {
            let bus = Bus::builder().build().expect("the capacity is in range");
            let queue = bus.subscription(">").queue(1).queue_overflow(QueueOverflow::DropNewest);
            (vec![Handle::new(&bus, 0)], vec![queue.subscribe().expect("there is a thread")])
        }
    }

    #[test]
    fn queues_lose_nothing() {
        for count in [1, 4] {
            assert!(run::<Queued<false>>(count, &Budget::short()).is_some());
            assert!(run::<Queued<true>>(count, &Budget::short()).is_some());
            assert!(run::<CrossbeamArc>(count, &Budget::short()).is_some());
        }
    }

    #[test]
    #[should_panic(expected = "came where")]
    fn a_queue_that_loses_is_a_panic() {
        // A reader that keeps up by chance loses nothing: tries until one does not.
        for _ in 0..100 {
            run::<Losing>(1, &Budget { time: Duration::from_millis(50), ..Budget::short() });
        }
    }
}

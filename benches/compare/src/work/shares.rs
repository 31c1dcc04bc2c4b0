//! A publisher to sixteen topics at full speed, subscribers that each want a share of them, all polled by one thread.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::Gate;
use crate::event::{Event, Load};
use crate::measure::{Budget, Sample};
use crate::rivals::{Idle, Racer, Setup, Shares, Tx, Wait};
use crate::share::{self, ShareCheck};

/// Events between two looks at the clock.
const STRIDE: u64 = 256;

/// Most events of one poll.
const RUN: usize = 128;

/// Publishes for the budget's time, lossless; the rate counts until the slowest subscriber is past the last event.
pub(crate) fn run<R>(subscribers: usize, budget: &Budget) -> Option<Sample>
where
    R: Racer<Event>,
    R::Rx: Shares,
{
    let setup = Setup { publishers: 1, subscribers, wait: Wait::Spin, lossy: false };
    let (mut txs, mut rxs) = R::build(&setup);
    let mut tx = txs.pop()?;
    let gate = R::GATED.then(|| Gate::new(1, 1));
    let idle = Idle::new(Wait::Spin, &budget.stop);
    let start = Barrier::new(2);
    let mut number = 0;
    let mut elapsed = None;
    let mut checks = Vec::new();
    thread::scope(|scope| {
        let (gate, idle, start) = (gate.as_ref(), &idle, &start);
        let consumer = scope.spawn(move || {
            start.wait();
            (consume(&mut rxs, gate, idle), Instant::now())
        });
        start.wait();
        let began = Instant::now();
        number = publish(&mut tx, gate, idle, began, budget);
        // Closes: the subscribers read what is left and end.
        drop(tx);
        drop(txs);
        let (own, ended) = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        checks = own;
        elapsed = Some(ended - began);
    });
    if budget.stopped() {
        return None;
    }
    for check in &checks {
        check.finish(number);
    }
    Some(Sample::of_rate(number, elapsed?))
}

/// Publishes until the time is over and returns how many.
fn publish(
    tx: &mut impl Tx<Event>,
    gate: Option<&Gate>,
    idle: &Idle,
    began: Instant,
    budget: &Budget,
) -> u64 {
    let mut number = 0;
    let mut limit = gate.map_or(u64::MAX, |gate| gate.limit(0));
    loop {
        while number >= limit {
            limit = gate.map_or(u64::MAX, |gate| gate.limit(0));
            if number >= limit && !idle.once() {
                return number;
            }
        }
        if !tx.publish(|| Event::make(0, number), idle) {
            return number;
        }
        number += 1;
        if number.is_multiple_of(STRIDE) && began.elapsed() >= budget.time {
            return number;
        }
    }
}

/// Polls `rxs` in turn until all of them are closed; returns their accounts.
fn consume<R: Shares>(rxs: &mut [R], gate: Option<&Gate>, idle: &Idle) -> Vec<ShareCheck> {
    let mut checks: Vec<_> = (0..rxs.len()).map(|at| ShareCheck::new(share::pattern(at).1)).collect();
    loop {
        let mut closed = 0;
        let mut moved = false;
        let mut slowest = u64::MAX;
        for (rx, check) in rxs.iter_mut().zip(&mut checks) {
            let before = rx.passed();
            let mut own = *check;
            let polled = rx.poll(RUN, |event| own.take(event));
            assert_eq!(polled.lost, 0, "a lossless row lost events");
            *check = own;
            closed += usize::from(polled.closed);
            moved |= rx.passed() != before;
            slowest = slowest.min(rx.passed());
        }
        if let Some(gate) = gate {
            gate.advance_to(0, 0, slowest);
        }
        if closed == checks.len() || (!moved && !idle.once()) {
            return checks;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::run;
    use crate::event::Event;
    use crate::measure::{Budget, Run, Sample, bounded};
    use crate::rivals::eventcast_bus::Patterns;
    use crate::rivals::tokio_shares::TokioShares;
    use crate::rivals::{Racer, Setup};

    /// A racer whose subscribers get the share of their neighbour.
    struct Mixed<R>(R);

    impl<R: Racer<Event>> Racer<Event> for Mixed<R> {
        type Tx = R::Tx;
        type Rx = R::Rx;
        const GATED: bool = R::GATED;

        fn build(setup: &Setup) -> (Vec<R::Tx>, Vec<R::Rx>) {
            let (txs, mut rxs) = R::build(setup);
            rxs.rotate_left(1);
            (txs, rxs)
        }
    }

    #[test]
    fn everybody_gets_their_share() {
        for count in [1, 4, 16] {
            assert!(run::<Patterns>(count, &Budget::short()).is_some());
            assert!(run::<TokioShares>(count, &Budget::short()).is_some());
        }
    }

    #[test]
    #[should_panic(expected = "came where")]
    fn a_foreign_share_of_ours_is_a_panic() {
        run::<Mixed<Patterns>>(4, &Budget::short());
    }

    #[test]
    #[should_panic(expected = "came where")]
    fn a_foreign_share_of_tokio_is_a_panic() {
        // The gate holds the publisher until the run is told to give up: then the panic shows.
        let run: Run = Arc::new(run_mixed_tokio);
        let _ = bounded(&run, Duration::from_millis(20));
    }

    fn run_mixed_tokio(budget: &Budget) -> Option<Sample> {
        run::<Mixed<TokioShares>>(4, budget)
    }
}

//! Publishers at full speed, subscribers polled by one thread together or by a thread each.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::{Gate, Totals, account};
use crate::check::{Check, MAX_PUBLISHERS};
use crate::event::Load;
use crate::measure::{Budget, Sample};
use crate::rivals::{Idle, Racer, Rx, Setup, Tx};

/// Events between two looks at the clock.
const STRIDE: u64 = 256;

/// Which thread polls which subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One consumer thread polls all subscribers in turn.
    OneThread,
    /// A thread per subscriber.
    ThreadEach,
}

/// The work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// What is built.
    pub(crate) setup: Setup,
    /// Who polls.
    pub(crate) layout: Layout,
    /// Events per publish call, 1 for the single call.
    pub(crate) batch: u64,
}

/// Publishes for the budget's time; the rate counts until the slowest subscriber has read the last event.
pub(crate) fn run<E: Load, R: Racer<E>>(plan: &Plan, budget: &Budget) -> Option<Sample> {
    let (mut txs, rxs) = R::build(&plan.setup);
    let size = if plan.layout == Layout::OneThread { rxs.len() } else { 1 };
    let mut groups: Vec<Vec<R::Rx>> = Vec::new();
    for rx in rxs {
        match groups.last_mut() {
            Some(group) if group.len() < size => group.push(rx),
            _ => groups.push(vec![rx]),
        }
    }
    let gate = (plan.setup.lossy || R::GATED).then(|| Gate::new(txs.len(), groups.len()));
    let lossy = plan.setup.lossy || R::GATED;
    let totals = Totals::new(txs.len());
    let idle = Idle::new(plan.setup.wait, &budget.stop);
    let start = Barrier::new(txs.len() + groups.len());
    let mut began = Vec::new();
    let mut ended = Vec::new();
    let mut checks = Vec::new();
    thread::scope(|scope| {
        let (totals, gate, idle, start) = (&totals, gate.as_ref(), &idle, &start);
        let consumers: Vec<_> = groups
            .iter_mut()
            .enumerate()
            .map(|(at, group)| {
                scope.spawn(move || {
                    start.wait();
                    let gate = gate.map(|gate| (gate, at));
                    match plan.setup.publishers {
                        1 => consume::<1, E, _>(group, lossy, gate, totals, idle),
                        _ => consume::<MAX_PUBLISHERS, E, _>(group, lossy, gate, totals, idle),
                    }
                })
            })
            .collect();
        let publishers: Vec<_> = txs
            .iter_mut()
            .enumerate()
            .map(|(at, tx)| {
                scope.spawn(move || {
                    start.wait();
                    let began = Instant::now();
                    let end = began + budget.time;
                    totals.set(at, publish::<E, _>(tx, at, plan.batch, gate, idle, end));
                    began
                })
            })
            .collect();
        began.extend(publishers.into_iter().map(|thread| thread.join().expect("a publisher panicked")));
        for consumer in consumers {
            let (own, end) = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            checks.extend(own);
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
    let elapsed = ended.into_iter().max()? - began.into_iter().min()?;
    let mut sample = Sample::of_rate(totals.iter().sum(), elapsed);
    account(&mut sample, &checks);
    Some(sample)
}

/// Publishes until `end` and returns how many.
fn publish<E: Load, T: Tx<E>>(
    tx: &mut T,
    publisher: usize,
    batch: u64,
    gate: Option<&Gate>,
    idle: &Idle,
    end: Instant,
) -> u64 {
    let id = publisher as u64;
    let mut number = 0;
    let mut limit = gate.map_or(u64::MAX, |gate| gate.limit(publisher));
    let mut look = STRIDE;
    loop {
        while number + batch > limit {
            limit = gate.map_or(u64::MAX, |gate| gate.limit(publisher));
            if number + batch > limit && !idle.once() {
                return number;
            }
        }
        let published = if batch == 1 {
            tx.publish(|| E::make(id, number), idle)
        } else {
            tx.publish_batch(batch, |at| E::make(id, number + at), idle)
        };
        if !published {
            return number;
        }
        number += batch;
        if number >= look {
            look = number + STRIDE;
            if Instant::now() >= end {
                return number;
            }
        }
    }
}

/// Most events of one poll: what one subscriber has read is then still in the nearest cache when the next one reads it.
const RUN: usize = 128;

/// Polls `rxs` in turn until each has everything; returns their accounts and when that was.
fn consume<const N: usize, E: Load, R: Rx<E>>(
    rxs: &mut [R],
    lossy: bool,
    gate: Option<(&Gate, usize)>,
    totals: &Totals,
    idle: &Idle,
) -> (Vec<Check>, Instant) {
    let mut checks = vec![Check::new(lossy); rxs.len()];
    loop {
        let mut any = false;
        for (rx, check) in rxs.iter_mut().zip(&mut checks) {
            let mut own = *check;
            let polled = rx.poll(RUN, |event| own.take_of::<N, E>(event));
            own.count(polled.got, polled.lost);
            *check = own;
            any |= polled.got > 0;
        }
        if any {
            if let Some((gate, thread)) = gate {
                gate.advance(thread, &checks);
            }
            continue;
        }
        if let Some(total) = totals.sum()
            && checks.iter().all(|check| check.complete(total))
        {
            break;
        }
        if !idle.once() {
            break;
        }
    }
    (checks, Instant::now())
}

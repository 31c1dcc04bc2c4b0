//! From publish to read, the subscriber asleep in the library's own blocking call.

use std::thread;

use super::account;
use crate::check::Check;
use crate::event::Event;
use crate::measure::{Budget, Clock, Latency, Sample};
use crate::rivals::{Racer, Setup, SleepRx, SleepTx, Wait};

/// Nanoseconds between two events: long enough that a reader that spins first has gone to sleep.
pub(crate) const REST: u64 = 300_000;

/// One subscriber, woken for every event.
pub(crate) fn run<R>(budget: &Budget) -> Option<Sample>
where
    R: Racer<Event>,
    R::Tx: SleepTx<Event>,
    R::Rx: SleepRx<Event>,
{
    let setup = Setup { publishers: 1, subscribers: 1, wait: Wait::Park, lossy: false };
    let (mut txs, mut rxs) = R::build(&setup);
    let (mut tx, mut rx) = (txs.pop()?, rxs.pop()?);
    let clock = Clock::start();
    let mut latency = Latency::new();
    let mut check = Check::new(R::GATED);
    let mut number = 0;
    thread::scope(|scope| {
        let mut check_of_reader = check;
        let consumer = scope.spawn(move || {
            let mut own = Latency::new();
            loop {
                let polled = rx.recv(|event: &Event| {
                    own.single(clock.now().saturating_sub(event.stamp));
                    check_of_reader.take(event);
                });
                check_of_reader.count(polled.got, polled.lost);
                if polled.closed {
                    return (own, check_of_reader);
                }
            }
        });
        let end = budget.time.as_nanos() as u64;
        while clock.until(clock.now() + REST, budget) && clock.now() < end {
            if !tx.send(Event::stamped(number, clock.now())) {
                break;
            }
            number += 1;
        }
        drop(tx);
        (latency, check) = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    if budget.stopped() {
        return None;
    }
    check.finish(&[number]);
    let mut sample = Sample::of_latency(latency);
    account(&mut sample, &[check]);
    Some(sample)
}

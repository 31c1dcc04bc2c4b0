//! What a parked side uses of the CPU: next to nothing.

use super::{LIMIT, builder, ring};
use crate::common::within;
use eventcast::ring::Overflow;
use std::thread;
use std::time::Duration;

/// The CPU time of the calling thread.
fn used() -> Duration {
    // SAFETY: all zeros is a valid `timespec`.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: `time` is valid for writing.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(answer, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn during<R>(f: impl FnOnce() -> R) -> (R, Duration) {
    let before = used();
    let result = f();
    (result, used() - before)
}

/// Both sides wait for `time`, each in a ring of its own and with either barrier; then something ends the wait.
fn parked_for(time: Duration, sides: &'static [fn(Duration, bool)]) {
    within(LIMIT + time, "parked", move || {
        thread::scope(|scope| {
            for membarrier in [true, false] {
                for side in sides {
                    scope.spawn(move || side(time, membarrier));
                }
            }
        });
    });
}

fn idle(what: &str, membarrier: bool, used: Duration) {
    println!("{what}, membarrier {membarrier}: {used:?}");
    assert!(used < Duration::from_millis(1), "{what} used {used:?}, membarrier {membarrier}");
}

fn subscriber(time: Duration, membarrier: bool) {
    let (publisher, mut subscriber) = ring(4, membarrier);
    let waiter = thread::spawn(move || during(|| subscriber.recv()));
    thread::sleep(time);
    publisher.publish(1).unwrap();
    let (result, used) = waiter.join().unwrap();
    assert_eq!(result, Ok(1));
    idle("a parked subscriber", membarrier, used);
}

fn publisher(time: Duration, membarrier: bool) {
    let (publisher, mut subscriber) = ring(1, membarrier);
    publisher.publish(1).unwrap();
    let waiter = thread::spawn(move || during(|| publisher.publish(2)));
    thread::sleep(time);
    assert_eq!(subscriber.recv(), Ok(1));
    let (result, used) = waiter.join().unwrap();
    assert_eq!(result, Ok(1));
    idle("a parked publisher", membarrier, used);
}

/// Two events are held by lagging readers, and there is one spare.
fn without_spare(time: Duration, membarrier: bool) {
    let builder = builder(1, membarrier).overflow(Overflow::Lag).lag_slots(1);
    let (publisher, mut a) = builder.build::<u64>().unwrap();
    let mut b = publisher.subscribe_with(Overflow::Lag);
    publisher.publish(0).unwrap();
    let held = a.batch(1).unwrap();
    publisher.publish(1).unwrap();
    while b.sequence() < 1 {
        b.try_recv().unwrap();
    }
    let also_held = b.batch(1).unwrap();
    while publisher.try_publish(2).is_ok() {
        assert!(publisher.next_sequence() < 100, "two held events never filled a ring with one spare");
    }
    let waiter = thread::spawn(move || during(|| publisher.publish(3)));
    thread::sleep(time);
    drop(held);
    let (result, used) = waiter.join().unwrap();
    assert!(result.is_ok());
    drop(also_held);
    idle("a publisher that waits for a spare", membarrier, used);
}

#[test]
fn a_parked_side_uses_no_cpu() {
    parked_for(Duration::from_secs(2), &[subscriber, publisher]);
}

#[test]
fn a_publisher_that_waits_for_a_spare_uses_no_cpu() {
    parked_for(Duration::from_secs(2), &[without_spare]);
}

#[test]
#[ignore = "waits for 10 s; the 2 s version runs always"]
fn a_parked_side_uses_no_cpu_in_ten_seconds() {
    parked_for(Duration::from_secs(10), &[subscriber, publisher, without_spare]);
}

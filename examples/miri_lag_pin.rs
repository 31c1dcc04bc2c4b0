//! For Miri with many seeds: a lagging subscriber holds guards while a publisher overtakes it, displaces, and laps again.

#![allow(clippy::disallowed_methods, reason = "a test program spawns a thread")]

use eventcast::ring::{Builder, Overflow, RecvError};

const EVENTS: u64 = 8;

fn main() {
    let builder = Builder::new(1).overflow(Overflow::Lag).lag_slots(2);
    let (publisher, mut subscriber) = builder.build::<Box<u64>>().unwrap();
    let writer =
        std::thread::spawn(move || (0..EVENTS).for_each(|n| assert!(publisher.publish(Box::new(n)).is_ok())));
    let mut next = 0;
    loop {
        match subscriber.recv_batch(2) {
            Ok(batch) => {
                for event in &batch {
                    assert_eq!(**event, next);
                    next += 1;
                }
                if next % 3 == 0 {
                    std::mem::forget(batch);
                }
            }
            Err(RecvError::Lagged(n)) => next += n,
            Err(error) => {
                assert_eq!(error, RecvError::Closed);
                break;
            }
        }
    }
    assert_eq!(next, EVENTS, "delivered + lost = published");
    writer.join().unwrap();
}

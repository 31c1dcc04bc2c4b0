//! For Miri with many seeds: one publisher, one subscriber, a ring of two that wraps several times.

#![allow(clippy::disallowed_methods, reason = "a test program spawns a thread")]

use eventcast::ring::{Builder, RecvError};

const EVENTS: u64 = 6;

fn main() {
    let (publisher, mut subscriber) = Builder::new(2).build::<Box<u64>>().unwrap();
    let writer = std::thread::spawn(move || {
        for n in 0..EVENTS {
            assert_eq!(publisher.publish(Box::new(n)), Ok(n));
        }
    });
    for n in 0..EVENTS {
        assert_eq!(subscriber.recv(), Ok(Box::new(n)));
    }
    assert_eq!(subscriber.recv(), Err(RecvError::Closed));
    writer.join().unwrap();
}

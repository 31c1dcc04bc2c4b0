//! For Miri with many seeds: the last publisher and the last subscriber go at the same time, with unread events and a guard.

#![allow(clippy::disallowed_methods, reason = "a test program spawns a thread")]

use eventcast::ring::{Builder, Overflow, Wait};
use std::sync::Arc;

fn main() {
    let builder = Builder::new(2).overflow(Overflow::Lag).wait(Wait::Yield);
    let (publisher, mut subscriber) = builder.build::<Arc<()>>().unwrap();
    let event = Arc::new(());
    let mine = event.clone();
    let writer = std::thread::spawn(move || {
        for _ in 0..5 {
            assert!(publisher.publish(mine.clone()).is_ok());
        }
        // The publisher goes here, with events that nobody has read.
    });
    let _ = subscriber.try_recv();
    if let Ok(batch) = subscriber.batch(2) {
        std::mem::forget(batch);
    }
    drop(subscriber);
    writer.join().unwrap();
    assert_eq!(Arc::strong_count(&event), 1, "each event was dropped exactly once");
}

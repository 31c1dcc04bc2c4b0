//! For Miri with many seeds: subscribers join at the oldest and leave while events are published; a cursor is used again.

#![allow(clippy::disallowed_methods, reason = "a test program spawns a thread")]

use eventcast::ring::{Builder, Overflow, Start, Wait};

const EVENTS: u64 = 5;

fn main() {
    let (publisher, first) = Builder::new(2).wait(Wait::Yield).build::<Box<u64>>().unwrap();
    let joiner = publisher.clone();
    let writer =
        std::thread::spawn(move || (0..EVENTS).for_each(|n| assert!(publisher.publish(Box::new(n)).is_ok())));
    drop(first);
    for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
        let mut subscriber = joiner.subscribe_from(Start::Oldest, overflow).unwrap();
        let mut last = None;
        for event in subscriber.try_iter().take(2) {
            assert!(last < Some(*event), "in order");
            last = Some(*event);
        }
    }
    writer.join().unwrap();
    let mut late = joiner.subscribe_from(Start::Oldest, Overflow::Block).unwrap();
    drop(joiner);
    let kept: Vec<u64> = late.iter().map(|event| *event).collect();
    assert_eq!(kept, [EVENTS - 2, EVENTS - 1]);
}

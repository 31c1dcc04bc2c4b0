//! For Miri with many seeds: two publishers race for the slots of a ring of two, one of them in batches.

#![allow(clippy::disallowed_methods, reason = "a test program spawns threads")]

use eventcast::ring::Builder;

const EVENTS: u64 = 3;

fn main() {
    let (publisher, mut subscriber) = Builder::new(2).build::<Box<(u64, u64)>>().unwrap();
    let other = publisher.clone();
    let writers = [
        std::thread::spawn(move || {
            (0..EVENTS).for_each(|n| assert!(publisher.publish(Box::new((0, n))).is_ok()))
        }),
        std::thread::spawn(move || {
            let published = other.publish_batch((0..EVENTS).map(|n| Box::new((1, n)))).unwrap();
            assert!(published.end - published.start >= EVENTS);
        }),
    ];
    let mut next = [0; 2];
    for event in &mut subscriber {
        let (publisher, n) = *event;
        assert_eq!(n, next[publisher as usize], "each publisher's events keep their order");
        next[publisher as usize] += 1;
    }
    assert_eq!(next, [EVENTS; 2]);
    writers.into_iter().for_each(|writer| writer.join().unwrap());
}

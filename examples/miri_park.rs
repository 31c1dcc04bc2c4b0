//! For Miri with many seeds: a ring of one whose sides park for each other, with a second sleeper to be woken in turn.

#![allow(clippy::disallowed_methods, reason = "a test program spawns threads")]

use eventcast::ring::{Builder, RecvError, Wait};

const EVENTS: u64 = 2;

fn main() {
    let (publisher, subscriber) = Builder::new(1).wait(Wait::Park).build::<Box<u64>>().unwrap();
    let readers = [publisher.subscribe(), subscriber].map(|mut subscriber| {
        std::thread::spawn(move || {
            for n in 0..EVENTS {
                assert_eq!(subscriber.recv(), Ok(Box::new(n)));
            }
            assert_eq!(subscriber.recv(), Err(RecvError::Closed));
        })
    });
    for n in 0..EVENTS {
        assert_eq!(publisher.publish(Box::new(n)), Ok(n));
    }
    drop(publisher);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

//! Reading behind another subscriber: what it did before it let an event go is seen, and who waits for it is woken.

use super::{Model, model};
use eventcast::ring::leader_model::leader;
use eventcast::ring::{Builder, Overflow, Wait};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

pub const MODELS: &[Model] = &[
    model("L33-follow-block", 3, || follow(Overflow::Block, false)),
    model("L33-follow-lag", 3, || follow(Overflow::Lag, false)),
    model("L33-follow-leaving", 3, || follow(Overflow::Block, true)),
];

/// A note that only the order of the two readers protects.
struct Note(UnsafeCell<u64>);

// SAFETY: that nobody writes it while another one looks is what the model checks.
unsafe impl Sync for Note {}

/// The leader writes a note while it has the event, and lets it go or leaves; the follower waits for it and reads the note.
fn follow(overflow: Overflow, leaves: bool) {
    let (publisher, follower) = Builder::new(2).lag_slots(1).wait(Wait::Park).build::<u64>().unwrap();
    let subscriber = publisher.subscribe_with(overflow);
    let ahead = leader(&subscriber);
    publisher.publish(7).unwrap();
    let note = Arc::new(Note(UnsafeCell::new(0)));
    let reader = {
        let note = note.clone();
        thread::spawn(move || {
            let mut subscriber = subscriber;
            let write = || note.0.with_mut(|note| unsafe { *note = 7 });
            if leaves {
                write();
                return None;
            }
            assert_eq!(subscriber.drain(1, |_| write()), Ok(1));
            // It stays: only what it let go counts.
            Some(subscriber)
        })
    };
    ahead.wait(&follower);
    assert!(ahead.released() > 0);
    assert_eq!(note.0.with(|note| unsafe { *note }), 7);
    drop(reader.join().unwrap());
}

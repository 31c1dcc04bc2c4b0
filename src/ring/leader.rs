//! Reading only what others have released.

use super::Sequence;
use super::SubscriberId;
use super::cursor::Cursor;
use super::publisher::Publisher;
use super::subscriber::Subscriber;
use super::values::Ring;
use super::wait::Wait;
use super::word::State;
use crate::sync::{Arc, Deadline, Ordering::*, park_until, spin_hint, spins, yield_now};

/// A subscriber as those see it who read behind it.
pub(crate) struct Leader<T> {
    ring: Arc<Ring<T>>,
    id: SubscriberId,
}

impl<T> Subscriber<T> {
    /// For those who are to read only what this one has released.
    pub(crate) fn leader(&self) -> Leader<T> {
        Leader { ring: self.ring.clone(), id: self.id() }
    }

    /// Will there never be anything for it any more?
    pub(crate) fn is_over(&self) -> bool {
        self.is_told() || self.core().end() == Some(self.wanted())
    }
}

impl<T: Send + Sync + 'static> Publisher<T> {
    /// Is this a subscriber of this ring?
    pub(crate) fn leads(&self, leader: &Leader<T>) -> bool {
        Arc::ptr_eq(&self.ring, &leader.ring)
    }
}

impl<T> Leader<T> {
    fn cursor(&self) -> Option<&Cursor> {
        self.ring.core.cursors.iter().find(|cursor| cursor.owner.load(Relaxed) == self.id.0)
    }

    /// Everything below it has read, lost or skipped, and does not hold; everything once it has left.
    pub(crate) fn released(&self) -> Sequence {
        let Some(cursor) = self.cursor() else { return Sequence::MAX };
        loop {
            // Acquires what the leader did before it released: who reads behind it sees that.
            let word = cursor.load();
            if cursor.owner.load(Relaxed) != self.id.0 || word.state() == State::Free {
                return Sequence::MAX;
            }
            match cursor.held_run(word) {
                Some((start, end)) if start < end => return start,
                Some(_) => return word.sequence(),
                None => {}
            }
        }
    }

    /// Waits until it has released what `follower` wants next, or there is nothing to wait for any more.
    #[cold]
    pub(crate) fn wait(&self, follower: &Subscriber<T>, deadline: &Deadline) {
        let core = &self.ring.core;
        let done = || self.released() > follower.wanted() || follower.is_over() || deadline.expired();
        let mut round = 0;
        while !done() {
            match core.shape.wait {
                Wait::Spin => spin_hint(),
                _ if round < spins() => spin_hint(),
                Wait::Yield => yield_now(),
                // As a publisher that waits for room: woken by the next thing that this cursor lets go.
                Wait::Park => {
                    let Some(cursor) = self.cursor() else { return };
                    let ticket = core.gate.register(cursor);
                    core.barrier.heavy();
                    while !done() && core.gate.holds(ticket) {
                        park_until(deadline, None);
                    }
                    core.gate.cancel(ticket);
                }
            }
            round = round.saturating_add(1);
        }
    }
}

/// What the models of reading behind others reach.
#[cfg(eventcast_loom)]
#[allow(missing_docs, missing_debug_implementations, reason = "no public face")]
pub mod model {
    use super::{Deadline, Subscriber};

    pub struct Leader<T>(super::Leader<T>);

    pub fn leader<T>(subscriber: &Subscriber<T>) -> Leader<T> {
        Leader(subscriber.leader())
    }

    impl<T> Leader<T> {
        pub fn released(&self) -> u64 {
            self.0.released()
        }

        pub fn wait(&self, follower: &Subscriber<T>) {
            self.0.wait(follower, &Deadline::NEVER);
        }
    }
}

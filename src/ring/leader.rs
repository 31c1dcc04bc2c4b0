//! Reading only what others have released.

use super::Sequence;
use super::SubscriberId;
use super::cursor::Cursor;
use super::publisher::Publisher;
use super::subscriber::Subscriber;
use super::values::Ring;
use super::word::State;
use crate::sync::{Arc, Deadline, Ordering::*, park_until};

/// A subscriber as those see it who read behind it.
pub(crate) struct Leader<T> {
    ring: Arc<Ring<T>>,
    id: SubscriberId,
    /// Which cursor it has: the others' lines are their readers' own.
    place: usize,
}

impl<T> Subscriber<T> {
    /// For those who are to read only what this one has released.
    pub(crate) fn leader(&self) -> Leader<T> {
        let mine = |cursor: &Cursor| cursor.owner.load(Relaxed) == self.id().0;
        // One that has left has none; then any will do, as it is not its own.
        let place = self.core().cursors.iter().position(mine).unwrap_or(0);
        Leader { ring: self.ring.clone(), id: self.id(), place }
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
    /// The cursor that it had when it was asked for; its owner says whether it still has.
    fn cursor(&self) -> &Cursor {
        self.ring.core.cursors.iter().nth(self.place).expect("cursors are never removed")
    }

    /// Everything below it has read, lost or skipped, and does not hold; everything once it has left.
    pub(crate) fn released(&self) -> Sequence {
        let cursor = self.cursor();
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
            if !core.shape.wait.pause(round) {
                self.sleep(deadline, &done);
            }
            round = round.saturating_add(1);
        }
    }

    /// Sleeps as a publisher does that waits for room: woken by the next thing that this cursor lets go.
    fn sleep(&self, deadline: &Deadline, done: &impl Fn() -> bool) {
        let core = &self.ring.core;
        let ticket = core.gate.register(self.cursor());
        core.barrier.heavy();
        while !done() && core.gate.holds(ticket) {
            park_until(deadline, None);
        }
        core.gate.cancel(ticket);
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

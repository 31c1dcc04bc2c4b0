//! Waiting for several subscribers at once: a thread enlists with each, looks at all of them once more, and sleeps. A task
//! enlists with one and lets its executor wait.

use super::Wait;
use super::sleep::Ticket;
use super::subscriber::Subscriber;
use super::values::Ring;
use crate::sync::{Arc, Barrier};

/// A thread's or a task's registration for the next event of one subscriber; see [`sleep`](super::sleep) for the protocol.
pub(crate) struct Enlisted<T> {
    ring: Arc<Ring<T>>,
    ticket: Option<Ticket>,
    /// A thread is a link of the chain.
    passes_on: bool,
}

impl<T> Subscriber<T> {
    /// Registers the current thread, to be unparked when there is something at [`wanted`](Self::wanted). Then call
    /// [`heavy`](Barrier::heavy), look again, and sleep.
    pub(crate) fn enlist(&self) -> Enlisted<T> {
        let ticket = self.core().sleepers.register(self.wanted());
        Enlisted { ring: self.ring.clone(), ticket: Some(ticket), passes_on: true }
    }

    /// As [`enlist`](Self::enlist), for a task.
    #[cfg(any(feature = "stream", eventcast_loom))]
    pub(crate) fn enlist_task(&self, waker: std::task::Waker) -> Enlisted<T> {
        let ticket = self.core().sleepers.register_task(self.wanted(), waker);
        Enlisted { ring: self.ring.clone(), ticket: Some(ticket), passes_on: false }
    }

    /// Whether it pauses before a look when looks find little; not for one of several that are looked at in turn.
    pub(crate) fn set_paced(&mut self, paced: bool) {
        self.pace.set_off(!paced);
    }

    /// The barrier of the ring's handshakes.
    pub(crate) fn barrier(&self) -> Barrier {
        self.core().barrier
    }

    /// How its ring waits.
    pub(crate) fn way_to_wait(&self) -> Wait {
        self.core().shape.wait
    }
}

impl<T> Enlisted<T> {
    /// Has a publisher woken this thread?
    pub(crate) fn is_called(&self) -> bool {
        self.ticket.is_some_and(|ticket| !self.ring.core.sleepers.holds(ticket))
    }

    /// Is it this task that a publisher will wake?
    #[cfg(feature = "stream")]
    pub(crate) fn waits_for(&self, waker: &std::task::Waker) -> bool {
        self.ticket.is_some_and(|ticket| self.ring.core.sleepers.holds_task(ticket, waker))
    }

    /// Takes the registration back. Who was called and found something calls the next; who found nothing ends the chain.
    pub(crate) fn leave(mut self, found: bool) {
        if let Some(ticket) = self.ticket.take()
            && !self.ring.core.sleepers.cancel(ticket)
            && found
        {
            self.ring.core.sleepers.wake_one();
        }
    }
}

impl<T> Drop for Enlisted<T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take()
            && !self.ring.core.sleepers.cancel(ticket)
            && self.passes_on
        {
            self.ring.core.sleepers.wake_one();
        }
    }
}

/// What the models of sleeping tasks reach.
#[cfg(eventcast_loom)]
impl<T> Subscriber<T> {
    /// Registers a task, as a stream does when it has found nothing. Look again before its executor sleeps.
    #[doc(hidden)]
    pub fn enlist_for_model(&self, waker: std::task::Waker) -> impl Sized + use<T> {
        let enlisted = self.enlist_task(waker);
        self.barrier().heavy();
        enlisted
    }
}

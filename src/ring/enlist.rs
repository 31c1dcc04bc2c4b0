//! Waiting for several subscribers at once: a thread enlists with each, looks at all of them once more, and sleeps.

use super::sleep::Ticket;
use super::subscriber::Subscriber;
use super::values::Ring;
use crate::sync::{Arc, Barrier};

/// The current thread's registration for the next event of one subscriber; see [`sleep`](super::sleep) for the protocol.
pub(crate) struct Enlisted<T> {
    ring: Arc<Ring<T>>,
    ticket: Option<Ticket>,
}

impl<T> Subscriber<T> {
    /// Registers the current thread, to be unparked when there is something at [`wanted`](Self::wanted). Then call
    /// [`heavy`](Barrier::heavy), look again, and sleep.
    pub(crate) fn enlist(&self) -> Enlisted<T> {
        let ticket = self.core().sleepers.register(self.wanted());
        Enlisted { ring: self.ring.clone(), ticket: Some(ticket) }
    }

    /// The barrier of the ring's handshakes.
    pub(crate) fn barrier(&self) -> Barrier {
        self.core().barrier
    }

    /// May a thread sleep until a publish wakes it?
    pub(crate) fn sleeps(&self) -> bool {
        matches!(self.core().shape.wait, super::Wait::Park)
    }
}

impl<T> Enlisted<T> {
    /// Has a publisher woken this thread?
    pub(crate) fn is_called(&self) -> bool {
        self.ticket.is_some_and(|ticket| !self.ring.core.sleepers.holds(ticket))
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
        {
            self.ring.core.sleepers.wake_one();
        }
    }
}

//! The unique publisher: one handle, no compare-exchange and no stamps.
//!
//! It releases one head sequence that all readers follow. Its slow path is the shared one, after a read-modify-write of
//! `tail` that joins can order themselves against (see `join`).

use super::Sequence;
use super::core::Core;
use super::fill::Fill;
use super::full::Refusal;
use super::join::Joiner;
use super::publisher::{Claim, debug, leave};
use super::room::Room;
use super::values::Ring;
use crate::sync::{Arc, Ordering::*};
use std::cell::Cell;
use std::fmt;

/// The only publisher of its ring: the fastest way to publish, with `&mut self`. Not `Clone`.
///
/// Dropping it closes the ring: subscribers drain it and then get `Closed`.
#[must_use = "dropping the publisher closes the ring"]
pub struct UniquePublisher<T> {
    pub(crate) ring: Arc<Ring<T>>,
    /// Next sequence to publish.
    pub(crate) next: Sequence,
    /// First sequence that may not be published without looking further; 0 once closed.
    limit: Cell<Sequence>,
}

impl<T: Send + Sync + 'static> UniquePublisher<T> {
    pub(crate) fn new(ring: Arc<Ring<T>>) -> Self {
        let next = ring.core.shape.first;
        Self { ring, next, limit: Cell::new(0) }
    }

    /// Whether there is room for the next `n` events without looking; there is nobody to race with.
    #[inline(always)]
    pub(crate) fn claim_fast(&self, n: u64) -> Option<Claim> {
        (self.next + n <= self.limit.get()).then_some(Claim { sequence: self.next, len: n, spare: None })
    }

    /// Finds room for the next `n` events.
    #[inline]
    pub(crate) fn claim(&self, n: u64) -> Result<Claim, Refusal<'_>> {
        match self.claim_fast(n) {
            Some(claim) => Ok(claim),
            None => self.claim_slow(n),
        }
    }

    #[cold]
    #[inline(never)]
    fn claim_slow(&self, n: u64) -> Result<Claim, Refusal<'_>> {
        let core = &self.ring.core;
        if core.is_closed() {
            return Err(Refusal::Closed);
        }
        if core.is_exhausted(self.next, n) {
            core.close();
            return Err(Refusal::Closed);
        }
        // ORDERING: AcqRel; the handshake with joins (see `join`): a registration that comes before it is seen below, and a
        // joiner that comes after it reads a head at least as new as `next`.
        core.tail.fetch_add(0, AcqRel);
        let claim = |len, spare| Ok(Claim { sequence: self.next, len, spare });
        match core.room(self.next, n, self.next) {
            Room::Free { limit } => {
                self.limit.set(limit);
                claim(n, None)
            }
            Room::Cut { len } => claim(len, None),
            Room::Displace { spare } => claim(1, Some(spare)),
            Room::Full(blocker) => Err(Refusal::Full(blocker)),
        }
    }

    /// First sequence that may not be written without looking further.
    pub(crate) fn limit(&self) -> Sequence {
        self.limit.get()
    }

    /// Moves the event in and releases it; the value that was overwritten is dropped afterwards.
    #[inline(always)]
    pub(crate) fn finish(&mut self, claim: Claim, event: impl Fill<T>) -> Sequence {
        let sequence = claim.sequence;
        // SAFETY: the claim is ours, with its spare, and its release follows.
        let left = unsafe { self.ring.put(sequence, claim.spare, event) };
        self.release(sequence + 1);
        self.ring.discard(left);
        sequence
    }

    /// Lets readers see everything below `head`.
    #[inline(always)]
    pub(crate) fn release(&mut self, head: Sequence) {
        self.next = head;
        // ORDERING: Release pairs with the Acquire load of `Core::head`: values and map entries come first.
        self.ring.core.head.store(head, Release);
        self.ring.core.released();
    }

    /// A handle that adds subscribers from any thread while this publisher is busy. It does not keep the ring open.
    pub fn joiner(&self) -> Joiner<T> {
        Joiner { ring: self.ring.clone() }
    }

    /// Closes the ring: subscribers drain and then get `Closed`. Closing again has no effect.
    pub fn close(&self) {
        self.limit.set(0);
        self.ring.core.close();
    }
}

impl<T> Drop for UniquePublisher<T> {
    fn drop(&mut self) {
        leave(&self.ring.core);
    }
}

impl<T> fmt::Debug for UniquePublisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core: &Core = &self.ring.core;
        debug(core, "UniquePublisher", f)
    }
}

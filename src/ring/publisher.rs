//! The shared publisher: any number of handles, on any number of threads.
//!
//! Fast path: load `tail`, compare-exchange it one further, write, store the stamp. Everything else is in `room`.

use super::core::Core;
use super::fill::Fill;
use super::full::Refusal;
use super::room::{Blocker, Room};
use super::values::Ring;
use super::word::CLOSED;
use super::{Sequence, SubscriberId};
use crate::sync::{Arc, AtomicU64, Ordering::*};
use std::fmt;

/// Publishes events to a ring, together with its clones.
///
/// Cheap to clone, and usable from several threads at once; a clone per thread is faster, because each handle remembers on
/// its own how far it may publish without looking at the subscribers. When the last handle is dropped the ring closes:
/// subscribers drain it and then get `Closed`.
#[must_use = "dropping the last publisher closes the ring"]
pub struct Publisher<T> {
    pub(crate) ring: Arc<Ring<T>>,
    /// First sequence that this handle may not claim without looking further.
    limit: AtomicU64,
    /// Everything below is known to be released.
    released: AtomicU64,
}

/// `len` claimed sequences from `sequence` on, not released yet.
pub(crate) struct Claim {
    pub(crate) sequence: Sequence,
    pub(crate) len: u64,
    /// Reserved for `sequence`, whose slot somebody holds; then `len` is 1.
    pub(crate) spare: Option<usize>,
}

enum Next {
    Again,
    Claimed(Claim),
}

impl<T: Send + Sync + 'static> Publisher<T> {
    /// A handle for a ring that counts it as a publisher already.
    pub(crate) fn new(ring: Arc<Ring<T>>) -> Self {
        // Whoever claimed the last sequence had seen everything a full lap before it released.
        let released = ring.core.next_sequence().saturating_sub(ring.core.shape.slots);
        let released = AtomicU64::new(released.max(ring.core.shape.first));
        Self { ring, limit: AtomicU64::new(0), released }
    }

    /// Claims the next `n` sequences if that takes no more than a look at `tail`.
    #[inline(always)]
    pub(crate) fn claim_fast(&self, n: u64) -> Option<Claim> {
        let core = &self.ring.core;
        // ORDERING: Acquire pairs with the AcqRel of joins: a claim after a join's look at `tail` has the join's registration
        // behind it, so the slow path that allowed it saw the cursor or lies far enough back.
        let mut tail = core.tail.load(Acquire);
        // ORDERING: Acquire pairs with the Release store of `claim_slow`: another thread of this handle may have done the
        // looking, and what it acquired from cursors and stamps must be behind this claim.
        while tail & CLOSED == 0 && (tail >> 1) + n <= self.limit.load(Acquire) {
            // ORDERING: AcqRel; one chain of read-modify-writes of `tail` with joins and close.
            match core.tail.compare_exchange_weak(tail, tail + 2 * n, AcqRel, Acquire) {
                Ok(_) => return Some(Claim { sequence: tail >> 1, len: n, spare: None }),
                Err(now) => tail = now,
            }
        }
        None
    }

    /// Claims the next `n` sequences; fewer only where a laggard holds a slot.
    #[inline]
    pub(crate) fn claim(&self, n: u64) -> Result<Claim, Refusal<'_>> {
        loop {
            if let Some(claim) = self.claim_fast(n) {
                return Ok(claim);
            }
            if let Next::Claimed(claim) = self.claim_slow(n)? {
                return Ok(claim);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn claim_slow(&self, n: u64) -> Result<Next, Refusal<'_>> {
        let core = &self.ring.core;
        let tail = core.tail.load(Acquire);
        let next = tail >> 1;
        if tail & CLOSED != 0 {
            return Err(Refusal::Closed);
        }
        if core.is_exhausted(next, n) {
            core.close();
            return Err(Refusal::Closed);
        }
        // ORDERING: Acquire and Release: another thread of this handle may use what this one found.
        // A lap back everything is released: whoever claimed `next - 1` saw it so, and the load of `tail` has that behind it.
        let from = self.released.load(Acquire).max(next.saturating_sub(core.shape.slots));
        let released = core.first_unreleased(from, next);
        self.released.store(released, Release);
        let claim = |len, spare| {
            // ORDERING: as in `claim_fast`.
            match core.tail.compare_exchange(tail, tail + 2 * len, AcqRel, Relaxed) {
                Ok(_) => Next::Claimed(Claim { sequence: next, len, spare }),
                Err(_) => Next::Again,
            }
        };
        match core.room(next, n, released) {
            Room::Free { limit } => {
                // ORDERING: Release pairs with the Acquire load in `claim_fast`.
                self.limit.store(limit, Release);
                Ok(Next::Again)
            }
            Room::Cut { len } => Ok(claim(len, None)),
            Room::Displace { spare } => Ok(claim(1, Some(spare))),
            Room::Full(blocker) => Err(Refusal::Full(blocker)),
        }
    }

    /// Moves the event in and releases it; the value that was overwritten is dropped afterwards.
    #[inline(always)]
    pub(crate) fn finish(&self, claim: Claim, event: impl Fill<T>) -> Sequence {
        let sequence = claim.sequence;
        // SAFETY: the claim is ours, with its spare, and its release follows.
        let left = unsafe { self.ring.put(sequence, claim.spare, event) };
        self.release(sequence);
        self.ring.core.released();
        self.ring.discard(left);
        sequence
    }

    /// Lets readers see the event of a claimed sequence.
    #[inline(always)]
    pub(crate) fn release(&self, sequence: u64) {
        let core = &self.ring.core;
        // ORDERING: Release pairs with the Acquire load of `Core::stamp`: value and map entry come first.
        core.stamps[core.position(sequence)].store(sequence + 1, Release);
    }

    /// Adds a handle that does not keep the ring open.
    pub fn downgrade(&self) -> WeakPublisher<T> {
        WeakPublisher { ring: self.ring.clone() }
    }
}

impl<T: Send + Sync + 'static> Clone for Publisher<T> {
    fn clone(&self) -> Self {
        let publishers = self.ring.core.publishers.fetch_add(1, Relaxed) + 1;
        self.ring.core.gate.reserve(publishers);
        Self {
            ring: self.ring.clone(),
            // ORDERING: Acquire: the clone inherits what this handle's threads acquired.
            limit: AtomicU64::new(self.limit.load(Acquire)),
            released: AtomicU64::new(self.released.load(Acquire)),
        }
    }
}

impl<T> Drop for Publisher<T> {
    fn drop(&mut self) {
        leave(&self.ring.core);
    }
}

/// One publisher handle less; the last one closes the ring.
pub(crate) fn leave(core: &Core) {
    // ORDERING: AcqRel: everything the other handles published is behind the close of the last one.
    if core.publishers.fetch_sub(1, AcqRel) == 1 {
        core.close();
    }
}

impl<T> fmt::Debug for Publisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.ring.core, "Publisher", f)
    }
}

pub(crate) fn debug(core: &Core, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("capacity", &core.shape.capacity)
        .field("next", &core.next_sequence())
        .field("closed", &core.is_closed())
        .finish_non_exhaustive()
}

/// A publisher handle that does not keep the ring open: [`upgrade`](Self::upgrade) it to publish.
pub struct WeakPublisher<T> {
    ring: Arc<Ring<T>>,
}

impl<T: Send + Sync + 'static> WeakPublisher<T> {
    /// A publisher, unless the last one is gone.
    pub fn upgrade(&self) -> Option<Publisher<T>> {
        let publishers = &self.ring.core.publishers;
        let mut count = publishers.load(Relaxed);
        while count != 0 {
            // ORDERING: Relaxed: only the count matters; it never leaves 0 again.
            match publishers.compare_exchange_weak(count, count + 1, Relaxed, Relaxed) {
                Ok(_) => return Some(Publisher::new(self.ring.clone())),
                Err(now) => count = now,
            }
        }
        None
    }
}

impl<T> WeakPublisher<T> {
    /// Do both belong to the same ring?
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ring, &other.ring)
    }

    /// The sequence that the next event will get.
    pub(crate) fn next_sequence(&self) -> Sequence {
        self.ring.core.next_sequence()
    }
}

impl<T> Clone for WeakPublisher<T> {
    fn clone(&self) -> Self {
        Self { ring: self.ring.clone() }
    }
}

impl<T> fmt::Debug for WeakPublisher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(&self.ring.core, "WeakPublisher", f)
    }
}

impl Blocker<'_> {
    /// The subscriber to name in an error.
    pub(crate) fn subscriber(&self) -> Option<SubscriberId> {
        match self {
            Self::Subscriber(cursor) | Self::Holder(cursor) => Some(SubscriberId(cursor.owner.load(Relaxed))),
            Self::Publisher => None,
        }
    }
}

impl<T: Send + Sync + 'static> Publisher<T> {
    /// Closes the ring for everybody: publishers get their events back, subscribers drain and then get `Closed`. Wakes every
    /// waiter. Closing again has no effect.
    pub fn close(&self) {
        self.ring.core.close();
    }
}

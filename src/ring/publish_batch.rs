//! Publishing many events at once.
//!
//! The shared publisher evaluates the iterator into a chunk on its stack, claims the chunk as a whole, and releases its
//! stamps last to first, so that readers see all of it or nothing. The unique publisher has no claim to hold and writes
//! straight into the ring; it releases what it wrote when the room or the iterator ends.

use super::Sequence;
use super::full::{Refusal, claim_waiting};
use super::publisher::{Claim, Publisher};
use super::room::MAX_CHUNK;
use super::unique::UniquePublisher;
use super::values::Ring;
use crate::error::{BatchRefusal, PublishBatchError};
use crate::sync::{Deadline, Ordering::Relaxed};
use std::mem::{MaybeUninit, needs_drop};
use std::ops::Range;

/// How long a batch may wait for room.
pub(super) enum Patience {
    None,
    Until(Deadline),
    Endless,
}

impl Patience {
    fn claim<'a>(
        &self,
        core: &super::core::Core,
        mut claim: impl FnMut() -> Result<Claim, Refusal<'a>>,
    ) -> Result<Claim, Refusal<'a>> {
        match (claim(), self) {
            (Err(Refusal::Full(_)), Self::Until(deadline)) => claim_waiting(core, deadline, claim),
            (Err(Refusal::Full(_)), Self::Endless) => claim_waiting(core, &Deadline::NEVER, claim),
            (done, _) => done,
        }
    }

    fn refused<T>(&self, refusal: Refusal<'_>, published: u64, rest: Vec<T>) -> PublishBatchError<T> {
        let (why, blocked_by) = match (refusal, self) {
            (Refusal::Closed, _) => (BatchRefusal::Closed, None),
            (Refusal::Full(blocker), Self::None) => (BatchRefusal::Full, blocker.subscriber()),
            (Refusal::Full(blocker), _) => (BatchRefusal::Timeout, blocker.subscriber()),
        };
        PublishBatchError { published, rest, why, blocked_by }
    }
}

/// Events that fit into 4 KiB, at most 32: a power of two, so that five sizes of chunk cover every type.
const fn chunk_len<T>() -> usize {
    match size_of::<T>() {
        0..=128 => MAX_CHUNK,
        129..=256 => 16,
        257..=512 => 8,
        513..=1024 => 4,
        1025..=2048 => 2,
        _ => 1,
    }
}

impl<T: Send + Sync + 'static> Publisher<T> {
    pub(super) fn publish_all(
        &self,
        events: impl Iterator<Item = T>,
        patience: Patience,
    ) -> Result<Range<Sequence>, PublishBatchError<T>> {
        match const { chunk_len::<T>() } {
            32 => self.publish_chunks::<32>(events, patience),
            16 => self.publish_chunks::<16>(events, patience),
            8 => self.publish_chunks::<8>(events, patience),
            4 => self.publish_chunks::<4>(events, patience),
            2 => self.publish_chunks::<2>(events, patience),
            _ => self.publish_chunks::<1>(events, patience),
        }
    }

    fn publish_chunks<const N: usize>(
        &self,
        mut events: impl Iterator<Item = T>,
        patience: Patience,
    ) -> Result<Range<Sequence>, PublishBatchError<T>> {
        let core = &self.ring.core;
        let most = N.min(core.shape.surplus as usize);
        let mut range: Option<Range<Sequence>> = None;
        let mut published = 0;
        loop {
            let mut chunk = Chunk::<T, N>::new();
            chunk.fill(most, &mut events);
            if chunk.len() == 0 {
                let next = core.next_sequence();
                return Ok(range.unwrap_or(next..next));
            }
            while chunk.len() > 0 {
                let claim = match patience.claim(core, || self.claim(chunk.len() as u64)) {
                    Ok(claim) => claim,
                    Err(refusal) => {
                        let mut rest = Vec::new();
                        rest.extend(std::iter::from_fn(|| chunk.pop()));
                        rest.extend(events);
                        return Err(patience.refused(refusal, published, rest));
                    }
                };
                published += claim.len;
                let first = range.map_or(claim.sequence, |range| range.start);
                range = Some(first..claim.sequence + claim.len);
                self.finish_chunk(claim, &mut chunk);
            }
        }
    }

    /// Moves the first events of the chunk in and releases them last to first; then drops what they have overwritten.
    #[inline(always)]
    fn finish_chunk<const N: usize>(&self, claim: Claim, chunk: &mut Chunk<T, N>) {
        let sequences = claim.sequence..claim.sequence + claim.len;
        let mut overwritten = Chunk::<T, N>::new();
        let mut events = chunk.take(claim.len as usize);
        // ORDERING: Relaxed: a displacement at one of these positions came before the release that allowed this claim.
        if !needs_drop::<T>() && claim.spare.is_none() && !self.ring.core.displaced.load(Relaxed) {
            // SAFETY: all of them are claimed, without a spare, and their release follows; the condition says the rest.
            unsafe { self.ring.put_straight(sequences.clone(), &mut events) };
        } else {
            for (sequence, event) in sequences.clone().zip(events) {
                // SAFETY: the sequence is claimed, with this spare, and its release follows.
                let old = unsafe { self.ring.put(sequence, claim.spare, event) };
                if let (true, Some(old)) = (needs_drop::<T>(), old) {
                    overwritten.push(old);
                }
            }
        }
        sequences.rev().for_each(|sequence| self.release(sequence));
        self.ring.core.released();
        while let (true, Some(old)) = (needs_drop::<T>(), overwritten.pop()) {
            self.ring.discard(Some(old));
        }
    }
}

/// A few events on the stack, first in, first out.
struct Chunk<T, const N: usize> {
    events: [MaybeUninit<T>; N],
    /// Places `taken..filled` hold events.
    taken: usize,
    filled: usize,
}

impl<T, const N: usize> Chunk<T, N> {
    #[inline(always)]
    fn new() -> Self {
        Self { events: [const { MaybeUninit::uninit() }; N], taken: 0, filled: 0 }
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.filled - self.taken
    }

    #[inline(always)]
    fn push(&mut self, event: T) {
        self.events[self.filled].write(event);
        self.filled += 1;
    }

    /// Pushes up to `n` events into an empty chunk.
    #[inline(always)]
    fn fill(&mut self, n: usize, events: &mut impl Iterator<Item = T>) {
        for (place, filled) in self.events[..n].iter_mut().zip(1..) {
            let Some(event) = events.next() else { break };
            place.write(event);
            // At once: the iterator may panic.
            self.filled = filled;
        }
    }

    /// The first `n` events; the caller has to take them all, or they are forgotten.
    #[inline(always)]
    fn take(&mut self, n: usize) -> impl Iterator<Item = T> {
        let first = self.taken;
        self.taken += n;
        // SAFETY: the places were filled and not taken before.
        self.events[first..self.filled][..n].iter().map(|event| unsafe { event.assume_init_read() })
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<T> {
        if self.len() == 0 { None } else { self.take(1).next() }
    }
}

impl<T, const N: usize> Drop for Chunk<T, N> {
    fn drop(&mut self) {
        while let (true, Some(event)) = (needs_drop::<T>(), self.pop()) {
            drop(event);
        }
    }
}

/// Events that the unique publisher wrote and has not released; a panic in the iterator takes them out again.
struct Unreleased<'a, T> {
    ring: &'a Ring<T>,
    range: Range<Sequence>,
}

impl<T> Drop for Unreleased<'_, T> {
    fn drop(&mut self) {
        if needs_drop::<T>() {
            for sequence in self.range.clone() {
                // SAFETY: everything in the range was put and not released.
                let event = unsafe { self.ring.take_back(sequence) };
                self.ring.discard(Some(event));
            }
        }
    }
}

impl<T: Send + Sync + 'static> UniquePublisher<T> {
    pub(super) fn publish_all(
        &mut self,
        mut events: impl Iterator<Item = T>,
        patience: Patience,
    ) -> Result<Range<Sequence>, PublishBatchError<T>> {
        let first = self.next;
        loop {
            let limit = self.limit();
            // ORDERING: Relaxed: only this publisher displaces.
            let head = if !needs_drop::<T>() && !self.ring.core.displaced.load(Relaxed) {
                // SAFETY: below the limit, so the slots are free, and nobody sees them before the release; the condition says the
                // rest.
                self.next + unsafe { self.ring.put_straight(self.next..limit.max(self.next), &mut events) }
            } else {
                let ring: &Ring<T> = &self.ring;
                let mut unreleased = Unreleased { ring, range: self.next..self.next };
                while unreleased.range.end < limit {
                    let Some(event) = events.next() else { break };
                    // SAFETY: below the limit, so the slot is free, and nobody sees it before the release.
                    let old = unsafe { ring.put(unreleased.range.end, None, event) };
                    unreleased.range.end += 1;
                    ring.discard(old);
                }
                let head = unreleased.range.end;
                unreleased.range.start = head;
                head
            };
            if head != self.next {
                self.release(head);
            }
            // Not at the limit: the iterator has ended and must not be asked again.
            let Some(event) = (head >= limit).then(|| events.next()).flatten() else {
                return Ok(first..self.next);
            };
            match patience.claim(&self.ring.core, || self.claim(1)) {
                Ok(claim) => {
                    self.finish(claim, event);
                }
                Err(refusal) => {
                    let rest = std::iter::once(event).chain(events).collect();
                    return Err(patience.refused(refusal, self.next - first, rest));
                }
            }
        }
    }
}

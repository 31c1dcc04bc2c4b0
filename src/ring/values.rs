//! The ring with its values: slots, what goes in and comes out of them, and their end.

use super::core::{Core, OWNED, Shape};
use super::fill::Fill;
use crate::contain::contain;
use crate::sync::{Barrier, Cells, Ordering::*, UnsafeCell};
use std::mem::{MaybeUninit, needs_drop};
use std::ops::Range;

/// The shared part of a ring.
///
/// A physical slot is written by the claimer of its position's next sequence, between claim and release, after every reader
/// of the old value has let go. It is read by subscribers whose cursor keeps it: a Block cursor at or below the sequence, or
/// a pinned run that contains it.
pub(crate) struct Ring<T> {
    pub(crate) core: Core,
    values: Cells<T>,
}

// SAFETY: values are moved in by one thread and dropped by another (`Send`), and read in place by several (`Sync`).
unsafe impl<T: Send + Sync> Send for Ring<T> {}
// SAFETY: as above; who may touch a slot when is the protocol of `core`.
unsafe impl<T: Send + Sync> Sync for Ring<T> {}

/// A physical slot.
pub(crate) type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// The value in a slot.
///
/// # Safety
/// The slot holds a released value that the caller's cursor keeps for as long as the reference lives.
#[inline(always)]
pub(crate) unsafe fn value<T>(slot: &Slot<T>) -> &T {
    slot.with(|value| {
        // SAFETY: the caller vouches for a value that nobody writes.
        unsafe { &*value.cast::<T>() }
    })
}

impl<T> Ring<T> {
    pub(crate) fn new(shape: Shape, barrier: Barrier) -> Self {
        let slots = (shape.slots + shape.spares) as usize;
        Self { core: Core::new(shape, barrier), values: Cells::new(slots) }
    }

    /// Writes every slot once, so that the first lap has no page faults.
    pub(crate) fn prefault(&mut self) {
        for value in self.values.iter() {
            value.with_mut(|slot| {
                // SAFETY: nobody else has the ring yet, and an uninitialised slot may hold any bytes.
                unsafe { slot.write_bytes(0, 1) }
            });
        }
        self.core.stamps.iter().for_each(|stamp| stamp.store(0, Relaxed));
        self.core.map.iter().for_each(|entry| entry.store(0, Relaxed));
    }

    /// Moves the event of a claimed sequence into its slot; what it overwrites comes back. With a spare, into the spare's slot:
    /// the old value of the position stays where it is.
    ///
    /// # Safety
    /// The caller has claimed `sequence`, with this spare reserved for it or without one, and has not released it.
    #[inline(always)]
    pub(crate) unsafe fn put<F: Fill<T>>(
        &self,
        sequence: u64,
        spare: Option<usize>,
        event: F,
    ) -> Option<F::Left> {
        let (slot, owned) = match spare {
            None => self.own_slot(sequence, event.owns()),
            Some(spare) => self.core.displace(sequence, spare, event.owns()),
        };
        // SAFETY: the claimer has for itself the position's slot (see `Ring`) or the reserved spare's, and the entry or the
        // spare says what it holds.
        unsafe { self.fill(sequence, slot, owned, event) }
    }

    /// Moves events into the slots of claimed sequences, each in its position's own, until either ends; answers how many.
    ///
    /// # Safety
    /// The caller has claimed all of `sequences`, without a spare, and has released none. None of their positions was ever
    /// displaced, so each has its own slot; `T` needs no drop, so nobody asks the map what a slot holds.
    #[inline(always)]
    pub(crate) unsafe fn put_straight(
        &self,
        sequences: Range<u64>,
        events: &mut impl Iterator<Item = T>,
    ) -> u64 {
        debug_assert!(!needs_drop::<T>());
        let mut at = sequences.start;
        while at < sequences.end {
            let start = self.core.position(at);
            let straight = (self.core.map.len() - start).min((sequences.end - at) as usize);
            debug_assert!(
                self.core.map[start..start + straight].iter().all(|entry| entry.load(Relaxed) == 0)
            );
            for slot in &self.values[start..start + straight] {
                let Some(event) = events.next() else { return at - sequences.start };
                slot.with_mut(|value| {
                    // SAFETY: the claimer has the slot for itself, and it holds nothing that has to be dropped.
                    unsafe { value.write(MaybeUninit::new(event)) }
                });
                at += 1;
            }
        }
        at - sequences.start
    }

    /// The slot of a claimed sequence, and whether what it holds has to be dropped; from now on the entry says whether the new
    /// value has to be.
    #[inline(always)]
    fn own_slot(&self, sequence: u64, owns: bool) -> (usize, bool) {
        let position = self.core.position(sequence);
        // ORDERING: Relaxed: the claimer owns the entry; the previous claimer's store is behind the stamp that said "released"
        // to whoever allowed this claim.
        let entry = self.core.map[position].load(Relaxed);
        let owned = entry & OWNED != 0;
        if needs_drop::<T>() && owned != owns {
            // Nobody else writes the entry now.
            self.core.map[position].store(entry ^ OWNED, Relaxed);
        }
        ((entry & !OWNED) as usize ^ position, owned)
    }

    /// Replaces what a slot holds by the event of `sequence`.
    ///
    /// # Safety
    /// The slot is the caller's alone. With `owned` it holds a value (for types that need a drop).
    #[inline(always)]
    unsafe fn fill<F: Fill<T>>(&self, sequence: u64, slot: usize, owned: bool, event: F) -> Option<F::Left> {
        self.values[slot].with_mut(|value| {
            // SAFETY: the caller has the slot for itself.
            let value = unsafe { &mut *value };
            if !needs_drop::<T>() || !owned {
                value.write(event.value(sequence));
                return None;
            }
            // SAFETY: the caller says that it holds a value.
            event.overwrite(sequence, unsafe { value.assume_init_mut() })
        })
    }

    /// Takes an event that was put but not released out again; the slot is empty afterwards.
    ///
    /// # Safety
    /// The caller has put the event of `sequence` and not released it.
    pub(crate) unsafe fn take_back(&self, sequence: u64) -> T {
        let position = self.core.position(sequence);
        let entry = self.core.map[position].load(Relaxed);
        self.core.map[position].store(entry & !OWNED, Relaxed);
        self.values[(entry & !OWNED) as usize ^ position].with(|value| {
            // SAFETY: the caller put an event there, and the entry says empty from now on.
            unsafe { value.cast::<T>().read() }
        })
    }

    /// The physical slots.
    #[inline(always)]
    pub(crate) fn slots(&self) -> &[Slot<T>] {
        &self.values
    }

    /// Drops what is left of an overwritten value; a panic in it is counted and goes no further.
    #[inline(always)]
    pub(crate) fn discard<L>(&self, left: Option<L>) {
        if let (true, Some(left)) = (needs_drop::<L>(), left) {
            self.contain(|| drop(left));
        }
    }

    fn contain(&self, f: impl FnOnce()) {
        if contain(f).is_none() {
            self.core.drop_panics.fetch_add(1, Relaxed);
        }
    }

    /// Bytes of the whole ring: values, words and cursors so far.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() - size_of::<Core>()
            + self.values.len() * size_of::<UnsafeCell<MaybeUninit<T>>>()
            + self.core.memory()
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        if !needs_drop::<T>() {
            return;
        }
        let positions = self.core.map.iter().enumerate().map(|(position, entry)| {
            let entry = entry.load(Relaxed);
            ((entry & !OWNED) as usize ^ position, entry & OWNED != 0)
        });
        let spares = self.core.spares.iter().map(|spare| {
            let slot = spare.slot.load(Relaxed);
            ((slot & !OWNED) as usize, slot & OWNED != 0)
        });
        for (slot, owned) in positions.chain(spares) {
            if owned {
                self.contain(|| {
                    self.values[slot].with_mut(|value| {
                        // SAFETY: the entry says that the slot holds a value; entries name each slot once, and nobody has the ring.
                        unsafe { value.cast::<T>().drop_in_place() }
                    });
                });
            }
        }
    }
}

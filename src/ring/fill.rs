//! What a publisher moves into a slot: a value, or the parts of one, which become a value only there.
//!
//! A large value that is put together on the stack is copied from there by wide loads that have to wait for the narrow stores
//! before them; parts are written once, to where they stay.

use super::Sequence;
use std::mem::{needs_drop, replace};

/// Becomes a `T` in the slot of a claimed sequence. Nothing of the user's runs meanwhile.
pub(crate) trait Fill<T> {
    /// What is left of an overwritten value.
    type Left;

    /// Will the value have anything to drop? One that has not is overwritten without a look at it: its line may be another core's.
    fn owns(&self) -> bool;

    /// The value of this sequence.
    fn value(self, sequence: Sequence) -> T;

    /// Overwrites a value that has something to drop; answers what of it has to be dropped, if anything.
    fn overwrite(self, sequence: Sequence, old: &mut T) -> Option<Self::Left>;
}

impl<T> Fill<T> for T {
    type Left = T;

    #[inline(always)]
    fn owns(&self) -> bool {
        needs_drop::<T>()
    }

    #[inline(always)]
    fn value(self, _: Sequence) -> T {
        self
    }

    #[inline(always)]
    fn overwrite(self, _: Sequence, old: &mut T) -> Option<T> {
        Some(replace(old, self))
    }
}

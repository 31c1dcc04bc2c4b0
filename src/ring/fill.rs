//! What a publisher moves into a slot: a value, or the parts of one, which become a value only there.
//!
//! A large value that is put together on the stack is copied from there by wide loads that have to wait for the narrow stores
//! before them; parts are written once, to where they stay.

use super::Sequence;
use std::mem::replace;

/// Becomes a `T` in the slot of a claimed sequence. Nothing of the user's runs meanwhile.
pub(crate) trait Fill<T> {
    /// What is left of an overwritten value.
    type Left;

    /// The value of this sequence.
    fn value(self, sequence: Sequence) -> T;

    /// Overwrites a value; answers what of it has to be dropped, if anything.
    fn overwrite(self, sequence: Sequence, old: &mut T) -> Option<Self::Left>;
}

impl<T> Fill<T> for T {
    type Left = T;

    #[inline(always)]
    fn value(self, _: Sequence) -> T {
        self
    }

    #[inline(always)]
    fn overwrite(self, _: Sequence, old: &mut T) -> Option<T> {
        Some(replace(old, self))
    }
}

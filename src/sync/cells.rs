//! A fixed array of uninitialised cells that starts on a cache line and touches no page before it is used.

use super::UnsafeCell;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::NonNull;

type Cell<T> = UnsafeCell<MaybeUninit<T>>;

/// Cache line: a 64-byte event that starts on one takes one, not two.
const LINE: usize = 64;

/// See the module. What the cells hold is the owner's business: dropping the array drops none of it.
pub(crate) struct Cells<T> {
    first: NonNull<Cell<T>>,
    len: usize,
}

impl<T> Cells<T> {
    pub(crate) fn new(len: usize) -> Self {
        let layout = Self::layout(len);
        if layout.size() == 0 {
            return Self { first: NonNull::dangling(), len };
        }
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(layout) };
        let Some(first) = NonNull::new(memory.cast()) else { handle_alloc_error(layout) };
        Self { first, len }
    }

    fn layout(len: usize) -> Layout {
        Layout::array::<Cell<T>>(len)
            .and_then(|layout| layout.align_to(LINE))
            .expect("the builder refuses rings that cannot be addressed")
    }
}

impl<T> Deref for Cells<T> {
    type Target = [Cell<T>];

    #[inline(always)]
    fn deref(&self) -> &[Cell<T>] {
        // SAFETY: `first` is the start of `len` cells of this array (or of nothing, of no size), and a cell of `MaybeUninit`
        // may hold any bytes.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }
}

impl<T> Drop for Cells<T> {
    fn drop(&mut self) {
        let layout = Self::layout(self.len);
        if layout.size() != 0 {
            // SAFETY: allocated in `new` with the same layout.
            unsafe { dealloc(self.first.as_ptr().cast(), layout) };
        }
    }
}

//! The system's allocator, with a count of the bytes that are in use.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

/// Bytes in use, of all threads.
static LIVE: AtomicIsize = AtomicIsize::new(0);

/// Counts, and passes everything on.
struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged; the other methods of the trait call these.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on. Not by `alloc`, which would touch every page of a large ring.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes in use now.
pub(crate) fn live() -> isize {
    LIVE.load(Ordering::Relaxed)
}

/// Makes something, and says how many bytes more are in use then.
pub(crate) fn kept<T, E>(make: impl FnOnce() -> Result<T, E>) -> Result<(isize, T), E> {
    let before = live();
    let made = make()?;
    Ok((live() - before, made))
}

//! Numbers that nobody else in the process has: for threads, and for rings.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's number: never 0, never another thread's, also not a later one's.
#[cold]
pub(crate) fn thread_number() -> u64 {
    if NUMBER.get() == 0 {
        NUMBER.set(fresh_number());
    }
    NUMBER.get()
}

/// A number that was never answered before; not 0.
pub(crate) fn fresh_number() -> u64 {
    // Std's, under every back end: the number synchronises nothing.
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// The same, for one load: 0 where the thread has not asked for its number yet.
#[inline(always)]
pub(crate) fn known_thread_number() -> u64 {
    NUMBER.get()
}

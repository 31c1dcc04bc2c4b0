//! User code that may panic, called where a panic must not pass.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What `f` answers; nothing if it panics.
#[inline(always)]
pub(crate) fn contain<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(answer) => Some(answer),
        Err(thrown) => {
            forget(thrown);
            None
        }
    }
}

/// Drops what was thrown. One whose own drop panics is leaked: there is nobody left to tell.
#[cold]
fn forget(thrown: Box<dyn std::any::Any + Send>) {
    crate::trace::contained(&*thrown);
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(thrown))) {
        std::mem::forget(second);
    }
}

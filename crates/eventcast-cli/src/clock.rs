//! The clock that latencies are measured with.

use std::time::Instant;

#[allow(clippy::disallowed_methods, reason = "the program's one look at the clock")]
#[inline]
pub(crate) fn now() -> Instant {
    Instant::now()
}

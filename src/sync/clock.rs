//! The clocks: wall time for events' timestamps, and what is left of a bounded wait.

use std::time::{Duration, Instant, SystemTime};

/// The time that an event gets when it is published.
#[inline]
#[allow(clippy::disallowed_methods, reason = "the one home of wall time")]
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// A wait that is cut into several: how much of it is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Countdown(Option<Instant>);

#[allow(clippy::disallowed_methods, reason = "a home of the monotonic clock")]
impl Countdown {
    /// Ends after `timeout`; a duration that the clock cannot add means never.
    pub(crate) fn after(timeout: Duration) -> Self {
        Self(Instant::now().checked_add(timeout))
    }

    /// What is left; zero once it is over.
    pub(crate) fn left(&self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }
}

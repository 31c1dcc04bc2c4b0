//! The clocks: wall time for events' timestamps, and what is left of a bounded wait.

use std::time::{Duration, Instant, SystemTime};

/// The clock of a bus: what its events' timestamps, [`max_age`](crate::BusBuilder::max_age) and
/// [`Start::Time`](crate::Start::Time) go by.
///
/// # Examples
/// ```
/// use eventcast::{Bus, Clock};
/// let bus = Bus::<u32>::builder().clock(Clock::Precise).build()?;
/// let mut sub = bus.subscribe("tick")?;
/// let before = bus.now();
/// bus.publish("tick", 1)?;
/// assert!(sub.recv()?.timestamp() >= before);
/// println!("a coarse time is at most {:?} old", Clock::Coarse.resolution());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Clock {
    /// The system's time at its latest tick: up to a [`resolution`](Self::resolution) behind
    /// [`SystemTime::now`], typically 1 to 4 ms, and the same for all events in between. The default: reading it takes a
    /// fraction of what the precise one takes.
    ///
    /// `CLOCK_REALTIME_COARSE` on Linux; on other systems the same as `Precise`.
    #[default]
    Coarse,
    /// [`SystemTime::now`].
    Precise,
}

impl Clock {
    /// The time now, as a bus with this clock would give it to an event.
    #[inline]
    #[allow(clippy::disallowed_methods, reason = "the one home of wall time")]
    pub fn now(self) -> SystemTime {
        match self {
            #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
            Self::Coarse => linux::coarse(),
            _ => SystemTime::now(),
        }
    }

    /// How far apart two times of this clock are at least, if the system says: on Linux what `clock_getres(2)` answers (for
    /// `Coarse` one tick of the kernel, `1 / CONFIG_HZ` seconds), elsewhere nothing.
    pub fn resolution(self) -> Option<Duration> {
        #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
        return Some(linux::resolution(self));
        #[cfg(not(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri)))))]
        None
    }
}

#[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
#[allow(unsafe_code, reason = "system calls without a wrapper in std")]
mod linux {
    use super::Clock;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[inline]
    pub(super) fn coarse() -> SystemTime {
        UNIX_EPOCH + ask(libc::clock_gettime, libc::CLOCK_REALTIME_COARSE)
    }

    pub(super) fn resolution(clock: Clock) -> Duration {
        let clock = match clock {
            Clock::Coarse => libc::CLOCK_REALTIME_COARSE,
            Clock::Precise => libc::CLOCK_REALTIME,
        };
        ask(libc::clock_getres, clock)
    }

    type Call = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> libc::c_int;

    /// What one of the two calls says of a clock that every kernel has had since 2.6.32.
    #[inline]
    fn ask(call: Call, clock: libc::clockid_t) -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both calls write one timespec to the pointer and touch nothing else; `time` is one.
        let answer = unsafe { call(clock, &mut time) };
        debug_assert_eq!(answer, 0, "a kernel without the coarse clock");
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }
}

/// Counts nanoseconds from when it was made, by the precise monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

#[allow(clippy::disallowed_methods, reason = "a home of the monotonic clock")]
impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn nanos(&self) -> u64 {
        self.elapsed().as_nanos() as u64
    }
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

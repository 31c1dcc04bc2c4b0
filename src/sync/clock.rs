//! The clocks: wall time for events' timestamps, and what is left of a bounded wait.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
            Self::Coarse => linux::read(self).into(),
            _ => SystemTime::now(),
        }
    }

    /// The same in one word.
    #[inline]
    pub(crate) fn moment(self) -> Moment {
        #[cfg(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri))))]
        return linux::read(self);
        #[cfg(not(all(target_os = "linux", not(any(eventcast_loom, eventcast_shuttle, miri)))))]
        self.now().into()
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
    use super::{Clock, Moment, NANOS};
    use std::time::Duration;

    #[inline]
    pub(super) fn read(clock: Clock) -> Moment {
        let time = ask(libc::clock_gettime, number(clock));
        Moment((time.tv_sec.max(0) as u64).saturating_mul(NANOS).saturating_add(time.tv_nsec as u64))
    }

    /// Its name in the kernel.
    #[inline]
    fn number(clock: Clock) -> libc::clockid_t {
        match clock {
            Clock::Coarse => libc::CLOCK_REALTIME_COARSE,
            Clock::Precise => libc::CLOCK_REALTIME,
        }
    }

    pub(super) fn resolution(clock: Clock) -> Duration {
        let time = ask(libc::clock_getres, number(clock));
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    type Call = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> libc::c_int;

    /// What one of the two calls says of a clock that every kernel has had since 2.6.32.
    #[inline]
    fn ask(call: Call, clock: libc::clockid_t) -> libc::timespec {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both calls write one timespec to the pointer and touch nothing else; `time` is one.
        let answer = unsafe { call(clock, &mut time) };
        debug_assert_eq!(answer, 0, "a kernel without the coarse clock");
        time
    }
}

/// A wall time in one word: nanoseconds since 1970, to the year 2554. Times outside that are its first and last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

impl Moment {
    /// How long after `other` it is; nothing if it is before.
    pub(crate) fn since(self, other: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(other.0))
    }
}

impl From<SystemTime> for Moment {
    #[inline]
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = since.as_secs().saturating_mul(NANOS);
        Self(nanos.saturating_add(since.subsec_nanos().into()))
    }
}

impl From<Moment> for SystemTime {
    #[inline]
    fn from(moment: Moment) -> Self {
        UNIX_EPOCH + Duration::from_nanos(moment.0)
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

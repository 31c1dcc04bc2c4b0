//! The primitives of a normal build.

use std::cell;
use std::time::{Duration, Instant};

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub(crate) use std::thread::{Thread, current as current_thread, yield_now};

/// Rounds of looking again, with a pause in between, before a waiter of `Wait::Park` goes to sleep.
#[inline(always)]
pub(crate) fn spins() -> u32 {
    if cfg!(miri) { 1 } else { 64 }
}

/// Rounds after that in which it lets other threads run first: going to sleep costs both sides more than they take.
#[inline(always)]
pub(crate) fn yields() -> u32 {
    if cfg!(miri) { 0 } else { 8 }
}

/// Most pauses between two looks of a reader that has caught up or a publisher that waits.
#[inline(always)]
pub(crate) fn max_pauses() -> u32 {
    if cfg!(miri) { 0 } else { 200 }
}

/// Tells the core that this is a spinning loop.
#[inline(always)]
pub(crate) fn spin_hint() {
    std::hint::spin_loop();
}

/// A cell whose accesses a model checker can watch; here it only hands out the pointer.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// A mutex without poisoning, for the slow paths of publish and receive: std's, because it allocates nothing, also not for
/// a thread that has to wait (parking_lot's grows a table then).
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> std::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<std::sync::MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }
}

/// When a bounded wait ends. A duration that the clock cannot add means for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) const NEVER: Self = Self(None);

    pub(crate) fn after(timeout: Duration) -> Self {
        Self(now().checked_add(timeout))
    }

    pub(crate) fn expired(&self) -> bool {
        self.0.is_some_and(|at| now() >= at)
    }
}

#[allow(clippy::disallowed_methods, reason = "the one home of the monotonic clock")]
fn now() -> Instant {
    Instant::now()
}

/// Sleeps until the thread is unparked, the deadline passes or `slice` is over; may return early.
pub(crate) fn park_until(deadline: &Deadline, slice: Option<Duration>) {
    let left = deadline.0.map(|at| at.saturating_duration_since(now()));
    match (left, slice) {
        (None, None) => std::thread::park(),
        (Some(d), None) | (None, Some(d)) => std::thread::park_timeout(d),
        (Some(a), Some(b)) => std::thread::park_timeout(a.min(b)),
    }
}

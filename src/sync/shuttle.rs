//! Shuttle's primitives: random schedules over what loom cannot finish. All orderings count as sequentially consistent.

use std::time::Duration;

pub(crate) use shuttle::sync::Arc;
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub(crate) use shuttle::thread::{Thread, current as current_thread, yield_now};

/// Spinning adds nothing to a schedule.
#[inline(always)]
pub(crate) fn spins() -> u32 {
    0
}

/// Nor does yielding before a sleep.
#[inline(always)]
pub(crate) fn yields() -> u32 {
    0
}

/// Nor does pausing.
#[inline(always)]
pub(crate) fn max_pauses() -> u32 {
    0
}

pub(crate) fn spin_hint() {
    yield_now();
}

/// Shuttle runs one thread at a time: a plain cell.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

#[derive(Debug)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> shuttle::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<shuttle::sync::MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}

/// A time-out is a thread of the schedule that fires when it is its turn.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Option<Arc<AtomicBool>>);

impl Deadline {
    pub(crate) const NEVER: Self = Self(None);

    pub(crate) fn after(timeout: Duration) -> Self {
        if timeout == Duration::MAX {
            return Self::NEVER;
        }
        let fired = Arc::new(AtomicBool::new(timeout.is_zero()));
        if !timeout.is_zero() {
            let (flag, waiter) = (fired.clone(), current_thread());
            shuttle::thread::spawn(move || {
                flag.store(true, std::sync::atomic::Ordering::SeqCst);
                waiter.unpark();
            });
        }
        Self(Some(fired))
    }

    pub(crate) fn expired(&self) -> bool {
        self.0.as_ref().is_some_and(|fired| fired.load(std::sync::atomic::Ordering::SeqCst))
    }
}

pub(crate) fn park_until(deadline: &Deadline, slice: Option<Duration>) {
    if deadline.expired() {
        return;
    }
    match slice {
        Some(_) => yield_now(),
        None => shuttle::thread::park(),
    }
}

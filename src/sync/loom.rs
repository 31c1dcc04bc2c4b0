//! Loom's primitives. Loom cannot see inside std's mutex and has no timed park, so the stand-ins
//! below have the real ones' signatures and loom then proves the engine's protocol, not theirs.

use std::mem::MaybeUninit;
use std::ops::Deref;
use std::time::Duration;

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
pub(crate) use loom::thread::yield_now;

/// Spinning adds nothing to a model but schedules.
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

/// A spinning thread must let the others run: loom's scheduler is not fair.
pub(crate) fn spin_hint() {
    yield_now();
}

/// Cells that loom watches, one by one.
pub(crate) struct Cells<T>(Box<[UnsafeCell<MaybeUninit<T>>]>);

impl<T> Cells<T> {
    pub(crate) fn new(len: usize) -> Self {
        Self((0..len).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect())
    }
}

impl<T> Deref for Cells<T> {
    type Target = [UnsafeCell<MaybeUninit<T>>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<loom::sync::MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}

/// A time-out is a thread of the model that fires at any moment it likes and unparks the waiter.
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
            loom::thread::spawn(move || {
                flag.store(true, std::sync::atomic::Ordering::Release);
                waiter.unpark();
            });
        }
        Self(Some(fired))
    }

    pub(crate) fn expired(&self) -> bool {
        self.0.as_ref().is_some_and(|fired| fired.load(std::sync::atomic::Ordering::Acquire))
    }
}

/// A thread to wake. Loom's own `unpark` is no step of the model, and wakes a thread from whatever it waits for, a mutex
/// included; so the token is modelled by a mutex and a condition variable.
#[derive(Clone, Debug)]
pub(crate) struct Thread(Arc<Token>);

#[derive(Debug)]
struct Token {
    given: loom::sync::Mutex<bool>,
    changed: loom::sync::Condvar,
}

loom::thread_local! {
    static TOKEN: Thread = Thread(Arc::new(Token {
        given: loom::sync::Mutex::new(false),
        changed: loom::sync::Condvar::new(),
    }));
}

pub(crate) fn current_thread() -> Thread {
    TOKEN.with(Clone::clone)
}

impl Thread {
    pub(crate) fn unpark(&self) {
        *self.0.given.lock().unwrap() = true;
        self.0.changed.notify_one();
    }
}

fn park() {
    let thread = current_thread();
    let mut given = thread.0.given.lock().unwrap();
    while !*given {
        given = thread.0.changed.wait(given).unwrap();
    }
    *given = false;
}

pub(crate) fn park_until(deadline: &Deadline, slice: Option<Duration>) {
    if deadline.expired() {
        return;
    }
    match slice {
        Some(_) => yield_now(),
        None => park(),
    }
}

//! Whoever waits for the next item of a queue beside other things, where the channel's own wait would be in the way.
//!
//! The handshake: register, heavy barrier, look once more, sleep. The intake: put the item in, light barrier, look whether
//! somebody waits.

use crate::ring::Bed;
use crate::sync::{AtomicBool, Mutex, Ordering::*};

pub(super) struct Awaiter {
    /// Is there a bed? For the intake to look at.
    waits: AtomicBool,
    bed: Mutex<Option<Bed>>,
}

impl Awaiter {
    pub(super) fn new() -> Self {
        Self { waits: AtomicBool::new(false), bed: Mutex::new(None) }
    }

    /// Whoever sleeps there is woken for the next item, once. The heavy barrier and another look must follow.
    pub(super) fn register(&self, bed: Bed) {
        self.replace(Some(bed));
    }

    /// Takes the registration back, if nobody has.
    pub(super) fn cancel(&self) {
        self.replace(None);
    }

    fn replace(&self, bed: Option<Bed>) {
        let mut current = self.bed.lock();
        // ORDERING: Relaxed; the barriers of the handshake order it against the intake's look.
        self.waits.store(bed.is_some(), Relaxed);
        let before = std::mem::replace(&mut *current, bed);
        drop(current);
        before.into_iter().for_each(Bed::leave);
    }

    /// Has the registration been taken by somebody who woke its thread? That may have been for an item that came before it.
    pub(super) fn is_called(&self) -> bool {
        // ORDERING: Relaxed: who was unparked sees what came before that.
        !self.waits.load(Relaxed)
    }

    /// Wakes who waits. After something was put in, and the light barrier.
    #[inline]
    pub(super) fn call(&self) {
        // ORDERING: Relaxed; see `replace`.
        if self.waits.load(Relaxed) {
            self.wake();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake(&self) {
        let mut current = self.bed.lock();
        self.waits.store(false, Relaxed);
        let bed = current.take();
        drop(current);
        bed.map(Bed::wake);
    }

    /// Will this task be woken?
    #[cfg(feature = "stream")]
    pub(super) fn waits_for(&self, waker: &std::task::Waker) -> bool {
        self.bed.lock().as_ref().is_some_and(|bed| bed.is_of(waker))
    }
}

//! Where somebody sleeps, and how it is woken there.

use crate::contain::contain;
use crate::sync::{Thread, current_thread};
#[cfg(any(feature = "stream", eventcast_loom))]
use std::task::Waker;

pub(crate) enum Bed {
    Thread(Thread),
    #[cfg(feature = "select")]
    Doorbell(crossbeam_channel::Sender<()>),
    #[cfg(any(feature = "stream", eventcast_loom))]
    Task(Waker),
}

impl Bed {
    /// Of the current thread.
    pub(crate) fn here() -> Self {
        Self::Thread(current_thread())
    }

    /// True when a thread was woken. False for a doorbell and for a task: nobody knows when their owner looks, so whoever wakes
    /// goes on. A task's waker is user code; never under a lock.
    pub(crate) fn wake(self) -> bool {
        match self {
            Self::Thread(thread) => {
                thread.unpark();
                true
            }
            #[cfg(feature = "select")]
            Self::Doorbell(bell) => {
                // Full: it has rung already.
                let _ = bell.try_send(());
                false
            }
            #[cfg(any(feature = "stream", eventcast_loom))]
            Self::Task(waker) => {
                contain(|| waker.wake());
                false
            }
        }
    }

    /// Nobody sleeps there any more. The drop of a waker is user code; never under a lock.
    pub(crate) fn leave(self) {
        contain(|| drop(self));
    }

    /// Would it wake the same task?
    #[cfg(feature = "stream")]
    pub(crate) fn is_of(&self, waker: &Waker) -> bool {
        matches!(self, Self::Task(other) if other.will_wake(waker))
    }
}

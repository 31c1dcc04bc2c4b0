//! The only place that knows which primitives the engine runs on.
//!
//! Three back ends with the same signatures: the real ones, loom's under
//! `cfg(eventcast_loom)` and shuttle's under `cfg(eventcast_shuttle)`. What the stand-ins weaken is said where they
//! weaken it: they have no membarrier (both sides become the fence), and a time-out is one more thread of the model.

#[cfg(eventcast_loom)]
#[path = "loom.rs"]
mod backend;
#[cfg(not(any(eventcast_loom, eventcast_shuttle)))]
#[path = "real.rs"]
mod backend;
#[cfg(eventcast_shuttle)]
#[path = "shuttle.rs"]
mod backend;

mod barrier;
#[cfg(not(eventcast_loom))]
#[allow(unsafe_code, reason = "aligned memory without initialisation")]
mod cells;
#[cfg_attr(any(eventcast_loom, eventcast_shuttle), path = "channel_model.rs")]
pub(crate) mod channel;
mod clock;
mod thread_number;

pub(crate) use arc_swap::ArcSwap;
#[cfg(eventcast_loom)]
pub(crate) use backend::Cells;
pub(crate) use backend::{
    Arc, AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Deadline, Mutex, Thread, UnsafeCell,
    current_thread, max_pauses, park_until, spin_hint, spins, yield_now, yields,
};
pub(crate) use barrier::{Barrier, acquire_fence};
#[cfg(not(eventcast_loom))]
pub(crate) use cells::Cells;
pub use clock::Clock;
pub(crate) use clock::{Countdown, Moment, Stopwatch};
#[cfg(eventcast_loom)]
pub(crate) use loom::thread_local;
#[cfg(eventcast_shuttle)]
pub(crate) use shuttle::thread_local;
/// What `ArcSwap` holds in every build, and what is shared below it.
pub(crate) use std::sync::Arc as PlainArc;
pub(crate) use std::sync::atomic::Ordering;
#[cfg(not(any(eventcast_loom, eventcast_shuttle)))]
pub(crate) use std::thread_local;
pub(crate) use thread_number::{fresh_number, known_thread_number, thread_number};

//! The shared ring: publishers write an event once, every subscriber reads it in place.
//!
//! # What happens when …
//!
//! - **a blocking subscriber is a full ring behind** ([`Overflow::Block`]): publishers wait for it, or get their event back
//!   from the `try_` and `_timeout` forms.
//! - **a lagging subscriber is overtaken** ([`Overflow::Lag`]): it misses the oldest events, is told the exact number once, and
//!   goes on with the oldest kept. At least the newest `capacity` events are always kept. It never delays a publisher, also
//!   not from inside a guard, as long as no more than [`lag_slots`](Builder::lag_slots) events are held in guards at once.
//! - **a disconnecting subscriber is a full ring behind** ([`Overflow::Disconnect`]): the event that finds it so marks it. It
//!   reads what is left of the events before, gets `Disconnected(n)` once, and has left.
//! - **nobody subscribes**: publishing succeeds, and the event is kept as history for who joins at [`Start::Oldest`].
//! - **the last publisher goes, or somebody closes the ring**: subscribers read what is left and then get `Closed`; waiting
//!   publishers get their event back.
//! - **user code panics** (`Drop`, `Clone`, a closure, an iterator): none of it ever runs between the claim of a sequence and
//!   its release, so the ring stays whole.
//!
//! All subscribers see one order, the [`Sequence`], which has no gaps. `capacity` is taken literally. Publishing and receiving
//! allocate nothing. A value lives until its slot is used again or the ring ends.
//!
//! Sequences end at 2^53 - 2^32; a ring that gets there closes itself.

#![allow(
    unsafe_code,
    reason = "the one home of unsafe code: slots shared between threads by the ring's protocol"
)]

mod batch;
mod bed;
mod builder;
mod core;
mod cursor;
mod door;
#[cfg(feature = "select")]
mod doorbell;
mod enlist;
mod fill;
mod full;
mod iter;
mod join;
mod leader;
mod methods;
mod pace;
mod publish_batch;
mod publisher;
mod reach;
mod recv;
mod room;
mod sight;
mod sleep;
mod standing;
mod subscriber;
mod unique;
mod values;
mod wait;
mod word;

pub use batch::{Batch, BatchIter};
pub(crate) use bed::Bed;
pub use builder::{Builder, channel};
pub(crate) use door::Door;
#[cfg(eventcast_loom)]
#[doc(hidden)]
pub use door::model as door_model;
pub(crate) use enlist::Enlisted;
pub(crate) use fill::Fill;
pub use iter::{IntoIter, Iter, Results, TryIter};
pub use join::{Joiner, Start};
pub(crate) use leader::Leader;
#[cfg(eventcast_loom)]
#[doc(hidden)]
pub use leader::model as leader_model;
pub(crate) use methods::NoClaim;
pub(crate) use publisher::Claim;
pub use publisher::{Publisher, WeakPublisher};
pub(crate) use reach::Reach;
pub use subscriber::Subscriber;
pub use unique::UniquePublisher;
pub use wait::Wait;

pub use crate::error::{
    BatchRefusal, BuildError, PublishBatchError, PublishError, PublishTimeoutError, RecvError,
    RecvTimeoutError, StartError, TryPublishError, TryRecvError,
};

pub(crate) use standing::{Standing, Standings};

use std::fmt;

/// An event's position in the ring's total order: 0 first, no gaps.
pub type Sequence = u64;

/// The largest capacity of a ring.
pub const MAX_CAPACITY: usize = 1 << 24;

/// What happens when a subscriber is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// Publishers wait for it: it loses nothing. The default.
    #[default]
    Block,
    /// It loses the oldest events, counted, and nobody waits.
    Lag,
    /// It is removed once it is a full ring behind, and nobody waits.
    Disconnect,
}

/// The number of a subscriber on its ring, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriberId(pub(crate) u64);

impl SubscriberId {
    /// The bare number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for SubscriberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subscriber {}", self.0)
    }
}

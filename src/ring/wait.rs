//! How a side of the ring waits.

use crate::sync::{spin_hint, spins, yield_now, yields};

/// What a thread does while it waits for an event or for room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Looks again without a pause in scheduling: the lowest latency, a whole core per waiting thread. Only with a core
    /// for each thread.
    Spin,
    /// Looks a few times, then gives the core away between looks. Uses every idle cycle of the machine.
    Yield,
    /// Looks for a moment, then sleeps until it is woken. A sleeping thread uses no CPU. The default.
    #[default]
    Park,
}

impl Wait {
    /// Whether somebody may sleep on such a ring, so that publishers have to look for sleepers.
    #[inline(always)]
    pub(crate) fn sleeps(self) -> bool {
        matches!(self, Self::Park) || cfg!(any(feature = "select", feature = "stream"))
    }

    /// The one of both that gives the core away later.
    pub(crate) fn most_impatient(self, other: Self) -> Self {
        match (self, other) {
            (Self::Spin, _) | (_, Self::Spin) => Self::Spin,
            (Self::Yield, _) | (_, Self::Yield) => Self::Yield,
            (Self::Park, Self::Park) => Self::Park,
        }
    }

    /// The pause of this round between two looks; false when it is time to sleep instead.
    pub(crate) fn pause(self, round: u32) -> bool {
        match self {
            Self::Spin => spin_hint(),
            Self::Yield if round < spins() => spin_hint(),
            Self::Yield => yield_now(),
            Self::Park if round < spins() => spin_hint(),
            Self::Park if round < spins() + yields() => yield_now(),
            Self::Park => return false,
        }
        true
    }
}

//! How far a subscriber is, for whoever looks on while it reads.

use super::Delivery;
use eventcast::Subscription;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How old what a gauge shows may be. A look at the ring takes time from publishers, so not after each read.
pub(super) const LOOK: Duration = Duration::from_millis(100);

/// Written by the subscriber's thread, now and then.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    behind: AtomicU64,
    lost: AtomicU64,
}

/// What it showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Events ahead of the subscriber.
    pub(super) behind: u64,
    pub(super) lost: u64,
}

impl Gauge {
    pub(super) fn note(&self, subscription: &Subscription<Delivery>) {
        self.behind.store(subscription.len() as u64, Relaxed);
        self.lost.store(subscription.lost(), Relaxed);
    }

    pub(super) fn read(&self) -> Reading {
        Reading { behind: self.behind.load(Relaxed), lost: self.lost.load(Relaxed) }
    }
}

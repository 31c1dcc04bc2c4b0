//! What a bus tells [`tracing`](https://docs.rs/tracing), with the feature of that name: who comes and goes, who loses events,
//! what panics. Without the feature these are empty functions.
//!
//! Whoever listens is user code: a panic in it ends here. Nothing is told under a lock or between claim and release.

#![cfg_attr(not(feature = "tracing"), allow(unused_variables, reason = "nobody is told"))]

use crate::bus::SubscriptionInfo;

/// Tells whoever listens, and contains what they throw: telling of that would call them again.
#[cfg(feature = "tracing")]
macro_rules! tell {
    ($level:ident, $($event:tt)+) => {
        let told = std::panic::AssertUnwindSafe(|| tracing::$level!(target: "eventcast", $($event)+));
        if let Err(thrown) = std::panic::catch_unwind(told) {
            std::mem::forget(thrown);
        }
    };
}

#[cfg(not(feature = "tracing"))]
macro_rules! tell {
    ($($event:tt)+) => {};
}

pub(crate) fn subscribed(who: &SubscriptionInfo, joined: u64) {
    tell!(
        debug,
        subscriber = who.id.number(),
        name = who.name.as_deref(),
        pattern = who.pattern.as_str(),
        overflow = ?who.overflow,
        joined,
        "subscribed"
    );
}

pub(crate) fn left(who: &SubscriptionInfo, delivered: u64, lost: u64) {
    tell!(
        debug,
        subscriber = who.id.number(),
        name = who.name.as_deref(),
        pattern = who.pattern.as_str(),
        delivered,
        lost,
        "left"
    );
}

#[cold]
pub(crate) fn lagged(who: &SubscriptionInfo, missed: u64) {
    tell!(
        warn,
        subscriber = who.id.number(),
        name = who.name.as_deref(),
        pattern = who.pattern.as_str(),
        missed,
        "lagged"
    );
}

#[cold]
pub(crate) fn disconnected(who: &SubscriptionInfo, lost: u64) {
    tell!(
        warn,
        subscriber = who.id.number(),
        name = who.name.as_deref(),
        pattern = who.pattern.as_str(),
        lost,
        "disconnected"
    );
}

pub(crate) fn closed(accepted: u64) {
    tell!(info, accepted, "closed");
}

/// What user code has thrown, where it was contained.
#[cold]
pub(crate) fn contained(thrown: &(dyn std::any::Any + Send)) {
    #[cfg(feature = "tracing")]
    {
        let text = thrown.downcast_ref::<&str>().copied();
        let text = text.or_else(|| thrown.downcast_ref::<String>().map(String::as_str));
        tell!(error, panic = text, "contained a panic");
    }
}

/// The span that the calling thread is in. One relaxed load while nobody listens.
#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn current_span() -> Option<tracing::Id> {
    #[cold]
    fn ask() -> Option<tracing::Id> {
        crate::contain::contain(|| tracing::Span::current().id()).flatten()
    }
    if tracing::dispatcher::has_been_set() { ask() } else { None }
}

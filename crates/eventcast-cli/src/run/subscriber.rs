//! One subscribing thread.

use super::{Delivery, hash, latencies, nanoseconds};
use crate::clock::now;
use eventcast::{RecvError, Subscription, SubscriptionStats};
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// How many events it takes from the ring at a time.
const BATCH: usize = 64;

/// What one subscriber saw.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) events: u64,
    /// Sum of the hashes of all payloads it read.
    pub(crate) checksum: u64,
    /// Nanoseconds from the offer to the read.
    pub(crate) end_to_end: Histogram<u64>,
    /// When the first event that it read was offered, and when it had read the last.
    pub(crate) span: Option<(Instant, Instant)>,
    /// Its queue was full, and it was ended for that.
    pub(crate) disconnected: bool,
    /// The engine's own account.
    pub(crate) stats: SubscriptionStats,
}

impl Received {
    pub(crate) fn elapsed(&self) -> Duration {
        self.span.map_or(Duration::ZERO, |(first, last)| last - first)
    }
}

/// Reads until the bus is closed and drained, or it is disconnected. Gives the subscription back, so that the bus still knows
/// of it.
pub(super) fn receive(mut subscription: Subscription<Delivery>) -> (Received, Subscription<Delivery>) {
    let mut events = 0;
    let mut checksum = 0_u64;
    let mut end_to_end = latencies();
    let mut span = None;
    let disconnected = loop {
        let result = subscription.drain_wait(BATCH, |event| {
            let Delivery { text, offered, .. } = event.payload();
            let read = now();
            end_to_end.saturating_record(nanoseconds(read - *offered));
            events += 1;
            checksum = checksum.wrapping_add(hash(text));
            let (_, last) = span.get_or_insert((*offered, read));
            *last = read;
        });
        match result {
            // How much it lost stands in its stats.
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(error) => break matches!(error, RecvError::Disconnected(_)),
        }
    };
    let stats = subscription.stats();
    (Received { events, checksum, end_to_end, span, disconnected, stats }, subscription)
}

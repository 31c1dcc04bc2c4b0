//! One subscribing thread.

use super::gauge::{Gauge, LOOK};
use super::{Delivery, hash, latencies, nanoseconds};
use crate::clock::now;
use eventcast::{RecvTimeoutError, Subscription, SubscriptionStats};
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

/// Reads until the bus is closed and drained, or it is disconnected.
pub(super) fn receive(mut subscription: Subscription<Delivery>, gauge: &Gauge) -> Received {
    let mut events = 0;
    let mut checksum = 0_u64;
    let mut end_to_end = latencies();
    let mut span = None;
    let mut looked = now();
    let disconnected = loop {
        let result = subscription.drain_timeout(BATCH, LOOK, |event| {
            let Delivery { text, offered, .. } = event.payload();
            let read = now();
            end_to_end.saturating_record(nanoseconds(read.saturating_duration_since(*offered)));
            events += 1;
            checksum = checksum.wrapping_add(hash(text));
            let (_, last) = span.get_or_insert((*offered, read));
            *last = read;
        });
        let look = match result {
            Ok(_) => span.is_some_and(|(_, last)| last.saturating_duration_since(looked) >= LOOK),
            // How much it lost stands in its stats.
            Err(RecvTimeoutError::Lagged(_)) => false,
            Err(RecvTimeoutError::Timeout) => true,
            Err(error) => break matches!(error, RecvTimeoutError::Disconnected(_)),
        };
        if look {
            gauge.note(&subscription);
            looked = now();
        }
    };
    gauge.note(&subscription);
    let stats = subscription.stats();
    Received { events, checksum, end_to_end, span, disconnected, stats }
}

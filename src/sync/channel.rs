//! Queues between threads: crossbeam's, as far as the engine uses them.

use super::Countdown;
pub(crate) use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use std::time::Duration;

/// Takes the next item and waits for one; nothing when the time is over or no sender is left. A duration beyond the clock means
/// for ever.
pub(crate) fn take_within<T>(receiver: &Receiver<T>, left: &Countdown) -> Result<T, RecvTimeoutError> {
    match left.left() {
        Duration::MAX => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        left => receiver.recv_timeout(left),
    }
}

//! Queues between threads: crossbeam's, as far as the engine uses them.

use super::Countdown;
use crossbeam_channel::Select;
pub(crate) use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use std::time::Duration;

/// Waits until there is something to take or no sender is left, and leaves it there; false when the time is over first. A
/// duration beyond the clock means for ever.
pub(crate) fn wait_to_take<T>(receiver: &Receiver<T>, left: &Countdown) -> bool {
    let mut select = Select::new();
    select.recv(receiver);
    match left.left() {
        Duration::MAX => {
            select.ready();
            true
        }
        left => select.ready_timeout(left).is_ok(),
    }
}

//! What can be known of a bus while it runs.
//!
//! The counts are sequences and plain numbers that publishers and readers keep anyway, each on a line of its own; whoever
//! wants to know does the sums.

mod snapshot;
mod subscription;

pub use snapshot::{Snapshot, Totals};
pub use subscription::{LostBy, SubscriptionSnapshot};

//! What can be known of a bus while it runs.
//!
//! The counts are sequences and plain numbers that publishers and readers keep anyway, each on a line of its own; whoever
//! wants to know does the sums.

mod exposition;
mod health;
mod histogram;
mod lane;
mod snapshot;
mod subscription;
mod times;

pub use exposition::Exposition;
pub use health::{Health, HealthReason, HealthStatus, Thresholds};
pub use histogram::Histogram;
pub use lane::LaneSnapshot;
pub use snapshot::{Snapshot, Totals};
pub use subscription::{LostBy, SubscriptionSnapshot};

pub(crate) use health::Monitor;
pub(crate) use histogram::Recorder;
pub(crate) use times::{Sampling, Times};

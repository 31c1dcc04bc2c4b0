//! Pages: what is promised, what is not, how fast it is, how to use it, how it works inside.

pub mod guarantees;
pub mod internals;
pub mod limitations;
pub mod metrics;
pub mod patterns;
pub mod performance;

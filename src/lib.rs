//! An embedded event broadcast engine: threads of one process publish events, any number of subscribers see each of them.

#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
pub mod ring;
mod sync;

pub use ring::{Overflow, Wait};

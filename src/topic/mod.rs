//! Topics: dot-separated names that events are published to, and patterns of them that subscribers ask for.
//!
//! A name has 1 to 32 tokens and at most 255 bytes. Tokens are case-sensitive and consist of any characters but `.`, `*`,
//! `>`, white space and control characters. In a pattern the token `*` stands for exactly one token and the token `>`, which
//! may only come last, for one or more; the rules of NATS subjects.

mod error;
mod hamt;
#[allow(unsafe_code, reason = "references that count nothing while a name is pinned")]
mod held;
mod index;
mod name;
mod pattern;
#[allow(unsafe_code, reason = "references in the ring that count nothing")]
mod reference;
mod registry;
mod rules;

pub use error::{TopicError, TopicErrorKind};
pub(crate) use held::Held;
#[cfg(eventcast_loom)]
#[doc(hidden)]
pub use held::model;
pub(crate) use index::PatternIndex;
pub(crate) use name::TopicName;
pub use pattern::TopicPattern;
pub(crate) use reference::TopicRef;
pub(crate) use registry::Topics;
pub use rules::{MAX_TOPIC_BYTES, MAX_TOPIC_TOKENS, check_topic};

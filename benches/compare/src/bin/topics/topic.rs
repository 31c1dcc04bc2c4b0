//! The engine's own index, from its own files: it is no public API.

pub(crate) use eventcast::{MAX_TOPIC_TOKENS, TopicPattern};
pub(crate) use index::PatternIndex;

#[path = "../../../../../src/topic/hamt.rs"]
mod hamt;
#[path = "../../../../../src/topic/index.rs"]
mod index;

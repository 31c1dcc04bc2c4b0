//! A name that somebody is publishing to by its text, for as long as that takes.
//!
//! A counted reference costs two atomic read-modify-writes, and giving it back waits for the stores of the publish before it to
//! reach the other cores. The thread that owns a topic's count *pins* the name instead: it notes how many of its publishes are
//! under way by plain stores, which the registry looks at before it lets the name go. Other threads count.

use super::TopicName;
use crate::sync::Arc;
use std::mem::ManuallyDrop;
use std::ops::Deref;

/// A name that the registry keeps meanwhile. Stays on its thread.
pub(crate) enum Held {
    Pinned(ManuallyDrop<Arc<TopicName>>),
    Counted(Arc<TopicName>),
}

impl Held {
    /// Under the registry's lock, while it has the name.
    pub(super) fn new(name: &Arc<TopicName>) -> Self {
        if !name.pin() {
            return Self::Counted(name.clone());
        }
        // SAFETY: a second `Arc` for one count, which is never dropped and gone before the registry's: that stays while the name
        // is pinned, and whoever holds this borrows what keeps the registry.
        Self::Pinned(ManuallyDrop::new(unsafe { std::ptr::read(name) }))
    }
}

impl Deref for Held {
    type Target = Arc<TopicName>;

    #[inline]
    fn deref(&self) -> &Arc<TopicName> {
        match self {
            Self::Pinned(name) => name,
            Self::Counted(name) => name,
        }
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if let Self::Pinned(name) = self {
            name.unpin();
        }
    }
}

/// What the model of pinned names reaches.
#[cfg(eventcast_loom)]
#[allow(missing_docs, missing_debug_implementations, reason = "no public face")]
pub mod model {
    use super::TopicName;

    pub struct Name(TopicName);

    impl Name {
        #[allow(clippy::new_without_default, reason = "a model makes one")]
        pub fn new() -> Self {
            Self(TopicName::new("name".into(), 0, 0, 0))
        }

        pub fn pin(&self) -> bool {
            self.0.pin()
        }

        /// A publish that is counted.
        pub fn count(&self) {
            self.0.count();
        }

        pub fn unpin(&self) {
            self.0.unpin();
        }

        pub fn is_pinned(&self) -> bool {
            self.0.is_pinned()
        }

        pub fn published(&self) -> u64 {
            self.0.published()
        }
    }
}

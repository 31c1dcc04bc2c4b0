//! What an event knows of its topic.

use super::TopicName;
use crate::sync::Arc;
use std::ptr::NonNull;

/// A reference to a name, in one word: *counted*, as an `Arc` is, or *lent*, which counts nothing and whose drop does not
/// follow the pointer. Its clone is counted, whatever it is itself.
pub(crate) struct TopicRef {
    /// What `Arc::as_ptr` says, with [`COUNTED`] in its address.
    name: NonNull<TopicName>,
}

const COUNTED: usize = 1;
const _: () = assert!(align_of::<TopicName>() > COUNTED);

// SAFETY: it gives access to a `&TopicName` and to counts, as an `Arc` does.
unsafe impl Send for TopicRef where Arc<TopicName>: Send {}
// SAFETY: as above.
unsafe impl Sync for TopicRef where Arc<TopicName>: Sync {}

impl TopicRef {
    /// A lent reference.
    ///
    /// # Safety
    /// It is dropped before `name` is, or it is moved into the ring of the bus whose [`Topics`](super::Topics) has the name
    /// while `name` is there; from then on it is looked at only through references that the ring gives to a subscriber, while
    /// somebody keeps those `Topics`.
    #[inline(always)]
    pub(crate) unsafe fn lend(name: &Arc<TopicName>) -> Self {
        let name = NonNull::new(Arc::as_ptr(name).cast_mut()).expect("an Arc is never null");
        Self { name }
    }

    /// A lent reference to the same name.
    ///
    /// # Safety
    /// Somebody keeps a counted reference to the name until this one is dropped or [counted](Self::count).
    #[inline(always)]
    pub(crate) unsafe fn lend_again(&self) -> Self {
        Self { name: NonNull::new(self.pointer().cast_mut()).expect("an Arc is never null") }
    }

    /// Makes it a counted one.
    #[inline]
    pub(crate) fn count(&mut self) {
        if !self.is_counted() {
            *self = self.clone();
        }
    }

    /// Do both refer to the same name?
    #[inline]
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.pointer() == other.pointer()
    }

    #[inline(always)]
    fn is_counted(&self) -> bool {
        self.name.addr().get() & COUNTED != 0
    }

    #[inline(always)]
    fn pointer(&self) -> *const TopicName {
        self.name.as_ptr().map_addr(|address| address & !COUNTED)
    }

    #[inline(always)]
    pub(crate) fn name(&self) -> &TopicName {
        // SAFETY: a counted one keeps the name. A lent one is with its publisher, who has a counted one, or a subscriber reads
        // it in the ring: its sequence is one that the registry waits for before it lets the name go (see `registry`).
        unsafe { &*self.pointer() }
    }
}

impl Clone for TopicRef {
    fn clone(&self) -> Self {
        // SAFETY: the pointer is an `Arc`'s, whose value lives (see `name`).
        unsafe { Arc::increment_strong_count(self.pointer()) };
        Self { name: self.name.map_addr(|address| address | COUNTED) }
    }
}

impl Drop for TopicRef {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_counted() {
            // SAFETY: the count is this reference's own.
            unsafe { Arc::decrement_strong_count(self.pointer()) };
        }
    }
}

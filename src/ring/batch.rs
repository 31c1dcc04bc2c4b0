//! A borrowed run of events.

use super::Sequence;
use super::subscriber::Subscriber;
use std::fmt;
use std::ops::Index;

/// Events that a subscriber reads in place, oldest first; never empty.
///
/// Dropping it consumes them all, [`release_first`](Self::release_first) only some. A guard that was forgotten is consumed by
/// the subscriber's next call.
///
/// # Examples
/// ```
/// let (publisher, mut subscriber) = eventcast::ring::channel::<u32>(8);
/// publisher.publish_batch([1, 2, 3]).unwrap();
/// let batch = subscriber.batch(8).unwrap();
/// assert_eq!(batch.iter().copied().collect::<Vec<_>>(), [1, 2, 3]);
/// batch.release_first(1);
/// assert_eq!(subscriber.try_recv(), Ok(2));
/// ```
#[must_use = "dropping a batch consumes its events"]
pub struct Batch<'a, T> {
    subscriber: &'a mut Subscriber<T>,
}

impl<'a, T> Batch<'a, T> {
    pub(super) fn new(subscriber: &'a mut Subscriber<T>, len: u64) -> Self {
        subscriber.guarded = len;
        Self { subscriber }
    }

    /// How many events it holds, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> usize {
        self.subscriber.guarded as usize
    }

    /// The sequence of its first event; the others follow without a gap.
    pub fn sequence(&self) -> Sequence {
        self.subscriber.wanted()
    }

    /// How many events lie ahead of the subscriber, its own included. Looks at a line that publishers write.
    pub(crate) fn ahead(&self) -> u64 {
        self.subscriber.guarded + self.subscriber.len() as u64
    }

    /// The event at this place of the batch.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        (index < self.len()).then(|| self.subscriber.peek(index as u64))
    }

    /// Its events, oldest first; they live no longer than the guard.
    pub fn iter(&self) -> BatchIter<'_, T> {
        BatchIter { subscriber: self.subscriber, at: 0, end: self.subscriber.guarded }
    }

    /// Consumes the first `n` events (at most all) and leaves the rest for the subscriber's next call. A lagging subscriber
    /// goes on holding the slots of what is left until then.
    pub fn release_first(self, n: usize) {
        self.subscriber.guarded = self.subscriber.guarded.min(n as u64);
    }
}

impl<T> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        self.subscriber.settle();
    }
}

impl<T> Index<usize> for Batch<'_, T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        match self.get(index) {
            Some(event) => event,
            None => panic!("index {index} of a batch of {}", self.len()),
        }
    }
}

impl<'b, T> IntoIterator for &'b Batch<'_, T> {
    type Item = &'b T;
    type IntoIter = BatchIter<'b, T>;

    fn into_iter(self) -> BatchIter<'b, T> {
        self.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Batch<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over a [`Batch`].
pub struct BatchIter<'b, T> {
    subscriber: &'b Subscriber<T>,
    at: u64,
    end: u64,
}

impl<'b, T> Iterator for BatchIter<'b, T> {
    type Item = &'b T;

    #[inline]
    fn next(&mut self) -> Option<&'b T> {
        if self.at == self.end {
            return None;
        }
        self.at += 1;
        Some(self.subscriber.peek(self.at - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.end - self.at) as usize;
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for BatchIter<'_, T> {}

impl<T> fmt::Debug for BatchIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchIter").field("left", &(self.end - self.at)).finish()
    }
}

//! A stand-in for crossbeam's channels under a model checker, which cannot see into them: a mutex around a queue. Each
//! operation is one step, as the real ones promise; what is checked is the engine's use of them.

use super::{Arc, AtomicUsize, Countdown, Mutex, Ordering::Relaxed, yield_now};
use std::collections::VecDeque;

struct Inner<T> {
    queue: VecDeque<T>,
    capacity: usize,
    senders: usize,
}

struct Shared<T> {
    inner: Mutex<Inner<T>>,
    /// As long as the queue: what may be asked without a step of the queue.
    len: AtomicUsize,
}

pub(crate) struct Sender<T>(Arc<Shared<T>>);

pub(crate) struct Receiver<T>(Arc<Shared<T>>);

pub(crate) fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let inner = Mutex::new(Inner { queue: VecDeque::new(), capacity, senders: 1 });
    let shared = Arc::new(Shared { inner, len: AtomicUsize::new(0) });
    (Sender(shared.clone()), Receiver(shared))
}

pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    bounded(usize::MAX)
}

impl<T> Sender<T> {
    pub(crate) fn try_send(&self, item: T) -> Result<(), crossbeam_channel::TrySendError<T>> {
        let mut inner = self.0.inner.lock();
        if inner.queue.len() >= inner.capacity {
            return Err(crossbeam_channel::TrySendError::Full(item));
        }
        inner.queue.push_back(item);
        self.0.len.store(inner.queue.len(), Relaxed);
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.inner.lock().senders -= 1;
    }
}

impl<T> Receiver<T> {
    /// Orders nothing, less than the real one may: who asks has to bring barriers.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len.load(Relaxed) == 0
    }

    pub(crate) fn try_recv(&self) -> Result<T, crossbeam_channel::TryRecvError> {
        let mut inner = self.0.inner.lock();
        let first = inner.queue.pop_front();
        self.0.len.store(inner.queue.len(), Relaxed);
        match first {
            Some(item) => Ok(item),
            None if inner.senders == 0 => Err(crossbeam_channel::TryRecvError::Disconnected),
            None => Err(crossbeam_channel::TryRecvError::Empty),
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) use crossbeam_channel::RecvTimeoutError;

pub(crate) fn take_within<T>(receiver: &Receiver<T>, left: &Countdown) -> Result<T, RecvTimeoutError> {
    loop {
        match receiver.try_recv() {
            Ok(item) => return Ok(item),
            Err(crossbeam_channel::TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(crossbeam_channel::TryRecvError::Empty) if left.left().is_zero() => {
                return Err(RecvTimeoutError::Timeout);
            }
            Err(crossbeam_channel::TryRecvError::Empty) => yield_now(),
        }
    }
}

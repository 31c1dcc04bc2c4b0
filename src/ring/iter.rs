//! Iterators over clones of a subscriber's events.

use super::subscriber::Subscriber;
use crate::error::{RecvError, TryRecvError};
use std::iter::FusedIterator;

/// See [`Subscriber::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Iter<'a, T> {
    pub(super) subscriber: &'a mut Subscriber<T>,
}

impl<T: Clone> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        next(self.subscriber)
    }
}

fn next<T: Clone>(subscriber: &mut Subscriber<T>) -> Option<T> {
    loop {
        match subscriber.recv() {
            Ok(event) => return Some(event),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Disconnected(_) | RecvError::Closed) => return None,
        }
    }
}

/// See [`Subscriber::try_iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct TryIter<'a, T> {
    pub(super) subscriber: &'a mut Subscriber<T>,
}

impl<T: Clone> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            match self.subscriber.try_recv() {
                Ok(event) => return Some(event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => return None,
            }
        }
    }
}

/// See [`Subscriber::results`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Results<'a, T> {
    pub(super) subscriber: &'a mut Subscriber<T>,
    pub(super) done: bool,
}

impl<T: Clone> Iterator for Results<'_, T> {
    type Item = Result<T, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.subscriber.recv() {
            Err(RecvError::Closed) => {
                self.done = true;
                None
            }
            result => Some(result),
        }
    }
}

impl<T: Clone> FusedIterator for Results<'_, T> {}

/// Owns its subscriber; see [`Subscriber::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct IntoIter<T> {
    subscriber: Subscriber<T>,
}

impl<T: Clone> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        next(&mut self.subscriber)
    }
}

impl<T: Clone> IntoIterator for Subscriber<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { subscriber: self }
    }
}

impl<'a, T: Clone> IntoIterator for &'a mut Subscriber<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

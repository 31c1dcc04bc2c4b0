//! Iterators over clones of a subscription's events.

use super::subscription::Subscription;
use crate::error::{RecvError, TryRecvError};
use crate::event::Event;
use std::iter::FusedIterator;

/// See [`Subscription::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Iter<'a, P> {
    pub(super) subscription: &'a mut Subscription<P>,
}

impl<P: Clone> Iterator for Iter<'_, P> {
    type Item = Event<P>;

    fn next(&mut self) -> Option<Event<P>> {
        next(self.subscription)
    }
}

fn next<P: Clone>(subscription: &mut Subscription<P>) -> Option<Event<P>> {
    loop {
        match subscription.recv() {
            Ok(event) => return Some(event),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Disconnected(_) | RecvError::Closed) => return None,
        }
    }
}

/// See [`Subscription::try_iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct TryIter<'a, P> {
    pub(super) subscription: &'a mut Subscription<P>,
}

impl<P: Clone> Iterator for TryIter<'_, P> {
    type Item = Event<P>;

    fn next(&mut self) -> Option<Event<P>> {
        loop {
            match self.subscription.try_recv() {
                Ok(event) => return Some(event),
                Err(TryRecvError::Lagged(_)) => {}
                Err(_) => return None,
            }
        }
    }
}

/// See [`Subscription::results`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Results<'a, P> {
    pub(super) subscription: &'a mut Subscription<P>,
    pub(super) done: bool,
}

impl<P: Clone> Iterator for Results<'_, P> {
    type Item = Result<Event<P>, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.subscription.recv() {
            Err(RecvError::Closed) => {
                self.done = true;
                None
            }
            result => Some(result),
        }
    }
}

impl<P: Clone> FusedIterator for Results<'_, P> {}

/// Owns its subscription; see [`Subscription::iter`].
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct IntoIter<P> {
    subscription: Subscription<P>,
}

impl<P: Clone> Iterator for IntoIter<P> {
    type Item = Event<P>;

    fn next(&mut self) -> Option<Event<P>> {
        next(&mut self.subscription)
    }
}

impl<P: Clone> IntoIterator for Subscription<P> {
    type Item = Event<P>;
    type IntoIter = IntoIter<P>;

    fn into_iter(self) -> IntoIter<P> {
        IntoIter { subscription: self }
    }
}

impl<'a, P: Clone> IntoIterator for &'a mut Subscription<P> {
    type Item = Event<P>;
    type IntoIter = Iter<'a, P>;

    fn into_iter(self) -> Iter<'a, P> {
        self.iter()
    }
}

//! tokio's broadcast channel, with nothing but the feature `sync`: no runtime.
//!
//! It never holds a sender back, so the harness gates it where work must be lossless. Its receivers clone.

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{self, Receiver, Sender};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct Tokio;

impl<E: Load> Racer<E> for Tokio {
    type Tx = Sender<E>;
    type Rx = Receiver<E>;
    const GATED: bool = true;

    fn build(setup: &Setup) -> (Vec<Sender<E>>, Vec<Receiver<E>>) {
        let (tx, first) = broadcast::channel(CAPACITY);
        let mut rxs = vec![first];
        rxs.extend((1..setup.subscribers).map(|_| tx.subscribe()));
        (vec![tx; setup.publishers], rxs)
    }
}

impl<E: Load> Tx<E> for Sender<E> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, _: &Idle) -> bool {
        Sender::send(self, make()).is_ok()
    }
}

impl<E: Load> Rx<E> for Receiver<E> {
    #[inline]
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled {
        let next = || match self.try_recv() {
            Ok(event) => Next::Event(event),
            Err(TryRecvError::Empty) => Next::Empty,
            Err(TryRecvError::Lagged(lost)) => Next::Lost(lost),
            Err(TryRecvError::Closed) => Next::Closed,
        };
        take(max, next, read)
    }
}

impl<E: Load> SleepTx<E> for Sender<E> {
    #[inline]
    fn send(&mut self, event: E) -> bool {
        Sender::send(self, event).is_ok()
    }
}

impl<E: Load> SleepRx<E> for Receiver<E> {
    #[inline]
    fn recv(&mut self, mut read: impl FnMut(&E)) -> Polled {
        match self.blocking_recv() {
            Ok(event) => {
                read(&event);
                Polled { got: 1, ..Polled::default() }
            }
            Err(RecvError::Lagged(lost)) => Polled { lost, ..Polled::default() },
            Err(RecvError::Closed) => Polled { closed: true, ..Polled::default() },
        }
    }
}

//! Fan-out over flume: a bounded channel per subscriber, the publisher sends a clone to each.

use flume::{Receiver, Sender, TryRecvError, TrySendError, bounded};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct Flume;

/// A sender per subscriber.
#[derive(Clone)]
pub(crate) struct FanOut<E>(Vec<Sender<E>>);

impl<E: Load> Racer<E> for Flume {
    type Tx = FanOut<E>;
    type Rx = Receiver<E>;

    fn build(setup: &Setup) -> (Vec<FanOut<E>>, Vec<Receiver<E>>) {
        let (txs, rxs) = (0..setup.subscribers).map(|_| bounded(CAPACITY)).unzip();
        (vec![FanOut(txs); setup.publishers], rxs)
    }
}

impl<E: Load> Tx<E> for FanOut<E> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, idle: &Idle) -> bool {
        let event = make();
        self.0.iter().all(|tx| {
            let mut copy = event.clone();
            loop {
                match tx.try_send(copy) {
                    Ok(()) => return true,
                    Err(TrySendError::Full(back)) => copy = back,
                    Err(TrySendError::Disconnected(_)) => return false,
                }
                if !idle.once() {
                    return false;
                }
            }
        })
    }
}

impl<E: Load> Rx<E> for Receiver<E> {
    #[inline]
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled {
        let next = || match self.try_recv() {
            Ok(event) => Next::Event(event),
            Err(TryRecvError::Empty) => Next::Empty,
            Err(TryRecvError::Disconnected) => Next::Closed,
        };
        take(max, next, read)
    }
}

impl<E: Load> SleepTx<E> for FanOut<E> {
    #[inline]
    fn send(&mut self, event: E) -> bool {
        let Some((last, rest)) = self.0.split_last() else { return true };
        rest.iter().all(|tx| tx.send(event.clone()).is_ok()) && last.send(event).is_ok()
    }
}

impl<E: Load> SleepRx<E> for Receiver<E> {
    #[inline]
    fn recv(&mut self, mut read: impl FnMut(&E)) -> Polled {
        match Receiver::recv(self) {
            Ok(event) => {
                read(&event);
                Polled { got: 1, ..Polled::default() }
            }
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

//! `async-broadcast` through its blocking calls. One mutex around everything; overflow drops the oldest.

use async_broadcast::{Receiver, RecvError, Sender, TryRecvError, TrySendError, broadcast};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct AsyncBroadcast;

impl<E: Load> Racer<E> for AsyncBroadcast {
    type Tx = Sender<E>;
    type Rx = Receiver<E>;

    fn build(setup: &Setup) -> (Vec<Sender<E>>, Vec<Receiver<E>>) {
        let (mut tx, first) = broadcast(CAPACITY);
        tx.set_overflow(setup.lossy);
        let mut rxs = vec![first];
        rxs.extend((1..setup.subscribers).map(|_| tx.new_receiver()));
        (vec![tx; setup.publishers], rxs)
    }
}

impl<E: Load> Tx<E> for Sender<E> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, idle: &Idle) -> bool {
        let mut event = make();
        loop {
            match self.try_broadcast(event) {
                Ok(_) => return true,
                Err(TrySendError::Full(back) | TrySendError::Inactive(back)) => event = back,
                Err(TrySendError::Closed(_)) => return false,
            }
            if !idle.once() {
                return false;
            }
        }
    }
}

impl<E: Load> Rx<E> for Receiver<E> {
    #[inline]
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled {
        let next = || match self.try_recv() {
            Ok(event) => Next::Event(event),
            Err(TryRecvError::Empty) => Next::Empty,
            Err(TryRecvError::Overflowed(lost)) => Next::Lost(lost),
            Err(TryRecvError::Closed) => Next::Closed,
        };
        take(max, next, read)
    }
}

impl<E: Load> SleepTx<E> for Sender<E> {
    #[inline]
    fn send(&mut self, event: E) -> bool {
        self.broadcast_blocking(event).is_ok()
    }
}

impl<E: Load> SleepRx<E> for Receiver<E> {
    #[inline]
    fn recv(&mut self, mut read: impl FnMut(&E)) -> Polled {
        match self.recv_blocking() {
            Ok(event) => {
                read(&event);
                Polled { got: 1, ..Polled::default() }
            }
            Err(RecvError::Overflowed(lost)) => Polled { lost, ..Polled::default() },
            Err(RecvError::Closed) => Polled { closed: true, ..Polled::default() },
        }
    }
}

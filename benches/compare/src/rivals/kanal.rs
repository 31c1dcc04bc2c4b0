//! Fan-out over kanal: a bounded channel per subscriber, the publisher sends a clone to each.

use kanal::{Receiver, Sender, bounded};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct Kanal;

/// A sender per subscriber.
#[derive(Clone)]
pub(crate) struct FanOut<E>(Vec<Sender<E>>);

impl<E: Load> Racer<E> for Kanal {
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
            // `try_send` would drop the event when full; the optional form leaves it here.
            let mut copy = Some(event.clone());
            loop {
                match tx.try_send_option(&mut copy) {
                    Ok(true) => return true,
                    Ok(false) => {}
                    Err(_) => return false,
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
            Ok(Some(event)) => Next::Event(event),
            Ok(None) => Next::Empty,
            Err(_) => Next::Closed,
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

//! Fan-out over crossbeam-channel with shared events: the publisher makes one `Arc` and sends a clone of it to each.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, take};
use crate::event::Event;

/// The racer.
pub(crate) struct CrossbeamArc;

/// A sender per subscriber.
#[derive(Clone)]
pub(crate) struct FanOut(Vec<Sender<Arc<Event>>>);

/// A subscriber's end.
pub(crate) struct Shared(Receiver<Arc<Event>>);

impl Racer<Event> for CrossbeamArc {
    type Tx = FanOut;
    type Rx = Shared;

    fn build(setup: &Setup) -> (Vec<FanOut>, Vec<Shared>) {
        let (txs, rxs) = (0..setup.subscribers)
            .map(|_| {
                let (tx, rx) = bounded(CAPACITY);
                (tx, Shared(rx))
            })
            .unzip();
        (vec![FanOut(txs); setup.publishers], rxs)
    }
}

impl Tx<Event> for FanOut {
    fn publish(&mut self, make: impl Fn() -> Event, _: &Idle) -> bool {
        self.send(make())
    }
}

impl SleepTx<Event> for FanOut {
    #[inline]
    fn send(&mut self, event: Event) -> bool {
        let Some((last, rest)) = self.0.split_last() else { return true };
        let event = Arc::new(event);
        rest.iter().all(|tx| tx.send(Arc::clone(&event)).is_ok()) && last.send(event).is_ok()
    }
}

impl Rx<Event> for Shared {
    fn poll(&mut self, max: usize, mut read: impl FnMut(&Event)) -> Polled {
        let next = || match self.0.try_recv() {
            Ok(event) => Next::Event(event),
            Err(TryRecvError::Empty) => Next::Empty,
            Err(TryRecvError::Disconnected) => Next::Closed,
        };
        take(max, next, |event: &Arc<Event>| read(event))
    }
}

impl SleepRx<Event> for Shared {
    #[inline]
    fn recv(&mut self, mut read: impl FnMut(&Event)) -> Polled {
        match self.0.recv() {
            Ok(event) => {
                read(&event);
                Polled { got: 1, ..Polled::default() }
            }
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

//! `bus`: one broadcaster, lossless. Sleepers on either side are woken by timed parks.

use std::sync::mpsc::TryRecvError;

use bus::{Bus, BusReader};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct OneBus;

impl<E: Load> Racer<E> for OneBus {
    type Tx = Bus<E>;
    type Rx = BusReader<E>;

    fn build(setup: &Setup) -> (Vec<Bus<E>>, Vec<BusReader<E>>) {
        assert_eq!(setup.publishers, 1, "bus has one broadcaster");
        let mut bus = Bus::new(CAPACITY);
        let rxs = (0..setup.subscribers).map(|_| bus.add_rx()).collect();
        (vec![bus], rxs)
    }
}

impl<E: Load> Tx<E> for Bus<E> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, idle: &Idle) -> bool {
        let mut event = make();
        loop {
            match self.try_broadcast(event) {
                Ok(()) => return true,
                Err(back) => event = back,
            }
            if !idle.once() {
                return false;
            }
        }
    }
}

impl<E: Load> Rx<E> for BusReader<E> {
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

impl<E: Load> SleepTx<E> for Bus<E> {
    #[inline]
    fn send(&mut self, event: E) -> bool {
        self.broadcast(event);
        true
    }
}

impl<E: Load> SleepRx<E> for BusReader<E> {
    #[inline]
    fn recv(&mut self, mut read: impl FnMut(&E)) -> Polled {
        match BusReader::recv(self) {
            Ok(event) => {
                read(&event);
                Polled { got: 1, ..Polled::default() }
            }
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

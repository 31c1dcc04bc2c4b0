//! Our own ring, with a shared and with a unique publisher.

use eventcast::ring::{
    Builder, Overflow, Publisher, RecvError, Subscriber, TryRecvError, UniquePublisher, Wait as RingWait,
};

use super::{CAPACITY, Idle, Polled, Racer, Rx, Setup, SleepRx, SleepTx, Tx, Wait};
use crate::event::Load;

/// The shared publisher.
pub(crate) struct Shared;
/// The unique publisher.
pub(crate) struct Unique;

/// The ring's word for how it waits.
pub(crate) fn ring_wait(wait: Wait) -> RingWait {
    match wait {
        Wait::Spin => RingWait::Spin,
        Wait::Yield => RingWait::Yield,
        Wait::Park => RingWait::Park,
    }
}

/// The ring's word for what a slow reader does.
pub(crate) fn overflow(lossy: bool) -> Overflow {
    if lossy { Overflow::Lag } else { Overflow::Block }
}

/// A builder for `setup`.
pub(crate) fn builder(setup: &Setup) -> Builder {
    Builder::new(CAPACITY).overflow(overflow(setup.lossy)).wait(ring_wait(setup.wait)).prefault(true)
}

impl<E: Load> Racer<E> for Shared {
    type Tx = Publisher<E>;
    type Rx = Subscriber<E>;

    fn build(setup: &Setup) -> (Vec<Publisher<E>>, Vec<Subscriber<E>>) {
        let (tx, first) = builder(setup).build().expect("the capacity is in range");
        let mut rxs = vec![first];
        rxs.extend((1..setup.subscribers).map(|_| tx.subscribe_with(overflow(setup.lossy))));
        (vec![tx; setup.publishers], rxs)
    }
}

impl<E: Load> Racer<E> for Unique {
    type Tx = UniquePublisher<E>;
    type Rx = Subscriber<E>;

    fn build(setup: &Setup) -> (Vec<UniquePublisher<E>>, Vec<Subscriber<E>>) {
        assert_eq!(setup.publishers, 1, "a unique publisher is alone");
        let (tx, first) = builder(setup).build_unique().expect("the capacity is in range");
        let mut rxs = vec![first];
        rxs.extend((1..setup.subscribers).map(|_| tx.subscribe_with(overflow(setup.lossy))));
        (vec![tx], rxs)
    }
}

/// Both publishers have the same methods.
macro_rules! publisher {
    ($publisher:ident) => {
        impl<E: Load> Tx<E> for $publisher<E> {
            #[inline]
            fn publish(&mut self, make: impl Fn() -> E, _: &Idle) -> bool {
                $publisher::publish(self, make()).is_ok()
            }

            #[inline]
            fn publish_batch(&mut self, count: u64, make: impl Fn(u64) -> E, _: &Idle) -> bool {
                $publisher::publish_batch(self, (0..count).map(make)).is_ok()
            }
        }

        impl<E: Load> SleepTx<E> for $publisher<E> {
            #[inline]
            fn send(&mut self, event: E) -> bool {
                $publisher::publish(self, event).is_ok()
            }
        }
    };
}

publisher!(Publisher);
publisher!(UniquePublisher);

impl<E: Load> Rx<E> for Subscriber<E> {
    #[inline]
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled {
        match self.drain(max, read) {
            Ok(got) => Polled { got, ..Polled::default() },
            Err(TryRecvError::Empty) => Polled::default(),
            Err(TryRecvError::Lagged(lost)) => Polled { lost, ..Polled::default() },
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

impl<E: Load> SleepRx<E> for Subscriber<E> {
    #[inline]
    fn recv(&mut self, read: impl FnMut(&E)) -> Polled {
        match self.drain_wait(CAPACITY, read) {
            Ok(got) => Polled { got, ..Polled::default() },
            Err(RecvError::Lagged(lost)) => Polled { lost, ..Polled::default() },
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

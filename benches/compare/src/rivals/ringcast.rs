//! `ringcast`: one sender that overwrites, `Copy` events, readers that spin.
//!
//! Its slots are read and written with plain accesses while the other side may be writing, which is a data race and
//! undefined behaviour (Miri and the thread sanitizer report it, for events of one word too). It takes part as a
//! figure to know, not as a design to copy: what it saves on synchronisation it saves by being wrong. It has no
//! close; its buffer asks for huge pages and falls back to plain ones.

use ringcast::{Receiver, RecvError, Sender};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct Ringcast;

impl<E: Load + Copy> Racer<E> for Ringcast {
    type Tx = Sender<E>;
    type Rx = Receiver<E>;
    const GATED: bool = true;

    fn build(setup: &Setup) -> (Vec<Sender<E>>, Vec<Receiver<E>>) {
        assert_eq!(setup.publishers, 1, "ringcast has one sender");
        let (tx, first) = ringcast::bounded(CAPACITY);
        let mut rxs = vec![first];
        rxs.extend((1..setup.subscribers).map(|_| tx.subscribe()));
        (vec![tx], rxs)
    }
}

impl<E: Load + Copy> Tx<E> for Sender<E> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, _: &Idle) -> bool {
        self.send(make());
        true
    }

    #[inline]
    fn publish_batch(&mut self, count: u64, make: impl Fn(u64) -> E, _: &Idle) -> bool {
        // It takes a slice, so a batch is written twice; sixteen is what the batch rows use.
        let mut at = 0;
        while at < count {
            let chunk: [E; 16] = std::array::from_fn(|offset| make(at + offset as u64));
            let len = (count - at).min(16);
            self.send_batch(&chunk[..len as usize]);
            at += len;
        }
        true
    }
}

impl<E: Load + Copy> Rx<E> for Receiver<E> {
    #[inline]
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled {
        let next = || match self.try_recv() {
            Ok(event) => Next::Event(event),
            Err(RecvError::Overrun { lost }) => Next::Lost(lost as u64),
            Err(_) => Next::Empty,
        };
        take(max, next, read)
    }
}

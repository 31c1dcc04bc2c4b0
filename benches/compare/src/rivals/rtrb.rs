//! The bare ring between two threads (rtrb): a limit, not a rival. One producer, one consumer, no broadcast.

use rtrb::{Consumer, Producer, PushError, RingBuffer};

use super::{CAPACITY, Idle, Next, Polled, Racer, Rx, Setup, Tx, take};
use crate::event::Load;

/// The racer.
pub(crate) struct Rtrb;

impl<E: Load> Racer<E> for Rtrb {
    type Tx = Producer<E>;
    type Rx = Consumer<E>;

    fn build(setup: &Setup) -> (Vec<Producer<E>>, Vec<Consumer<E>>) {
        assert_eq!((setup.publishers, setup.subscribers), (1, 1), "rtrb joins one producer to one consumer");
        let (tx, rx) = RingBuffer::new(CAPACITY);
        (vec![tx], vec![rx])
    }
}

impl<E: Load> Tx<E> for Producer<E> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, idle: &Idle) -> bool {
        let mut event = make();
        loop {
            match self.push(event) {
                Ok(()) => return true,
                Err(PushError::Full(back)) => event = back,
            }
            if !idle.once() {
                return false;
            }
        }
    }

    #[inline]
    fn publish_batch(&mut self, count: u64, make: impl Fn(u64) -> E, idle: &Idle) -> bool {
        loop {
            if let Ok(chunk) = self.write_chunk_uninit(count as usize) {
                chunk.fill_from_iter((0..count).map(&make));
                return true;
            }
            if !idle.once() {
                return false;
            }
        }
    }
}

impl<E: Load> Rx<E> for Consumer<E> {
    #[inline]
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled {
        take(max, || self.pop().map_or(Next::Empty, Next::Event), read)
    }
}

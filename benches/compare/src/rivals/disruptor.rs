//! disruptor-rs: single and multi producer, read by event pollers or by threads of its own.
//!
//! Its types differ with the number of consumers (one gates by a plain cursor, several by the least of them), so each
//! kind is a racer of its own and one consumer gets the cheaper one. Full is answered by `try_publish` in the
//! harness's wait loop instead of its own `publish`, whose loop has an empty body and cannot be given up.

use std::sync::{Arc, Mutex};

use disruptor::wait_strategies::WaitStrategy;
use disruptor::{
    BusySpin, EventPoller, MultiConsumerBarrier, MultiProducer, MultiProducerBarrier, Polling, Producer,
    SingleConsumerBarrier, SingleProducer, SingleProducerBarrier, build_multi_producer,
    build_single_producer,
};

use super::{CAPACITY, Idle, Polled, Racer, Rx, Setup, Tx};
use crate::check::Check;
use crate::event::Load;

/// Single producer, one poller.
pub(crate) struct SingleToOne;
/// Single producer, several pollers.
pub(crate) struct SingleToMany;
/// Multi producer, one poller.
pub(crate) struct MultiToOne;
/// Multi producer, several pollers.
pub(crate) struct MultiToMany;

/// A producer of any of its kinds.
#[derive(Clone)]
pub(crate) struct Out<P>(P);

impl<E: Load> Racer<E> for SingleToOne {
    type Tx = Out<SingleProducer<E, SingleConsumerBarrier>>;
    type Rx = EventPoller<E, SingleProducerBarrier>;

    fn build(setup: &Setup) -> (Vec<Self::Tx>, Vec<Self::Rx>) {
        assert_eq!((setup.publishers, setup.subscribers), (1, 1));
        let (poller, builder) =
            build_single_producer(CAPACITY, || E::make(0, 0), BusySpin).new_event_poller();
        (vec![Out(builder.build())], vec![poller])
    }
}

impl<E: Load> Racer<E> for SingleToMany {
    type Tx = Out<SingleProducer<E, MultiConsumerBarrier>>;
    type Rx = EventPoller<E, SingleProducerBarrier>;

    fn build(setup: &Setup) -> (Vec<Self::Tx>, Vec<Self::Rx>) {
        assert_eq!(setup.publishers, 1);
        let mut builder = build_single_producer(CAPACITY, || E::make(0, 0), BusySpin).with_multi_consumer();
        let mut pollers = Vec::new();
        for _ in 0..setup.subscribers {
            let (poller, next) = builder.new_event_poller();
            pollers.push(poller);
            builder = next;
        }
        (vec![Out(builder.build())], pollers)
    }
}

impl<E: Load> Racer<E> for MultiToOne {
    type Tx = Out<MultiProducer<E, SingleConsumerBarrier>>;
    type Rx = EventPoller<E, MultiProducerBarrier>;

    fn build(setup: &Setup) -> (Vec<Self::Tx>, Vec<Self::Rx>) {
        assert_eq!(setup.subscribers, 1);
        let (poller, builder) = build_multi_producer(CAPACITY, || E::make(0, 0), BusySpin).new_event_poller();
        (vec![Out(builder.build()); setup.publishers], vec![poller])
    }
}

impl<E: Load> Racer<E> for MultiToMany {
    type Tx = Out<MultiProducer<E, MultiConsumerBarrier>>;
    type Rx = EventPoller<E, MultiProducerBarrier>;

    fn build(setup: &Setup) -> (Vec<Self::Tx>, Vec<Self::Rx>) {
        let mut builder = build_multi_producer(CAPACITY, || E::make(0, 0), BusySpin).with_multi_consumer();
        let mut pollers = Vec::new();
        for _ in 0..setup.subscribers {
            let (poller, next) = builder.new_event_poller();
            pollers.push(poller);
            builder = next;
        }
        (vec![Out(builder.build()); setup.publishers], pollers)
    }
}

impl<E: Load, P: Producer<E> + Send + 'static> Tx<E> for Out<P> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> E, idle: &Idle) -> bool {
        while self.0.try_publish(|slot| *slot = make()).is_err() {
            if !idle.once() {
                return false;
            }
        }
        true
    }

    #[inline]
    fn publish_batch(&mut self, count: u64, make: impl Fn(u64) -> E, idle: &Idle) -> bool {
        loop {
            let done = self.0.try_batch_publish(count as usize, |slots| {
                for (at, slot) in slots.enumerate() {
                    *slot = make(at as u64);
                }
            });
            if done.is_ok() {
                return true;
            }
            if !idle.once() {
                return false;
            }
        }
    }
}

/// Reads through a poller of either kind.
macro_rules! poll {
    ($barrier:ty) => {
        impl<E: Load> Rx<E> for EventPoller<E, $barrier> {
            #[inline]
            fn poll(&mut self, max: usize, mut read: impl FnMut(&E)) -> Polled {
                match self.take(max as u64) {
                    Ok(mut guard) => {
                        let got = (&mut guard).len();
                        for event in &mut guard {
                            read(event);
                        }
                        Polled { got, ..Polled::default() }
                    }
                    Err(Polling::NoEvents) => Polled::default(),
                    Err(Polling::Shutdown) => Polled { closed: true, ..Polled::default() },
                }
            }
        }
    };
}

poll!(SingleProducerBarrier);
poll!(MultiProducerBarrier);

/// A wait strategy that gives its core away, which the crate does not bring but allows.
#[derive(Clone, Copy)]
pub(crate) struct Yielding;

impl WaitStrategy for Yielding {
    #[inline]
    fn wait_for(&self, _: disruptor::Sequence) {
        std::thread::yield_now();
    }
}

/// The accounts of handler threads, readable once the producer is gone.
pub(crate) type Accounts = Vec<Arc<Mutex<Check>>>;

/// A handler that keeps its account to itself until the last event, then leaves it in `account`.
fn handler<E: Load>(
    account: &Arc<Mutex<Check>>,
) -> impl FnMut(&E, disruptor::Sequence, bool) + Send + 'static {
    let mut own = Deliver { check: Check::new(false), to: Arc::clone(account) };
    move |event: &E, _, _| {
        // All of it moves in here: alone, `check` would be copied, and `own` dropped before the first event.
        let own = &mut own;
        own.check.take(event);
        own.check.count(1, 0);
    }
}

/// Writes an account out when its handler is dropped.
struct Deliver {
    check: Check,
    to: Arc<Mutex<Check>>,
}

impl Drop for Deliver {
    fn drop(&mut self) {
        if let Ok(mut to) = self.to.lock() {
            *to = self.check;
        }
    }
}

/// Builds a disruptor whose `$count` consumers are threads of its own.
macro_rules! with_handlers {
    ($build:ident, $wait:expr, $count:expr) => {{
        let accounts: Accounts = (0..$count).map(|_| Arc::new(Mutex::new(Check::new(false)))).collect();
        let builder = $build(CAPACITY, || E::make(0, 0), $wait).with_multi_consumer();
        let builder =
            accounts.iter().fold(builder, |builder, account| builder.handle_events_with(handler(account)));
        (Out(builder.build()), accounts)
    }};
}

/// A single producer with `count` handler threads that wait as `wait` says.
pub(crate) fn single_with_handlers<E: Load, W: WaitStrategy + 'static>(
    wait: W,
    count: usize,
) -> (Out<SingleProducer<E, MultiConsumerBarrier>>, Accounts) {
    with_handlers!(build_single_producer, wait, count)
}

/// A multi producer with `count` handler threads that wait as `wait` says.
pub(crate) fn multi_with_handlers<E: Load, W: WaitStrategy + 'static>(
    wait: W,
    count: usize,
) -> (Out<MultiProducer<E, MultiConsumerBarrier>>, Accounts) {
    with_handlers!(build_multi_producer, wait, count)
}

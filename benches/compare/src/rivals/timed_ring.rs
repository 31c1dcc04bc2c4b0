//! The bare ring with a reading of the clock before each publish: what a bus cannot do without.

use std::hint::black_box;
use std::marker::PhantomData;
use std::time::SystemTime;

use eventcast::ring::{Publisher, Subscriber, TryRecvError};
use eventcast::{BusBuilder, Clock, Event as BusEvent};

use super::eventcast::{Shared, builder};
use super::{Idle, Polled, Racer, Rx, Setup, Tx};
use crate::event::Event;

/// Where the bus takes its events' times from. One more clock is one more type here and one more row.
pub(crate) trait Timing: Send + 'static {
    /// The word in names.
    const NAME: &'static str;
    /// A reading of it, as the bus reads it.
    fn read() -> SystemTime;
    /// Makes the bus use it.
    fn set(builder: BusBuilder<Event>) -> BusBuilder<Event>;
}

/// The system's coarse clock, which the bus takes unless told otherwise.
pub(crate) struct Coarse;

impl Timing for Coarse {
    const NAME: &'static str = "coarse";

    #[inline]
    fn read() -> SystemTime {
        Clock::Coarse.now()
    }

    fn set(builder: BusBuilder<Event>) -> BusBuilder<Event> {
        builder.clock(Clock::Coarse)
    }
}

/// The system's precise clock.
pub(crate) struct Precise;

impl Timing for Precise {
    const NAME: &'static str = "precise";

    #[inline]
    fn read() -> SystemTime {
        SystemTime::now()
    }

    fn set(builder: BusBuilder<Event>) -> BusBuilder<Event> {
        builder.clock(Clock::Precise)
    }
}

/// The bare ring, and a reading of the clock before each publish.
pub(crate) struct RingAndClock<C>(PhantomData<C>);

/// Its publisher.
pub(crate) struct Timed<C>(Publisher<Event>, PhantomData<C>);

impl<C: Timing> Racer<Event> for RingAndClock<C> {
    type Tx = Timed<C>;
    type Rx = Subscriber<Event>;

    fn build(setup: &Setup) -> (Vec<Timed<C>>, Vec<Self::Rx>) {
        let (txs, rxs) = Shared::build(setup);
        (txs.into_iter().map(|tx| Timed(tx, PhantomData)).collect(), rxs)
    }
}

impl<C: Timing> Tx<Event> for Timed<C> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> Event, _: &Idle) -> bool {
        black_box(C::read());
        self.0.publish(make()).is_ok()
    }
}

/// The same with events as large as those of the bus, which carry a topic, a time and more beside the payload.
pub(crate) struct WideAndClock<C>(PhantomData<C>);

/// What the bus adds to an event.
type Rest = [u64; (size_of::<BusEvent<Event>>() - size_of::<Event>()) / size_of::<u64>()];

/// An event and what the bus would add.
pub(crate) type Wide = (Event, Rest);

const _: () = assert!(size_of::<Wide>() == size_of::<BusEvent<Event>>());

/// A publisher of wide events.
pub(crate) struct TimedWide<C>(Publisher<Wide>, PhantomData<C>);

/// A subscriber to wide events.
pub(crate) struct WideReader(Subscriber<Wide>);

impl<C: Timing> Racer<Event> for WideAndClock<C> {
    type Tx = TimedWide<C>;
    type Rx = WideReader;

    fn build(setup: &Setup) -> (Vec<TimedWide<C>>, Vec<WideReader>) {
        assert_eq!((setup.publishers, setup.subscribers), (1, 1), "only one to one");
        let (tx, rx) = builder(setup).build().expect("the capacity is in range");
        (vec![TimedWide(tx, PhantomData)], vec![WideReader(rx)])
    }
}

impl<C: Timing> Tx<Event> for TimedWide<C> {
    #[inline]
    fn publish(&mut self, make: impl Fn() -> Event, _: &Idle) -> bool {
        black_box(C::read());
        self.0.publish((make(), black_box(Rest::default()))).is_ok()
    }
}

impl Rx<Event> for WideReader {
    #[inline]
    fn poll(&mut self, max: usize, mut read: impl FnMut(&Event)) -> Polled {
        // The whole event is moved between the cores, as its reader on the bus looks at its topic.
        match self.0.drain(max, |(event, rest)| {
            black_box(rest[0]);
            read(event);
        }) {
            Ok(got) => Polled { got, ..Polled::default() },
            Err(TryRecvError::Empty) => Polled::default(),
            Err(TryRecvError::Lagged(lost)) => Polled { lost, ..Polled::default() },
            Err(_) => Polled { closed: true, ..Polled::default() },
        }
    }
}

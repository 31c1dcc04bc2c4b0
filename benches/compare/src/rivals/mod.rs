//! The racers, behind one small vocabulary. One file per library.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event::Load;

pub(crate) mod async_broadcast;
pub(crate) mod bus;
pub(crate) mod crossbeam;
#[cfg(feature = "ours")]
pub(crate) mod crossbeam_arc;
pub(crate) mod disruptor;
#[cfg(feature = "ours")]
pub(crate) mod eventcast;
#[cfg(feature = "ours")]
pub(crate) mod eventcast_bus;
pub(crate) mod flume;
pub(crate) mod kanal;
pub(crate) mod limits;
#[cfg(feature = "ours")]
pub(crate) mod recorded;
pub(crate) mod ringcast;
pub(crate) mod rtrb;
#[cfg(feature = "ours")]
pub(crate) mod timed_ring;
pub(crate) mod tokio;
#[cfg(feature = "ours")]
pub(crate) mod tokio_shares;

/// Capacity of every ring and channel.
pub(crate) const CAPACITY: usize = 1024;

/// How a side waits when it finds nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// One pause instruction, then look again.
    Spin,
    /// Give the core to another thread, then look again.
    Yield,
    /// Sleep until woken, by the library's own means.
    Park,
}

/// What to build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// Publisher handles.
    pub(crate) publishers: usize,
    /// Subscribers, each of which sees every event.
    pub(crate) subscribers: usize,
    /// How our own side and handler threads wait.
    pub(crate) wait: Wait,
    /// Slow readers lose events instead of holding the publisher.
    pub(crate) lossy: bool,
}

/// The harness's own way to wait where the caller polls; notices when a measurement is to be given up.
#[derive(Clone, Debug)]
pub(crate) struct Idle {
    wait: Wait,
    stop: Arc<AtomicBool>,
}

impl Idle {
    /// Waits as `wait` says (`Park` polls by yielding) until `stop` is set.
    pub(crate) fn new(wait: Wait, stop: &Arc<AtomicBool>) -> Self {
        Self { wait, stop: Arc::clone(stop) }
    }

    /// Waits one step; false when the measurement is to be given up.
    #[inline]
    pub(crate) fn once(&self) -> bool {
        match self.wait {
            Wait::Spin => std::hint::spin_loop(),
            Wait::Yield | Wait::Park => std::thread::yield_now(),
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

/// What one look at a subscriber brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Polled {
    /// Events handed to the closure.
    pub(crate) got: usize,
    /// Events the library reported as lost.
    pub(crate) lost: u64,
    /// No more events can come.
    pub(crate) closed: bool,
}

/// One answer of a library that gives out one event at a time.
pub(crate) enum Next<E> {
    /// An event.
    Event(E),
    /// Nothing there.
    Empty,
    /// Events were lost.
    Lost(u64),
    /// Nothing will come.
    Closed,
}

/// Reads up to `max` events one at a time, until there is none.
#[inline]
pub(crate) fn take<E>(max: usize, mut next: impl FnMut() -> Next<E>, mut read: impl FnMut(&E)) -> Polled {
    let mut polled = Polled::default();
    while polled.got < max {
        match next() {
            Next::Event(event) => {
                read(&event);
                polled.got += 1;
            }
            Next::Lost(lost) => polled.lost += lost,
            Next::Empty => break,
            Next::Closed => {
                polled.closed = polled.got == 0;
                break;
            }
        }
    }
    polled
}

/// A publisher's end.
pub(crate) trait Tx<E: Load>: Send + 'static {
    /// Publishes what `make` returns, waiting for room; false when given up.
    ///
    /// A closure, because some libraries write events in place.
    fn publish(&mut self, make: impl Fn() -> E, idle: &Idle) -> bool;

    /// Publishes `count` events as one batch where the library has batches.
    fn publish_batch(&mut self, count: u64, make: impl Fn(u64) -> E, idle: &Idle) -> bool {
        (0..count).all(|at| self.publish(|| make(at), idle))
    }
}

/// A subscriber's end.
pub(crate) trait Rx<E: Load>: Send + 'static {
    /// Reads what is there, at most `max` events, without waiting.
    fn poll(&mut self, max: usize, read: impl FnMut(&E)) -> Polled;
}

/// A publisher's end that can sleep while there is no room.
pub(crate) trait SleepTx<E: Load>: Tx<E> {
    /// Publishes, sleeping for room; false when closed.
    fn send(&mut self, event: E) -> bool;
}

/// A subscriber's end that can sleep while there is nothing.
pub(crate) trait SleepRx<E: Load>: Rx<E> {
    /// Sleeps until there is something and reads at least one event of it.
    fn recv(&mut self, read: impl FnMut(&E)) -> Polled;
}

/// A subscriber's end that wants some topics and reads past the others.
#[cfg(feature = "ours")]
pub(crate) trait Shares: Rx<crate::event::Event> {
    /// How many events lie behind it, of any topic.
    fn passed(&self) -> u64;
}

/// A library in the race.
pub(crate) trait Racer<E: Load>: 'static {
    /// Its publishing end.
    type Tx: Tx<E>;
    /// Its reading end.
    type Rx: Rx<E>;
    /// Cannot hold its publisher back, so that in lossless work the harness has to.
    const GATED: bool = false;
    /// Builds the ends.
    fn build(setup: &Setup) -> (Vec<Self::Tx>, Vec<Self::Rx>);
}

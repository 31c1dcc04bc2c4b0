//! Short forms for models: events that loom watches for leaks, publishers and readers that keep accounts.

use eventcast::ring::{
    Builder, Overflow, Publisher, Subscriber, TryPublishError, TryRecvError, UniquePublisher, Wait,
};
use loom::alloc::Track;
use loom::thread::{self, JoinHandle};

/// An event whose leak or double drop fails the model.
pub type Event = Track<u64>;

pub fn event(n: u64) -> Event {
    Track::new(n)
}

pub fn builder(capacity: usize, spares: usize) -> Builder {
    Builder::new(capacity).lag_slots(spares).wait(Wait::Yield)
}

pub fn shared(capacity: usize, spares: usize, overflow: Overflow) -> (Publisher<Event>, Subscriber<Event>) {
    builder(capacity, spares).overflow(overflow).build().unwrap()
}

pub fn unique(
    capacity: usize,
    spares: usize,
    overflow: Overflow,
) -> (UniquePublisher<Event>, Subscriber<Event>) {
    builder(capacity, spares).overflow(overflow).build_unique().unwrap()
}

/// Publishes `values` on a thread of its own, each at most once; answers how many were accepted.
pub fn spawn(publisher: &Publisher<Event>, values: std::ops::Range<u64>) -> JoinHandle<u64> {
    let publisher = publisher.clone();
    thread::spawn(move || offer(&publisher, values))
}

/// Offers each value once; answers how many were accepted. Sequences must be what `publish` answers.
pub fn offer(publisher: &Publisher<Event>, values: std::ops::Range<u64>) -> u64 {
    values.map(|n| u64::from(publisher.try_publish(event(n)).is_ok())).sum()
}

pub fn accepted(result: Result<u64, TryPublishError<Event>>) -> bool {
    match result {
        Ok(_) => true,
        Err(TryPublishError::Full(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

/// A subscriber with its account.
pub struct Reader {
    pub subscriber: Subscriber<Event>,
    pub got: Vec<u64>,
    pub lost: u64,
    pub end: Option<TryRecvError>,
}

impl Reader {
    pub fn new(subscriber: Subscriber<Event>) -> Self {
        Self { subscriber, got: Vec::new(), lost: 0, end: None }
    }

    /// Reads up to `max` events once; false when there was nothing.
    pub fn poll(&mut self, max: usize) -> bool {
        match self.subscriber.drain(max, |event| self.got.push(*event.get_ref())) {
            Ok(_) => {
                assert!(self.end.is_none(), "an event after the end");
                assert!(self.got.len() < 100, "more events than any model publishes");
                true
            }
            Err(TryRecvError::Lagged(n)) => {
                assert!(n > 0, "a lag of nothing");
                self.lost += n;
                true
            }
            Err(TryRecvError::Empty) => false,
            Err(end @ (TryRecvError::Closed | TryRecvError::Disconnected(_))) => {
                self.end.get_or_insert(end);
                false
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Looks so many times.
    pub fn polls(&mut self, times: usize, max: usize) {
        for _ in 0..times {
            self.poll(max);
        }
    }

    /// Reads until there is nothing.
    pub fn drain(&mut self, max: usize) {
        while self.poll(max) {}
    }

    /// When quiet: reads the rest; what it got and lost must be all that was published since it joined, its own numbers say
    /// so too, and the newest `capacity` were kept for a laggard.
    pub fn settle(mut self, published: u64, capacity: u64) -> Vec<u64> {
        let before = self.subscriber.lost();
        let ahead = self.subscriber.len() as u64;
        assert_eq!(self.got.len() as u64 + before + ahead, published, "account before the drain");
        assert!(ahead >= capacity.min(published - self.got.len() as u64 - self.lost), "newest lost");
        self.drain(4);
        assert_eq!(self.got.len() as u64 + self.lost, published, "account {:?} lost {}", self.got, self.lost);
        assert_eq!(self.lost, self.subscriber.lost(), "loss");
        self.got
    }
}

/// Each publisher's values (`100 p + k`) must come in their order, and none twice.
pub fn in_order(got: &[u64]) {
    for (at, value) in got.iter().enumerate() {
        assert!(
            got[..at].iter().all(|before| before / 100 != value / 100 || before < value),
            "order of {got:?}"
        );
    }
}

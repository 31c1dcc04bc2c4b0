//! What the test files share: random numbers, waiting with a deadline, events whose content can be checked.

#![allow(dead_code, reason = "each test file uses its own part of it")]

use eventcast::ring::{
    Overflow, PublishBatchError, PublishError, PublishTimeoutError, Publisher, Sequence, Start, StartError,
    Subscriber, TryPublishError, UniquePublisher,
};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A number from the environment, or the default.
pub(crate) fn env_number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => match text.trim().replace('_', "").parse() {
            Ok(number) => number,
            Err(error) => panic!("{name}={text}: {error}"),
        },
        Err(_) => default,
    }
}

/// The seed of this run: `EVENTCAST_SEED`, or another one each time. Printed, so that a failure can be replayed.
pub(crate) fn seed() -> u64 {
    let fresh = || {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
        let nanos = now.map_or(1, |now| now.as_nanos() as u64);
        nanos.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
    };
    let seed = match std::env::var("EVENTCAST_SEED") {
        Ok(_) => env_number("EVENTCAST_SEED", 0),
        Err(_) if cfg!(miri) => 1,
        Err(_) => fresh(),
    };
    println!("EVENTCAST_SEED={seed}");
    seed
}

/// xorshift64*, enough to choose what a test does next.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not give neighbouring numbers, and the state must not be 0.
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((mixed ^ (mixed >> 31)) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 32) % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// How much longer everything may take under Miri.
const SLOWNESS: u32 = if cfg!(miri) { 20 } else { 1 };

/// Runs `f` on a thread of its own and fails when it has not come back in time: a hang is a failure, not a wait.
pub(crate) fn within<R: Send + 'static>(
    limit: Duration,
    what: &str,
    f: impl FnOnce() -> R + Send + 'static,
) -> R {
    let limit = limit * SLOWNESS;
    let (done, wait) = mpsc::channel();
    let worker = thread::spawn(move || {
        let result = f();
        let _ = done.send(());
        result
    });
    // A sender that is dropped without a message belongs to a panic, which `join` hands on.
    if let Err(mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(limit) {
        panic!("{what}: not finished within {limit:?}");
    }
    match worker.join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Waits until the condition holds; fails after half a minute.
#[track_caller]
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30) * SLOWNESS;
    let mut round = 0_u32;
    while !condition() {
        assert!(Instant::now() < end, "never happened: {what}");
        round = round.saturating_add(1);
        if round > 1_000 && !cfg!(miri) {
            // Not to make anything happen: to leave the core to those who do.
            thread::sleep(Duration::from_micros(100));
        } else {
            thread::yield_now();
        }
    }
}

/// An event whose words all follow from its publisher and its number, so that a torn or wrong value shows.
pub(crate) trait Payload: Clone + Send + Sync + 'static {
    fn make(publisher: u64, number: u64) -> Self;

    /// Publisher and number, after a look at every word.
    fn check(&self) -> (u64, u64);
}

fn word(publisher: u64, number: u64, index: u64) -> u64 {
    (publisher << 48 ^ number)
        .wrapping_add(index)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(index as u32)
}

fn check_words(words: &[u64]) -> (u64, u64) {
    let (publisher, number) = (words[0] >> 48, words[0] & 0xffff_ffff_ffff);
    for (index, found) in words.iter().enumerate().skip(1) {
        assert_eq!(*found, word(publisher, number, index as u64), "torn event: {words:x?}");
    }
    (publisher, number)
}

/// 64 bytes in the slot itself.
#[derive(Clone, Debug)]
pub(crate) struct Words([u64; 8]);

impl Payload for Words {
    fn make(publisher: u64, number: u64) -> Self {
        Self(std::array::from_fn(|index| match index {
            0 => publisher << 48 | number,
            index => word(publisher, number, index as u64),
        }))
    }

    fn check(&self) -> (u64, u64) {
        check_words(&self.0)
    }
}

/// 32 bytes behind a pointer: the address sanitizer sees a value that was dropped too early, twice or never.
#[derive(Clone, Debug)]
pub(crate) struct Boxed(Box<[u64; 4]>);

impl Payload for Boxed {
    fn make(publisher: u64, number: u64) -> Self {
        Self(Box::new(std::array::from_fn(|index| match index {
            0 => publisher << 48 | number,
            index => word(publisher, number, index as u64),
        })))
    }

    fn check(&self) -> (u64, u64) {
        check_words(&*self.0)
    }
}

/// Which event stands at which sequence, as whoever looks first says; everybody else has to agree. It remembers the latest
/// million.
#[derive(Debug)]
pub(crate) struct Order {
    first: u64,
    /// Lap (16 bits) | digest of the event (48 bits).
    entries: Box<[AtomicU64]>,
}

impl Order {
    const DIGEST: u64 = (1 << 48) - 1;

    pub(crate) fn new(first: u64, events: u64) -> Self {
        let size = events.clamp(1, 1 << 20).next_power_of_two();
        Self { first, entries: (0..size).map(|_| AtomicU64::new(0)).collect() }
    }

    #[track_caller]
    pub(crate) fn agree(&self, sequence: u64, publisher: u64, number: u64) {
        let Some(offset) = sequence.checked_sub(self.first) else {
            panic!("sequence {sequence} before the first")
        };
        let size = self.entries.len() as u64;
        let lap = offset / size + 1;
        assert!(lap < 1 << 16, "more events than it can tell apart");
        let entry = &self.entries[(offset % size) as usize];
        let mine = lap << 48 | (word(publisher, number, 0) >> 16 & Self::DIGEST);
        let mut seen = entry.load(Relaxed);
        while seen >> 48 < lap {
            match entry.compare_exchange_weak(seen, mine, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
        assert!(seen >> 48 > lap || seen == mine, "two events at sequence {sequence}");
    }
}

/// What both kinds of publisher can do, so that a test can be written once for both.
pub(crate) trait Handle<T: Send + Sync + 'static> {
    fn publish(&mut self, event: T) -> Result<Sequence, PublishError<T>>;
    fn try_publish(&mut self, event: T) -> Result<Sequence, TryPublishError<T>>;
    fn publish_timeout(&mut self, event: T, timeout: Duration) -> Result<Sequence, PublishTimeoutError<T>>;
    fn publish_batch(
        &mut self,
        events: impl IntoIterator<Item = T>,
    ) -> Result<Range<Sequence>, PublishBatchError<T>>;
    fn try_publish_batch(
        &mut self,
        events: impl IntoIterator<Item = T>,
    ) -> Result<Range<Sequence>, PublishBatchError<T>>;
    fn publish_batch_timeout(
        &mut self,
        events: impl IntoIterator<Item = T>,
        timeout: Duration,
    ) -> Result<Range<Sequence>, PublishBatchError<T>>;
    fn subscribe_from(&self, start: Start, overflow: Overflow) -> Result<Subscriber<T>, StartError>;
    fn subscribe_with(&self, overflow: Overflow) -> Subscriber<T>;
    fn next_sequence(&self) -> Sequence;
    fn subscriber_count(&self) -> usize;
    fn drop_panics(&self) -> u64;
    fn memory(&self) -> usize;
    fn len(&self) -> usize;
    fn is_closed(&self) -> bool;
    fn close(&self);
}

macro_rules! handle {
    ($name:ident) => {
        impl<T: Send + Sync + 'static> Handle<T> for $name<T> {
            fn publish(&mut self, event: T) -> Result<Sequence, PublishError<T>> {
                $name::publish(self, event)
            }
            fn try_publish(&mut self, event: T) -> Result<Sequence, TryPublishError<T>> {
                $name::try_publish(self, event)
            }
            fn publish_timeout(
                &mut self,
                event: T,
                timeout: Duration,
            ) -> Result<Sequence, PublishTimeoutError<T>> {
                $name::publish_timeout(self, event, timeout)
            }
            fn publish_batch(
                &mut self,
                events: impl IntoIterator<Item = T>,
            ) -> Result<Range<Sequence>, PublishBatchError<T>> {
                $name::publish_batch(self, events)
            }
            fn try_publish_batch(
                &mut self,
                events: impl IntoIterator<Item = T>,
            ) -> Result<Range<Sequence>, PublishBatchError<T>> {
                $name::try_publish_batch(self, events)
            }
            fn publish_batch_timeout(
                &mut self,
                events: impl IntoIterator<Item = T>,
                timeout: Duration,
            ) -> Result<Range<Sequence>, PublishBatchError<T>> {
                $name::publish_batch_timeout(self, events, timeout)
            }
            fn subscribe_from(&self, start: Start, overflow: Overflow) -> Result<Subscriber<T>, StartError> {
                $name::subscribe_from(self, start, overflow)
            }
            fn subscribe_with(&self, overflow: Overflow) -> Subscriber<T> {
                $name::subscribe_with(self, overflow)
            }
            fn next_sequence(&self) -> Sequence {
                $name::next_sequence(self)
            }
            fn subscriber_count(&self) -> usize {
                $name::subscriber_count(self)
            }
            fn drop_panics(&self) -> u64 {
                $name::drop_panics(self)
            }
            fn memory(&self) -> usize {
                $name::memory(self)
            }
            fn len(&self) -> usize {
                $name::len(self)
            }
            fn is_closed(&self) -> bool {
                $name::is_closed(self)
            }
            fn close(&self) {
                $name::close(self);
            }
        }
    };
}

handle!(Publisher);
handle!(UniquePublisher);

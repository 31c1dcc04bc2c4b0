//! Sizes, limits and the ends of ranges: an error or a documented meaning, never a panic, a hang or a wrap.

#![allow(unsafe_code, reason = "the page faults of a thread")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;

use common::{Handle, within};
use eventcast::ring::{
    self, BatchRefusal, BuildError, Builder, MAX_CAPACITY, Overflow, RecvError, Start, TryPublishError,
    TryRecvError, Wait,
};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// First sequence that is never used.
const END: u64 = (1 << 53) - (1 << 32);

#[test]
fn memory_is_what_the_ring_takes() {
    for capacity in [1, 3, 100, 4096] {
        let (publisher, _subscriber) = ring::channel::<[u64; 8]>(capacity);
        let memory = publisher.memory();
        assert!(memory >= capacity * 64, "{memory} for {capacity} events of 64 bytes");
        // Up to four slots an event, for a power of two above twice the capacity; spares; a few pages of words.
        assert!(memory <= capacity * 4 * (64 + 12) + 64 * 80 + 32 * 1024, "{memory} for {capacity}");
    }
    let (unique, _subscriber) = Builder::new(4096).build_unique::<[u64; 8]>().unwrap();
    let (shared, _subscriber) = Builder::new(4096).build::<[u64; 8]>().unwrap();
    assert!(unique.memory() <= shared.memory());
}

#[test]
fn memory_grows_by_a_bounded_amount_per_subscriber() {
    let (publisher, first) = ring::channel::<u64>(64);
    drop(first);
    let before = publisher.memory();
    let many: Vec<_> = (0..100)
        .map(|n| publisher.subscribe_with([Overflow::Block, Overflow::Lag, Overflow::Disconnect][n % 3]))
        .collect();
    let with_many = publisher.memory();
    assert!(with_many > before && with_many <= before + 100 * 1024, "{before}, then {with_many}");
    assert!(many.iter().all(|subscriber| (1..=2048).contains(&subscriber.memory())));
    drop(many);
    for _ in 0..50 {
        let again: Vec<_> = (0..100).map(|_| publisher.subscribe_with(Overflow::Lag)).collect();
        publisher.publish_batch(0..10).unwrap();
        drop(again);
        assert_eq!(publisher.memory(), with_many);
        assert_eq!(publisher.subscriber_count(), 0);
    }
}

/// The median time of a leave and a join beside so many subscribers.
fn leave_and_join(subscribers: usize) -> Duration {
    let (publisher, first) = ring::channel::<u64>(4);
    drop(first);
    let mut all: Vec<_> = (0..subscribers).map(|_| publisher.subscribe_with(Overflow::Lag)).collect();
    let mut times = [Duration::ZERO; 201];
    for (round, time) in times.iter_mut().enumerate() {
        let begin = Instant::now();
        drop(all.swap_remove(round * 7919 % subscribers));
        all.push(publisher.subscribe_with(Overflow::Lag));
        *time = begin.elapsed();
    }
    times.sort_unstable();
    times[100]
}

#[test]
#[cfg_attr(miri, ignore = "times")]
fn joining_does_not_look_through_all_who_are_there() {
    let (few, many) = (leave_and_join(16), leave_and_join(16_384));
    assert!(many < few * 50 + Duration::from_micros(1), "{few:?} beside 16, {many:?} beside 16,384");
}

#[test]
fn prefault_changes_nothing_but_the_first_lap() {
    for prefault in [false, true] {
        let builder = Builder::new(32).prefault(prefault).clone();
        let (publisher, mut subscriber) = builder.build::<String>().unwrap();
        let (plain, _other) = Builder::new(32).build::<String>().unwrap();
        assert_eq!(publisher.memory(), plain.memory());
        for n in 0..200 {
            publisher.publish(n.to_string()).unwrap();
            assert_eq!(subscriber.recv(), Ok(n.to_string()));
        }
        let (mut publisher, mut subscriber) = builder.build_unique::<String>().unwrap();
        for n in 0..200 {
            publisher.publish(n.to_string()).unwrap();
            assert_eq!(subscriber.recv(), Ok(n.to_string()));
        }
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn the_first_lap_of_a_prefaulted_ring_has_no_page_faults() {
    fn faults() -> i64 {
        // SAFETY: all zeros is a valid `rusage`.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: `usage` is valid for writing.
        let answer = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
        assert_eq!(answer, 0);
        usage.ru_minflt
    }
    let capacity = 1 << 15;
    let (publisher, subscriber) = Builder::new(capacity).prefault(true).build::<[u64; 8]>().unwrap();
    drop(subscriber);
    let before = faults();
    for n in 0..2 * capacity as u64 {
        publisher.publish([n; 8]).unwrap();
    }
    let during = faults() - before;
    assert!(during <= 8, "{during} page faults over {} pages", capacity * 64 / 4096);
}

#[test]
fn capacity_limits() {
    assert_eq!(Builder::new(0).build::<u64>().unwrap_err(), BuildError::ZeroCapacity);
    for capacity in [MAX_CAPACITY + 1, usize::MAX / 2, usize::MAX] {
        let expected = BuildError::TooLarge { capacity, max: MAX_CAPACITY };
        assert_eq!(Builder::new(capacity).build::<u64>().unwrap_err(), expected);
        assert_eq!(Builder::new(capacity).build_unique::<()>().unwrap_err(), expected);
    }
    let (publisher, mut subscriber) = ring::channel::<u8>(0);
    assert_eq!(publisher.capacity(), 1);
    publisher.publish(1).unwrap();
    assert_eq!(publisher.try_publish(2), Err(TryPublishError::Full(2)));
    assert_eq!(subscriber.recv(), Ok(1));
}

/// The largest ring: its memory is touched only where it is used.
#[test]
#[cfg_attr(miri, ignore = "half a gigabyte of address space")]
fn the_largest_capacity() {
    let (publisher, mut subscriber) = ring::channel::<()>(usize::MAX);
    assert_eq!(publisher.capacity(), MAX_CAPACITY);
    publisher.publish_batch([(); 1000]).unwrap();
    assert_eq!(subscriber.drain(usize::MAX, |()| ()), Ok(1000));
    assert_eq!(subscriber.batch(usize::MAX).err(), Some(TryRecvError::Empty));
    // Without optimisation each takes seconds to build.
    if !cfg!(debug_assertions) {
        let builder = Builder::new(MAX_CAPACITY).overflow(Overflow::Lag).lag_slots(usize::MAX);
        let (mut publisher, mut lag) = builder.build_unique::<u8>().unwrap();
        publisher.publish(7).unwrap();
        assert_eq!(lag.recv(), Ok(7));
    }
}

#[test]
fn capacity_is_taken_literally() {
    for capacity in (1..=40).chain([63, 64, 65, 127, 1000]) {
        let (mut unique, block) = Builder::new(capacity).build_unique::<usize>().unwrap();
        let (shared, _block) = Builder::new(capacity).build::<usize>().unwrap();
        for n in 0..capacity {
            assert_eq!(unique.try_publish(n), Ok(n as u64));
            assert_eq!(shared.try_publish(n), Ok(n as u64));
        }
        assert_eq!(unique.try_publish(9), Err(TryPublishError::Full(9)));
        assert_eq!(shared.try_publish(9), Err(TryPublishError::Full(9)));
        assert_eq!((unique.len(), shared.len(), block.len()), (capacity, capacity, capacity));
        assert_eq!((unique.capacity(), shared.capacity()), (capacity, capacity));
    }
}

/// At least the newest `capacity` events are kept, for laggards and for those who join at the oldest.
#[test]
fn the_newest_events_are_kept() {
    fn run(mut publisher: impl Handle<u64>, capacity: u64) {
        let mut lag = publisher.subscribe_with(Overflow::Lag);
        for n in 0..5 * capacity {
            publisher.publish(n).unwrap();
            let oldest = (n + 1).saturating_sub(capacity);
            let mut late = publisher.subscribe_from(Start::Oldest, Overflow::Block).unwrap();
            assert_eq!(late.sequence(), oldest);
            assert!(late.try_iter().eq(oldest..=n));
            let mut one = publisher.subscribe_from(Start::Sequence(oldest), Overflow::Lag).unwrap();
            assert_eq!(one.try_recv(), Ok(oldest));
            assert!(lag.len() as u64 >= capacity.min(n + 1));
        }
        let lost = lag.lost();
        assert_eq!(lag.try_recv(), Err(TryRecvError::Lagged(lost)));
        assert!(lag.try_iter().eq(lost..5 * capacity));
    }
    for capacity in [1, 2, 3, 7, 16, 33] {
        let (publisher, first) = Builder::new(capacity).build::<u64>().unwrap();
        drop(first);
        run(publisher, capacity as u64);
        let (publisher, first) = Builder::new(capacity).build_unique::<u64>().unwrap();
        drop(first);
        run(publisher, capacity as u64);
    }
}

#[test]
fn the_longest_durations_mean_for_ever() {
    within(Duration::from_secs(60), "Duration::MAX", || {
        for duration in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(u64::MAX / 2)] {
            for wait in [Wait::Park, Wait::Yield, Wait::Spin] {
                let (publisher, mut subscriber) = Builder::new(1).wait(wait).build::<u64>().unwrap();
                thread::scope(|scope| {
                    scope.spawn(move || {
                        for n in 0..20 {
                            publisher.publish_timeout(n, duration).unwrap();
                        }
                        publisher.publish_batch_timeout(20..40, duration).unwrap();
                    });
                    for n in 0..10 {
                        assert_eq!(subscriber.recv_timeout(duration), Ok(n));
                    }
                    let mut next = 10;
                    while next < 40 {
                        subscriber.drain_timeout(1, duration, |n| assert_eq!(*n, next)).unwrap();
                        next += 1;
                        if next < 40 {
                            assert_eq!(subscriber.recv_batch_timeout(1, duration).unwrap()[0], next);
                            next += 1;
                        }
                    }
                    assert!(subscriber.recv_timeout(duration).unwrap_err().is_closed());
                });
            }
        }
    });
}

#[test]
fn a_batch_longer_than_the_ring() {
    within(Duration::from_secs(60), "long batch", || {
        for capacity in [1, 2, 7, 32, 100] {
            let n = 10 * capacity as u64 + 3;
            // Nobody waits for a laggard: it goes through, and is kept as far as the ring goes.
            let (publisher, mut lag) = Builder::new(capacity).overflow(Overflow::Lag).build::<u64>().unwrap();
            assert_eq!(publisher.publish_batch(0..n).unwrap(), 0..n);
            assert_eq!(lag.try_recv(), Err(TryRecvError::Lagged(lag.lost())));
            let lost = lag.lost();
            assert!(lag.try_iter().eq(lost..n));
            // A blocking reader gets as much as fits; the rest comes back, or waits.
            let mut block = publisher.subscribe();
            let error = publisher.try_publish_batch(0..n).unwrap_err();
            assert!(error.is_full() && error.published() <= capacity as u64);
            assert_eq!(error.published() + error.into_rest().len() as u64, n);
            assert_eq!(publisher.len(), block.try_iter().count());
            thread::scope(|scope| {
                let reader = scope.spawn(move || {
                    assert!(block.iter().take(n as usize).eq(0..n));
                });
                publisher.publish_batch(0..n).unwrap();
                reader.join().unwrap();
            });
            let (mut publisher, mut block) = Builder::new(capacity).build_unique::<u64>().unwrap();
            let error = publisher.try_publish_batch(0..n).unwrap_err();
            assert_eq!((error.is_full(), error.published()), (true, capacity as u64));
            assert!(error.into_rest().into_iter().eq(capacity as u64..n));
            assert!(block.try_iter().eq(0..capacity as u64));
            thread::scope(|scope| {
                scope.spawn(move || assert!(block.iter().take(n as usize).eq(0..n)));
                publisher.publish_batch(0..n).unwrap();
            });
        }
    });
}

/// The sequences end: the ring closes itself, readers get what was accepted, and nothing wraps.
#[test]
fn the_end_of_the_sequences() {
    fn run(mut publisher: impl Handle<u64>, left: u64, how: u64) {
        let first = END - left;
        let mut lag = publisher.subscribe_with(Overflow::Lag);
        let mut gone = publisher.subscribe_with(Overflow::Disconnect);
        let mut accepted = 0;
        if how == 0 {
            while accepted < left {
                assert_eq!(publisher.publish(accepted).unwrap(), first + accepted);
                accepted += 1;
            }
            assert!(publisher.publish(7).is_err());
        } else {
            // The batch that does not fit any more is given back from its first piece that does not.
            let error = publisher.publish_batch(0..left + 5).unwrap_err();
            assert_eq!(error.refusal(), BatchRefusal::Closed);
            accepted = error.published();
            assert!(accepted <= left);
            assert!(error.into_rest().into_iter().eq(accepted..left + 5));
        }
        assert!(publisher.is_closed());
        assert!(publisher.try_publish(7).unwrap_err().is_closed());
        assert!(publisher.publish_timeout(7, Duration::MAX).unwrap_err().is_closed());
        assert_eq!(publisher.next_sequence(), first + accepted);
        let mut passed = 0;
        for result in lag.results() {
            passed += match result {
                Ok(event) => {
                    assert_eq!(event, passed);
                    1
                }
                Err(RecvError::Lagged(n)) => n,
                Err(error) => panic!("{error}"),
            };
        }
        assert_eq!(passed, accepted);
        while gone.recv().is_ok() {}
        assert_eq!(gone.recv(), Err(RecvError::Closed));
        let mut late = publisher.subscribe_from(Start::Oldest, Overflow::Block).unwrap();
        assert!(late.iter().eq(accepted.saturating_sub(4)..accepted));
        assert_eq!(publisher.subscribe_with(Overflow::Block).recv(), Err(RecvError::Closed));
    }
    within(Duration::from_secs(60), "the end of the sequences", || {
        for left in [0, 1, 2, 3, 7, 40] {
            for how in [0, 1] {
                let builder = Builder::new(4).first_sequence(END - left);
                let (publisher, first) = builder.build::<u64>().unwrap();
                drop(first);
                run(publisher, left, how);
                let (publisher, first) = builder.build_unique::<u64>().unwrap();
                drop(first);
                run(publisher, left, how);
            }
        }
    });
}

/// A reader that sleeps when the sequences end is woken.
#[test]
fn a_sleeper_is_woken_at_the_end_of_the_sequences() {
    within(Duration::from_secs(60), "sleeper at the end", || {
        let (publisher, mut subscriber) = Builder::new(4).first_sequence(END - 1).build::<u64>().unwrap();
        thread::scope(|scope| {
            let reader = scope.spawn(move || (subscriber.recv(), subscriber.recv()));
            publisher.publish(1).unwrap();
            assert!(publisher.publish(2).is_err());
            assert_eq!(reader.join().unwrap(), (Ok(1), Err(RecvError::Closed)));
        });
    });
}

#[test]
fn sequences_around_two_to_the_thirty_second() {
    for capacity in [1, 3, 8] {
        let first = (1 << 32) - 20;
        let (publisher, mut block) = Builder::new(capacity).first_sequence(first).build::<u64>().unwrap();
        let mut lag = publisher.subscribe_with(Overflow::Lag);
        for n in first..first + 100 {
            assert_eq!(publisher.publish(n), Ok(n));
            assert_eq!((block.sequence(), block.recv()), (n, Ok(n)));
        }
        assert_eq!(lag.try_recv(), Err(TryRecvError::Lagged(lag.lost())));
        let lost = lag.lost();
        assert!(lag.try_iter().eq(first + lost..first + 100));
    }
}

#[test]
fn an_event_without_a_size() {
    #[derive(Clone, Debug)]
    struct Nothing;
    const { assert!(size_of::<Nothing>() == 0) };
    let (publisher, mut block) = ring::channel::<Nothing>(3);
    let mut lag = publisher.subscribe_with(Overflow::Lag);
    for _ in 0..10 {
        publisher.publish_batch([Nothing, Nothing, Nothing]).unwrap();
        assert!(publisher.try_publish(Nothing).unwrap_err().is_full());
        assert_eq!(block.batch(9).unwrap().len(), 3);
    }
    assert_eq!(lag.try_recv().unwrap_err(), TryRecvError::Lagged(lag.lost()));
    assert_eq!(lag.try_iter().count() as u64 + lag.lost(), 30);
}

/// A type without a size whose drops are counted all the same.
#[test]
fn an_event_without_a_size_is_dropped_once() {
    use std::sync::atomic::{AtomicUsize, Ordering::*};
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
        }
    }
    let (publisher, mut subscriber) = Builder::new(2).overflow(Overflow::Lag).build::<Counted>().unwrap();
    for _ in 0..20 {
        assert!(publisher.publish(Counted).is_ok());
    }
    let _ = subscriber.drain(9, |_| ());
    drop((publisher, subscriber));
    assert_eq!(DROPS.load(Relaxed), 20);
}

#[test]
fn an_event_of_a_page() {
    let page = |n: u64| -> [u64; 512] { std::array::from_fn(|index| n + index as u64) };
    let (publisher, mut block) = ring::channel::<[u64; 512]>(5);
    let mut lag = publisher.subscribe_with(Overflow::Lag);
    let (mut unique, mut other) = Builder::new(5).build_unique::<[u64; 512]>().unwrap();
    for n in 0..8 {
        publisher.publish_batch((0..5).map(|index| page(5 * n + index))).unwrap();
        unique.publish_batch((0..5).map(|index| page(5 * n + index))).unwrap();
        for reader in [&mut block, &mut other] {
            let mut next = 5 * n;
            while let Ok(batch) = reader.batch(2) {
                for event in &batch {
                    assert_eq!(*event, page(next));
                    next += 1;
                }
            }
            assert_eq!(next, 5 * n + 5);
        }
    }
    assert!(lag.try_recv().unwrap_err().is_lagged());
    let mut next = lag.lost();
    assert!(lag.try_iter().all(|event| {
        next += 1;
        event == page(next - 1)
    }));
    assert_eq!(next, 40);
}

/// Slots keep the event's alignment.
#[test]
fn an_event_with_an_alignment_of_its_own() {
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(256))]
    struct Aligned(u8);
    let (publisher, mut subscriber) = ring::channel::<Aligned>(3);
    for n in 0..20 {
        publisher.publish(Aligned(n)).unwrap();
        let batch = subscriber.batch(1).unwrap();
        assert_eq!(std::ptr::from_ref(&batch[0]).addr() % 256, 0);
        assert_eq!(batch[0], Aligned(n));
    }
}

#[test]
fn events_that_own_memory() {
    let (publisher, mut subscriber) = ring::channel::<(String, Arc<str>)>(4);
    let shared: Arc<str> = "shared".into();
    for n in 0..50 {
        publisher.publish((format!("event {n}"), shared.clone())).unwrap();
        let (text, arc) = subscriber.recv().unwrap();
        assert_eq!((text, &*arc), (format!("event {n}"), "shared"));
    }
    assert!(Arc::strong_count(&shared) > 1);
    drop((publisher, subscriber));
    assert_eq!(Arc::strong_count(&shared), 1);
}

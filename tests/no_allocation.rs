//! Publishing and receiving allocate nothing, in any form, under any policy, also while they wait.

#![allow(unsafe_code, reason = "a global allocator that counts")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;

use common::{Handle, within};
use eventcast::ring::{Builder, Overflow, Start, Subscriber, TryRecvError, Wait};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

/// Counts what the current thread allocates while it is told to.
struct Counting;

thread_local! {
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    if COUNTING.get() {
        COUNT.set(COUNT.get() + 1);
    }
}

// SAFETY: hands everything on to the system's allocator, and counts in constant thread locals, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `f` allocates on this thread.
fn allocations(f: impl FnOnce()) -> u64 {
    COUNT.set(0);
    COUNTING.set(true);
    f();
    COUNTING.set(false);
    COUNT.get()
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
    assert_eq!(allocations(|| ()), 0);
}

/// An event whose drop does something, without memory of its own.
#[derive(Clone, Debug)]
struct Loud(u64);

impl Drop for Loud {
    fn drop(&mut self) {
        std::hint::black_box(&self.0);
    }
}

const ROUNDS: u64 = if cfg!(miri) { 20 } else { 500 };
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

fn publish_everything(publisher: &mut impl Handle<Loud>, subscriber: &mut Subscriber<Loud>, round: u64) {
    publisher.publish(Loud(round)).unwrap();
    publisher.try_publish(Loud(round)).unwrap();
    publisher.publish_timeout(Loud(round), Duration::from_secs(1)).unwrap();
    publisher.publish_batch((0..3).map(Loud)).unwrap();
    publisher.try_publish_batch((0..3).map(Loud)).unwrap();
    publisher.publish_batch_timeout((0..3).map(Loud), Duration::from_secs(1)).unwrap();
    assert_eq!(subscriber.len(), 12);
}

fn receive_everything(subscriber: &mut Subscriber<Loud>) {
    let second = Duration::from_secs(1);
    subscriber.try_recv().unwrap();
    subscriber.recv().unwrap();
    subscriber.recv_timeout(second).unwrap();
    assert_eq!(subscriber.drain(1, |_| ()), Ok(1));
    assert_eq!(subscriber.drain_wait(1, |_| ()), Ok(1));
    assert_eq!(subscriber.drain_timeout(1, second, |_| ()), Ok(1));
    drop(subscriber.batch(1).unwrap());
    subscriber.recv_batch(1).unwrap().release_first(1);
    std::mem::forget(subscriber.recv_batch_timeout(1, second).unwrap());
    subscriber.iter().next().unwrap();
    subscriber.try_iter().next().unwrap();
    subscriber.results().next().unwrap().unwrap();
    assert!(subscriber.try_recv().unwrap_err().is_empty());
    assert!(subscriber.recv_timeout(Duration::ZERO).is_err());
    assert_eq!((subscriber.lost(), subscriber.is_empty()), (0, true));
}

#[test]
fn every_form_of_publish_and_receive() {
    for overflow in POLICIES {
        for wait in [Wait::Park, Wait::Yield, Wait::Spin] {
            let builder = Builder::new(16).overflow(overflow).wait(wait).clone();
            let (mut shared, mut reader) = builder.build::<Loud>().unwrap();
            let counted = allocations(|| {
                for round in 0..ROUNDS {
                    publish_everything(&mut shared, &mut reader, round);
                    receive_everything(&mut reader);
                }
            });
            assert_eq!(counted, 0, "{overflow:?} {wait:?}, shared");
            let (mut unique, mut reader) = builder.build_unique::<Loud>().unwrap();
            let counted = allocations(|| {
                for round in 0..ROUNDS {
                    publish_everything(&mut unique, &mut reader, round);
                    receive_everything(&mut reader);
                }
            });
            assert_eq!(counted, 0, "{overflow:?} {wait:?}, unique");
        }
    }
}

#[test]
fn refusals_losses_and_displacements() {
    let (publisher, block) = Builder::new(4).build::<Loud>().unwrap();
    let counted = allocations(|| {
        publisher.publish_batch((0..4).map(Loud)).unwrap();
        for _ in 0..ROUNDS {
            assert!(publisher.try_publish(Loud(0)).unwrap_err().is_full());
            assert!(publisher.publish_timeout(Loud(0), Duration::ZERO).unwrap_err().is_timeout());
        }
    });
    assert_eq!(counted, 0, "refusals");
    drop(block);

    let mut lag = publisher.subscribe_with(Overflow::Lag);
    let mut stuck = publisher.subscribe_from(Start::Oldest, Overflow::Lag).unwrap();
    let mut gone = publisher.subscribe_with(Overflow::Disconnect);
    let counted = allocations(|| {
        let held = stuck.batch(2).unwrap();
        for round in 0..ROUNDS {
            publisher.publish_batch((0..7).map(Loud)).unwrap();
            while lag.try_recv().err() != Some(TryRecvError::Empty) {}
            publisher.try_publish(Loud(round)).unwrap();
        }
        assert_eq!(held.len(), 2);
        drop(held);
        while gone.try_recv().err() != Some(TryRecvError::Closed) {}
        assert!(stuck.try_recv().unwrap_err().is_lagged());
    });
    assert_eq!(counted, 0, "losses and displacements");
    assert!(lag.lost() > 0 && gone.lost() > 0 && stuck.lost() > 0);
}

/// A ring of one: publisher and subscriber wait for each other at every event.
#[test]
fn while_blocked_and_parked() {
    within(Duration::from_secs(120), "ping pong", || {
        for (wait, membarrier) in [(Wait::Park, true), (Wait::Park, false), (Wait::Yield, true)] {
            for overflow in [Overflow::Block, Overflow::Lag] {
                let builder = Builder::new(1).overflow(overflow).wait(wait);
                let builder = if membarrier { builder } else { builder.without_membarrier() };
                let (publisher, mut reader) = builder.build::<Loud>().unwrap();
                let mut back = publisher.subscribe();
                thread::scope(|scope| {
                    let reader = scope.spawn(move || {
                        allocations(|| {
                            while reader.sequence() < ROUNDS {
                                if let Err(error) = reader.recv() {
                                    assert!(error.is_lagged());
                                }
                            }
                        })
                    });
                    let second = scope.spawn(move || {
                        allocations(|| {
                            for _ in 0..ROUNDS {
                                back.recv_timeout(Duration::from_secs(60)).unwrap();
                            }
                        })
                    });
                    let writer = scope.spawn(move || {
                        allocations(|| {
                            for round in 0..ROUNDS {
                                publisher.publish(Loud(round)).unwrap();
                            }
                        })
                    });
                    assert_eq!(writer.join().unwrap(), 0, "publisher, {wait:?} {overflow:?} {membarrier}");
                    assert_eq!(reader.join().unwrap(), 0, "subscriber, {wait:?} {overflow:?} {membarrier}");
                    assert_eq!(
                        second.join().unwrap(),
                        0,
                        "second subscriber, {wait:?} {overflow:?} {membarrier}"
                    );
                });
            }
        }
    });
}

/// More publishers wait for one subscriber than anybody had planned for.
#[test]
fn many_publishers_waiting_at_once() {
    const PUBLISHERS: usize = 20;
    within(Duration::from_secs(60), "many waiting publishers", || {
        let (publisher, mut reader) = Builder::new(1).build::<Loud>().unwrap();
        publisher.publish(Loud(0)).unwrap();
        let start = Barrier::new(PUBLISHERS + 1);
        thread::scope(|scope| {
            let writers: Vec<_> = (0..PUBLISHERS)
                .map(|_| {
                    let (publisher, start) = (publisher.clone(), &start);
                    scope.spawn(move || {
                        start.wait();
                        // Nobody reads until this is over: all of them wait at once.
                        let waited = allocations(|| {
                            assert!(publisher.publish_timeout(Loud(1), Duration::from_millis(200)).is_err());
                        });
                        start.wait();
                        waited + allocations(|| assert!(publisher.publish(Loud(2)).is_ok()))
                    })
                })
                .collect();
            start.wait();
            start.wait();
            for _ in 0..=PUBLISHERS {
                reader.recv().unwrap();
            }
            for writer in writers {
                assert_eq!(writer.join().unwrap(), 0, "a waiting publisher");
            }
        });
    });
}

/// More subscribers wait than were there when the ring was built, some of them armed as well.
#[test]
fn many_subscribers_waiting_at_once() {
    const SUBSCRIBERS: usize = 20;
    within(Duration::from_secs(60), "many waiting subscribers", || {
        let (publisher, first) = Builder::new(4).build::<Loud>().unwrap();
        let mut readers = vec![first];
        readers.extend((1..SUBSCRIBERS).map(|_| publisher.subscribe()));
        let start = Barrier::new(SUBSCRIBERS + 1);
        thread::scope(|scope| {
            let waiters: Vec<_> = readers
                .into_iter()
                .map(|mut reader| {
                    let start = &start;
                    scope.spawn(move || {
                        #[cfg(feature = "select")]
                        let _ = reader.arm();
                        start.wait();
                        let waited = allocations(|| {
                            assert!(reader.recv_timeout(Duration::from_millis(200)).is_err());
                        });
                        start.wait();
                        waited + allocations(|| assert!(reader.recv().is_ok()))
                    })
                })
                .collect();
            start.wait();
            start.wait();
            publisher.publish(Loud(1)).unwrap();
            for waiter in waiters {
                assert_eq!(waiter.join().unwrap(), 0, "a waiting subscriber");
            }
        });
    });
}

//! F3 to F5 and F10: drops, clones, closures, iterators and publishers that panic.

use super::{LIMIT, POLICIES, for_both_publishers, goes_on, read_all};
use crate::common::within;
use crate::ledger::{Bang, Event, Ledger};
use eventcast::ring::{Builder, Overflow, RecvError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn bang_of<R>(f: impl FnOnce() -> R) -> bool {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => false,
        Err(panic) if panic.is::<Bang>() => true,
        Err(panic) => resume_unwind(panic),
    }
}

#[test]
fn f3_drop_panics_on_overwrite() {
    for overflow in POLICIES {
        for_both_publishers!(4, overflow, |publisher, subscriber, ledger| {
            for id in 0..100 {
                let event = Event::new(&ledger, id).bang_on_drop(id % 3 == 0);
                assert_eq!(publisher.publish(event).unwrap(), id);
                if overflow == Overflow::Block {
                    assert_eq!(subscriber.try_recv().unwrap().id, id);
                }
            }
            // A batch drops what it overwrites as well; some of that are bangs.
            for batch in 0..20 {
                let first = 100 + batch * 4;
                let events = (first..first + 4).map(|id| Event::new(&ledger, id).bang_on_drop(id % 3 == 0));
                assert_eq!(publisher.publish_batch(events).unwrap(), first..first + 4);
                if overflow == Overflow::Block {
                    assert_eq!(subscriber.drain(4, |_| ()), Ok(4));
                }
            }
            assert!(ledger.bangs() > 50);
            let (got, missed) = read_all(&mut subscriber);
            match overflow {
                Overflow::Block => assert_eq!((got.len(), missed), (0, 0)),
                Overflow::Lag => assert_eq!(got.len() as u64 + missed, 180),
                // Marked by the fifth event.
                Overflow::Disconnect => assert_eq!(got.len() as u64 + missed, 4),
            }
            drop(subscriber);
        });
    }
}

#[test]
fn f3_drop_panics_at_the_end_of_the_ring() {
    for unique in [false, true] {
        let ledger = Ledger::new();
        let fill = |publisher: &mut dyn FnMut(Event)| {
            (0..10).for_each(|id| publisher(Event::new(&ledger, id).bang_on_drop(true)));
        };
        let builder = Builder::new(16).overflow(Overflow::Lag).clone();
        let subscriber = if unique {
            let (mut publisher, subscriber) = builder.build_unique::<Event>().unwrap();
            fill(&mut |event| assert!(publisher.publish(event).is_ok()));
            subscriber
        } else {
            let (publisher, subscriber) = builder.build::<Event>().unwrap();
            fill(&mut |event| assert!(publisher.publish(event).is_ok()));
            subscriber
        };
        assert_eq!(ledger.bangs(), 0);
        drop(subscriber);
        assert_eq!(ledger.bangs(), 10);
        ledger.balance().unwrap();
    }
}

/// The value that a guard held is overwritten later than the others; its drop panics then.
#[test]
fn f3_drop_panics_of_a_displaced_value() {
    for_both_publishers!(2, Overflow::Lag, |publisher, subscriber, ledger| {
        publisher.publish(Event::new(&ledger, 0).bang_on_drop(true)).unwrap();
        {
            let held = subscriber.batch(1).unwrap();
            for id in 1..50 {
                publisher.try_publish(Event::new(&ledger, id).bang_on_drop(true)).unwrap();
            }
            assert_eq!(held[0].id, 0);
        }
        for id in 50..100 {
            publisher.try_publish(Event::new(&ledger, id).bang_on_drop(true)).unwrap();
        }
        let (got, missed) = read_all(&mut subscriber);
        assert_eq!(got.len() as u64 + missed, 99);
    });
}

#[test]
fn f4_clone_panics_in_a_receive() {
    for overflow in POLICIES {
        for form in 0..5 {
            for_both_publishers!(8, overflow, |publisher, subscriber, ledger| {
                for id in 0..6 {
                    publisher.publish(Event::new(&ledger, id).bang_on_clone(id % 2 == 0)).unwrap();
                }
                for id in 0..6 {
                    let mut got = None;
                    let bang = bang_of(|| {
                        got = match form {
                            0 => subscriber.try_recv().ok(),
                            1 => subscriber.recv().ok(),
                            2 => subscriber.recv_timeout(Duration::MAX).ok(),
                            3 => subscriber.iter().next(),
                            _ => subscriber.results().next().and_then(Result::ok),
                        };
                    });
                    // It counts as delivered, once: the next receive gets the next event.
                    assert_eq!(bang, id % 2 == 0);
                    assert_eq!(got.map(|event| event.id), (!bang).then_some(id));
                    assert_eq!(subscriber.sequence(), id + 1);
                }
                assert_eq!((subscriber.len(), subscriber.lost()), (0, 0));
                drop(subscriber);
            });
        }
    }
}

/// The closure of a drain panics: that event counts as delivered, later ones stay.
#[test]
fn f4_closure_panics_in_a_drain() {
    for overflow in POLICIES {
        for at in 0..5 {
            for_both_publishers!(8, overflow, |publisher, subscriber, ledger| {
                publisher.publish_batch((0..5).map(|id| Event::new(&ledger, id))).unwrap();
                let mut seen = Vec::new();
                assert!(bang_of(|| {
                    subscriber.drain(5, |event| {
                        seen.push(event.id);
                        if event.id == at {
                            resume_unwind(Box::new(Bang));
                        }
                    })
                }));
                assert_eq!(seen, (0..=at).collect::<Vec<_>>());
                assert_eq!((subscriber.len() as u64, subscriber.lost()), (4 - at, 0));
                assert_eq!(read_all(&mut subscriber), ((at + 1..5).collect(), 0));
                drop(subscriber);
            });
        }
    }
}

/// An iterator that lies about how much it has, and panics after some of it.
struct Liar {
    ledger: Arc<Ledger>,
    next: u64,
    end: u64,
    hint: (usize, Option<usize>),
    panics: bool,
}

impl Iterator for Liar {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.next == self.end {
            if self.panics {
                resume_unwind(Box::new(Bang));
            }
            return None;
        }
        self.next += 1;
        Some(Event::new(&self.ledger, self.next - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hint
    }
}

#[test]
fn f5_iterator_panics() {
    for overflow in [Overflow::Block, Overflow::Lag] {
        for before in (0..8).chain([31, 32, 33, 64, 100]) {
            for_both_publishers!(128, overflow, |publisher, subscriber, ledger| {
                publisher.publish(Event::new(&ledger, 900)).unwrap();
                let events =
                    Liar { ledger: ledger.clone(), next: 0, end: before, hint: (0, None), panics: true };
                assert!(bang_of(|| publisher.publish_batch(events)));
                let (mut got, missed) = read_all(&mut subscriber);
                assert_eq!((got.remove(0), missed), (900, 0));
                // Whole chunks of what it had yielded, in order, and nothing of the chunk that it broke.
                assert!(got.iter().copied().eq(0..got.len() as u64), "{got:?}");
                assert!(got.len() as u64 <= before);
                // The shared publisher releases chunk by chunk, the unique one when it has to.
                let by_chunks =
                    std::any::type_name_of_val(&publisher).starts_with("eventcast::ring::publisher::");
                assert!(!by_chunks || got.len() as u64 == before / 32 * 32, "{} of {before}", got.len());
                assert_eq!(publisher.next_sequence(), 1 + got.len() as u64);
                publisher.publish(Event::new(&ledger, 901)).unwrap();
                assert_eq!(read_all(&mut subscriber), (vec![901], 0));
                drop(subscriber);
            });
        }
    }
}

#[test]
fn f5_iterator_lies_about_its_length() {
    for (n, hint) in
        [(5, (0, Some(0))), (5, (100, Some(100))), (70, (1, None)), (0, (7, None)), (70, (64, Some(64)))]
    {
        for_both_publishers!(128, Overflow::Block, |publisher, subscriber, ledger| {
            let events = Liar { ledger: ledger.clone(), next: 0, end: n, hint, panics: false };
            assert_eq!(publisher.publish_batch(events).unwrap(), 0..n);
            assert_eq!(read_all(&mut subscriber), ((0..n).collect(), 0));
            drop(subscriber);
        });
    }
}

/// The batch was refused, and the iterator panics while the rest is collected for the caller.
#[test]
fn f5_iterator_panics_after_the_refusal() {
    for_both_publishers!(4, Overflow::Block, |publisher, subscriber, ledger| {
        let events = Liar { ledger: ledger.clone(), next: 0, end: 20, hint: (0, None), panics: true };
        assert!(bang_of(|| publisher.try_publish_batch(events)));
        assert_eq!(publisher.next_sequence(), 4);
        assert_eq!(read_all(&mut subscriber), ((0..4).collect(), 0));
        drop(subscriber);
    });
}

/// A publisher that unwinds out of a publish, with its handle on the stack: the ring is usable for everybody else.
#[test]
fn f10_publisher_unwinds_inside_publish() {
    within(LIMIT, "unwinding", || {
        let ledger = Ledger::new();
        {
            let (mut publisher, mut subscriber) = Builder::new(64).build::<Event>().unwrap();
            for round in 0..10 {
                let (victim, ledger) = (publisher.clone(), ledger.clone());
                let end = thread::spawn(move || {
                    victim.publish(Event::new(&ledger, 0).bang_on_drop(true)).unwrap();
                    let events = Liar { ledger, next: 1, end: 1 + round * 3, hint: (0, None), panics: true };
                    let _ = victim.publish_batch(events);
                });
                assert!(end.join().unwrap_err().is::<Bang>());
                let (got, missed) = read_all(&mut subscriber);
                assert_eq!((got[0], missed), (0, 0));
            }
            assert!(!publisher.is_closed());
            drop(subscriber);
            goes_on(&mut publisher, &ledger);
        }
        ledger.balance().unwrap();
        // The last publisher's unwinding closes the ring, and the reader gets what was published.
        let (publisher, mut subscriber) = Builder::new(64).build_unique::<Event>().unwrap();
        let mine = ledger.clone();
        let end = thread::spawn(move || {
            let mut publisher = publisher;
            publisher.publish(Event::new(&mine, 7)).unwrap();
            let _ = publisher.publish_batch(Liar {
                ledger: mine,
                next: 0,
                end: 3,
                hint: (0, None),
                panics: true,
            });
        });
        assert!(end.join().unwrap_err().is::<Bang>());
        assert_eq!(subscriber.recv().unwrap().id, 7);
        assert!(subscriber.iter().all(|event| event.id < 3));
        assert_eq!(subscriber.recv().err(), Some(RecvError::Closed));
        drop(subscriber);
        ledger.balance().unwrap();
    });
}

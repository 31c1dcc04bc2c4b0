//! Faults of the ring's users, one by one: what panics, hangs, is stopped, leaked or closed twice hurts nobody else.
//!
//! After each: the equations, every value dropped once, and the next 1,000 events as if nothing had been.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;
#[path = "common/ledger.rs"]
mod ledger;

use common::{Handle, Payload, Rng, Words, eventually, seed, within};
use eventcast::ring::{
    Builder, Overflow, Publisher, RecvError, RecvTimeoutError, Start, Subscriber, TryPublishError,
    TryRecvError, Wait,
};
use ledger::{Bang, Event, Ledger};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

const NEXT: u64 = if cfg!(miri) { 40 } else { 1_000 };
const LIMIT: Duration = Duration::from_secs(120);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

/// Runs a test for both kinds of publisher.
macro_rules! for_both_publishers {
    ($capacity:expr, $overflow:expr, |$publisher:ident, $subscriber:ident, $ledger:ident| $body:block) => {{
        {
            let $ledger = Ledger::new();
            {
                #[allow(unused_mut, reason = "each body uses what it needs")]
                let (mut $publisher, mut $subscriber) =
                    Builder::new($capacity).overflow($overflow).build::<Event>().unwrap();
                $body
                goes_on(&mut $publisher, &$ledger);
            }
            $ledger.balance().unwrap();
        }
        {
            let $ledger = Ledger::new();
            {
                #[allow(unused_mut, reason = "each body uses what it needs")]
                let (mut $publisher, mut $subscriber) =
                    Builder::new($capacity).overflow($overflow).build_unique::<Event>().unwrap();
                $body
                goes_on(&mut $publisher, &$ledger);
            }
            $ledger.balance().unwrap();
        }
    }};
}

/// The next 1,000 events are normal for subscribers of every policy. Nobody who blocks may be left.
fn goes_on(publisher: &mut impl Handle<Event>, ledger: &Arc<Ledger>) {
    let mut subscribers = POLICIES.map(|policy| publisher.subscribe_with(policy));
    let start = publisher.next_sequence();
    let count = publisher.subscriber_count();
    for n in 0..NEXT {
        let id = 1_000_000 + n;
        let sequence = if n % 2 == 0 {
            publisher.publish(Event::new(ledger, id)).unwrap()
        } else {
            publisher.publish_batch([Event::new(ledger, id)]).unwrap().start
        };
        assert_eq!(sequence, start + n);
        for subscriber in &mut subscribers {
            assert_eq!(subscriber.try_recv().unwrap().id, id);
            assert!(subscriber.try_recv().unwrap_err().is_empty());
        }
    }
    for subscriber in &subscribers {
        assert_eq!((subscriber.lost(), subscriber.len(), subscriber.sequence()), (0, 0, start + NEXT));
    }
    drop(subscribers);
    assert_eq!(publisher.subscriber_count(), count - 3);
    assert_eq!(publisher.drop_panics(), ledger.bangs());
}

/// Reads what is there: the ids, and what was missed.
fn read_all(subscriber: &mut Subscriber<Event>) -> (Vec<u64>, u64) {
    let (mut ids, mut missed) = (Vec::new(), 0);
    loop {
        match subscriber.try_recv() {
            Ok(event) => ids.push(event.id),
            Err(TryRecvError::Lagged(n)) => missed += n,
            Err(TryRecvError::Disconnected(n)) => return (ids, n),
            Err(_) => return (ids, missed),
        }
    }
}

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

/// The p99 of a publish in nanoseconds, over a few thousand.
fn publish_p99(publisher: &Publisher<Words>) -> u64 {
    let mut times: Vec<u64> = (0..4_000)
        .map(|n| {
            let event = Words::make(0, n);
            let start = Instant::now();
            publisher.publish(event).unwrap();
            start.elapsed().as_nanos() as u64
        })
        .collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

/// A reader that takes 100 ms for an event, inside a guard: publishers do not notice.
#[test]
#[cfg_attr(miri, ignore = "compares times")]
fn f6_slow_subscriber_that_nobody_waits_for() {
    for overflow in [Overflow::Lag, Overflow::Disconnect] {
        let (publisher, first) = Builder::new(256).overflow(Overflow::Lag).build::<Words>().unwrap();
        let slow = publisher.subscribe_with(overflow);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let stop = &stop;
            let reader = scope.spawn(move || {
                let mut slow = slow;
                let mut delivered = 0;
                while !stop.load(Relaxed) {
                    if let Ok(batch) = slow.batch(1) {
                        thread::sleep(Duration::from_millis(100));
                        batch[0].check();
                        delivered += 1;
                    }
                }
                (slow, delivered)
            });
            // The same ring a moment ago is the comparison; noise makes a round worthless, so one good round of many counts.
            let (other, _idle) = Builder::new(256).overflow(Overflow::Lag).build::<Words>().unwrap();
            let mut rounds = Vec::new();
            let good = (0..60).any(|_| {
                let (without, with) = (publish_p99(&other), publish_p99(&publisher));
                rounds.push((without, with));
                with as f64 <= without as f64 * 1.2
            });
            stop.store(true, Relaxed);
            let (mut slow, delivered) = reader.join().unwrap();
            assert!(good, "publish p99 without and with a slow subscriber: {rounds:?}");
            let published = publisher.next_sequence();
            let ahead = slow.len() as u64;
            if overflow == Overflow::Lag {
                assert_eq!(published, delivered + slow.lost() + ahead);
            } else {
                let mut rest = 0;
                let missed = loop {
                    match slow.try_recv() {
                        Ok(_) => rest += 1,
                        Err(TryRecvError::Disconnected(n)) => break n,
                        // Its report came while it was being stopped.
                        Err(_) => break slow.lost(),
                    }
                };
                assert_eq!(slow.sequence(), delivered + rest + missed);
            }
        });
        drop(first);
    }
}

/// A blocking reader that is too slow: the bound holds, and the error names it.
#[test]
fn f6_slow_subscriber_that_publishers_wait_for() {
    for_both_publishers!(2, Overflow::Block, |publisher, subscriber, ledger| {
        let mut quick = publisher.subscribe_with(Overflow::Block);
        for id in 0..2 {
            publisher.publish(Event::new(&ledger, id)).unwrap();
            assert_eq!(quick.recv().unwrap().id, id);
        }
        let start = Instant::now();
        let refused =
            publisher.publish_timeout(Event::new(&ledger, 2), Duration::from_millis(20)).unwrap_err();
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert!(refused.is_timeout());
        assert_eq!(refused.blocked_by(), Some(subscriber.id()));
        assert_eq!(refused.into_inner().id, 2);
        assert_eq!((publisher.len(), quick.len()), (2, 0));
        assert_eq!(read_all(&mut subscriber), (vec![0, 1], 0));
        publisher.publish(Event::new(&ledger, 3)).unwrap();
        drop((subscriber, quick));
    });
}

#[test]
fn f7_stuck_in_a_guard_for_ever() {
    for overflow in [Overflow::Lag, Overflow::Disconnect] {
        for capacity in [1, 2, 4, 16] {
            for_both_publishers!(capacity, overflow, |publisher, subscriber, ledger| {
                let n = capacity as u64;
                publisher.publish_batch((0..n).map(|id| Event::new(&ledger, id))).unwrap();
                let held = subscriber.batch(capacity).unwrap();
                let len = held.len();
                for id in n..n + NEXT {
                    publisher.try_publish(Event::new(&ledger, id)).unwrap();
                }
                for first in (0..10).map(|batch| batch * n) {
                    publisher
                        .try_publish_batch((first..first + n).map(|id| Event::new(&ledger, id)))
                        .unwrap();
                }
                assert!(held.iter().map(|event| event.id).eq(0..len as u64));
                std::mem::forget(held);
                publisher.try_publish(Event::new(&ledger, 0)).unwrap();
                let published = publisher.next_sequence();
                let (got, missed) = read_all(&mut subscriber);
                let all = if overflow == Overflow::Lag { published } else { n };
                assert_eq!(len as u64 + got.len() as u64 + missed, all);
            });
        }
    }
}

/// One guard more than there are spares: `try_publish` answers `Full`, `publish` waits; one guard less, and it goes on.
#[test]
fn f7_more_leaked_guards_than_spares() {
    within(LIMIT, "leaked guards", || {
        for spares in [1, 2, 3] {
            for wait in [Wait::Park, Wait::Yield] {
                leaked_guards(spares, wait);
            }
        }
    });
}

fn leaked_guards(spares: usize, wait: Wait) {
    let ledger = Ledger::new();
    let builder = Builder::new(4).overflow(Overflow::Lag).lag_slots(spares).wait(wait);
    let (mut publisher, first) = builder.build::<Event>().unwrap();
    let mut readers = vec![first];
    readers.extend((0..spares).map(|_| publisher.subscribe_with(Overflow::Lag)));
    for (id, reader) in readers.iter_mut().enumerate() {
        publisher.publish(Event::new(&ledger, id as u64)).unwrap();
        // Each holds another event: all of them together one more than there are spares.
        while reader.try_recv().is_ok_and(|event| event.id < id as u64) {}
    }
    let start = publisher.next_sequence();
    for (offset, reader) in readers.iter_mut().enumerate() {
        publisher.publish(Event::new(&ledger, 100 + offset as u64)).unwrap();
        while reader.sequence() < start + offset as u64 {
            reader.try_recv().unwrap();
        }
        std::mem::forget(reader.batch(1).unwrap());
    }
    let mut accepted = 0;
    let refused = loop {
        match publisher.try_publish(Event::new(&ledger, 200)) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
        assert!(accepted < 1_000, "{} guards never filled a ring with {spares} spares", readers.len());
    };
    assert!(matches!(refused, TryPublishError::Full(_)));
    assert!(publisher.try_publish(Event::new(&ledger, 201)).unwrap_err().is_full());
    let late = publisher.publish_timeout(Event::new(&ledger, 202), Duration::from_millis(5)).unwrap_err();
    let named = late.blocked_by().expect("somebody is named");
    assert!(readers.iter().any(|reader| reader.id() == named));
    assert!(publisher.try_publish_batch([Event::new(&ledger, 203)]).unwrap_err().is_full());
    let before = publisher.next_sequence();
    let waiting = AtomicBool::new(false);
    thread::scope(|scope| {
        let (waiting, ledger, publisher) = (&waiting, &ledger, &publisher);
        let writer = scope.spawn(move || {
            waiting.store(true, Relaxed);
            publisher.publish(Event::new(ledger, 204)).unwrap()
        });
        eventually("the publisher is on its way", || waiting.load(Relaxed));
        for _ in 0..100 {
            thread::yield_now();
            assert_eq!(publisher.next_sequence(), before, "published without a spare");
        }
        // One reader's next call releases its guard.
        let _ = readers[0].try_recv();
        assert_eq!(writer.join().unwrap(), before);
    });
    for _ in 0..NEXT {
        publisher.try_publish(Event::new(&ledger, 205)).unwrap();
    }
    drop(readers);
    goes_on(&mut publisher, &ledger);
    drop((publisher, refused, late));
    ledger.balance().unwrap();
}

/// One of three readers leaves in the middle of everything, from its own thread or another: the neighbours get each event
/// exactly once.
#[test]
fn f8_subscriber_dropped_while_events_are_published() {
    const ROUNDS: u64 = if cfg!(miri) { 2 } else { 60 };
    within(LIMIT, "leaving", || {
        let mut rng = Rng::new(seed());
        for round in 0..ROUNDS {
            let events = if cfg!(miri) { 60 } else { 500 };
            let capacity = rng.pick(&[1, 2, 5, 64]);
            let (publisher, mut a) = Builder::new(capacity).build::<Words>().unwrap();
            let mut b = publisher.subscribe();
            let mut leaver = publisher.subscribe_with(POLICIES[round as usize % 3]);
            let leave_after = rng.below(events / 2);
            let from_another_thread = rng.one_in(2);
            thread::scope(|scope| {
                let all = |reader: &mut Subscriber<Words>| {
                    for n in 0..events {
                        assert_eq!(reader.recv().unwrap().check(), (0, n));
                    }
                    assert_eq!(reader.recv().err(), Some(RecvError::Closed));
                };
                scope.spawn(move || all(&mut a));
                scope.spawn(move || all(&mut b));
                scope.spawn(move || {
                    let mut seen = 0;
                    while seen < leave_after {
                        match leaver.recv_batch(3) {
                            Ok(batch) => seen += batch.len() as u64,
                            Err(RecvError::Lagged(n)) => seen += n,
                            Err(_) => break,
                        }
                    }
                    if from_another_thread {
                        thread::scope(|inner| {
                            inner.spawn(move || drop(leaver));
                        });
                    } else if let Ok(batch) = leaver.batch(2) {
                        std::mem::forget(batch);
                    }
                });
                for n in 0..events {
                    publisher.publish(Words::make(0, n)).unwrap();
                }
                drop(publisher);
            });
        }
    });
}

/// A reader that leaves from inside its own handler: the closure of a drain drops another subscriber of the same ring.
#[test]
fn f8_subscriber_dropped_from_a_handler() {
    for_both_publishers!(4, Overflow::Block, |publisher, subscriber, ledger| {
        let mut other = Some(publisher.subscribe_with(Overflow::Block));
        publisher.publish_batch((0..4).map(|id| Event::new(&ledger, id))).unwrap();
        let mut seen = Vec::new();
        let drained = subscriber.drain(10, |event| {
            seen.push(event.id);
            other = None;
        });
        assert_eq!((drained, seen), (Ok(4), vec![0, 1, 2, 3]));
        assert_eq!(publisher.subscriber_count(), 1);
        publisher.try_publish_batch((4..8).map(|id| Event::new(&ledger, id))).unwrap();
        assert_eq!(read_all(&mut subscriber), ((4..8).collect(), 0));
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

#[test]
fn f13_close_twice_and_from_a_handler() {
    for overflow in POLICIES {
        let ledger = Ledger::new();
        {
            let (publisher, mut subscriber) = Builder::new(8).overflow(overflow).build::<Event>().unwrap();
            publisher.publish_batch((0..5).map(|id| Event::new(&ledger, id))).unwrap();
            let mut seen = Vec::new();
            let drained = subscriber.drain(3, |event| {
                seen.push(event.id);
                publisher.close();
            });
            assert_eq!((drained, seen), (Ok(3), vec![0, 1, 2]));
            publisher.close();
            assert!(publisher.is_closed());
            assert!(publisher.try_publish(Event::new(&ledger, 9)).unwrap_err().is_closed());
            assert!(publisher.publish(Event::new(&ledger, 9)).is_err());
            assert!(
                publisher.publish_timeout(Event::new(&ledger, 9), Duration::MAX).unwrap_err().is_closed()
            );
            let error = publisher.publish_batch((9..12).map(|id| Event::new(&ledger, id))).unwrap_err();
            assert!(error.is_closed());
            assert_eq!((error.published(), error.into_rest().len()), (0, 3));
            assert_eq!(read_all(&mut subscriber), (vec![3, 4], 0));
            assert_eq!(subscriber.recv().err(), Some(RecvError::Closed));
            assert_eq!(subscriber.recv_timeout(Duration::MAX).err(), Some(RecvTimeoutError::Closed));
            assert_eq!(subscriber.drain(1, |_| ()), Err(TryRecvError::Closed));
            assert!(subscriber.batch(1).is_err());
            assert_eq!(publisher.next_sequence(), 5);
        }
        ledger.balance().unwrap();
    }
}

/// A join while the ring closes: the joiner is closed, at once or after the history it asked for; it never hangs.
#[test]
fn f13_close_during_join() {
    const ROUNDS: u64 = if cfg!(miri) { 4 } else { 300 };
    within(LIMIT, "close during join", || {
        let mut rng = Rng::new(seed());
        for _ in 0..ROUNDS {
            let (publisher, first) = Builder::new(4).build::<u64>().unwrap();
            drop(first);
            publisher.publish_batch(0..6).unwrap();
            let (start, overflow) = (rng.pick(&[Start::Now, Start::Oldest]), rng.pick(&POLICIES));
            let ready = AtomicUsize::new(0);
            thread::scope(|scope| {
                let (ready, closer) = (&ready, publisher.clone());
                scope.spawn(move || {
                    ready.fetch_add(1, AcqRel);
                    while ready.load(Acquire) < 2 {
                        std::hint::spin_loop();
                    }
                    closer.close();
                });
                ready.fetch_add(1, AcqRel);
                while ready.load(Acquire) < 2 {
                    std::hint::spin_loop();
                }
                let mut subscriber = publisher.subscribe_from(start, overflow).unwrap();
                let got: Vec<u64> = subscriber.iter().collect();
                let expected = if start == Start::Oldest { vec![2, 3, 4, 5] } else { Vec::new() };
                assert_eq!(got, expected);
                assert_eq!(subscriber.recv(), Err(RecvError::Closed));
            });
            // On a closed ring: the same.
            assert_eq!(publisher.subscribe().recv(), Err(RecvError::Closed));
            let late = publisher.subscribe_from(Start::Sequence(5), Overflow::Lag).unwrap();
            assert_eq!(late.into_iter().collect::<Vec<_>>(), [5]);
        }
    });
}

/// One reader is stuck in its handler: the close wakes everybody else, and waits for nobody.
#[test]
fn f13_close_with_a_stuck_handler() {
    within(LIMIT, "close with a stuck handler", || {
        for overflow in POLICIES {
            let (publisher, mut stuck) = Builder::new(2).overflow(overflow).build::<Words>().unwrap();
            let mut sleeper = publisher.subscribe();
            publisher.publish_batch((0..2).map(|n| Words::make(0, n))).unwrap();
            let (release, inside) = (AtomicBool::new(false), AtomicBool::new(false));
            thread::scope(|scope| {
                let (release, inside) = (&release, &inside);
                let handler = scope.spawn(move || {
                    let drained = stuck.drain(1, |event| {
                        inside.store(true, Release);
                        while !release.load(Acquire) {
                            thread::yield_now();
                        }
                        assert_eq!(event.check(), (0, 0));
                    });
                    assert_eq!(drained, Ok(1));
                    stuck
                });
                eventually("the handler runs", || inside.load(Acquire));
                let blocked = {
                    let publisher = publisher.clone();
                    scope.spawn(move || {
                        publisher.publish(Words::make(0, 2)).map_err(|error| error.into_inner().check())
                    })
                };
                let reader = scope.spawn(move || {
                    let mut numbers = Vec::new();
                    while let Ok(event) = sleeper.recv() {
                        numbers.push(event.check().1);
                    }
                    numbers
                });
                eventually("the reader has read", || {
                    publisher.next_sequence() == 3 || overflow == Overflow::Block || publisher.is_empty()
                });
                publisher.close();
                publisher.close();
                let result = blocked.join().unwrap();
                let numbers = reader.join().unwrap();
                let accepted = publisher.next_sequence();
                assert_eq!(numbers, (0..accepted).collect::<Vec<_>>());
                assert_eq!(result, if accepted == 3 { Ok(2) } else { Err((0, 2)) });
                assert!(!handler.is_finished());
                release.store(true, Release);
                let mut stuck = handler.join().unwrap();
                let mut passed = 1;
                for result in stuck.results() {
                    passed += match result {
                        Ok(event) => {
                            event.check();
                            1
                        }
                        Err(RecvError::Lagged(n) | RecvError::Disconnected(n)) => n,
                        Err(error) => panic!("{error}"),
                    };
                }
                assert!(passed == accepted || overflow == Overflow::Disconnect);
            });
        }
    });
}

#[cfg(all(unix, not(miri)))]
mod f9 {
    //! Threads stopped at random moments by a signal whose handler waits for a flag.
    #![allow(unsafe_code, reason = "signals")]

    use super::*;
    use std::cell::Cell;

    const THREADS: usize = 4;
    const STOPS: u64 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };

    static STOP: [AtomicBool; THREADS] = [const { AtomicBool::new(false) }; THREADS];
    static STOPPED: [AtomicBool; THREADS] = [const { AtomicBool::new(false) }; THREADS];

    thread_local! {
        static ME: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    extern "C" fn halt(_: libc::c_int) {
        // Nothing but atomics, a constant thread local and a system call: all of it may happen in a handler.
        let me = ME.get();
        if me == usize::MAX {
            return;
        }
        STOPPED[me].store(true, Release);
        while STOP[me].load(Acquire) {
            // SAFETY: takes no arguments and touches no memory.
            unsafe { libc::sched_yield() };
        }
        STOPPED[me].store(false, Release);
    }

    fn install() {
        // SAFETY: all zeros is a valid `sigaction`: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = halt as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: `action` is valid, and the old action is not asked for.
        let answer = unsafe { libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()) };
        assert_eq!(answer, 0);
    }

    /// What a thread of the test is told and tells.
    struct Shared {
        thread: [AtomicU64; THREADS],
        done: [AtomicU64; THREADS],
        over: AtomicBool,
    }

    fn enter(shared: &Shared, me: usize) {
        ME.set(me);
        // SAFETY: always succeeds.
        let id = unsafe { libc::pthread_self() };
        shared.thread[me].store(id as u64, Release);
    }

    /// Stops thread `victim`, runs `during`, and lets it go on; false when it was leaving anyway.
    fn stop(shared: &Shared, victim: usize, during: impl FnOnce()) {
        STOP[victim].store(true, Release);
        let id = shared.thread[victim].load(Acquire) as libc::pthread_t;
        // SAFETY: the threads end only after `over` is set, which the caller does after its last stop.
        let answer = unsafe { libc::pthread_kill(id, libc::SIGUSR2) };
        assert_eq!(answer, 0);
        eventually("the handler has the thread", || STOPPED[victim].load(Acquire));
        during();
        STOP[victim].store(false, Release);
        eventually("the thread goes on", || !STOPPED[victim].load(Acquire));
    }

    #[test]
    fn f9_threads_stopped_at_random_moments() {
        within(Duration::from_secs(300), "stops", || {
            install();
            // Signals go by thread and flags are shared: one after the other.
            run(Wait::Yield, STOPS / 2, true);
            run(Wait::Park, STOPS / 2, false);
        });
    }

    fn run(wait: Wait, stops: u64, lock_free: bool) {
        let mut rng = Rng::new(seed());
        let (publisher, mut block) = Builder::new(64).wait(wait).build::<Words>().unwrap();
        let mut lag = publisher.subscribe_with(Overflow::Lag);
        let shared = Shared {
            thread: [const { AtomicU64::new(0) }; THREADS],
            done: [const { AtomicU64::new(0) }; THREADS],
            over: AtomicBool::new(false),
        };
        let others_went_on = AtomicU64::new(0);
        thread::scope(|scope| {
            let shared = &shared;
            let writers = [0, 1].map(|me| {
                let publisher = publisher.clone();
                scope.spawn(move || {
                    enter(shared, me);
                    let mut number = 0;
                    while !shared.over.load(Acquire) {
                        if number % 5 == 0 {
                            let batch = (number..number + 3).map(|n| Words::make(me as u64, n));
                            publisher.publish_batch(batch).unwrap();
                            number += 3;
                        } else {
                            publisher.publish(Words::make(me as u64, number)).unwrap();
                            number += 1;
                        }
                        shared.done[me].store(number, Relaxed);
                    }
                    ME.set(usize::MAX);
                })
            });
            scope.spawn(move || {
                enter(shared, 2);
                let mut next = [0; 3];
                while let Ok(event) = block.recv() {
                    let (publisher, number) = event.check();
                    assert_eq!(number, next[publisher as usize], "lossless, in order");
                    next[publisher as usize] += 1;
                    shared.done[2].fetch_add(1, Relaxed);
                }
                ME.set(usize::MAX);
            });
            scope.spawn(move || {
                enter(shared, 3);
                let mut passed = 0;
                loop {
                    match lag.recv_batch(4) {
                        Ok(batch) => {
                            batch.iter().for_each(|event| {
                                event.check();
                            });
                            passed += batch.len() as u64;
                        }
                        Err(RecvError::Lagged(n)) => passed += n,
                        Err(_) => break,
                    }
                    shared.done[3].store(passed, Relaxed);
                }
                ME.set(usize::MAX);
                assert_eq!(lag.sequence(), passed);
            });
            eventually("all threads run", || shared.thread.iter().all(|thread| thread.load(Acquire) != 0));
            for _ in 0..stops {
                let victim = rng.below(THREADS as u64) as usize;
                let hold = 1 << rng.below(15);
                stop(shared, victim, || match victim {
                    // A laggard, perhaps inside its guard: everybody else goes on.
                    3 if lock_free => {
                        let before = shared.done[2].load(Relaxed);
                        eventually("others go on while a laggard is stopped", || {
                            shared.done[2].load(Relaxed) > before + 10
                        });
                    }
                    // A publisher, perhaps between claim and release: the other one goes on within the capacity.
                    0 | 1 => {
                        let before = shared.done[1 - victim].load(Relaxed);
                        (0..hold).for_each(|_| std::hint::spin_loop());
                        // Now and then long enough for the other one to get a core, whatever else runs on the machine.
                        let patience = Instant::now() + Duration::from_millis(if hold == 1 { 50 } else { 0 });
                        while shared.done[1 - victim].load(Relaxed) == before && Instant::now() < patience {
                            std::thread::yield_now();
                        }
                        others_went_on.fetch_add(shared.done[1 - victim].load(Relaxed) - before, Relaxed);
                    }
                    _ => (0..hold).for_each(|_| std::hint::spin_loop()),
                });
            }
            shared.over.store(true, Release);
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            // The next events are normal.
            for number in 0..NEXT {
                publisher.publish(Words::make(2, number)).unwrap();
            }
            publisher.close();
        });
        let published = publisher.next_sequence();
        let [a, b, block, lag] = shared.done.map(AtomicU64::into_inner);
        println!(
            "{wait:?}: {stops} stops, {published} events, {others_went_on:?} while a publisher was stopped"
        );
        assert_eq!(a + b + NEXT, published);
        assert_eq!(block, published);
        assert_eq!(lag, published);
        assert!(others_went_on.into_inner() > 0);
    }
}

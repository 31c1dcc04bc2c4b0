//! Topics come and go: what nothing refers to leaves in bounded memory, what anything refers to stays, and no count is lost.
//!
//! `EVENTCAST_TOPIC_NAMES` sets how many names come and go (10^7 in the deep run), `EVENTCAST_STRESS_EVENTS` the number of
//! events of the stress test.

#![allow(clippy::disallowed_methods, reason = "tests spawn threads")]
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

mod common;

use common::{env_number, within};
use eventcast::{Bus, Event, Overflow, RecvError, Start, Subscription, TopicStats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const NAMES: u64 = if cfg!(miri) { 500 } else { 200_000 };
/// Enough for a topic to be found idle, and to be let go.
const MANY: u64 = if cfg!(miri) { 160 } else { 10_000 };
const EVENTS: u64 = if cfg!(miri) { 240 } else { 200_000 };
const CAPACITY: usize = if cfg!(miri) { 4 } else { 64 };
const COPIES: usize = if cfg!(miri) { 10 } else { 200 };
const LIMIT: Duration = Duration::from_secs(3_600);

thread_local! {
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
}

/// Counts the bytes that the calling thread has allocated and not freed.
struct Counting;

impl Counting {
    fn count(bytes: isize) {
        let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get() + bytes));
    }
}

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn bus(capacity: usize) -> Bus<u64> {
    Bus::builder().capacity(capacity).build().unwrap()
}

/// Publishes one event to each of many new topics.
fn churn<P: Default + Send + Sync>(bus: &Bus<P>, prefix: &str) {
    (0..MANY).for_each(|n| assert!(bus.publish(format!("{prefix}.{n}"), P::default()).is_ok()));
}

fn topic<P: Send + Sync>(bus: &Bus<P>, name: &str) -> Option<TopicStats> {
    bus.topics().into_iter().find(|topic| *topic.name == *name)
}

/// The sum that has to hold while nobody publishes.
fn assert_sums<P: Send + Sync>(bus: &Bus<P>) {
    let (stats, topics) = (bus.stats(), bus.topics());
    assert_eq!(stats.topics, topics.len());
    assert_eq!(topics.iter().map(|topic| topic.published).sum::<u64>() + stats.evicted, stats.accepted);
}

#[test]
fn names_come_and_go_in_bounded_memory() {
    let names = env_number("EVENTCAST_TOPIC_NAMES", NAMES);
    come_and_go("published by name", names, &bus(64), |bus, name| {
        bus.publish(name, 1).unwrap();
    });
    come_and_go("published by a handle", names, &bus(64), |bus, name| {
        bus.topic(name).unwrap().publish(1).unwrap();
    });
    come_and_go("never published to", names, &bus(64), |bus, name| drop(bus.topic(name).unwrap()));
    let full = bus(1);
    let _reads_nothing = full.subscribe(">").unwrap();
    full.publish("first", 1).unwrap();
    come_and_go("refused", names, &full, |bus, name| {
        assert!(bus.try_publish(name, 1).unwrap_err().is_full());
    });
    let pinned = bus(64);
    let mut holds = pinned.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    pinned.publish("first", 1).unwrap();
    let guard = holds.batch(1).unwrap();
    come_and_go("beside a guard that stays", names, &pinned, |bus, name| {
        bus.publish(name, 1).unwrap();
    });
    assert_eq!(guard[0].topic(), "first");
    let uncounted = Bus::builder().capacity(64).statistics(false).build().unwrap();
    come_and_go("without statistics", names, &uncounted, |bus, name| {
        bus.event(name).message("m").publish(1).unwrap();
    });
}

fn come_and_go(what: &str, names: u64, bus: &Bus<u64>, offer: impl Fn(&Bus<u64>, &str)) {
    let mut sub = bus.subscription("a.*").overflow(Overflow::Lag).subscribe().unwrap();
    let (mut most, mut early, mut late) = (0, 0, 0);
    for n in 0..names {
        offer(bus, &format!("{}.{n}", if n % 3 == 0 { "a" } else { "b" }));
        if n % 50 == 0 {
            // Places of names that have left are used again: verdicts must not be.
            let _ = sub.drain(usize::MAX, |event| assert!(event.topic().starts_with("a.")));
        }
        if n % 500 == 0 {
            most = most.max(bus.stats().topics);
            let peak = if n < names / 2 { &mut early } else { &mut late };
            *peak = ALLOCATED.get().max(*peak);
        }
    }
    println!("{what}: {names} names, at most {most} at once, at most {early} and {late} bytes");
    assert!(most <= 4 * 1024, "{what}: {most} topics at once");
    assert!(late <= early + (256 << 10), "{what}: memory grew from {early} to {late} bytes");
    let stats = bus.stats();
    assert!(stats.topics_evicted + 4 * 1024 >= names);
}

#[test]
fn ids_are_never_used_again() {
    let bus = bus(16);
    let mut seen = HashSet::new();
    let mut newest = None;
    for n in 0..MANY {
        // Each name comes back.
        let name = format!("t.{}", n % (MANY / 2));
        let before = topic_count(&bus);
        bus.publish(&*name, n).unwrap();
        if topic_count(&bus) > before {
            let id = bus.topics().last().unwrap().id;
            assert!(newest < Some(id), "{id} after {newest:?}");
            assert!(seen.insert(id));
            newest = Some(id);
        }
    }
    // All of them had left before they came back, or ids would prove nothing.
    assert!(seen.len() as u64 > MANY / 2);
    assert_sums(&bus);
}

fn topic_count<P: Send + Sync>(bus: &Bus<P>) -> u64 {
    let stats = bus.stats();
    stats.topics as u64 + stats.topics_evicted
}

/// A topic that something refers to stays over many others; then it goes.
fn stays_while<R>(bus: &Bus<u64>, referred: R, check: impl Fn(&R)) {
    let held = topic(bus, "held").expect("it is there");
    for round in ["a", "b"] {
        churn(bus, round);
        check(&referred);
        assert_eq!(topic(bus, "held"), Some(held.clone()));
    }
    drop(referred);
    leaves(bus);
    assert_sums(bus);
}

fn leaves(bus: &Bus<u64>) {
    churn(bus, "c");
    churn(bus, "d");
    assert_eq!(topic(bus, "held"), None);
}

#[test]
fn a_handle_keeps_its_topic() {
    let bus = bus(16);
    let handle = bus.topic("held").unwrap();
    handle.publish(7).unwrap();
    stays_while(&bus, handle, |handle| assert_eq!(handle.name(), "held"));
}

#[test]
fn an_owned_copy_keeps_its_topic() {
    let bus = bus(16);
    let mut sub = bus.subscription("held").overflow(Overflow::Lag).subscribe().unwrap();
    bus.publish("held", 7).unwrap();
    let copy = sub.recv().unwrap().clone();
    drop(sub);
    stays_while(&bus, copy, |copy| assert_eq!((copy.topic(), *copy.payload()), ("held", 7)));
}

#[test]
fn an_owned_copy_outlives_its_bus() {
    let bus = bus(16);
    let mut sub = bus.subscribe(">").unwrap();
    bus.publish("held", 7).unwrap();
    let copy = sub.recv().unwrap();
    let id = copy.id();
    drop((bus, sub));
    assert_eq!((copy.topic(), copy.clone().topic(), copy.id()), ("held", "held", id));
}

#[test]
fn events_of_a_bus_that_is_gone_have_their_topics() {
    let bus = bus(16);
    let mut sub = bus.subscribe(">").unwrap();
    bus.publish("held", 7).unwrap();
    let handle = bus.topic("other").unwrap();
    handle.publish(8).unwrap();
    drop((bus, handle));
    let batch = sub.batch(9).unwrap();
    assert_eq!(batch.iter().map(Event::topic).collect::<Vec<_>>(), ["held", "other"]);
}

#[test]
fn a_subscription_to_its_name_keeps_a_topic() {
    let bus = bus(16);
    let literal = || bus.subscription("held").overflow(Overflow::Lag).subscribe().unwrap();
    // There before the topic is, and not the reason why it is.
    let sub = literal();
    assert_eq!(bus.stats().topics, 0);
    bus.publish("held", 7).unwrap();
    stays_while(&bus, sub, |sub| assert_eq!(sub.pattern().as_str(), "held"));
    bus.publish("held", 7).unwrap();
    stays_while(&bus, literal(), |_| ());
    // A pattern refers to no topic.
    bus.publish("held", 7).unwrap();
    let _all = bus.subscription("*").overflow(Overflow::Lag).subscribe().unwrap();
    leaves(&bus);
}

fn lagging(bus: &Bus<u64>) -> Subscription<u64> {
    let sub = bus.subscription("*").overflow(Overflow::Lag).subscribe().unwrap();
    bus.publish("held", 7).unwrap();
    sub
}

#[test]
fn a_pinned_event_keeps_its_topic() {
    let bus = bus(4);
    let mut sub = lagging(&bus);
    stays_while(&bus, sub.batch(1).unwrap(), |batch| assert_eq!(batch[0].topic(), "held"));
}

#[test]
fn an_event_that_a_guard_left_keeps_its_topic() {
    let bus = bus(4);
    let mut sub = lagging(&bus);
    sub.batch(1).unwrap().release_first(0);
    churn(&bus, "a");
    churn(&bus, "b");
    assert_eq!(sub.recv().unwrap().topic(), "held");
    leaves(&bus);
}

#[test]
fn a_forgotten_guard_keeps_its_topic() {
    let bus = bus(4);
    let mut sub = lagging(&bus);
    std::mem::forget(sub.batch(1).unwrap());
    churn(&bus, "a");
    churn(&bus, "b");
    assert!(topic(&bus, "held").is_some());
    // The next call lets it go.
    assert_eq!(sub.recv().unwrap_err(), RecvError::Lagged(sub.lost()));
    leaves(&bus);
}

#[test]
fn an_event_that_a_blocking_subscription_has_not_read_keeps_its_topic() {
    let bus = bus(4);
    let mut sub = bus.subscribe(">").unwrap();
    bus.publish("held", 7).unwrap();
    for n in 0..MANY {
        let _ = bus.try_publish(format!("a.{n}"), n);
        drop(bus.topic(format!("b.{n}")).unwrap());
    }
    assert_eq!(sub.recv().unwrap().topic(), "held");
    assert_eq!(
        sub.try_iter().map(|event| event.topic().to_owned()).collect::<Vec<_>>(),
        ["a.0", "a.1", "a.2"]
    );
    drop(sub);
    leaves(&bus);
}

#[test]
fn a_topic_that_was_idle_and_is_published_to_again_stays() {
    let bus = bus(4);
    bus.publish("held", 0).unwrap();
    let first = topic(&bus, "held").unwrap();
    for round in 0..40 {
        let mut sub = lagging(&bus);
        let pinned = sub.batch(1).unwrap();
        for n in 0..MANY / 40 {
            bus.publish(format!("t{round}.{n}"), n).unwrap();
        }
        assert_eq!(pinned[0].topic(), "held");
        assert_eq!(topic(&bus, "held").unwrap().id, first.id);
    }
    leaves(&bus);
}

#[test]
fn history_keeps_its_topics() {
    let bus = bus(4);
    bus.publish("held", 7).unwrap();
    (0..MANY).for_each(|n| drop(bus.topic(format!("a.{n}")).unwrap()));
    let mut late = bus.subscription(">").start(Start::Oldest).subscribe().unwrap();
    assert_eq!(late.recv().unwrap().topic(), "held");
}

#[test]
fn without_statistics_the_counts_read_0() {
    let bus = Bus::<u64>::builder().capacity(16).statistics(false).build().unwrap();
    churn(&bus, "a");
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.evicted), (MANY, 0));
    assert!(stats.topics_evicted > 0);
    assert!(bus.topics().iter().all(|topic| topic.published == 0));
}

#[test]
fn refused_events_are_not_counted() {
    let bus = Bus::<u64>::builder().capacity(2).filter(|event| *event.payload() != 0).build().unwrap();
    let _reads_nothing = bus.subscribe(">").unwrap();
    let handle = bus.topic("t").unwrap();
    assert!(handle.publish(0).is_err());
    for n in 1..10 {
        let _ = handle.try_publish(n);
    }
    let _ = bus.close(Duration::ZERO);
    assert!(handle.publish(1).is_err());
    assert_eq!(topic(&bus, "t").unwrap().published, 2);
    assert_sums(&bus);
}

/// What publisher and number an event has, as its payload says; its topic has to say the same.
fn check(event: &Event<(u64, u64)>) {
    let (publisher, number) = *event.payload();
    assert_eq!(event.topic(), format!("p{publisher}.{number}"));
}

fn publish_fresh(bus: &Bus<(u64, u64)>, publisher: u64, events: u64) {
    for number in 0..events {
        let (name, payload) = (format!("p{publisher}.{number}"), (publisher, number));
        match number % 3 {
            0 => bus.publish(name, payload),
            1 => bus.topic(name).unwrap().publish(payload),
            _ => bus.event(name).message("m").publish(payload),
        }
        .unwrap();
    }
}

#[test]
fn topics_stay_readable_while_others_come_and_go() {
    let events = env_number("EVENTCAST_STRESS_EVENTS", EVENTS) / 2;
    within(LIMIT, "topics that come and go", move || {
        let bus = Bus::<(u64, u64)>::builder().capacity(CAPACITY).publish_timeout(None).lag_slots(32).build();
        let bus = bus.unwrap();
        let mut block = bus.subscribe(">").unwrap();
        let lag = || bus.subscription("p0.*").overflow(Overflow::Lag).subscribe().unwrap();
        let (mut copying, mut holding) = (lag(), lag());
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let publishers = [0, 1].map(|publisher| {
                scope.spawn({
                    let bus = &bus;
                    move || publish_fresh(bus, publisher, events)
                })
            });
            let reader = scope.spawn(move || {
                let mut kept = VecDeque::new();
                let mut read = 0;
                while let Ok(event) = block.recv() {
                    check(&event);
                    read += 1;
                    kept.push_back(event);
                    if kept.len() > COPIES {
                        kept.pop_front().iter().for_each(check);
                    }
                }
                kept.iter().for_each(check);
                read
            });
            scope.spawn(move || {
                let mut kept = None;
                while let Ok(_) | Err(RecvError::Lagged(_)) =
                    copying.drain_wait(16, |event| kept = Some(event.clone()))
                {
                    kept.iter().for_each(check);
                }
            });
            scope.spawn(move || {
                loop {
                    match holding.recv_batch(8) {
                        Ok(batch) => {
                            batch.iter().for_each(check);
                            thread::yield_now();
                            batch.iter().for_each(check);
                        }
                        Err(RecvError::Lagged(_)) => {}
                        Err(_) => break,
                    }
                }
            });
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    let late = bus.subscription("*.*").overflow(Overflow::Lag).start(Start::Oldest);
                    late.subscribe().unwrap().try_iter().take(20).for_each(|event| check(&event));
                    thread::yield_now();
                }
            });
            publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
            done.store(true, Relaxed);
            let _ = bus.close(Duration::ZERO);
            assert_eq!(reader.join().unwrap(), 2 * events);
        });
        let stats = bus.stats();
        println!("{events} events each, {stats:?}");
        assert_eq!(stats.topics as u64 + stats.topics_evicted, 2 * events);
        assert!(stats.topics_evicted > 0);
        assert_sums(&bus);
    });
}

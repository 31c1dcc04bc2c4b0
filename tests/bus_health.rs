//! Health says what is past its threshold, and who.

mod common;

use common::within;
use eventcast::{Bus, BusBuilder, HealthReason, HealthStatus, Overflow, QueueOverflow, Start, Thresholds};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

fn bus(thresholds: Thresholds) -> BusBuilder<u32> {
    Bus::builder().capacity(8).health(thresholds)
}

/// Two looks are enough to call somebody stalled.
fn at_once() -> Thresholds {
    Thresholds { stalled_after: Duration::ZERO, backlog: 2.0, ..Thresholds::default() }
}

#[test]
fn the_backlog_names_who_is_furthest_behind() {
    let bus = bus(Thresholds { backlog: 0.5, ..Thresholds::default() }).build().unwrap();
    let mut quick = bus.subscribe("a").unwrap();
    let slow = bus.subscription("b").name("slow").subscribe().unwrap();
    let _nobody_waits_for_it = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    for n in 0..3 {
        bus.publish("a", n).unwrap();
    }
    assert_eq!((bus.health().status, bus.health().backlog), (HealthStatus::Healthy, 0.375));
    bus.publish("a", 3).unwrap();
    while quick.try_recv().is_ok() {}
    let health = bus.health();
    assert_eq!(health.status, HealthStatus::Degraded);
    let [HealthReason::Backlog { fill, subscription: Some(who) }] = &health.reasons[..] else {
        panic!("{health}")
    };
    assert_eq!((*fill, who.id), (0.5, slow.id()));
    let words = format!("degraded: the bus is 50 % full; furthest behind is {} \"slow\" (b)", slow.id());
    assert_eq!(health.to_string(), words);
    drop(slow);
    assert!(bus.health().is_healthy());
}

#[test]
fn errors_are_counted_by_the_second() {
    let bus = bus(Thresholds { error_rate: 2.0, ..Thresholds::default() }).build().unwrap();
    for _ in 0..2 {
        bus.publish("not a topic", 1).unwrap_err();
    }
    assert!(bus.health().is_healthy());
    for _ in 0..100_000 {
        bus.publish("not a topic", 1).unwrap_err();
    }
    let health = bus.health();
    let [HealthReason::ErrorRate { per_second }] = health.reasons[..] else { panic!("{health}") };
    assert!(per_second > 2.0 && per_second == health.error_rate);
    // A full bus is an answer, not an error; so is a filter that says no.
    let calm = Bus::<u32>::builder().capacity(1).filter(|event| *event.payload() < 5).build().unwrap();
    let _sub = calm.subscribe(">").unwrap();
    calm.publish("a", 1).unwrap();
    for n in 0..100 {
        calm.try_publish("a", n % 10).unwrap_err();
    }
    assert_eq!(calm.health().error_rate, 0.0);
}

#[test]
fn f7_who_is_stuck_in_a_guard_is_named() {
    for overflow in POLICIES {
        let bus = bus(at_once()).build().unwrap();
        let mut moving = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
        let mut stuck = bus.subscription("a").overflow(overflow).name("stuck").subscribe().unwrap();
        let id = stuck.id();
        bus.publish("a", 1).unwrap();
        let guard = stuck.batch(8).unwrap();
        for round in 0..3 {
            bus.publish("a", 2).unwrap();
            moving.recv().unwrap();
            let health = bus.health();
            let names: Vec<_> = health.reasons.iter().map(|reason| reason.to_string()).collect();
            // The first look only sees where it is.
            if round == 0 {
                assert!(names.is_empty(), "{names:?}");
                continue;
            }
            let [HealthReason::Stalled { subscription, held, ahead, .. }] = &health.reasons[..] else {
                panic!("{names:?}")
            };
            assert_eq!((subscription.id, *held, *ahead), (id, 1, round + 1), "{overflow:?}");
            assert!(names[0].starts_with(&format!("{id} \"stuck\" (a) has not moved")), "{names:?}");
            let blocks = overflow == Overflow::Block;
            let expected = if blocks { HealthStatus::Unhealthy } else { HealthStatus::Degraded };
            assert_eq!(health.status, expected);
        }
        drop(guard);
        while stuck.try_recv().is_ok() || moving.try_recv().is_ok() {}
        assert!(bus.health().is_healthy(), "{overflow:?}: {}", bus.health());
    }
}

#[test]
fn who_is_stuck_in_a_closure_is_named_even_if_it_is_overtaken() {
    within(LIMIT, "a stuck closure", || {
        let bus = bus(at_once()).build().unwrap();
        let mut stuck = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let (inside, entered) = mpsc::channel();
        let reader = thread::spawn(move || {
            stuck.drain_wait(1, |_| {
                inside.send(()).unwrap();
                let _ = gate.recv();
            })
        });
        bus.publish("a", 0).unwrap();
        entered.recv().unwrap();
        assert!(bus.health().is_healthy());
        for n in 0..100 {
            bus.publish("a", n).unwrap();
        }
        assert!(matches!(bus.health().reasons[..], [HealthReason::Stalled { held: 1, .. }]));
        drop(go);
        assert_eq!(reader.join().unwrap(), Ok(1));
        assert!(bus.health().is_healthy());
    });
}

#[test]
fn a_forgotten_guard_and_a_full_ring_of_one_are_seen() {
    let bus = Bus::<u32>::builder().capacity(1).health(at_once()).build().unwrap();
    let mut stuck = bus.subscribe(">").unwrap();
    bus.publish("a", 0).unwrap();
    std::mem::forget(stuck.batch(1));
    assert!(bus.try_publish("a", 1).unwrap_err().is_full());
    assert!(bus.health().is_healthy());
    let health = bus.health();
    assert_eq!(health.backlog, 1.0);
    assert!(matches!(health.reasons[..], [HealthReason::Stalled { held: 1, ahead: 0, .. }]), "{health}");
}

#[test]
fn nothing_is_more_than_full() {
    // A queue of one: one event in a guard, one that waits, one behind it.
    let bus = bus(at_once()).build().unwrap();
    let block = QueueOverflow::Block { within: Duration::MAX };
    let mut queued = bus.subscription(">").queue(1).queue_overflow(block).subscribe().unwrap();
    let waits = |n: u64| {
        let end = Instant::now() + LIMIT;
        while bus.snapshot().subscriptions[0].stats.queued < n {
            assert!(Instant::now() < end, "the queue is not filled");
            thread::yield_now();
        }
    };
    bus.publish("a", 0).unwrap();
    waits(1);
    let guard = queued.batch(1).unwrap();
    assert_eq!(bus.health().backlog, 0.0, "the queue is empty again");
    bus.publish("a", 1).unwrap();
    bus.publish("a", 2).unwrap();
    waits(2);
    assert!(bus.health().backlog <= 1.0, "{}", bus.health());
    let seen = bus.snapshot().subscriptions.remove(0);
    assert_eq!((seen.fill(), seen.held, seen.stats.queued), (1.0, 1, 2));
    drop(guard);
    // One that starts at the oldest, while publishers have looked ahead.
    let bus = Bus::<u32>::builder().capacity(4).health(at_once()).build().unwrap();
    let _first = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    (0..5).for_each(|n| drop(bus.publish("a", n)));
    let _late = bus.subscription(">").start(Start::Oldest).subscribe().unwrap();
    while bus.try_publish("a", 5).is_ok() {}
    assert!(bus.snapshot().backlog > 4, "publishers had not looked ahead");
    assert_eq!((bus.snapshot().fill(), bus.health().backlog), (1.0, 1.0));
}

#[test]
fn who_has_nothing_to_do_is_not_stalled() {
    let bus = bus(at_once()).build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    for n in 0..3 {
        assert!(bus.health().is_healthy());
        // It comes between two looks, as the next one would: not seen before.
        bus.publish("a", n).unwrap();
        assert!(bus.health().is_healthy(), "{}", bus.health());
        sub.recv().unwrap();
    }
    // Nor is it before its time.
    let patient = bus_with_patience();
    let _sub = patient.subscribe(">").unwrap();
    patient.publish("a", 1).unwrap();
    assert!((0..3).all(|_| patient.health().is_healthy()));
}

fn bus_with_patience() -> Bus<u32> {
    bus(Thresholds { stalled_after: Duration::from_secs(3600), ..Thresholds::default() }).build().unwrap()
}

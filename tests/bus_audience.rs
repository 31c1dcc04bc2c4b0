//! Who listens: which events nobody wanted, which came too late, and what the bus knows of its subscriptions.

mod common;

use common::within;
use eventcast::{Bus, Overflow, Sequence, Start, TopicPattern};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

type Seen = Arc<Mutex<Vec<(String, Sequence)>>>;

/// A bus that notes what nobody wanted.
fn noting() -> (Bus<u32>, Seen) {
    let seen = Seen::default();
    let note = seen.clone();
    let bus = Bus::builder()
        .on_unrouted(move |topic, sequence| note.lock().unwrap().push((topic.to_owned(), sequence)))
        .build()
        .unwrap();
    (bus, seen)
}

#[test]
fn asaidimu_30_an_event_that_nobody_wants_is_counted() {
    let (bus, seen) = noting();
    bus.publish("orders.created", 1).unwrap();
    bus.try_publish("orders.created", 2).unwrap();
    bus.publish_timeout("parcels.sent", 3, Duration::ZERO).unwrap();
    bus.event("parcels.sent").message("m").publish(4).unwrap();
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.unrouted, stats.routed()), (4, 4, 0));
    let topics = ["orders.created", "orders.created", "parcels.sent", "parcels.sent"];
    let expected: Vec<_> = topics.map(str::to_owned).into_iter().zip(0..).collect();
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn a_topic_is_wanted_while_a_pattern_meets_it() {
    let (bus, seen) = noting();
    let topic = bus.topic("orders.created").unwrap();
    let mut unrouted = 0;
    let mut offer = |wanted: bool| {
        topic.publish(0).unwrap();
        unrouted += u64::from(!wanted);
        assert_eq!(bus.stats().unrouted, unrouted);
    };
    offer(false);
    let other = bus.subscribe("parcels.*").unwrap();
    offer(false);
    let orders = bus.subscription("orders.*").overflow(Overflow::Lag).subscribe().unwrap();
    offer(true);
    let all = bus.subscribe(">").unwrap();
    drop(orders);
    offer(true);
    drop(all);
    offer(false);
    drop(other);
    offer(false);
    // Whoever comes later and reads it all the same does not change what was counted.
    let mut late = bus.subscription(">").start(Start::Oldest).subscribe().unwrap();
    assert_eq!(late.try_iter().count(), 6);
    offer(true);
    assert_eq!(seen.lock().unwrap().len() as u64, bus.stats().unrouted);
}

#[test]
fn a_refused_event_is_neither_routed_nor_unrouted() {
    let (bus, seen) = noting();
    let _ = bus.close(Duration::ZERO);
    assert!(bus.publish("tick", 1).is_err());
    assert!(bus.publish("..", 1).is_err());
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.unrouted, stats.refused()), (0, 0, 2));
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn a_panic_of_the_callback_goes_nowhere() {
    let bus = Bus::<u32>::builder().on_unrouted(|_, _| panic!("nobody there")).build().unwrap();
    assert_eq!(bus.publish("tick", 1), Ok(0));
    assert_eq!(bus.publish("tick", 2), Ok(1));
    let stats = bus.stats();
    assert_eq!((stats.unrouted, stats.unrouted_panics), (2, 2));
}

#[test]
fn what_a_subscription_got_was_never_unrouted() {
    const EVENTS: u32 = if cfg!(miri) { 200 } else { 100_000 };
    within(Duration::from_secs(120), "joins and leaves", || {
        let (bus, unrouted) = noting();
        let readers = [0, 1].map(|_| {
            let bus = bus.clone();
            thread::spawn(move || {
                let mut got = Vec::new();
                while !bus.is_closed() {
                    let mut sub = bus.subscription("tick").overflow(Overflow::Lag).subscribe().unwrap();
                    for _ in 0..10 {
                        match sub.recv_timeout(Duration::from_millis(100)) {
                            Ok(event) => got.push(event.sequence()),
                            Err(_) => break,
                        }
                    }
                    drop(sub);
                    thread::yield_now();
                }
                got
            })
        });
        let topic = bus.topic("tick").unwrap();
        for n in 0..EVENTS {
            topic.publish(n).unwrap();
        }
        let _ = bus.close(Duration::ZERO);
        let got = readers.map(|reader| reader.join().unwrap());
        let unrouted = unrouted.lock().unwrap();
        let stats = bus.stats();
        assert_eq!((stats.accepted, stats.unrouted), (u64::from(EVENTS), unrouted.len() as u64));
        for sequence in got.iter().flatten() {
            assert!(
                unrouted.binary_search_by_key(sequence, |(_, sequence)| *sequence).is_err(),
                "{sequence}"
            );
        }
    });
}

#[test]
fn too_old_is_what_the_bus_has_had_for_too_long() {
    let age = Duration::from_secs(1);
    let bus = Bus::<u32>::builder().max_age(age).build().unwrap();
    let mut sub = bus.subscribe("price").unwrap();
    bus.publish("price", 1).unwrap();
    bus.publish("other", 2).unwrap();
    thread::sleep(age + age / 5);
    // What its publisher says of the time does not make it old.
    bus.event("price").time(UNIX_EPOCH).publish(3).unwrap();
    let event = sub.recv().unwrap();
    assert_eq!((*event.payload(), event.timestamp()), (3, UNIX_EPOCH));
    let stats = sub.stats();
    assert_eq!((stats.delivered, stats.expired, stats.filtered, stats.total()), (1, 1, 1, 3));
}

#[test]
fn the_bus_lists_its_subscriptions() {
    let bus = Bus::<u32>::builder().build().unwrap();
    assert!(bus.subscriptions().is_empty());
    let audit = bus.subscription("orders.>").name("audit").subscribe().unwrap();
    let first = bus.subscribe("orders.*").unwrap();
    let second = bus.subscription("orders.*").overflow(Overflow::Lag).subscribe().unwrap();
    assert_eq!((audit.name(), first.name()), (Some("audit"), None));
    let listed: Vec<_> = bus
        .subscriptions()
        .into_iter()
        .map(|one| (one.id, one.pattern.to_string(), one.name, one.overflow))
        .collect();
    assert_eq!(
        listed,
        [
            (audit.id(), "orders.>".to_owned(), Some("audit".into()), Overflow::Block),
            (first.id(), "orders.*".to_owned(), None, Overflow::Block),
            (second.id(), "orders.*".to_owned(), None, Overflow::Lag),
        ]
    );
    let pattern: TopicPattern = "orders.*".parse().unwrap();
    assert_eq!(bus.subscription_count(&pattern), 2);
    drop(first);
    assert_eq!(bus.subscription_count(&pattern), 1);
    assert_eq!(bus.subscriptions().len(), bus.stats().subscriptions);
    // One that could not be made leaves no trace.
    assert!(bus.subscription("orders.*").start(Start::Sequence(9)).subscribe().is_err());
    assert_eq!(bus.subscriptions().len(), 2);
    drop((audit, second));
    assert!(bus.subscriptions().is_empty());
}

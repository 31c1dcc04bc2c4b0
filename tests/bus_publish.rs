//! Publishing on a bus: by handle and by name, waiting, refused, after the bus is gone.

use eventcast::{Bus, Clock, Overflow, PublishError, Topic, TryPublishError};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);

/// Neither `Clone` nor `Debug`.
#[derive(PartialEq)]
struct Opaque(u32);

#[test]
fn a_handle_and_a_name_publish_to_the_same_topic() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe("a.b").unwrap();
    let topic = bus.topic("a.b").unwrap();
    assert_eq!(topic.name(), "a.b");
    assert_eq!(topic.publish(1), Ok(0));
    assert_eq!(topic.try_publish(2), Ok(1));
    assert_eq!(topic.publish_timeout(3, SOON), Ok(2));
    assert_eq!(bus.publish("a.b", 4), Ok(3));
    assert_eq!(bus.try_publish(String::from("a.b"), 5), Ok(4));
    assert_eq!(bus.publish_timeout("a.b", 6, SOON), Ok(5));
    let seen: Vec<_> =
        sub.try_iter().map(|e| (e.sequence(), e.topic().to_owned(), e.into_payload())).collect();
    let expected: Vec<_> = (0..6).map(|n| (n, "a.b".to_owned(), n as u32 + 1)).collect();
    assert_eq!(seen, expected);
    assert_eq!(bus.stats().topics, 1);
}

#[test]
fn events_tell_when_and_which() {
    let bus = Bus::<u32>::builder().clock(Clock::Precise).build().unwrap();
    let other = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    let mut twin = bus.subscribe(">").unwrap();
    let mut elsewhere = other.subscribe(">").unwrap();
    let before = std::time::SystemTime::now();
    bus.publish("a", 1).unwrap();
    other.publish("a", 1).unwrap();
    let after = std::time::SystemTime::now();
    let event = sub.recv().unwrap();
    assert!(event.timestamp() >= before && event.timestamp() <= after);
    assert_eq!(event.id(), twin.recv().unwrap().id());
    assert_eq!(event.id(), event.clone().id());
    assert_ne!(event.id(), elsewhere.recv().unwrap().id());
    let text = event.id().to_string();
    assert_eq!(text.len(), 18, "{text}");
    assert!(text.ends_with("-0"));
    assert!(format!("{event:?}").contains("payload: 1"));
}

#[test]
fn a_full_bus_gives_the_payload_back_and_names_who_is_behind() {
    let bus = Bus::<u32>::builder().capacity(2).publish_timeout(SOON).build().unwrap();
    let slow = bus.subscribe("never.asked").unwrap();
    let topic = bus.topic("a").unwrap();
    topic.publish(1).unwrap();
    topic.publish(2).unwrap();
    assert_eq!(topic.try_publish(3), Err(TryPublishError::Full(3)));
    assert_eq!(bus.try_publish("a", 3), Err(TryPublishError::Full(3)));
    for error in [topic.publish(4).unwrap_err(), bus.publish("a", 4).unwrap_err()] {
        assert!(error.is_timeout());
        assert_eq!(error.blocked_by(), Some(slow.id()));
        assert_eq!(error.into_inner(), 4);
    }
    assert_eq!(bus.publish_timeout("a", 5, Duration::ZERO), Err(PublishError::Timeout(5)));
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.refused_full, stats.refused_timeout), (2, 2, 3));
    assert_eq!(stats.offered(), 7);
    drop(slow);
    assert_eq!(topic.try_publish(6), Ok(2));
}

#[test]
fn a_waiting_publish_is_woken_by_reading_and_by_leaving() {
    let bus = Bus::<u32>::builder().capacity(1).publish_timeout(None).build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    let topic = bus.topic("a").unwrap();
    topic.publish(1).unwrap();
    let publisher = thread::spawn(move || [topic.publish(2), topic.publish(3)]);
    assert_eq!(sub.recv().unwrap().into_payload(), 1);
    assert_eq!(sub.recv().unwrap().into_payload(), 2);
    drop(sub);
    assert_eq!(publisher.join().unwrap(), [Ok(1), Ok(2)]);
}

#[test]
fn a_waiting_publish_gets_its_payload_back_when_the_bus_closes() {
    let bus = Bus::<u32>::builder().capacity(1).publish_timeout(None).build().unwrap();
    let _stuck = bus.subscribe(">").unwrap();
    let topic = bus.topic("a").unwrap();
    topic.publish(1).unwrap();
    let publisher = thread::spawn(move || topic.publish(2));
    assert!(!bus.close(SOON).is_complete());
    assert_eq!(publisher.join().unwrap(), Err(PublishError::Closed(2)));
}

#[test]
fn topics_outlive_the_bus_and_answer_closed() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let clone = bus.clone();
    let topic = bus.topic("a").unwrap();
    drop(bus);
    assert!(!topic.is_closed());
    topic.publish(1).unwrap();
    drop(clone);
    assert!(topic.is_closed());
    assert_eq!(topic.publish(2), Err(PublishError::Closed(2)));
    assert_eq!(topic.clone().try_publish(3), Err(TryPublishError::Closed(3)));
    assert_eq!(topic.publish_timeout(4, SOON), Err(PublishError::Closed(4)));
}

#[test]
fn bad_names_are_refused_with_the_payload_and_the_place() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let error = bus.publish("a..b", 1).unwrap_err();
    assert!(error.is_invalid_topic());
    assert_eq!(error.to_string(), r#"topic "a..b": token 2 is empty (column 3)"#);
    let PublishError::InvalidTopic(invalid) = error else { panic!("no InvalidTopic") };
    assert_eq!((invalid.payload, invalid.error.column()), (1, 3));
    assert_eq!(bus.try_publish("a b", 2).unwrap_err().into_inner(), 2);
    assert_eq!(bus.publish_timeout("*", 3, SOON).unwrap_err().into_inner(), 3);
    assert_eq!(bus.topic("").unwrap_err().to_string(), r#"topic "": it is empty"#);
    assert_eq!(bus.stats().refused_invalid_topic, 3);
    assert_eq!(bus.stats().topics, 0);
}

#[test]
fn errors_ask_nothing_of_the_payload() {
    let bus = Bus::<Opaque>::builder().build().unwrap();
    let topic = bus.topic("a").unwrap();
    assert!(bus.close(Duration::ZERO).is_complete());
    let error: Box<dyn std::error::Error> = topic.publish(Opaque(1)).map(|_| ()).unwrap_err().into();
    assert_eq!(error.to_string(), "the bus is closed");
    assert_eq!(format!("{:?}", topic.publish(Opaque(1)).unwrap_err()), "Closed(..)");
    assert_eq!(format!("{:?}", topic.try_publish(Opaque(1)).unwrap_err()), "Closed(..)");
    assert!(topic.publish(Opaque(7)).unwrap_err().into_inner() == Opaque(7));
}

#[test]
fn every_predicate_against_every_variant() {
    let invalid = || Bus::<u8>::builder().build().unwrap().publish("", 1).unwrap_err();
    let publish = [PublishError::Closed(1), PublishError::Timeout(1), invalid()];
    let answers = publish.map(|e| [e.is_closed(), e.is_timeout(), e.is_invalid_topic()]);
    assert_eq!(answers, [[true, false, false], [false, true, false], [false, false, true]]);
    let invalid = || Bus::<u8>::builder().build().unwrap().try_publish("", 1).unwrap_err();
    let try_publish = [TryPublishError::Full(1), TryPublishError::Closed(1), invalid()];
    let answers = try_publish.map(|e| [e.is_full(), e.is_closed(), e.is_invalid_topic()]);
    assert_eq!(answers, [[true, false, false], [false, true, false], [false, false, true]]);
}

#[test]
fn several_threads_share_a_topic() {
    let events = if cfg!(miri) { 50 } else { 20_000 };
    let bus = Bus::<u64>::builder().capacity(64).build().unwrap();
    let mut sub = bus.subscribe("a").unwrap();
    let topic: Topic<u64> = bus.topic("a").unwrap();
    let mut last = None;
    let mut sum = 0;
    thread::scope(|scope| {
        for _ in 0..2 {
            let topic = topic.clone();
            scope.spawn(move || (0..events).for_each(|n| assert!(topic.publish(n).is_ok())));
        }
        for _ in 0..2 * events {
            let event = sub.recv().unwrap();
            assert_eq!(event.sequence(), last.map_or(0, |last: u64| last + 1));
            last = Some(event.sequence());
            sum += event.payload();
        }
    });
    assert_eq!(sum, events * (events - 1));
    assert_eq!(bus.stats().accepted, 2 * events);
}

#[test]
fn handles_go_between_threads() {
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Bus<u32>>();
    send_and_sync::<Topic<u32>>();
    send_and_sync::<eventcast::Event<u32>>();
    fn send<T: Send>() {}
    send::<eventcast::Subscription<u32>>();
}

#[test]
fn a_bus_that_cannot_be_built() {
    assert!(Bus::<u32>::builder().capacity(0).build().unwrap_err().is_zero_capacity());
    assert!(Bus::<u32>::builder().capacity(usize::MAX).build().unwrap_err().is_too_large());
    let bus = Bus::<u32>::builder().capacity(3).prefault(true).lag_slots(2).build().unwrap();
    assert_eq!(bus.capacity(), 3);
    assert!(format!("{bus:?}").contains("capacity: 3"));
    let _ = bus.subscription("a").overflow(Overflow::Lag).subscribe().unwrap();
}

//! What publishers add to events, and what a bus asks of them before it takes them.

use eventcast::{Bus, Clock, EventId};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn bus() -> Bus<u32> {
    Bus::builder().clock(Clock::Precise).build().unwrap()
}

#[test]
fn everything_that_was_added_arrives_with_every_copy() {
    let bus = bus();
    let mut sub = bus.subscribe("orders.*").unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let topic = bus.topic("orders.created").unwrap();
    topic
        .event()
        .id("order-7")
        .message("somebody ordered")
        .metadata("tenant", "acme")
        .metadata("region", "us")
        .metadata("region", "eu")
        .time(time)
        .publish(7)
        .unwrap();
    let event = sub.recv().unwrap();
    for event in [event.clone(), event] {
        assert_eq!(event.id().to_string(), "order-7");
        assert!(event.id().is_given());
        assert_eq!(event.message(), Some("somebody ordered"));
        assert_eq!(event.metadata().get("region"), Some("eu"));
        assert_eq!(event.metadata().get("nothing"), None);
        assert_eq!(event.metadata().iter().collect::<Vec<_>>(), [("tenant", "acme"), ("region", "eu")]);
        assert_eq!(event.metadata().len(), 2);
        assert_eq!(event.timestamp(), time);
        assert_eq!((event.topic(), *event.payload(), event.sequence()), ("orders.created", 7, 0));
        let shown = format!("{event:?}");
        for part in ["order-7", "somebody ordered", "tenant", "acme", "payload: 7"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
}

#[test]
fn without_anything_added_nothing_is_there() {
    let bus = bus();
    let mut sub = bus.subscribe(">").unwrap();
    let before = SystemTime::now();
    bus.event("tick").publish(1).unwrap();
    let event = sub.recv().unwrap();
    assert_eq!((event.message(), event.metadata().is_empty(), event.id().is_given()), (None, true, false));
    assert!(event.timestamp() >= before && event.timestamp() <= SystemTime::now());
    assert!(!format!("{event:?}").contains("metadata"));
}

#[test]
fn given_ids_are_compared_as_texts_and_never_equal_to_the_engines_own() {
    let bus = bus();
    let mut sub = bus.subscribe(">").unwrap();
    bus.publish("tick", 0).unwrap();
    let own = sub.recv().unwrap().id();
    for id in ["a", "b", "a", &own.to_string()] {
        bus.event("tick").id(id).publish(1).unwrap();
    }
    let ids: Vec<EventId> = sub.try_iter().map(|event| event.id()).collect();
    assert_eq!(ids[0], ids[2]);
    assert_eq!(ids[3].to_string(), own.to_string());
    let distinct: HashSet<EventId> = ids.into_iter().chain([own]).collect();
    assert_eq!(distinct.len(), 4);
}

#[test]
fn ids_that_do_not_fit_are_refused_with_the_payload() {
    let bus = bus();
    let fits = "é".repeat(EventId::MAX_LEN / 2);
    assert_eq!(bus.event("tick").id(&fits).publish(1), Ok(0));
    let error = bus.event("tick").id(format!("{fits}xy")).publish(2).unwrap_err();
    assert!(error.is_invalid_id() && !error.is_closed());
    assert_eq!(error.to_string(), "an event's id has 64 bytes; at most 63 fit");
    assert_eq!(error.into_inner(), 2);
    let error = bus.event("tick").id("").try_publish(3).unwrap_err();
    assert_eq!(error.to_string(), "an event's id is empty; leave it out to get one");
    assert_eq!(error.into_inner(), 3);
    // The last word counts.
    assert_eq!(bus.event("tick").id("").id("7").publish_timeout(4, Duration::ZERO), Ok(1));
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.refused_invalid_id, stats.offered()), (2, 2, 4));
}

#[test]
fn a_bad_name_shows_when_the_event_is_published() {
    let bus = bus();
    let event = bus.event("orders..created").message("lost?");
    let error = event.publish(7).unwrap_err();
    assert!(error.is_invalid_topic());
    assert_eq!(error.into_inner(), 7);
    assert_eq!(bus.stats().refused_invalid_topic, 1);
}

#[test]
fn an_event_that_is_put_together_waits_and_fails_as_any_other() {
    let bus = Bus::<u32>::builder().capacity(1).publish_timeout(Duration::from_millis(1)).build().unwrap();
    let _behind = bus.subscribe(">").unwrap();
    bus.publish("tick", 1).unwrap();
    assert!(bus.event("tick").message("m").try_publish(2).unwrap_err().is_full());
    assert!(bus.event("tick").message("m").publish(3).unwrap_err().is_timeout());
    assert!(bus.event("tick").message("m").publish_timeout(4, Duration::ZERO).unwrap_err().is_timeout());
    let _ = bus.close(Duration::ZERO);
    assert!(bus.event("tick").message("m").publish(5).unwrap_err().is_closed());
}

#[test]
fn a_panic_of_the_bus_filter_means_no_and_goes_nowhere() {
    let bus = Bus::<u32>::builder()
        .filter(|event| {
            assert!(*event.payload() != 13, "no luck");
            event.topic() != "noise"
        })
        .build()
        .unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    assert!(bus.publish("tick", 13).unwrap_err().is_filtered());
    assert!(bus.try_publish("noise", 1).unwrap_err().is_filtered());
    assert_eq!(bus.publish("tick", 2), Ok(0));
    assert_eq!(*sub.recv().unwrap().payload(), 2);
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.refused_filtered, stats.filter_panics, stats.offered()), (1, 2, 1, 3));
}

#[test]
fn a_size_that_cannot_be_found_is_refused() {
    let size = |text: &String| match text.as_str() {
        "panic" => panic!("cannot be measured"),
        "unknown" => None,
        text => Some(text.len()),
    };
    let bus = Bus::<String>::builder().max_payload(8, size).build().unwrap();
    assert!(bus.publish("line", "12345678".into()).is_ok());
    for text in ["123456789", "panic", "unknown"] {
        let error = bus.publish("line", text.into()).unwrap_err();
        assert!(error.is_too_large(), "{text}");
        assert_eq!(error.into_inner(), text);
    }
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.refused_too_large, stats.offered()), (1, 3, 4));
    // A closed bus has no opinion on payloads.
    let _ = bus.close(Duration::ZERO);
    assert!(bus.try_publish("line", "123456789".into()).unwrap_err().is_closed());
}

#[test]
fn a_subscriptions_filter_sees_the_event_as_its_reader_would() {
    let bus = bus();
    let mut odd = bus
        .subscription("n.*")
        .filter(|event| {
            assert!(*event.payload() != 13, "no luck");
            assert_eq!(event.sequence() % 20, u64::from(*event.payload()));
            event.payload() % 2 == 1
        })
        .subscribe()
        .unwrap();
    for n in 0..20 {
        bus.publish(if n % 5 == 0 { "other" } else { "n.x" }, n).unwrap();
    }
    let seen: Vec<u32> = odd.try_iter().map(|event| *event.payload()).collect();
    assert_eq!(seen, [1, 3, 7, 9, 11, 17, 19]);
    let stats = odd.stats();
    assert_eq!((stats.delivered, stats.filtered, stats.filter_panics, stats.total()), (7, 13, 1, 20));
}

#[test]
fn flush_waits_for_what_was_there_and_not_for_more() {
    let bus = bus();
    let mut sub = bus.subscribe("a").unwrap();
    let _nobody_waits_for_it = bus.subscription(">").overflow(eventcast::Overflow::Lag).subscribe().unwrap();
    assert!(bus.flush(Duration::ZERO).is_complete());
    for n in 0..10 {
        bus.publish("a", n).unwrap();
    }
    let flushed = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (bus, flushed) = (bus.clone(), flushed.clone());
        move || {
            // What comes after the flush began is not its business: there are always ten.
            while !flushed.load(SeqCst) {
                sub.recv().unwrap();
                bus.publish("a", 0).unwrap();
            }
            sub
        }
    });
    assert!(bus.flush(Duration::from_secs(60)).is_complete());
    flushed.store(true, SeqCst);
    let sub = reader.join().unwrap();
    assert_eq!(sub.len(), 10);
    assert_eq!(bus.flush(Duration::from_millis(2)).undelivered, 10);
}

#[test]
fn waiting_for_a_subscriber_ends_with_the_first() {
    let bus = bus();
    assert!(!bus.wait_for_subscriber(Duration::from_millis(2)));
    let joiner = std::thread::spawn({
        let bus = bus.clone();
        move || {
            std::thread::sleep(Duration::from_millis(5));
            bus.subscribe(">").unwrap()
        }
    });
    assert!(bus.wait_for_subscriber(Duration::from_secs(60)));
    drop(joiner.join().unwrap());
    assert!(!bus.wait_for_subscriber(Duration::ZERO));
}

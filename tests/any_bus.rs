//! A bus of payloads of any type, and subscriptions that want one of them.

use eventcast::{AnyBus, AnyPayload, RecvError, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, PartialEq)]
struct Order {
    total: u32,
}

fn bus() -> AnyBus {
    AnyBus::builder().build().unwrap()
}

#[test]
fn each_subscription_gets_its_type_and_counts_the_others() {
    let bus = bus();
    let mut orders = bus.subscription("orders.*").typed::<Order>().subscribe().unwrap();
    let mut texts = bus.subscription(">").typed::<String>().subscribe().unwrap();
    let mut all = bus.subscribe(">").unwrap();
    for total in 0..10 {
        bus.publish("orders.created", AnyPayload::new(Order { total })).unwrap();
        bus.publish("orders.noted", AnyPayload::new(format!("note {total}"))).unwrap();
        bus.publish("parcels.sent", AnyPayload::new(Order { total: 99 })).unwrap();
    }
    let totals: Vec<u32> = orders.try_iter().map(|order| order.total).collect();
    assert_eq!(totals, (0..10).collect::<Vec<_>>());
    assert_eq!(orders.mismatched(), 10);
    let stats = orders.stats();
    // What is of another topic is filtered, too, but no mismatch.
    assert_eq!((stats.delivered, stats.filtered, stats.total()), (10, 20, 30));
    let text = texts.recv().unwrap();
    assert_eq!((text.len(), text.event().topic(), text.event().sequence()), (6, "orders.noted", 1));
    assert_eq!(texts.try_iter().count(), 9);
    assert_eq!(texts.mismatched(), 20);
    let first = all.recv().unwrap();
    assert_eq!(first.payload().get::<Order>(), Some(&Order { total: 0 }));
    assert!(first.payload().is::<Order>() && first.payload().get::<u32>().is_none());
    assert!(first.payload().type_name().ends_with("Order"));
}

#[test]
fn asaidimu_40_a_foreign_payload_goes_to_the_callback_once() {
    let bus = bus();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = seen.clone();
    let mut numbers = bus
        .subscription("n")
        .filter(|event| event.payload().get::<u32>().is_some_and(|n| n % 2 == 0))
        .typed::<u32>()
        .on_mismatch(move |event| {
            note.lock().unwrap().push((event.sequence(), event.payload().type_name()));
            panic!("contained");
        })
        .subscribe()
        .unwrap();
    bus.publish("n", AnyPayload::new(1_u32)).unwrap();
    bus.publish("n", AnyPayload::new(2_i64)).unwrap();
    bus.publish("n", AnyPayload::new(4_u32)).unwrap();
    assert_eq!(*numbers.recv().unwrap(), 4);
    assert_eq!(numbers.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!(*seen.lock().unwrap(), [(1, "i64")]);
    assert_eq!(numbers.mismatched(), 1);
    let stats = numbers.stats();
    // Nothing was used up, and the panic of the callback was not one of the filter.
    assert_eq!((stats.delivered, stats.filtered, stats.filter_panics), (1, 2, 0));
}

#[test]
fn typed_reading_waits_and_ends_as_any_other() {
    let bus = bus();
    let mut numbers = bus.subscription("n").typed::<u32>().subscribe().unwrap();
    bus.publish("n", AnyPayload::new("no number")).unwrap();
    let waited = numbers.recv_timeout(Duration::from_millis(2));
    assert_eq!(waited.unwrap_err(), RecvTimeoutError::Timeout);
    bus.publish("n", AnyPayload::new(7_u32)).unwrap();
    let event = numbers.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!((*event, *event.clone()), (7, 7));
    assert!(format!("{event:?}").contains("value: 7"));
    drop(bus);
    assert_eq!(numbers.iter().count(), 0);
    assert_eq!(numbers.recv().unwrap_err(), RecvError::Closed);
}

#[test]
fn the_value_is_shared_and_dropped_once() {
    let value = Arc::new(());
    let bus = bus();
    let mut subs = [(); 3].map(|()| bus.subscription(">").typed::<Arc<()>>().subscribe().unwrap());
    bus.publish("n", AnyPayload::new(value.clone())).unwrap();
    let events = subs.each_mut().map(|sub| sub.recv().unwrap());
    assert_eq!(Arc::strong_count(&value), 2);
    drop((events, subs, bus));
    assert_eq!(Arc::strong_count(&value), 1);
}

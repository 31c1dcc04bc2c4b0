//! A subscription to topics of several lanes reads as one: all of them in turn, woken by each, ended with one.

mod common;
#[path = "common/lanes.rs"]
mod lanes;

use common::{eventually, within};
use eventcast::{
    AnyBus, AnyPayload, Bus, Event, Overflow, QueueOverflow, RecvError, RecvTimeoutError, TryRecvError, Wait,
    wait_any,
};
use lanes::{all, builder, bus, payloads, what};
use std::mem::forget;
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

#[test]
fn each_lane_keeps_its_order_and_none_starves() {
    for overflow in POLICIES {
        let bus = Bus::<u64>::builder().capacity(64).lane("ticks.>", 64).build().unwrap();
        let mut sub = bus.subscription(">").overflow(overflow).subscribe().unwrap();
        for n in 0..50 {
            bus.publish("ticks.eurusd", n).unwrap();
        }
        bus.publish("orders", 0).unwrap();
        bus.publish("orders", 1).unwrap();
        let first: Vec<_> = (0..4).map(|_| sub.recv().unwrap().topic().to_owned()).collect();
        assert_eq!(first, ["ticks.eurusd", "orders", "ticks.eurusd", "orders"]);
        assert_eq!(payloads(&mut sub, "ticks.eurusd"), (2..50).collect::<Vec<_>>());
        // A drain takes some of each lane in turn.
        for n in 0..60 {
            bus.publish("ticks.eurusd", n).unwrap();
            bus.publish("orders", n).unwrap();
        }
        let mut seen = Vec::new();
        assert_eq!(sub.drain(usize::MAX, |event| seen.push(what(event))), Ok(120));
        for topic in ["orders", "ticks.eurusd"] {
            let of_topic = seen.iter().filter(|(of, _)| of == topic).map(|(_, n)| *n);
            assert!(of_topic.eq(0..60), "{overflow:?}");
        }
        assert_eq!(sub.drain(1, |_| ()), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_wait_ends_for_an_event_on_either_lane() {
    const ROUNDS: u64 = if cfg!(miri) { 5 } else { 500 };
    within(LIMIT, "waits", || {
        for wait in [Wait::Park, Wait::Yield] {
            let bus = builder().wait(wait).publish_timeout(None).build().unwrap();
            for queued in [false, true] {
                let mut sub = if queued {
                    bus.subscription(">").queue(8).subscribe().unwrap()
                } else {
                    bus.subscribe(">").unwrap()
                };
                let mut answer = bus.subscribe("done").unwrap();
                let back = bus.topic("done").unwrap();
                let reader = thread::spawn(move || {
                    let mut next = 0;
                    while next < ROUNDS {
                        let mut seen = Vec::new();
                        let note = |event: &Event<u64>| seen.push(what(event));
                        match next % 4 {
                            0 => seen.push(what(&sub.recv().unwrap())),
                            1 => seen.push(what(&sub.recv_timeout(LIMIT).unwrap())),
                            2 => assert_eq!(sub.drain_wait(1, note), Ok(1)),
                            _ => sub.recv_batch(1).unwrap().iter().for_each(note),
                        }
                        let [(topic, n)] = &seen[..] else { panic!("{seen:?}") };
                        if topic != "done" {
                            assert_eq!(*n, next);
                            next += 1;
                            back.publish(next).unwrap();
                        }
                    }
                });
                for n in 0..ROUNDS {
                    let topic = if n % 3 == 0 { "ticks.eurusd" } else { "orders" };
                    bus.publish(topic, n).unwrap();
                    assert_eq!(*answer.recv().unwrap().payload(), n + 1);
                }
                reader.join().unwrap();
            }
        }
    });
}

#[test]
fn a_bounded_wait_ends_with_its_time_and_with_the_close() {
    let bus = bus();
    let mut sub = bus.subscribe(">").unwrap();
    let short = Duration::from_millis(5);
    assert_eq!(sub.recv_timeout(short).unwrap_err(), RecvTimeoutError::Timeout);
    assert_eq!(sub.drain_timeout(3, short, |_| ()).unwrap_err(), RecvTimeoutError::Timeout);
    bus.publish("ticks.eurusd", 1).unwrap();
    bus.publish("orders", 2).unwrap();
    let reader = thread::spawn(move || sub.results().map(Result::unwrap).count());
    drop(bus);
    assert_eq!(within(LIMIT, "the close", move || reader.join().unwrap()), 2);
}

#[test]
fn a_queue_for_each_lane() {
    let bus = builder().build().unwrap();
    let mut sub = bus.subscription(">").queue(2).subscribe().unwrap();
    bus.publish("orders", 1).unwrap();
    bus.publish("orders", 2).unwrap();
    for n in 0..100 {
        bus.publish("ticks.eurusd", n).unwrap();
        eventually("it is in the queue", || sub.stats().ahead == 0);
    }
    assert_eq!((sub.stats().queued, sub.lost(), sub.len()), (4, 98, 4));
    assert!(!bus.flush(Duration::ZERO).is_complete());
    let seen = all(&mut sub);
    let expected = [("orders", 1), ("orders", 2), ("ticks.eurusd", 98), ("ticks.eurusd", 99)];
    let mut sorted = seen;
    sorted.sort();
    assert_eq!(sorted, expected.map(|(topic, n)| (topic.to_owned(), n)));
    assert!(bus.flush(Duration::ZERO).is_complete());
    bus.publish("orders", 3).unwrap();
    drop(bus);
    assert_eq!(within(LIMIT, "the end", move || sub.iter().map(|event| *event.payload()).sum::<u64>()), 3);
}

#[test]
fn a_lag_is_of_one_lane_and_reported_once() {
    let bus = Bus::<u64>::builder().capacity(8).lane("ticks.>", 4).lag_slots(1).build().unwrap();
    let mut sub = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    bus.publish("orders", 0).unwrap();
    for n in 0..100 {
        bus.publish("ticks.eurusd", n).unwrap();
    }
    let lost = sub.lost();
    let (mut seen, mut lags) = (Vec::new(), Vec::new());
    loop {
        match sub.drain(100, |event| seen.push(what(event))) {
            Ok(_) => {}
            Err(TryRecvError::Lagged(n)) => lags.push(n),
            Err(error) => break assert_eq!(error, TryRecvError::Empty),
        }
    }
    assert_eq!(lags, [lost]);
    assert!(lost >= 100 - 16 && seen.contains(&("orders".to_owned(), 0)));
    assert_eq!((seen.len() as u64 + lost, sub.stats().total()), (101, 101));
}

#[test]
fn a_disconnect_on_one_lane_ends_it_all() {
    let bus = bus();
    let mut sub = bus.subscription(">").overflow(Overflow::Disconnect).subscribe().unwrap();
    let mut other = bus.subscription(">").overflow(Overflow::Disconnect).subscribe().unwrap();
    bus.publish("orders", 0).unwrap();
    for n in 0..100 {
        bus.publish("ticks.eurusd", n).unwrap();
    }
    assert!(wait_any(&mut [&mut sub], LIMIT).is_some());
    let mut ends = Vec::new();
    let mut delivered = 0;
    for result in sub.results() {
        match result {
            Ok(_) => delivered += 1,
            Err(error) => ends.push(error),
        }
    }
    let [RecvError::Disconnected(missed)] = ends[..] else { panic!("{ends:?}") };
    let stats = sub.stats();
    assert_eq!((stats.delivered, stats.lost), (delivered, missed));
    assert_eq!((stats.total(), stats.ahead), (delivered + missed, 0));
    // Of the lane up to its mark, and of the other one at most what it has read.
    assert!((4..=5).contains(&stats.total()), "{stats:?}");
    bus.publish("orders", 1).unwrap();
    assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
    assert!(wait_any(&mut [&mut sub], LIMIT).is_some());
    // By batches it ends in the same way.
    let ended = loop {
        match other.batch(64) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert!(ended.is_disconnected());
    assert!(other.batch(64).unwrap_err().is_closed());
    assert_eq!(bus.stats().subscriptions, 0);
}

#[test]
fn a_queue_that_disconnects_can_be_read_to_its_end() {
    within(LIMIT, "a queue that disconnects", || {
        let bus = bus();
        let overflow = QueueOverflow::Disconnect;
        let mut sub = bus.subscription(">").queue(2).queue_overflow(overflow).subscribe().unwrap();
        bus.publish("orders", 7).unwrap();
        eventually("it is in the queue", || sub.stats().queued == 1);
        for n in 0..4 {
            bus.publish("ticks.eurusd", n).unwrap();
        }
        eventually("the lane's queue has ended", || {
            bus.stats().subscriptions == 1 && sub.stats().queued == 3
        });
        let results: Vec<_> = sub.results().collect();
        let [.., Err(RecvError::Disconnected(0))] = &results[..] else { panic!("{results:?}") };
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
        assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
    });
}

#[test]
fn it_follows_the_others_on_each_lane_that_they_read() {
    let bus = bus();
    let mut wide = bus.subscribe(">").unwrap();
    let mut narrow = bus.subscribe("ticks.>").unwrap();
    let mut last = bus.subscription(">").subscribe_after(&[&wide, &narrow]).unwrap();
    let mut behind_narrow = bus.subscription(">").subscribe_after(&[&narrow]).unwrap();
    bus.publish("orders", 1).unwrap();
    bus.publish("ticks.eurusd", 2).unwrap();
    assert_eq!(all(&mut behind_narrow), [("orders".to_owned(), 1)]);
    assert_eq!(last.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!(wide.drain(9, |_| ()), Ok(2));
    // A reader of one lane of several lets go when it comes back.
    assert_eq!(wide.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!(all(&mut last), [("orders".to_owned(), 1)]);
    assert_eq!(narrow.drain(9, |_| ()), Ok(1));
    assert_eq!(all(&mut last), [("ticks.eurusd".to_owned(), 2)]);
    assert_eq!(last.recv_timeout(Duration::from_millis(1)).unwrap_err(), RecvTimeoutError::Timeout);
    bus.publish("ticks.eurusd", 3).unwrap();
    let waits = thread::spawn(move || *last.recv().unwrap().payload());
    drop((wide, narrow));
    assert_eq!(within(LIMIT, "a follower", move || waits.join().unwrap()), 3);
    let foreign = self::bus().subscribe(">").unwrap();
    assert!(bus.subscription(">").subscribe_after(&[&foreign]).unwrap_err().is_conflict());
}

#[test]
fn a_typed_one_reads_all_lanes() {
    let bus = AnyBus::builder().lane("ticks.>", 4).build().unwrap();
    let even = |event: &Event<AnyPayload>| event.payload().get::<u32>().is_some_and(|n| n % 2 == 0);
    let mut sub = bus.subscription(">").filter(even).typed::<u32>().subscribe().unwrap();
    for topic in ["ticks.eurusd", "orders"] {
        bus.publish(topic, AnyPayload::new("text")).unwrap();
        for n in 1..=2_u32 {
            bus.publish(topic, AnyPayload::new(n)).unwrap();
        }
    }
    assert_eq!(wait_any(&mut [&mut sub], LIMIT), Some(0));
    assert_eq!(sub.try_iter().map(|n| *n).collect::<Vec<_>>(), [2, 2]);
    assert_eq!((sub.mismatched(), sub.stats().filtered, sub.stats().delivered), (2, 4, 2));
}

#[test]
fn all_of_a_pattern_are_ended_and_counted_once() {
    within(LIMIT, "ended", || {
        let bus = bus();
        let mut direct = bus.subscribe(">").unwrap();
        let mut queued = bus.subscription(">").queue(4).subscribe().unwrap();
        bus.publish("ticks.eurusd", 1).unwrap();
        bus.publish("orders", 2).unwrap();
        eventually("they are in the queues", || queued.stats().queued == 2);
        let mut asleep = bus.subscribe(">").unwrap();
        let reader = thread::spawn(move || asleep.recv().unwrap_err());
        thread::yield_now();
        assert_eq!(bus.unsubscribe_all(">").unwrap(), 3);
        assert_eq!(bus.unsubscribe_all(">").unwrap(), 0);
        assert!(bus.subscriptions().is_empty());
        assert_eq!(direct.try_recv().unwrap_err(), TryRecvError::Closed);
        assert_eq!(reader.join().unwrap(), RecvError::Closed);
        assert_eq!(queued.iter().count(), 2);
        for n in 0..100 {
            bus.publish("ticks.eurusd", n).unwrap();
        }
    });
}

#[test]
fn guards_hold_events_of_one_lane() {
    let bus = bus();
    let mut sub = bus.subscribe(">").unwrap();
    for n in 0..3 {
        bus.publish("ticks.eurusd", n).unwrap();
        bus.publish("orders", n).unwrap();
    }
    let batch = sub.batch(2).unwrap();
    let first = batch[0].topic().to_owned();
    assert_eq!(batch.iter().map(|event| *event.payload()).collect::<Vec<_>>(), [0, 1]);
    batch.release_first(1);
    let batch = sub.recv_batch(9).unwrap();
    assert!(batch.iter().all(|event| event.topic() != first) && batch.len() == 3);
    forget(batch);
    assert_eq!(sub.len(), 5);
    // The next call consumes it, whichever lane it reads.
    let batch = sub.batch(1).unwrap();
    assert_eq!((batch[0].topic(), *batch[0].payload()), (&*first, 1));
    drop(batch);
    assert_eq!(all(&mut sub), [(first, 2)]);
    assert_eq!((sub.stats().delivered, sub.stats().total()), (6, 6));

    for n in 0..3 {
        bus.publish("ticks.eurusd", n).unwrap();
        bus.publish("orders", n).unwrap();
    }
    for _ in 0..2 {
        let mut seen = Vec::new();
        sub.drain_batch(9, |event, last| seen.push((what(event), last))).unwrap();
        let ends: Vec<_> = seen.iter().map(|(_, last)| *last).collect();
        assert_eq!(ends, [false, false, true]);
        assert!(seen.iter().all(|((topic, _), _)| *topic == seen[0].0.0));
    }
    assert!(sub.drain_batch(9, |_, _| ()).is_err());
}

#[test]
fn it_takes_part_in_a_wait_for_several() {
    within(LIMIT, "wait_any", || {
        let (bus, other) = (bus(), bus());
        let mut wide = bus.subscription(">").filter(|event| *event.payload() != 1).subscribe().unwrap();
        let mut plain = other.subscribe(">").unwrap();
        bus.publish("ticks.eurusd", 1).unwrap();
        assert_eq!(wait_any(&mut [&mut wide, &mut plain], Duration::ZERO), None);
        for topic in ["ticks.eurusd", "orders"] {
            bus.publish(topic, 2).unwrap();
            assert_eq!(wait_any(&mut [&mut wide, &mut plain], LIMIT), Some(0));
            assert_eq!(wide.try_recv().unwrap().topic(), topic);
        }
        for topic in ["ticks.eurusd", "orders"] {
            let bus = bus.clone();
            let publisher = thread::spawn(move || bus.publish(topic, 3).unwrap());
            assert_eq!(wait_any(&mut [&mut plain, &mut wide], LIMIT), Some(1));
            assert_eq!(*wide.try_recv().unwrap().payload(), 3);
            publisher.join().unwrap();
        }
        drop(bus);
        assert_eq!(wait_any(&mut [&mut plain, &mut wide], LIMIT), Some(1));
        assert!(wide.try_recv().unwrap_err().is_closed());
    });
}

//! What Warren's broker does, and does better here: its cases that concern publishing, subscribing and closing.

mod common;

use common::within;
use eventcast::{Bus, Overflow, QueueOverflow, RecvError};
use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn warren_01_two_subscribers_get_the_same() {
    let bus = Bus::<String>::builder().build().unwrap();
    let mut subs = [bus.subscribe(">").unwrap(), bus.subscribe("service.*").unwrap()];
    bus.event("service.created").message("up").metadata("node", "a").publish("web".into()).unwrap();
    let [a, b] = subs.each_mut().map(|sub| sub.recv().unwrap());
    assert_eq!(a.payload(), "web");
    assert_eq!(
        (a.id(), a.topic(), a.timestamp(), a.message(), a.metadata(), a.payload()),
        (b.id(), b.topic(), b.timestamp(), b.message(), b.metadata(), b.payload())
    );
}

#[test]
fn warren_03_a_given_time_is_kept() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    let time = UNIX_EPOCH + Duration::new(1, 234_567_890);
    bus.event("tick").time(time).publish(1).unwrap();
    assert_eq!(sub.recv().unwrap().timestamp(), time);
}

#[test]
fn warren_04_without_an_id_there_is_a_unique_one() {
    let buses = [(); 3].map(|()| Bus::<u32>::builder().build().unwrap());
    let mut ids = HashSet::new();
    for bus in &buses {
        let mut sub = bus.subscribe(">").unwrap();
        for n in 0..200 {
            bus.publish("tick", n).unwrap();
        }
        ids.extend(sub.try_iter().map(|event| event.id()));
    }
    assert_eq!(ids.len(), 600);
}

#[test]
fn warren_06_a_stuck_subscriber_costs_the_fast_one_nothing() {
    within(LIMIT, "a stuck subscriber", || {
        let bus = Bus::<u32>::builder().capacity(64).build().unwrap();
        let mut stuck = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
        let mut fast = bus.subscribe(">").unwrap();
        let reader = thread::spawn(move || fast.iter().map(|event| *event.payload()).collect::<Vec<_>>());
        // It never comes back from the first event that it looks at.
        bus.publish("tick", 0).unwrap();
        let mut last = 0;
        stuck
            .drain(1, |_| {
                for n in 1..10_000 {
                    last = bus.publish("tick", n).unwrap();
                }
            })
            .unwrap();
        drop(bus);
        assert_eq!(last, 9_999);
        assert_eq!(reader.join().unwrap(), (0..10_000).collect::<Vec<_>>());
    });
}

#[test]
fn warren_08_each_subscriber_sees_increasing_numbers_of_one_publisher() {
    within(LIMIT, "increasing numbers", || {
        let bus = Bus::<u32>::builder().capacity(32).build().unwrap();
        let subs = [Overflow::Block, Overflow::Lag, Overflow::Lag]
            .map(|overflow| bus.subscription(">").overflow(overflow).subscribe().unwrap());
        let readers = subs.map(|mut sub| {
            thread::spawn(move || {
                let seen: Vec<u32> = sub.iter().map(|event| *event.payload()).collect();
                assert!(seen.is_sorted_by(|a, b| a < b));
                assert_eq!(seen.len() as u64 + sub.lost(), 20_000);
                seen.len()
            })
        });
        for n in 0..20_000 {
            bus.publish("tick", n).unwrap();
        }
        drop(bus);
        let counts = readers.map(|reader| reader.join().unwrap());
        assert_eq!(counts[0], 20_000);
        assert!(counts.iter().all(|count| *count >= 32));
    });
}

#[test]
fn warren_11_stopping_twice_has_no_further_effect() {
    let bus = Bus::<u32>::builder().build().unwrap();
    bus.publish("tick", 1).unwrap();
    let first = bus.close(Duration::ZERO);
    assert_eq!(bus.close(Duration::ZERO), first);
    drop(bus);
}

#[test]
fn warren_12_leaving_concerns_nobody_else() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let other = Bus::<u32>::builder().build().unwrap();
    let (leaves, mut stays) = (bus.subscribe(">").unwrap(), bus.subscribe(">").unwrap());
    let mut elsewhere = other.subscribe(">").unwrap();
    // It leaves by going: there is nothing to call twice, and no way to make another one leave.
    drop(leaves);
    bus.publish("tick", 1).unwrap();
    other.publish("tick", 2).unwrap();
    assert_eq!(*stays.recv().unwrap().payload(), 1);
    assert_eq!(*elsewhere.recv().unwrap().payload(), 2);
    assert_eq!((bus.stats().subscriptions, other.stats().subscriptions), (1, 1));
}

#[test]
fn warren_14_subscribers_are_told_that_it_has_ended() {
    within(LIMIT, "the end of the stream", || {
        let bus = Bus::<u32>::builder().build().unwrap();
        let mut waits = bus.subscribe(">").unwrap();
        let mut reads = bus.subscribe(">").unwrap();
        let waiter =
            thread::spawn(move || (waits.recv().map(|event| *event.payload()), waits.recv().unwrap_err()));
        bus.publish("tick", 1).unwrap();
        let _ = bus.close(Duration::ZERO);
        assert_eq!(waiter.join().unwrap(), (Ok(1), RecvError::Closed));
        // What was accepted before comes first.
        assert_eq!(*reads.recv().unwrap().payload(), 1);
        assert_eq!(reads.recv().unwrap_err(), RecvError::Closed);
    });
}

#[test]
fn warren_15_publishing_after_the_stop_is_an_error() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let topic = bus.topic("tick").unwrap();
    let _ = bus.close(Duration::ZERO);
    assert_eq!(bus.publish("tick", 1).unwrap_err().into_inner(), 1);
    assert!(topic.publish(2).unwrap_err().is_closed());
    assert_eq!(bus.stats().refused_closed, 2);
}

#[test]
fn warren_17_the_count_of_subscribers() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let mut subs: Vec<_> = (0..100).map(|_| bus.subscribe(">").unwrap()).collect();
    assert_eq!(bus.stats().subscriptions, 100);
    subs.drain(10..47);
    assert_eq!(bus.stats().subscriptions, 63);
}

#[test]
fn warren_20_a_publisher_faster_than_delivery_waits_no_longer_than_it_said() {
    within(LIMIT, "a publisher ten times too fast", || {
        let patience = Duration::from_millis(20);
        let bus = Bus::<u32>::builder().capacity(8).publish_timeout(patience).build().unwrap();
        let mut slow = bus.subscribe(">").unwrap();
        let id = slow.id();
        let reader = thread::spawn(move || {
            let mut seen = 0;
            while slow.recv().is_ok() {
                seen += 1;
                // Ten times what the publisher takes, and more than its patience for a full ring.
                thread::sleep(Duration::from_millis(5));
            }
            seen
        });
        let mut refused = 0;
        for n in 0..60 {
            let began = Instant::now();
            if let Err(error) = bus.publish("tick", n) {
                assert!(error.is_timeout());
                assert_eq!(error.blocked_by(), Some(id));
                refused += 1;
            }
            // The machine may be busy; for ever it is not.
            assert!(began.elapsed() < patience + Duration::from_secs(5));
        }
        let stats = bus.stats();
        assert_eq!((stats.accepted, stats.refused_timeout), (60 - refused, refused));
        drop(bus);
        assert_eq!(reader.join().unwrap(), stats.accepted);
    });
}

#[test]
fn warren_05_who_does_not_read_loses_what_it_said_and_the_publisher_never_waits() {
    for (overflow, kept) in [(QueueOverflow::DropNewest, 0..50), (QueueOverflow::DropOldest, 30..80)] {
        let bus = Bus::<u64>::builder().build().unwrap();
        let mut sub = bus.subscription(">").queue(50).queue_overflow(overflow).subscribe().unwrap();
        for n in 0..80 {
            bus.try_publish("tick", n).unwrap();
        }
        within(LIMIT, "the dispatcher comes to everything", move || {
            while sub.stats().ahead > 0 {
                thread::yield_now();
            }
            assert_eq!(sub.lost(), 30);
            assert!(sub.try_iter().map(|event| *event.payload()).eq(kept));
        });
    }
}

#[test]
fn warren_19_what_its_document_tells_people_to_monitor_can_be_read() {
    let bus = Bus::<u32>::builder().capacity(8).sample(1).build().unwrap();
    let mut slow = bus.subscription(">").overflow(Overflow::Lag).name("slow").subscribe().unwrap();
    let mut fast = bus.subscribe("service.*").unwrap();
    for n in 0..40 {
        bus.publish("service.created", n).unwrap();
        if n < 36 {
            assert_eq!(fast.drain(1, |_| {}), Ok(1));
        }
    }
    assert!(slow.try_recv().unwrap_err().is_lagged());
    let now = bus.snapshot();
    // Broker health: published, subscribers, dropped.
    assert_eq!((now.stats.accepted, now.stats.subscriptions), (40, 2));
    assert!(now.totals.lost_by.overwritten > 0);
    assert_eq!(now.totals.lost_by.overwritten, slow.lost());
    // Event rates: by type, delivery time and buffer use.
    let [topic] = &now.topics[..] else { panic!("{now:?}") };
    assert_eq!((&*topic.name, topic.published), ("service.created", 40));
    assert_eq!(now.delivery_time.count(), 36);
    assert!(now.delivery_time.max() > Duration::ZERO);
    assert_eq!(now.fill(), 0.5);
    // Subscribers: lag, slow ones, handling time.
    let [seen_slow, seen_fast] = &now.subscriptions[..] else { panic!("{now:?}") };
    assert_eq!((seen_slow.stats.ahead, seen_fast.stats.ahead), (slow.len() as u64, 4));
    let names: Vec<_> = now.slow(1.0).map(|sub| sub.info.name.as_deref()).collect();
    assert_eq!(names, [Some("slow")]);
    assert_eq!(seen_fast.handling_time.count(), 36);
    // The same to a monitor.
    let text = now.exposition().to_string();
    for line in ["published_total 40", "subscriptions 2", "slow_subscriptions 1", "fill_ratio 0.5"] {
        assert!(text.contains(&format!("\neventcast_{line}\n")), "{line} in {text}");
    }
}

//! What asaidimu's bus does, and does better here: its cases that concern publishing, subscribing and closing.

mod common;

use common::within;
use eventcast::{Bus, HealthStatus, QueueOverflow};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn asaidimu_16_a_filter_of_the_bus_leaves_a_trace() {
    let bus = Bus::<u32>::builder().filter(|event| event.payload() % 2 == 0).build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    let refused = (0..10).filter(|n| bus.publish("tick", *n).is_err()).count();
    assert_eq!(refused, 5);
    assert_eq!(sub.try_iter().map(|event| *event.payload()).collect::<Vec<_>>(), [0, 2, 4, 6, 8]);
    assert_eq!(bus.stats().refused_filtered, 5);
}

#[test]
fn asaidimu_17_exactly_the_limit_passes_and_one_more_does_not() {
    let bus = Bus::<Vec<u8>>::builder().max_payload(1024, Vec::len).build().unwrap();
    assert!(bus.publish("blob", vec![0; 1024]).is_ok());
    let error = bus.publish("blob", vec![0; 1025]).unwrap_err();
    assert!(error.is_too_large());
    assert_eq!(error.into_inner().len(), 1025);
    let stats = bus.stats();
    assert_eq!((stats.accepted, stats.refused_too_large), (1, 1));
}

#[test]
fn asaidimu_20_a_publisher_goes_on_when_a_slot_frees() {
    within(LIMIT, "a slot that frees", || {
        let bus = Bus::<u32>::builder().capacity(2).publish_timeout(None).build().unwrap();
        let mut sub = bus.subscribe(">").unwrap();
        bus.publish("tick", 0).unwrap();
        bus.publish("tick", 1).unwrap();
        let publisher = thread::spawn({
            let bus = bus.clone();
            move || bus.publish("tick", 2)
        });
        assert_eq!(*sub.recv().unwrap().payload(), 0);
        assert_eq!(publisher.join().unwrap(), Ok(2));
    });
}

#[test]
fn asaidimu_21_a_publish_that_runs_out_of_time_says_so_and_is_counted() {
    let bus = Bus::<u32>::builder().capacity(1).build().unwrap();
    let sub = bus.subscribe(">").unwrap();
    bus.publish("tick", 0).unwrap();
    let error = bus.publish_timeout("tick", 1, Duration::from_millis(5)).unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(error.blocked_by(), Some(sub.id()));
    assert_eq!(error.into_inner(), 1);
    let stats = bus.stats();
    assert_eq!((stats.offered(), stats.accepted, stats.refused_timeout), (2, 1, 1));
}

#[test]
fn asaidimu_23_publishing_while_the_bus_closes_loses_nothing() {
    within(LIMIT, "publishing while it closes", || {
        let mut cut_off = 0;
        for _ in 0..200 {
            let bus = Bus::<u64>::builder().capacity(64).build().unwrap();
            let mut sub = bus.subscribe(">").unwrap();
            let accepted = AtomicU64::new(0);
            let refused = AtomicU64::new(0);
            let report = thread::scope(|scope| {
                for _ in 0..4 {
                    let topic = bus.topic("tick").unwrap();
                    let (accepted, refused) = (&accepted, &refused);
                    scope.spawn(move || {
                        for n in 0..100 {
                            match topic.publish(n) {
                                Ok(_) => accepted.fetch_add(1, Relaxed),
                                Err(error) => {
                                    assert!(error.is_closed());
                                    refused.fetch_add(1, Relaxed)
                                }
                            };
                        }
                    });
                }
                let reader = scope.spawn(|| sub.iter().count() as u64);
                while bus.stats().accepted < 50 {
                    thread::yield_now();
                }
                let report = bus.close(Duration::from_secs(60));
                assert_eq!(reader.join().unwrap(), report.accepted);
                report
            });
            let (accepted, refused) = (accepted.into_inner(), refused.into_inner());
            assert!(report.is_complete());
            assert_eq!((accepted, accepted + refused), (report.accepted, 400));
            assert_eq!(bus.stats().refused_closed, refused);
            cut_off += u64::from(refused > 0);
        }
        // A close that never met a publisher would prove nothing.
        assert!(cut_off > 0);
    });
}

#[test]
fn asaidimu_26_a_closed_bus_refuses() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let first = bus.close(Duration::ZERO);
    assert_eq!(bus.close(Duration::ZERO), first);
    assert!(bus.publish("tick", 1).unwrap_err().is_closed());
    assert!(bus.event("tick").message("m").publish(2).unwrap_err().is_closed());
    // A subscription is made, and is closed at once: there is nothing it could have missed.
    assert!(bus.subscribe(">").unwrap().recv().is_err());
    assert!(bus.is_closed());
    assert_eq!(bus.health().status, HealthStatus::Unhealthy);
}

#[test]
fn asaidimu_36_health_tells_the_backlog_and_the_close() {
    let bus = Bus::<u32>::builder().capacity(100).build().unwrap();
    let _sub = bus.subscribe(">").unwrap();
    for n in 0..50 {
        bus.publish("tick", n).unwrap();
    }
    let health = bus.health();
    assert!(health.is_healthy() && health.reasons.is_empty(), "{health}");
    assert_eq!((health.backlog, health.error_rate), (0.5, 0.0));
    let _ = bus.close(Duration::ZERO);
    let health = bus.health();
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert_eq!(health.to_string(), "unhealthy: the bus is closed");
}

#[test]
fn asaidimu_19_a_full_queue_drops_counts_and_says_so() {
    let bus = Bus::<u32>::builder().build().unwrap();
    let newest = QueueOverflow::DropNewest;
    let mut sub = bus.subscription("a").queue(10).queue_overflow(newest).subscribe().unwrap();
    for n in 0..17 {
        // Never waits, and is told: an accepted event has a sequence, and what became of it is in the account.
        assert_eq!(bus.try_publish("a", n).unwrap(), u64::from(n));
    }
    while sub.stats().ahead > 0 {
        thread::yield_now();
    }
    assert_eq!(bus.flush(Duration::ZERO).queued, 10);
    let stats = sub.stats();
    assert_eq!((stats.lost, stats.queued, stats.delivered), (7, 10, 0));
    assert!(sub.try_iter().map(|event| *event.payload()).eq(0..10));
    assert_eq!(sub.stats().total(), bus.stats().accepted);
}

#[test]
fn asaidimu_33_each_name_counts_its_accepted_events_and_the_sum_is_the_total() {
    let bus = Bus::<u64>::builder().filter(|event| event.payload() % 5 != 0).build().unwrap();
    let names = ["orders.created", "orders.paid", "parcels.sent"];
    // Two threads by handle and by name, to the same topics.
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let handles = names.map(|name| bus.topic(name).unwrap());
                for n in 0..3_000 {
                    let which = (n % 6 / 2) as usize;
                    let accepted = if n % 2 == 0 {
                        handles[which].publish(n).is_ok()
                    } else {
                        bus.publish(names[which], n).is_ok()
                    };
                    assert_eq!(accepted, n % 5 != 0);
                }
            });
        }
    });
    let topics = bus.topics();
    let mut counts: Vec<_> = topics.iter().map(|topic| (&*topic.name, topic.published)).collect();
    counts.sort_unstable();
    assert_eq!(counts, names.map(|name| (name, 1_600)));
    let stats = bus.stats();
    assert_eq!(topics.iter().map(|topic| topic.published).sum::<u64>() + stats.evicted, stats.accepted);
    assert_eq!((stats.accepted, stats.refused_filtered), (4_800, 1_200));
}

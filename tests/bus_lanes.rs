//! Topics on rings of their own: nothing of one lane is in the way of another, and the bus is one bus.

mod common;
#[path = "common/lanes.rs"]
mod lanes;

use common::within;
use eventcast::{
    BuildError, Bus, BusBuilder, Event, LaneFault, Overflow, RecvError, Start, Subscription, TopicErrorKind,
};
use lanes::{all, builder, bus, payloads};
use std::collections::BTreeSet;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_flood_on_one_lane_pushes_nothing_out_of_another() {
    let bus = bus();
    bus.publish("orders.created", 7).unwrap();
    for n in 0..1_000 {
        bus.publish("ticks.eurusd", n).unwrap();
    }
    bus.publish("orders.paid", 8).unwrap();
    let mut late = bus.subscription(">").start(Start::Oldest).subscribe().unwrap();
    let mut orders = bus.subscription("orders.>").start(Start::Oldest).subscribe().unwrap();
    let mut ticks = bus.subscription("ticks.*").start(Start::Oldest).subscribe().unwrap();
    let created = [("orders.created".to_owned(), 7), ("orders.paid".to_owned(), 8)];
    assert_eq!(all(&mut orders), created);
    assert_eq!(payloads(&mut ticks, "ticks.eurusd"), [996, 997, 998, 999]);
    let late = all(&mut late);
    assert_eq!(late.len(), 6);
    assert!(created.iter().all(|one| late.contains(one)));
}

#[test]
fn the_first_lane_whose_pattern_matches_has_a_topic() {
    let bus = Bus::<u64>::builder().lane("a.b", 2).lane("*.b", 3).lane("a.>", 5).build().unwrap();
    for (times, topic) in ["a.b", "c.b", "a.c", "c"].into_iter().enumerate() {
        for n in 0..=times as u64 {
            bus.publish(topic, n).unwrap();
        }
    }
    bus.topic("a.c").unwrap().publish(9).unwrap();
    bus.event("c.b").message("m").publish(9).unwrap();
    let snapshot = bus.snapshot();
    let lanes: Vec<_> = snapshot.lanes.iter().map(|l| (l.pattern.as_str(), l.accepted, l.capacity)).collect();
    assert_eq!(lanes, [("a.b", 1, 2), ("*.b", 3, 3), ("a.>", 4, 5)]);
    assert_eq!((snapshot.stats.accepted, snapshot.capacity, bus.capacity()), (12, 1024, 1024));
    let published: u64 = bus.topics().iter().map(|topic| topic.published).sum();
    assert_eq!(published + snapshot.stats.evicted, 12);
    // In the order in which they came, whatever lane they are on.
    let names: Vec<_> = bus.topics().into_iter().map(|topic| topic.name).collect();
    assert_eq!(names, ["a.b".into(), "c.b".into(), "a.c".into(), Box::<str>::from("c")]);
    let ids: BTreeSet<_> = bus.topics().into_iter().map(|topic| topic.id).collect();
    assert_eq!(ids.len(), 4);
}

#[test]
fn a_pattern_inside_a_lane_has_nothing_to_do_with_the_rest() {
    let bus = bus();
    let mut ticks = bus.subscribe("ticks.eurusd").unwrap();
    let mut rest = bus.subscribe("orders.>").unwrap();
    for n in 0..8 {
        bus.publish("orders.created", n).unwrap();
    }
    let error = bus.publish("orders.created", 8).unwrap_err();
    assert_eq!(error.blocked_by(), Some(rest.id()));
    assert_eq!(ticks.stats().total(), 0);
    for n in 0..4 {
        bus.publish("ticks.eurusd", n).unwrap();
    }
    let error = bus.publish("ticks.eurusd", 4).unwrap_err();
    assert_eq!(error.blocked_by(), Some(ticks.id()));
    assert_ne!(ticks.id(), rest.id());
    assert_eq!((all(&mut ticks).len(), all(&mut rest).len()), (4, 8));
    let lanes: Vec<_> = bus.snapshot().subscriptions.into_iter().map(|sub| sub.lane).collect();
    assert_eq!(lanes, [Some("ticks.>".parse().unwrap()), None]);
}

#[test]
fn flush_and_close_report_what_is_left_on_all_lanes() {
    let bus = bus();
    let mut sub = bus.subscribe(">").unwrap();
    let orders = bus.topic("orders").unwrap();
    let ticks = bus.topic("ticks.eurusd").unwrap();
    for n in 0..3 {
        orders.publish(n).unwrap();
    }
    ticks.publish(1).unwrap();
    assert_eq!(bus.flush(Duration::ZERO).undelivered, 4);
    let report = bus.close(Duration::ZERO);
    assert_eq!((report.accepted, report.undelivered, report.queued), (4, 4, 0));
    assert!(bus.is_closed() && orders.is_closed() && ticks.is_closed());
    assert!(ticks.publish(1).unwrap_err().is_closed() && orders.publish(1).unwrap_err().is_closed());
    assert_eq!(all(&mut sub).len(), 4);
    assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
    assert!(bus.close(Duration::ZERO).is_complete());
    assert!(bus.health().to_string().contains("closed"));
    assert_eq!(bus.stats().refused_closed, 2);
}

#[test]
fn events_and_subscriptions_have_ids_of_their_own() {
    let bus = bus();
    let mut subs: Vec<_> = (0..6).map(|n| bus.subscribe([">", "ticks.a", "b"][n % 3]).unwrap()).collect();
    assert_eq!(bus.publish("ticks.a", 1).unwrap(), bus.publish("b", 1).unwrap());
    let ids: BTreeSet<_> = subs.iter().map(Subscription::id).collect();
    assert_eq!(ids.len(), 6);
    let listed: Vec<_> = bus.subscriptions().into_iter().map(|one| one.id).collect();
    assert!(
        listed.iter().eq(&ids)
            && listed.iter().eq(subs.iter().map(Subscription::id).collect::<Vec<_>>().iter())
    );
    let seen: BTreeSet<_> = (0..2).map(|_| subs[0].recv().unwrap().id()).collect();
    assert_eq!(seen.len(), 2);
    assert_eq!(bus.stats().subscriptions, 6);
    assert_eq!(bus.subscription_count(&">".parse().unwrap()), 2);
    subs.truncate(1);
    assert_eq!((bus.stats().subscriptions, bus.subscriptions().len()), (1, 1));
}

#[test]
fn each_lane_names_the_same_subscription_when_it_is_full() {
    let bus = bus();
    let sub = bus.subscribe(">").unwrap();
    for topic in ["orders", "ticks.eurusd"] {
        let error = loop {
            if let Err(error) = bus.publish(topic, 0) {
                break error;
            }
        };
        assert_eq!(error.blocked_by(), Some(sub.id()), "{topic}");
    }
    assert_eq!((bus.stats().accepted, sub.len()), (12, 12));
    let health = bus.health().to_string();
    assert!(health.contains("100 % full; furthest behind is"), "{health}");
}

#[test]
fn health_names_the_lane() {
    let bus = bus();
    let slow = bus.subscription(">").name("slow").subscribe().unwrap();
    for n in 0..4 {
        bus.publish("ticks.eurusd", n).unwrap();
    }
    let words =
        format!("degraded: lane ticks.> is 100 % full; furthest behind is {} \"slow\" (>)", slow.id());
    let health = bus.health();
    assert_eq!((health.to_string(), health.backlog, bus.snapshot().fill()), (words, 1.0, 1.0));
}

#[test]
fn a_start_is_one_per_lane() {
    let bus = bus();
    for n in 0..3 {
        bus.publish("ticks.eurusd", n).unwrap();
        bus.publish("orders", n).unwrap();
    }
    let error = bus.subscription(">").start(Start::Sequence(1)).subscribe().unwrap_err();
    assert!(error.is_ambiguous_start());
    assert!(error.to_string().contains("a pattern inside one lane"), "{error}");
    assert_eq!(bus.subscriptions(), []);
    let mut one = bus.subscription("ticks.>").start(Start::Sequence(1)).subscribe().unwrap();
    assert_eq!(payloads(&mut one, "ticks.eurusd"), [1, 2]);
    let mut main = bus.subscription("orders").start(Start::Sequence(2)).subscribe().unwrap();
    assert_eq!(payloads(&mut main, "orders"), [2]);
    for (start, expected) in [
        (Start::Now, 0),
        (Start::Oldest, 6),
        (Start::Time(std::time::UNIX_EPOCH), 6),
        (Start::Time(bus.now() + LIMIT), 0),
    ] {
        let mut sub = bus.subscription(">").start(start).subscribe().unwrap();
        assert_eq!(sub.stats().total() + sub.stats().joined, 6);
        assert_eq!(all(&mut sub).len(), expected, "{start:?}");
    }
}

#[test]
fn only_lanes_that_may_have_its_topics_are_read() {
    let bus = Bus::<u64>::builder().lane("a.b", 4).lane("a.>", 4).lane("*.c", 4).build().unwrap();
    for (pattern, lanes) in [
        (">", vec!["-", "a.b", "a.>", "*.c"]),
        ("a.b", vec!["a.b"]),
        ("a.c", vec!["a.>"]),
        ("a.*", vec!["a.b", "a.>"]),
        ("*.c", vec!["a.>", "*.c"]),
        ("b.c", vec!["*.c"]),
        ("b.*", vec!["-", "*.c"]),
        ("b.c.>", vec!["-"]),
        ("*.b", vec!["-", "a.b"]),
    ] {
        let sub = bus.subscription(pattern).subscribe().unwrap();
        let read: Vec<_> = bus.snapshot().subscriptions.iter().map(|part| part.lane.clone()).collect();
        let read: Vec<_> = read.iter().map(|lane| lane.as_ref().map_or("-", |lane| lane.as_str())).collect();
        assert_eq!(read, lanes, "{pattern}");
        drop(sub);
    }
}

#[test]
fn a_lane_that_cannot_be_is_told() {
    let fault = |builder: BusBuilder<u64>| match builder.build().unwrap_err() {
        BuildError::Lane { number, fault } => (number, fault),
        error => panic!("{error}"),
    };
    let first = || Bus::<u64>::builder().lane("a.>", 4);
    let pattern = LaneFault::Pattern { kind: TopicErrorKind::EmptyToken, token: 2, column: 3 };
    assert_eq!(fault(first().lane("b.", 4)), (2, pattern));
    assert_eq!(fault(first().lane("b", 0)), (2, LaneFault::ZeroCapacity));
    assert!(matches!(fault(first().lane("b", usize::MAX)), (2, LaneFault::TooLarge { .. })));
    for unreachable in ["a.>", "a.b", "a.*"] {
        assert_eq!(fault(first().lane(unreachable, 4)), (2, LaneFault::Unreachable { behind: 1 }));
    }
    assert!(first().lane("*.b", 4).lane("a", 4).lane(">", 4).build().is_ok());
    let error = first().lane("a.b", 4).build().unwrap_err();
    assert!(error.is_lane());
    assert_eq!(
        error.to_string(),
        "lane 2: no topic would reach it, lane 1 has them all; give the narrower pattern first"
    );
    assert_eq!(
        first().lane("b", 0).build().unwrap_err().to_string(),
        "lane 2: capacity 0: a ring holds at least 1 event"
    );
}

#[test]
fn accounts_add_up_over_the_lanes() {
    let bus = bus();
    let mut sub = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    bus.publish("nobody's..topic", 0).unwrap_err();
    for n in 0..50 {
        bus.publish("ticks.eurusd", n).unwrap();
        bus.publish("orders", n).unwrap();
    }
    let earlier = bus.snapshot();
    while sub.drain(3, |_| ()).is_ok() {}
    bus.publish("ticks.eurusd", 50).unwrap();
    let (stats, snapshot) = (bus.stats(), bus.snapshot());
    assert_eq!((stats.accepted, stats.refused(), stats.unrouted, stats.offered()), (101, 1, 0, 102));
    assert_eq!((stats.subscriptions, stats.topics), (1, 2));
    assert_eq!(snapshot.stats, stats);
    let parts = &snapshot.subscriptions;
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.info.id == sub.id() && part.info.pattern == *sub.pattern()));
    let own = sub.stats();
    assert_eq!(parts.iter().map(|part| part.stats.total()).sum::<u64>(), own.total());
    assert_eq!(own.total(), stats.accepted - own.joined);
    assert_eq!(snapshot.totals.delivered, own.delivered);
    assert_eq!(snapshot.totals.lost_by.total(), own.lost);
    let since = snapshot.since(&earlier);
    assert_eq!((since.stats.accepted, since.lanes[0].accepted), (1, 1));
    let delivered: u64 = since.subscriptions.iter().map(|part| part.stats.delivered).sum();
    assert_eq!(delivered, own.delivered);
    drop(sub);
    assert_eq!(bus.snapshot().totals.delivered, own.delivered);

    let text = snapshot.exposition().to_string();
    assert!(text.contains("\neventcast_lane_published_total{lane=\"ticks.>\"} 51\n"), "{text}");
    assert!(text.contains("\neventcast_lane_capacity_events{lane=\"ticks.>\"} 4\n"));
    let series: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let names: BTreeSet<_> = series.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(names.len(), series.len());
    let plain = Bus::<u64>::builder().build().unwrap().snapshot().exposition().to_string();
    assert!(!plain.contains("lane"));
}

#[test]
fn a_thread_of_the_bus_waits_for_no_lane() {
    within(LIMIT, "WouldDeadlock", || {
        let bus = builder().publish_timeout(None).build().unwrap();
        let _stuck = bus.subscribe("orders").unwrap();
        let orders = bus.topic("orders").unwrap();
        for n in 0..8 {
            orders.publish(n).unwrap();
        }
        let refused = move |_: &Event<u64>| orders.publish(8).unwrap_err().is_would_deadlock();
        let mut ticks = bus.subscription("ticks.>").queue(4).filter(refused).subscribe().unwrap();
        bus.publish("ticks.eurusd", 1).unwrap();
        assert_eq!(*ticks.recv().unwrap().payload(), 1);
    });
}

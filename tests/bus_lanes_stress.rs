//! Publishers on two lanes, and a reader of both for each way to be slow: every event's order, every account.
//!
//! `EVENTCAST_STRESS_EVENTS` sets how many events each publisher has.

#![allow(clippy::disallowed_methods, reason = "tests spawn threads")]

mod common;

use common::{env_number, within};
use eventcast::{Bus, Event, Overflow, QueueOverflow, RecvError, Subscription, SubscriptionStats, Wait};
use std::thread;
use std::time::Duration;

const EVENTS: u64 = if cfg!(miri) { 100 } else { 50_000 };
const LIMIT: Duration = Duration::from_secs(600);
const TOPICS: [&str; 2] = ["orders", "ticks.eurusd"];

/// What a reader has seen of each topic, and how it ended.
#[derive(Debug, Default)]
struct Report {
    delivered: u64,
    missed: u64,
    disconnected: bool,
    stats: SubscriptionStats,
}

/// Reads to the end, in every way there is.
fn read(mut sub: Subscription<u64>, gaps: bool) -> Report {
    let mut report = Report::default();
    let mut next = [0; 2];
    for round in 0_u64.. {
        let mut check = |event: &Event<u64>| {
            let lane = TOPICS.iter().position(|topic| *topic == event.topic()).unwrap();
            assert_eq!((event.sequence(), gaps || *event.payload() == next[lane]), (*event.payload(), true));
            assert!(*event.payload() >= next[lane], "out of order");
            next[lane] = event.payload() + 1;
            report.delivered += 1;
        };
        let answer = match round % 4 {
            0 => sub.recv().map(|event| check(&event)),
            1 => sub.drain_wait(200, check).map(drop),
            2 => sub.recv_batch(8).map(|batch| batch.iter().for_each(check)),
            _ => sub.drain_batch_wait(100, |event, _| check(event)).map(drop),
        };
        match answer {
            Ok(()) => {}
            Err(RecvError::Lagged(n)) => report.missed += n,
            Err(RecvError::Disconnected(n)) => {
                assert!(!report.disconnected);
                (report.missed, report.disconnected) = (report.missed + n, true);
            }
            Err(_) => break,
        }
    }
    report.stats = sub.stats();
    report
}

fn stress(wait: Wait, queue: Option<QueueOverflow>) {
    let events = env_number("EVENTCAST_STRESS_EVENTS", EVENTS);
    let bus = Bus::<u64>::builder().capacity(64).lane("ticks.>", 16).wait(wait).publish_timeout(None);
    let bus = bus.build().unwrap();
    let policies = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];
    let mut readers: Vec<_> = policies
        .into_iter()
        .map(|overflow| {
            let sub = bus.subscription(">").overflow(overflow).subscribe().unwrap();
            (overflow != Overflow::Block, sub)
        })
        .collect();
    readers.extend(queue.map(|overflow| {
        (true, bus.subscription(">").queue(32).queue_overflow(overflow).subscribe().unwrap())
    }));
    let readers: Vec<_> =
        readers.into_iter().map(|(gaps, sub)| thread::spawn(move || (gaps, read(sub, gaps)))).collect();
    let publishers = TOPICS.map(|topic| {
        let topic = bus.topic(topic).unwrap();
        thread::spawn(move || (0..events).for_each(|n| assert_eq!(topic.publish(n).unwrap(), n)))
    });
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    let accepted = bus.close(Duration::ZERO).accepted;
    assert_eq!(accepted, 2 * events);
    for reader in readers {
        let (gaps, report) = reader.join().unwrap();
        let stats = report.stats;
        assert_eq!((stats.delivered, stats.ahead, stats.queued), (report.delivered, 0, 0), "{report:?}");
        assert_eq!(stats.total(), stats.delivered + stats.lost, "{report:?}");
        if !report.disconnected {
            assert_eq!(stats.total(), accepted, "{report:?}");
        }
        if !gaps {
            assert_eq!(stats.lost, 0, "{report:?}");
        }
        // What a queue loses is only counted.
        assert!(report.missed == stats.lost || (gaps && report.missed == 0), "{report:?}");
    }
    let totals = bus.snapshot().totals;
    assert!(totals.delivered >= accepted);
    assert_eq!(bus.stats().subscriptions, 0);
}

#[test]
fn parked() {
    within(LIMIT, "parked", || stress(Wait::Park, Some(QueueOverflow::DropOldest)));
}

#[test]
fn yielding() {
    within(LIMIT, "yielding", || stress(Wait::Yield, Some(QueueOverflow::DropNewest)));
}

#[test]
fn without_a_queue() {
    within(LIMIT, "without a queue", || stress(Wait::Park, None));
}

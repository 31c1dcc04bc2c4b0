//! Runs that went wrong, made up: the report says so. The program itself offers no way to make one.

use super::model::Report;
use super::text;
use crate::args::{StartAt, Subscribe};
use crate::exit::Exit;
use crate::input::{Input, InputEvent};
use crate::run::{Outcome, Plan, Published, Received, Refused, hash, latencies};
use eventcast::{Bus, SubscriptionStats};
use std::collections::VecDeque;

/// Two events of one topic, published once each and read by one subscriber.
struct Run {
    plan: Plan,
    input: Input,
    outcome: Outcome,
}

impl Run {
    fn new(subscriber: &str) -> Self {
        let texts = ["1", "22"];
        let record = |text: &str| InputEvent { topic: 0, text: text.into(), data: None };
        let input = Input {
            topics: vec!["a".to_owned()],
            records: texts.map(record).into(),
            lines: 2,
            bytes: 3,
            ..Input::default()
        };
        let subscribe: Subscribe = subscriber.parse().unwrap();
        let plan = Plan {
            subscribers: vec![subscribe],
            publishers: 1,
            repeat: 1,
            capacity: 8,
            total: 2,
            join_after: 0,
            start: StartAt::Now,
            stats: false,
        };
        let bus = Bus::<()>::builder().build().unwrap();
        (0..2).for_each(|_| assert!(bus.publish("a", ()).is_ok()));
        let now = crate::clock::now();
        let published = Published {
            offered: 2,
            accepted: 2,
            refused: Refused::default(),
            accepted_by_event: vec![1, 1],
            history: VecDeque::new(),
            calls: latencies(),
            began: now,
            ended: now,
        };
        let mut stats = SubscriptionStats::default();
        stats.delivered = 2;
        let received = Received {
            events: 2,
            checksum: texts.map(hash).iter().fold(0, |sum: u64, hash| sum.wrapping_add(*hash)),
            end_to_end: latencies(),
            span: None,
            disconnected: false,
            stats,
        };
        let outcome = Outcome {
            published: vec![published],
            received: vec![received],
            snapshot: bus.snapshot(),
            interrupted: false,
        };
        Self { plan, input, outcome }
    }

    fn report(&self) -> Report {
        Report::new("test", &self.plan, &self.input, &self.outcome)
    }

    #[track_caller]
    fn fails_with(&self, complaint: &str) {
        let report = self.report();
        assert_eq!(report.exit(), Exit::Unequal);
        assert_eq!(report.complaints(), [complaint]);
        assert!(text::render(&report).contains("FAILED"));
    }
}

#[test]
fn a_good_run() {
    let report = Run::new("a").report();
    assert_eq!(report.exit(), Exit::Success);
    assert!(report.complaints().is_empty());
}

#[test]
fn a_lossless_subscriber_with_another_payload() {
    for (subscriber, name) in
        [("a", "a (block)"), (">:lag", "> (lag)"), ("a:queue:1", "a (queue 1, drop-oldest)")]
    {
        let mut run = Run::new(subscriber);
        run.outcome.received[0].checksum ^= 1;
        run.fails_with(&format!("subscriber {name} differs from what was published to its topics"));
    }
}

#[test]
fn a_lossless_subscriber_that_lost() {
    let mut run = Run::new("a");
    let received = &mut run.outcome.received[0];
    (received.events, received.stats.delivered, received.stats.lost) = (1, 1, 1);
    run.fails_with("subscriber a (block) differs from what was published to its topics");
}

#[test]
fn a_lagging_subscriber_that_lost() {
    let mut run = Run::new("a:lag");
    let received = &mut run.outcome.received[0];
    (received.events, received.stats.delivered, received.stats.lost) = (1, 1, 1);
    assert_eq!(run.report().exit(), Exit::Success);
}

#[test]
fn queued_subscribers_that_lost() {
    for (subscriber, may) in [("a:queue:1", true), ("a:queue:1:block:1s", true), ("a:queue:1:block", false)] {
        let mut run = Run::new(subscriber);
        let received = &mut run.outcome.received[0];
        (received.events, received.stats.delivered, received.stats.lost) = (1, 1, 1);
        assert_eq!(run.report().exit(), if may { Exit::Success } else { Exit::Unequal }, "{subscriber}");
    }
}

#[test]
fn a_subscriber_that_started_late() {
    let mut run = Run::new("a");
    // Both were published before it joined, at the second.
    let published = &mut run.outcome.published[0];
    (published.accepted_by_event, published.history) = (vec![0, 0], [(0, 0), (1, 1)].into());
    let received = &mut run.outcome.received[0];
    (received.stats.joined, received.stats.delivered, received.events) = (1, 1, 1);
    run.fails_with("subscriber a (block) differs from what was published to its topics");
    run.outcome.received[0].checksum = hash("22");
    assert_eq!(run.report().exit(), Exit::Success);
}

#[test]
fn accounts_that_do_not_balance() {
    let mut run = Run::new("a");
    run.outcome.received[0].stats.filtered = 1;
    run.fails_with("the account of subscriber a (block) does not balance");
    let mut run = Run::new("a");
    run.outcome.published[0].offered = 3;
    run.fails_with("the account of publisher 1 does not balance");
    let mut run = Run::new("a");
    run.outcome.snapshot.stats.accepted = 3;
    run.fails_with("the bus counted other events than the publishers");
}

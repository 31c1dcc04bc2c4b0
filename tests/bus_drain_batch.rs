//! Draining with an end-of-batch flag: one flag a call, on its last event, whatever lies behind it.

mod common;

use common::{eventually, within};
use eventcast::{
    Bus, Overflow, QueueOverflow, RecvError, RecvTimeoutError, Subscription, SubscriptionBuilder,
    TryRecvError,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];
const FOREVER: QueueOverflow = QueueOverflow::Block { within: Duration::MAX };

fn bus() -> Bus<u32> {
    Bus::builder().capacity(256).build().unwrap()
}

/// One of each kind: the three direct ones, and queues that get their events in chunks and one by one.
fn each_kind(test: impl Fn(&str, &Bus<u32>, Subscription<u32>)) {
    type Kind = fn(SubscriptionBuilder<'_, u32>) -> SubscriptionBuilder<'_, u32>;
    let kinds: [(&str, Kind); 5] = [
        ("block", |builder| builder.overflow(POLICIES[0])),
        ("lag", |builder| builder.overflow(POLICIES[1])),
        ("disconnect", |builder| builder.overflow(POLICIES[2])),
        ("queue", |builder| builder.queue(1_000).queue_overflow(FOREVER)),
        ("queue that evicts", |builder| builder.queue(1_000)),
    ];
    for (name, kind) in kinds {
        let bus = bus();
        let sub = kind(bus.subscription("n").filter(|event| event.payload() % 3 != 0)).subscribe().unwrap();
        test(name, &bus, sub);
    }
}

/// To topic `n`, of which the subscriptions here want what 3 does not divide, and as much noise.
fn publish(bus: &Bus<u32>, numbers: impl IntoIterator<Item = u32>) {
    for n in numbers {
        bus.publish("n", n).unwrap();
        bus.publish("noise", n).unwrap();
    }
}

/// Until the dispatcher, if there is one, has come to everything.
fn settled(sub: &Subscription<u32>) {
    if sub.queue_overflow().is_some() {
        eventually("the dispatcher comes to everything", || sub.stats().ahead == 0);
    }
}

/// One call: what it handed out, after a look at the flags.
fn one(sub: &mut Subscription<u32>, max: usize) -> Result<Vec<u32>, TryRecvError> {
    let mut seen = Vec::new();
    let n = sub.drain_batch(max, |event, end| seen.push((*event.payload(), end)))?;
    assert_eq!(seen.len(), n);
    for (at, (number, end)) in seen.iter().enumerate() {
        assert_eq!(*end, at + 1 == n, "event {number}, {at} of {n}");
    }
    Ok(seen.into_iter().map(|(number, _)| number).collect())
}

fn all(sub: &mut Subscription<u32>, max: usize) -> Vec<Vec<u32>> {
    let mut all = Vec::new();
    loop {
        match one(sub, max) {
            Ok(batch) => all.push(batch),
            Err(TryRecvError::Empty) => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

fn wanted(numbers: std::ops::Range<u32>) -> Vec<u32> {
    numbers.filter(|n| n % 3 != 0).collect()
}

#[test]
fn the_last_event_of_a_call_and_no_other_has_the_flag() {
    each_kind(|name, bus, mut sub| {
        for max in [0, 1, 2, 7, 64, 65, 1_000] {
            publish(bus, 0..100);
            settled(&sub);
            let batches = all(&mut sub, max);
            assert!(batches.iter().all(|batch| batch.len() <= max.max(1)), "{name} {max}");
            assert_eq!(batches.concat(), wanted(0..100), "{name} {max}");
            let stats = sub.stats();
            assert_eq!(stats.total(), bus.stats().accepted - stats.joined, "{name} {max}: {stats:?}");
            assert_eq!((stats.lost, stats.ahead), (0, 0));
        }
        assert_eq!((sub.stats().delivered, sub.stats().filtered), (7 * 66, 7 * 134), "{name}");
    });
}

#[test]
fn a_blocking_one_takes_all_that_is_there_in_one_batch() {
    let bus = bus();
    let mut sub = bus.subscription("n").subscribe().unwrap();
    // A run of noise that is longer than what is looked at together, in front, between and behind.
    for n in 0..3 {
        (0..70).for_each(|_| _ = bus.publish("noise", 0).unwrap());
        bus.publish("n", n).unwrap();
    }
    assert_eq!(bus.stats().accepted, 213);
    assert_eq!(one(&mut sub, 100), Ok(vec![0, 1, 2]));
    assert_eq!((sub.stats().delivered, sub.stats().filtered, sub.len()), (3, 210, 0));
    // Noise behind the last: the flag comes with the last.
    bus.publish("n", 3).unwrap();
    (0..150).for_each(|_| _ = bus.publish("noise", 0).unwrap());
    assert_eq!(one(&mut sub, 100), Ok(vec![3]));
    assert_eq!(sub.len(), 0);
    assert_eq!(one(&mut sub, 100), Err(TryRecvError::Empty));
}

#[test]
fn a_full_ring_of_its_own_events_is_one_batch() {
    let bus = bus();
    let mut sub = bus.subscribe("n").unwrap();
    for n in 0..256 {
        bus.try_publish("n", n).unwrap();
    }
    assert_eq!(one(&mut sub, usize::MAX).unwrap().len(), 256);
    for n in 0..256 {
        bus.try_publish("n", n).unwrap();
    }
}

#[test]
fn a_panic_costs_the_event_it_met() {
    each_kind(|name, bus, mut sub| {
        publish(bus, 1..12);
        settled(&sub);
        let mut seen = Vec::new();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            sub.drain_batch(100, |event, _| {
                seen.push(*event.payload());
                assert_ne!(*event.payload(), 5);
            })
        }));
        assert!(panicked.is_err() || !seen.contains(&5), "{name}");
        // A short batch of one that nobody waits for ends before that.
        let rest = loop {
            let rest = catch_unwind(AssertUnwindSafe(|| all(&mut sub, 100).concat())).unwrap();
            if !rest.is_empty() {
                break rest;
            }
        };
        seen.extend(rest);
        assert_eq!(seen, wanted(1..12), "{name}");
        let stats = sub.stats();
        assert_eq!((stats.delivered, stats.filtered), (8, 14), "{name}: {stats:?}");
    });
}

#[test]
fn a_lag_is_reported_and_the_batch_goes_on_behind_it() {
    let bus = bus();
    let mut sub = bus.subscription("n").overflow(Overflow::Lag).subscribe().unwrap();
    for n in 0..1_000 {
        bus.publish("n", n).unwrap();
    }
    let Err(TryRecvError::Lagged(missed)) = one(&mut sub, 100) else { panic!("it was overtaken") };
    let batches = all(&mut sub, 100);
    assert!(batches.iter().all(|batch| batch.len() <= 8));
    assert_eq!(batches.concat(), (missed as u32..1_000).collect::<Vec<_>>());
}

#[test]
fn an_event_in_hand_of_a_forgotten_guard_is_read_past() {
    each_kind(|name, bus, mut sub| {
        publish(bus, [1, 2, 4]);
        settled(&sub);
        std::mem::forget(sub.batch(1).unwrap());
        assert_eq!(all(&mut sub, 100).concat(), [2, 4], "{name}");
        assert_eq!(sub.stats().delivered, 3, "{name}");
    });
}

#[test]
fn the_waiting_forms_wait_and_end() {
    each_kind(|name, bus, mut sub| {
        let soon = sub.drain_batch_timeout(9, Duration::from_millis(5), |_, _| ());
        assert_eq!(soon, Err(RecvTimeoutError::Timeout), "{name}");
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = Vec::new();
                let mut open = 0;
                loop {
                    match sub.drain_batch_wait(9, |event, end| {
                        seen.push(*event.payload());
                        open = if end { 0 } else { open + 1 };
                    }) {
                        Ok(n) => assert!(n <= 9 && open == 0),
                        Err(RecvError::Closed) => return seen,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            let numbers = if name == "block" || name == "queue" { 0..2_000 } else { 0..100 };
            publish(bus, numbers.clone());
            let _ = bus.close(Duration::ZERO);
            assert_eq!(reader.join().unwrap(), wanted(numbers), "{name}");
        });
    });
}

/// What the topics of events in hand were kept with does not pile up while there always is a next one.
#[test]
fn a_queue_that_never_runs_dry_hands_out_its_topics() {
    within(Duration::from_secs(60), "a busy queue", || {
        let bus = Bus::<u32>::builder().capacity(64).build().unwrap();
        let mut sub = bus.subscription(">").queue(256).queue_overflow(FOREVER).subscribe().unwrap();
        let events = if cfg!(miri) { 300 } else { 20_000 };
        let publisher = thread::spawn(move || {
            for n in 0..events {
                bus.publish(format!("topic.{}", n % 7), n).unwrap();
            }
        });
        let mut next = 0;
        let mut kept = Vec::new();
        while let Ok(n) = sub.drain_batch_wait(5, |event, _| {
            assert_eq!(event.topic(), format!("topic.{}", event.payload() % 7));
            assert_eq!(*event.payload(), next);
            next += 1;
            if next % 100 == 0 {
                kept.push(event.clone());
            }
        }) {
            assert!(n <= 5);
        }
        publisher.join().unwrap();
        assert_eq!(next, events);
        for event in kept {
            assert_eq!(event.topic(), format!("topic.{}", event.payload() % 7));
        }
    });
}

//! Subscribing and receiving: patterns, policies, starts, the receive trio, in-place reading, iterators.

mod common;

use common::within;
use eventcast::{
    Bus, Clock, Overflow, QueueOverflow, RecvError, RecvTimeoutError, Start, SubscribeError, Subscription,
    TryRecvError,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const SOON: Duration = Duration::from_millis(5);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

fn bus() -> Bus<u32> {
    Bus::builder().capacity(64).clock(Clock::Precise).build().unwrap()
}

fn payloads(sub: &mut Subscription<u32>) -> Vec<u32> {
    sub.try_iter().map(|event| event.into_payload()).collect()
}

#[test]
fn each_subscription_gets_its_topics_and_counts_the_others() {
    for overflow in POLICIES {
        let bus = bus();
        let patterns = ["a.b", "a.*", "a.>", ">", "*", "nothing"];
        let mut subs = patterns.map(|p| bus.subscription(p).overflow(overflow).subscribe().unwrap());
        for (n, topic) in ["a", "a.b", "a.c", "a.b.c", "b.a", "a.b"].into_iter().enumerate() {
            bus.publish(topic, n as u32).unwrap();
        }
        let seen = subs.each_mut().map(payloads);
        assert_eq!(seen[0], [1, 5]);
        assert_eq!(seen[1], [1, 2, 5]);
        assert_eq!(seen[2], [1, 2, 3, 5]);
        assert_eq!(seen[3], [0, 1, 2, 3, 4, 5]);
        assert_eq!(seen[4], [0]);
        assert!(seen[5].is_empty());
        for (sub, seen) in subs.iter().zip(&seen) {
            let stats = sub.stats();
            assert_eq!(stats.delivered, seen.len() as u64);
            assert_eq!(stats.filtered, 6 - stats.delivered);
            assert_eq!((stats.joined, stats.lost, stats.ahead, stats.total()), (0, 0, 0, 6));
            assert_eq!(sub.overflow(), overflow);
        }
    }
}

#[test]
fn bad_patterns_are_refused() {
    let bus = bus();
    for pattern in ["", "a..b", "a.b*", ">.a", "a b"] {
        let error = bus.subscribe(pattern).unwrap_err();
        assert!(error.is_invalid_pattern() && !error.is_start(), "{pattern:?}");
        let SubscribeError::InvalidPattern(inner) = &error else { panic!("{error:?}") };
        assert_eq!(inner.to_string(), error.to_string());
    }
    assert_eq!(bus.stats().subscriptions, 0);
}

#[test]
fn starts() {
    let bus = bus();
    for n in 0..10 {
        bus.publish("a", n).unwrap();
    }
    let start = |start| bus.subscription("a").overflow(Overflow::Lag).start(start).subscribe();
    assert!(payloads(&mut start(Start::Now).unwrap()).is_empty());
    assert_eq!(payloads(&mut start(Start::Oldest).unwrap()).len(), 10);
    let mut from = start(Start::Sequence(7)).unwrap();
    assert_eq!(from.stats().joined, 7);
    assert_eq!(payloads(&mut from), [7, 8, 9]);
    let error = start(Start::Sequence(11)).unwrap_err();
    assert!(error.is_start());
    for n in 10..100 {
        bus.publish("a", n).unwrap();
    }
    assert!(start(Start::Sequence(7)).is_err());
    assert_eq!(start(Start::Oldest).unwrap().sequence(), 36);
}

#[test]
fn a_laggard_is_told_what_it_missed_and_goes_on() {
    let bus = Bus::<u32>::builder().capacity(4).build().unwrap();
    let mut sub = bus.subscription("a").overflow(Overflow::Lag).subscribe().unwrap();
    for n in 0..100 {
        bus.publish(if n % 2 == 0 { "a" } else { "b" }, n).unwrap();
    }
    assert_eq!(sub.stats().total(), 100);
    let Err(TryRecvError::Lagged(missed)) = sub.try_recv() else { panic!("no lag") };
    assert_eq!(sub.lost(), missed);
    let rest = payloads(&mut sub);
    assert!(rest.len() >= 2 && rest.last() == Some(&98));
    let stats = sub.stats();
    assert_eq!(stats.delivered + stats.filtered + stats.lost, 100);
}

#[test]
fn a_drain_reports_a_lag_that_it_meets_on_the_way_afterwards() {
    let bus = Bus::<u32>::builder().capacity(4).build().unwrap();
    let mut sub = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    bus.publish("a", 0).unwrap();
    let mut seen = 0;
    let drained = sub.drain(100, |_| {
        seen += 1;
        if seen == 1 {
            (1..=50).for_each(|n| assert!(bus.publish("a", n).is_ok()));
        }
    });
    assert_eq!(drained, Ok(1));
    let Err(RecvError::Lagged(missed)) = sub.recv() else { panic!("no lag") };
    assert_eq!(1 + missed + sub.drain(100, |_| {}).unwrap() as u64, 51);
}

#[test]
fn a_disconnecting_one_is_told_once() {
    let bus = Bus::<u32>::builder().capacity(4).build().unwrap();
    let mut sub = bus.subscription(">").overflow(Overflow::Disconnect).subscribe().unwrap();
    for n in 0..100 {
        bus.publish("a", n).unwrap();
    }
    let results: Vec<_> = sub.results().map(|r| r.map(|e| e.into_payload())).collect();
    let (last, read) = results.split_last().unwrap();
    let &Err(RecvError::Disconnected(missed)) = last else { panic!("{last:?}") };
    assert_eq!(read.len() as u64 + missed, 4);
    assert!(read.iter().all(Result::is_ok));
    assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
    assert_eq!(sub.iter().count(), 0);
    assert_eq!(bus.stats().subscriptions, 0);
}

#[test]
fn receiving_waits_for_its_own_topics_only() {
    let bus = bus();
    let mut sub = bus.subscribe("mine").unwrap();
    assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!(sub.recv_timeout(SOON).unwrap_err(), RecvTimeoutError::Timeout);
    bus.publish("other", 1).unwrap();
    assert_eq!(sub.recv_timeout(SOON).unwrap_err(), RecvTimeoutError::Timeout);
    assert_eq!(sub.drain_timeout(8, SOON, |_| {}).unwrap_err(), RecvTimeoutError::Timeout);
    let publisher = thread::spawn(move || {
        (0..40).for_each(|n| assert!(bus.publish("other", n).is_ok()));
        bus.publish("mine", 7).unwrap();
        bus.publish("mine", 8).unwrap();
    });
    assert_eq!(sub.recv().unwrap().into_payload(), 7);
    let mut seen = Vec::new();
    assert_eq!(sub.drain_wait(8, |event| seen.push(*event.payload())), Ok(1));
    assert_eq!(seen, [8]);
    publisher.join().unwrap();
    assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
    assert_eq!(sub.recv_timeout(Duration::MAX).unwrap_err(), RecvTimeoutError::Closed);
    assert_eq!(sub.stats().filtered, 41);
}

#[test]
fn a_busy_other_topic_does_not_stretch_a_time_out() {
    let bus = bus();
    let mut sub = bus.subscription("mine").overflow(Overflow::Lag).subscribe().unwrap();
    let other = bus.topic("other").unwrap();
    let publisher = thread::spawn(move || {
        let mut n = 0;
        while other.publish(n).is_ok() {
            n = n.wrapping_add(1);
        }
    });
    let result = loop {
        match sub.recv_timeout(SOON) {
            Err(RecvTimeoutError::Lagged(_)) => {}
            result => break result,
        }
    };
    assert_eq!(result.unwrap_err(), RecvTimeoutError::Timeout);
    drop(bus);
    publisher.join().unwrap();
}

#[test]
fn in_place_reading_needs_no_clone_and_knows_the_sequence() {
    struct Opaque(u32);
    for overflow in POLICIES {
        let bus = Bus::<Opaque>::builder().capacity(128).build().unwrap();
        let mut sub = bus.subscription("a").overflow(overflow).subscribe().unwrap();
        for n in 0..100 {
            bus.publish(if n % 3 == 0 { "a" } else { "b" }, Opaque(n)).unwrap();
        }
        let mut seen = Vec::new();
        assert_eq!(sub.drain(3, |e| seen.push((e.sequence(), e.payload().0))), Ok(3));
        assert_eq!(sub.drain(0, |e| seen.push((e.sequence(), e.payload().0))), Ok(1));
        assert_eq!(sub.drain(usize::MAX, |e| seen.push((e.sequence(), e.payload().0))), Ok(30));
        let expected: Vec<_> = (0..34).map(|n| (3 * n, 3 * n as u32)).collect();
        assert_eq!(seen, expected);
        assert_eq!(sub.drain(1, |_| {}), Err(TryRecvError::Empty));
        assert_eq!((sub.stats().delivered, sub.stats().filtered), (34, 66));
    }
}

#[test]
fn a_panic_in_the_closure_costs_that_event_only() {
    for overflow in POLICIES {
        let bus = bus();
        let mut sub = bus.subscription("a").overflow(overflow).subscribe().unwrap();
        for n in 0..6 {
            bus.publish("a", n).unwrap();
        }
        let result = catch_unwind(AssertUnwindSafe(|| sub.drain(6, |event| assert_ne!(*event.payload(), 2))));
        assert!(result.is_err());
        assert_eq!(sub.stats().delivered, 3);
        assert_eq!(payloads(&mut sub), [3, 4, 5]);
    }
}

#[test]
fn a_panic_in_clone_costs_that_event_only() {
    struct Grumpy(u32);
    impl Clone for Grumpy {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 1, "no clone of 1");
            Self(self.0)
        }
    }
    for overflow in POLICIES {
        let bus = Bus::<Grumpy>::builder().build().unwrap();
        let mut sub = bus.subscription("a").overflow(overflow).subscribe().unwrap();
        (0..3).for_each(|n| assert!(bus.publish("a", Grumpy(n)).is_ok()));
        assert_eq!(sub.recv().unwrap().payload().0, 0);
        assert!(catch_unwind(AssertUnwindSafe(|| sub.recv())).is_err());
        assert_eq!(sub.recv().unwrap().payload().0, 2);
        assert_eq!(sub.stats().delivered, 3);
    }
}

#[test]
fn idle_laggards_hold_nothing() {
    // Each has read one event and sits on the rest: more of them than there are spare slots.
    let bus = Bus::<u32>::builder().capacity(8).lag_slots(2).build().unwrap();
    let mut subs: Vec<_> =
        (0..10).map(|_| bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap()).collect();
    (0..8).for_each(|n| assert!(bus.try_publish("a", n).is_ok()));
    for sub in &mut subs {
        assert_eq!(sub.try_recv().unwrap().into_payload(), 0);
        assert_eq!(sub.drain(2, |_| {}), Ok(2));
    }
    (0..100).for_each(|n| assert!(bus.try_publish("a", n).is_ok()));
}

#[test]
fn all_that_lies_ahead_is_looked_at_before_the_answer_is_empty() {
    for (capacity, others) in (1..=12).flat_map(|capacity| (0..=32).map(move |others| (capacity, others))) {
        for batch in [false, true] {
            let bus = Bus::<u32>::builder().capacity(capacity).build().unwrap();
            let mut sub = bus.subscription("wanted").overflow(Overflow::Lag).subscribe().unwrap();
            (0..others).for_each(|n| drop(bus.publish("other", n)));
            bus.publish("wanted", 7).unwrap();
            let mut got = || {
                if batch {
                    return sub.batch(1).map(|batch| *batch[0].payload());
                }
                sub.try_recv().map(|event| *event.payload())
            };
            let answer = got();
            let answer = if answer.is_err_and(|error| error.is_lagged()) { got() } else { answer };
            assert_eq!(answer, Ok(7), "capacity {capacity}, {others} others, a batch: {batch}");
        }
    }
}

#[test]
fn loops_over_a_subscription() {
    let bus = bus();
    let mut sub = bus.subscribe("a.*").unwrap();
    let mut sum = 0;
    bus.publish("a.b", 1).unwrap();
    bus.publish("a.c", 2).unwrap();
    for event in &mut sub {
        assert!(event.topic().starts_with("a."));
        sum += event.payload();
        if sum == 3 {
            break;
        }
    }
    bus.publish("a.b", 4).unwrap();
    drop(bus);
    assert_eq!(sub.into_iter().map(|event| event.into_payload()).sum::<u32>(), 4);
}

#[test]
fn a_subscription_tells_about_itself() {
    let bus = bus();
    let sub = bus.subscribe("a.*").unwrap();
    bus.publish("b", 1).unwrap();
    assert_eq!(sub.pattern().as_str(), "a.*");
    assert_eq!((sub.len(), sub.is_empty(), sub.sequence(), sub.lost()), (1, false, 0, 0));
    assert_ne!(sub.id(), bus.subscribe("a").unwrap().id());
    let text = format!("{sub:?}");
    assert!(text.contains("a.*") && text.contains("Block"), "{text}");
    assert_eq!(bus.stats().subscriptions, 1);
}

#[test]
fn a_start_by_time_is_by_the_time_at_which_the_bus_took_it() {
    for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
        let bus = bus();
        let mut taken = Vec::new();
        for n in 0..30 {
            // What the publisher says of the time does not count.
            let event = bus.event("tick").time(SystemTime::UNIX_EPOCH);
            if n % 10 == 0 {
                thread::sleep(Duration::from_millis(2));
                taken.push(SystemTime::now());
            }
            event.publish(n).unwrap();
        }
        let start =
            |time| bus.subscription(">").overflow(overflow).start(Start::Time(time)).subscribe().unwrap();
        for (index, time) in taken.iter().enumerate() {
            let mut sub = start(*time);
            let first = 10 * index as u32;
            assert_eq!(
                (sub.stats().joined, sub.lost(), sub.len()),
                (u64::from(first), 0, 30 - first as usize)
            );
            assert_eq!(payloads(&mut sub), (first..30).collect::<Vec<_>>());
            assert_eq!(sub.stats().total(), bus.stats().accepted - sub.stats().joined);
        }
        assert_eq!(start(SystemTime::UNIX_EPOCH).len(), 30);
        let mut ahead = start(SystemTime::now() + Duration::from_secs(3_600));
        assert_eq!((ahead.len(), ahead.stats().joined), (0, 30));
        bus.publish("tick", 99).unwrap();
        assert_eq!(payloads(&mut ahead), [99]);
    }
}

#[test]
fn a_start_by_time_on_a_busy_bus_has_no_seam() {
    within(Duration::from_secs(60), "starts by time", || {
        let bus = Bus::<u32>::builder().capacity(64).publish_timeout(None).build().unwrap();
        let publisher = thread::spawn({
            let bus = bus.clone();
            move || (0..20_000).for_each(|n| assert!(bus.publish("tick", n).is_ok()))
        });
        for round in 0..50 {
            let overflow = [Overflow::Block, Overflow::Lag][round % 2];
            let time = SystemTime::now() - Duration::from_micros(20);
            let mut sub =
                bus.subscription(">").overflow(overflow).start(Start::Time(time)).subscribe().unwrap();
            let mut expected = sub.stats().joined;
            for _ in 0..100 {
                match sub.recv_timeout(Duration::from_millis(20)) {
                    Ok(event) => {
                        assert_eq!((event.sequence(), u64::from(*event.payload())), (expected, expected));
                        expected += 1;
                    }
                    Err(RecvTimeoutError::Lagged(missed)) => expected += missed,
                    Err(_) => break,
                }
            }
            if overflow == Overflow::Block {
                let stats = sub.stats();
                assert_eq!((stats.joined + stats.delivered, stats.lost), (sub.sequence(), 0));
            }
        }
        publisher.join().unwrap();
    });
}

#[test]
fn as_many_are_counted_as_are_listed() {
    let bus = Bus::<u64>::builder().capacity(4).build().unwrap();
    let agree = |expected: usize| {
        let counts = (bus.subscriptions().len(), bus.stats().subscriptions);
        assert_eq!(counts, (expected, expected));
        assert_eq!(bus.wait_for_subscriber(Duration::ZERO), expected > 0);
    };
    agree(0);
    let mut gone = bus.subscription("a").overflow(Overflow::Disconnect).subscribe().unwrap();
    let queued = bus.subscription("a").queue(4).subscribe().unwrap();
    let mut full =
        bus.subscription("b").queue(1).queue_overflow(QueueOverflow::Disconnect).subscribe().unwrap();
    let mut ended = bus.subscribe("c").unwrap();
    agree(4);
    for n in 0..20 {
        bus.publish("a", n).unwrap();
        bus.publish("b", n).unwrap();
        let _ = ended.try_recv().unwrap_err();
    }
    while !gone.try_recv().is_err_and(|error| error.is_disconnected()) {}
    // It was told; the queued one that is disconnected was not.
    agree(3);
    // In a guard or not.
    bus.publish("c", 0).unwrap();
    let guard = ended.batch(1).unwrap();
    assert_eq!(bus.unsubscribe_all("c"), Ok(1));
    agree(2);
    drop(guard);
    drop(ended);
    agree(2);
    assert!(bus.close(Duration::ZERO).accepted > 0);
    // The dispatcher leaves the ring once everything is in the queues.
    let end = Instant::now() + Duration::from_secs(20);
    while queued.stats().ahead > 0 {
        assert!(Instant::now() < end, "the dispatcher does not come to its end");
        thread::yield_now();
    }
    agree(2);
    let late = bus.subscribe("a").unwrap();
    agree(3);
    drop((gone, queued));
    agree(2);
    while full.try_recv().is_ok() {}
    agree(1);
    drop((full, late));
    agree(0);
}

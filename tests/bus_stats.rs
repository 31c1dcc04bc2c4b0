//! What a bus knows of its subscriptions is what they know of themselves, and what they have done.

mod common;

use common::{Rng, seed, within};
use eventcast::{Bus, Fanout, Overflow, RecvError, Start, Subscription, SubscriptionSnapshot, wait_any};
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);
const POLICIES: [Overflow; 3] = [Overflow::Block, Overflow::Lag, Overflow::Disconnect];

fn publish(bus: &Bus<u64>, topic: &str, n: u64) {
    bus.publish(topic, n).unwrap();
}

/// Lets so much time go by.
fn pass(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {
        thread::yield_now();
    }
}

/// The bus's account of each subscription is the subscription's own.
fn agree(bus: &Bus<u64>, subs: &[Subscription<u64>], left: u64) {
    let snapshot = bus.snapshot();
    assert_eq!(snapshot.subscriptions.len(), subs.len());
    for (seen, sub) in snapshot.subscriptions.iter().zip(subs) {
        let own = sub.stats();
        assert_eq!((seen.info.id, seen.stats), (sub.id(), own), "{sub:?}");
        assert_eq!(seen.lost_by.total(), own.lost);
        assert!(seen.max_ahead >= own.ahead);
        match sub.overflow() {
            Overflow::Block => assert_eq!((own.lost, seen.lost_by.total()), (0, 0)),
            Overflow::Lag => assert_eq!(seen.lost_by.overwritten, own.lost),
            Overflow::Disconnect => assert_eq!(seen.lost_by.disconnected, own.lost),
        }
    }
    let delivered: u64 = subs.iter().map(|sub| sub.stats().delivered).sum();
    assert_eq!(snapshot.totals.delivered, delivered + left);
    assert_eq!(snapshot.stats, bus.stats());
}

#[test]
fn the_bus_and_its_subscriptions_agree_after_every_call() {
    let seed = seed();
    let (rounds, steps) = if cfg!(miri) { (3, 60) } else { (300, 300) };
    for round in 0..rounds {
        let mut random = Rng::new(seed.wrapping_add(round));
        let capacity = 1 + random.below(20) as usize;
        let bus =
            Bus::<u64>::builder().capacity(capacity).max_age(Duration::from_secs(3600)).build().unwrap();
        let mut subs: Vec<Subscription<u64>> = Vec::new();
        let mut left = 0;
        for n in 0..steps {
            if subs.len() < 5 && random.one_in(8) {
                let overflow = random.pick(&POLICIES);
                let start = random.pick(&[Start::Now, Start::Oldest, Start::Time(bus.now())]);
                let pattern = random.pick(&[">", "a", "b"]);
                let sub = bus.subscription(pattern).overflow(overflow).start(start);
                let sub = if random.one_in(2) { sub.filter(|event| event.payload() % 3 != 0) } else { sub };
                subs.push(sub.subscribe().unwrap());
            }
            for _ in 0..random.below(capacity as u64 + 2) {
                let _ = bus.try_publish(random.pick(&["a", "b"]), n);
            }
            if !subs.is_empty() {
                let at = random.below(subs.len() as u64) as usize;
                let sub = &mut subs[at];
                let max = 1 + random.below(10) as usize;
                match random.below(8) {
                    0 | 1 => drop(sub.try_recv()),
                    2 => drop(sub.drain(max, |_| {})),
                    3 => drop(sub.batch(max)),
                    4 => drop(sub.batch(max).map(|batch| batch.release_first(random.below(4) as usize))),
                    5 => drop(sub.batch(max).map(std::mem::forget)),
                    6 => drop(sub.recv_timeout(Duration::ZERO)),
                    _ if random.one_in(3) => {
                        // What a forgotten guard had counts with this.
                        let _ = sub.batch(1).map(|batch| batch.release_first(0));
                        left += sub.stats().delivered;
                        drop(subs.remove(at));
                    }
                    _ => {}
                }
            }
            agree(&bus, &subs, left);
        }
    }
}

/// A direct subscription of each policy, and a queued one, that have six events ahead of them, three of their topic.
fn with_six_events(test: impl Fn(&Bus<u64>, Subscription<u64>, &str)) {
    for overflow in [None, Some(Overflow::Block), Some(Overflow::Lag), Some(Overflow::Disconnect)] {
        let bus = Bus::<u64>::builder().capacity(16).fanout(Fanout::Inline).build().unwrap();
        let sub = bus.subscription("a");
        let sub = match overflow {
            None => sub.queue(8),
            Some(overflow) => sub.overflow(overflow),
        };
        let sub = sub.subscribe().unwrap();
        (0..6).for_each(|n| publish(&bus, ["a", "b"][n as usize % 2], n));
        // What publishers leave behind, the dispatcher's thread takes up.
        let end = Instant::now() + LIMIT;
        while overflow.is_none() && sub.stats().ahead > 0 {
            assert!(Instant::now() < end, "the queue is not filled");
            thread::yield_now();
        }
        test(&bus, sub, &format!("{overflow:?}"));
    }
}

/// What the bus says of its only subscription; everything is accounted for.
fn seen(bus: &Bus<u64>) -> SubscriptionSnapshot {
    let seen = bus.snapshot().subscriptions.remove(0);
    assert_eq!(seen.stats.total(), bus.stats().accepted, "{:?}", seen.stats);
    seen
}

#[test]
fn what_a_guard_holds_is_delivered_when_it_lets_go() {
    with_six_events(|bus, mut sub, which| {
        let before = seen(bus).stats.delivered;
        let guard = sub.batch(4).unwrap();
        let len = guard.len() as u64;
        let held = seen(bus);
        assert_eq!((before, held.stats.delivered), (0, 0), "{which}: {:?}", held.stats);
        assert!(held.held >= len && held.stats.ahead + held.stats.queued >= len, "{which}: {held:?}");
        publish(bus, "a", 6);
        assert_eq!(seen(bus).stats.delivered, 0, "{which}");
        guard.release_first(1);
        assert_eq!((seen(bus).stats, sub.stats().delivered), (sub.stats(), 1), "{which}");
        drop(sub.batch(1).unwrap());
        assert_eq!((seen(bus).stats, sub.stats().delivered), (sub.stats(), 2), "{which}");
        sub.batch(4).unwrap().release_first(0);
        assert_eq!(sub.stats().delivered, 2, "{which}");
        while sub.try_recv().is_ok() {}
        assert_eq!((seen(bus).stats, sub.stats().delivered), (sub.stats(), 4), "{which}");
        assert_eq!((seen(bus).held, sub.len()), (0, 0), "{which}");
    });
}

#[test]
fn what_a_forgotten_guard_held_is_delivered_with_the_next_call() {
    type Call = fn(&mut Subscription<u64>) -> bool;
    // Each says whether it hands out an event of its own.
    let calls: [Call; 6] = [
        |sub| sub.try_recv().is_ok(),
        |sub| sub.drain(1, |_| ()).is_ok(),
        |sub| sub.drain_batch(1, |_, _| ()).is_ok(),
        |sub| sub.recv_timeout(Duration::ZERO).is_ok(),
        |sub| sub.batch(1).map(|batch| batch.release_first(0)).is_err(),
        |sub| wait_any(&mut [sub], Duration::ZERO).is_none(),
    ];
    for (n, call) in calls.into_iter().enumerate() {
        with_six_events(|bus, mut sub, which| {
            let guard = sub.batch(2).unwrap();
            let len = guard.len() as u64;
            std::mem::forget(guard);
            let own = sub.stats();
            assert_eq!((seen(bus).stats, own.delivered), (own, 0), "{which}, call {n}");
            assert_eq!(sub.len() as u64, own.ahead + own.queued, "{which}, call {n}");
            let handed_out = call(&mut sub);
            assert_eq!(handed_out, n < 4, "{which}, call {n}");
            let delivered = len + u64::from(handed_out);
            assert_eq!(
                (seen(bus).stats, sub.stats().delivered),
                (sub.stats(), delivered),
                "{which}, call {n}"
            );
        });
    }
    with_six_events(|bus, mut sub, which| {
        std::mem::forget(sub.batch(1).unwrap());
        drop(sub);
        assert_eq!(bus.snapshot().totals.delivered, 1, "{which}");
    });
}

#[test]
fn totals_outlive_the_subscriptions() {
    let bus = Bus::<u64>::builder().capacity(8).build().unwrap();
    let mut lag = bus.subscription("a").overflow(Overflow::Lag).subscribe().unwrap();
    let mut gone = bus.subscription("a").overflow(Overflow::Disconnect).subscribe().unwrap();
    for n in 0..100 {
        bus.publish("a", n).unwrap();
    }
    lag.drain(3, |_| {}).unwrap_err();
    lag.drain(3, |_| {}).unwrap();
    while !gone.try_recv().is_err_and(|error| error.is_disconnected()) {}
    let before = bus.snapshot();
    let lost = (lag.lost(), gone.lost());
    drop((lag, gone));
    let after = bus.snapshot();
    assert!(after.subscriptions.is_empty());
    assert_eq!(after.totals, before.totals);
    assert_eq!((after.totals.lost_by.overwritten, after.totals.lost_by.disconnected), lost);
    assert_eq!(after.totals.lost_by.total(), lost.0 + lost.1);
}

#[test]
fn a_difference_has_what_happened_in_between() {
    let bus = Bus::<u64>::builder().capacity(4).build().unwrap();
    let mut first = bus.subscription("a").overflow(Overflow::Lag).name("first").subscribe().unwrap();
    (0..3).for_each(|n| publish(&bus, "a", n));
    first.recv().unwrap();
    let earlier = bus.snapshot();
    let _second = bus.subscription("b").overflow(Overflow::Lag).subscribe().unwrap();
    (0..2).for_each(|n| publish(&bus, "b", n));
    let _ = bus.publish("b..", 0).unwrap_err();
    while first.try_recv().is_ok() {}
    let between = bus.snapshot().since(&earlier);
    assert_eq!((between.stats.accepted, between.stats.refused_invalid_topic), (2, 1));
    let [first, second] = &between.subscriptions[..] else { panic!("{between:?}") };
    assert_eq!((first.stats.delivered, first.stats.filtered, first.stats.ahead), (2, 2, 0));
    assert_eq!((second.stats.delivered, second.stats.ahead), (0, 2));
    assert_eq!((between.totals.delivered, between.totals.filtered), (2, 2));
    assert_eq!((between.capacity, between.stats.subscriptions), (4, 2));
}

#[test]
fn the_most_that_was_ahead_is_kept() {
    let bus = Bus::<u64>::builder().capacity(1024).build().unwrap();
    let mut sub = bus.subscribe(">").unwrap();
    (0..500).for_each(|n| publish(&bus, "a", n));
    while sub.try_recv().is_ok() {}
    let max_ahead = bus.snapshot().subscriptions[0].max_ahead;
    assert_eq!(max_ahead, 500, "its reader has looked");
    // Nobody reads: those who ask look.
    (0..700).for_each(|n| publish(&bus, "a", n));
    assert_eq!(bus.snapshot().subscriptions[0].max_ahead, 700);
    assert_eq!(sub.drain(1000, |_| {}), Ok(700));
    let seen = &bus.snapshot().subscriptions[0];
    assert_eq!((seen.max_ahead, seen.stats.ahead), (700, 0));
}

#[test]
fn counts_never_go_back_while_everybody_works() {
    within(LIMIT, "snapshots of a busy bus", || {
        let events = if cfg!(miri) { 200 } else { 100_000 };
        let bus = Bus::<u64>::builder().capacity(64).build().unwrap();
        let readers = POLICIES.map(|overflow| {
            let mut sub = bus.subscription("a").overflow(overflow).subscribe().unwrap();
            thread::spawn(move || {
                for result in sub.results() {
                    if matches!(result, Err(RecvError::Disconnected(_))) {
                        break;
                    }
                }
                sub
            })
        });
        let publisher = thread::spawn({
            let bus = bus.clone();
            move || (0..events).for_each(|n| publish(&bus, ["a", "b"][n as usize % 2], n))
        });
        let mut before = bus.snapshot();
        let mut done = false;
        while !done {
            done = publisher.is_finished();
            let now = bus.snapshot();
            let accepted = bus.stats().accepted;
            for (now, before) in now.subscriptions.iter().zip(&before.subscriptions) {
                let (now, before) = (now.stats, before.stats);
                assert!(now.delivered >= before.delivered && now.filtered >= before.filtered);
                assert!(now.delivered + now.filtered <= accepted);
            }
            before = now;
        }
        publisher.join().unwrap();
        let _ = bus.close(Duration::MAX);
        let subs = readers.map(|reader| reader.join().unwrap());
        agree(&bus, &subs, 0);
        assert_eq!(subs[0].stats().total(), events);
    });
}

#[test]
fn sampled_events_are_timed_and_others_are_not() {
    let events = 100;
    for (n, step) in [(0, 0), (1, 1), (3, 4), (16, 16), (1024, 1024)] {
        let bus = Bus::<u64>::builder().capacity(256).sample(n).build().unwrap();
        let mut drained = bus.subscribe("a").unwrap();
        let mut received = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
        let mut held = bus.subscribe("a").unwrap();
        let mut elsewhere = bus.subscribe("b").unwrap();
        for n in 0..events {
            bus.publish("a", n).unwrap();
        }
        assert_eq!(drained.drain(1000, |_| {}), Ok(events as usize));
        while received.try_recv().is_ok() {}
        while let Ok(batch) = held.batch(1) {
            drop(batch);
        }
        let _ = elsewhere.try_recv().unwrap_err();
        let snapshot = bus.snapshot();
        let timed = if step == 0 { 0 } else { events.div_ceil(step) };
        assert_eq!((snapshot.sample, snapshot.publish_time.count()), (step, timed), "sample({n})");
        assert_eq!(snapshot.delivery_time.count(), 3 * timed, "sample({n})");
        let handled: Vec<_> = snapshot.subscriptions.iter().map(|sub| sub.handling_time.count()).collect();
        assert_eq!(handled, [timed, timed, timed, 0], "sample({n})");
        assert!(snapshot.delivery_time.max() >= snapshot.delivery_time.quantile(0.5));
    }
}

#[test]
fn times_say_how_long_it_took() {
    let bus = Bus::<u64>::builder().capacity(8).sample(1).build().unwrap();
    let mut sub = bus.subscribe("a").unwrap();
    let pause = Duration::from_millis(20);
    bus.publish("a", 1).unwrap();
    let earlier = bus.snapshot();
    pass(pause);
    sub.drain(1, |_| pass(pause)).unwrap();
    bus.publish("a", 2).unwrap();
    sub.recv().unwrap();
    let between = bus.snapshot().since(&earlier);
    assert_eq!((between.publish_time.count(), between.delivery_time.count()), (1, 2));
    assert!(between.delivery_time.max() >= pause, "{between:?}");
    let handling = &between.subscriptions[0].handling_time;
    // The second is still being handled: its reader has not come back.
    assert_eq!(handling.count(), 1);
    assert!(handling.quantile(0.5) >= pause && handling.sum() >= pause, "{handling:?}");
}

#[test]
fn a_refused_event_leaves_no_time() {
    let bus =
        Bus::<u64>::builder().capacity(1).sample(1).filter(|event| *event.payload() != 13).build().unwrap();
    let mut sub = bus.subscribe("a").unwrap();
    bus.publish("a", 13).unwrap_err();
    bus.publish("a", 1).unwrap();
    bus.try_publish("a", 2).unwrap_err();
    sub.recv().unwrap();
    let snapshot = bus.snapshot();
    assert_eq!((snapshot.publish_time.count(), snapshot.delivery_time.count()), (1, 1));
}

//! Waiting for several subscriptions at once: it answers one that has something, starves none and sleeps through nothing.

mod common;

use common::{eventually, within};
use eventcast::{
    AnyBus, AnyPayload, Bus, Fanout, Overflow, QueueOverflow, RecvError, Subscription, TryRecvError, Wait,
    Waitable, wait_any,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const FOREVER: Duration = Duration::MAX;
const LOSSLESS: QueueOverflow = QueueOverflow::Block { within: Duration::MAX };
const LIMIT: Duration = Duration::from_secs(60);

fn bus() -> Bus<u64> {
    Bus::builder().capacity(64).build().unwrap()
}

fn queued(bus: &Bus<u64>) -> Subscription<u64> {
    bus.subscription("n").queue(64).queue_overflow(LOSSLESS).subscribe().unwrap()
}

fn payload(sub: &mut Subscription<u64>) -> u64 {
    *sub.try_recv().unwrap().payload()
}

#[test]
fn it_answers_the_one_that_has_something_and_consumes_nothing() {
    let (one, other) = (bus(), bus());
    let any = AnyBus::builder().build().unwrap();
    let (mut direct, mut queue) = (one.subscribe("n").unwrap(), queued(&other));
    let mut typed = any.subscription("n").typed::<&str>().subscribe().unwrap();
    for round in 0..3 {
        one.publish("n", round).unwrap();
        for _ in 0..2 {
            assert_eq!(wait_any(&mut [&mut direct, &mut queue, &mut typed], FOREVER), Some(0));
        }
        assert_eq!(payload(&mut direct), round);
        other.publish("n", round).unwrap();
        for _ in 0..2 {
            assert_eq!(wait_any(&mut [&mut direct, &mut queue, &mut typed], FOREVER), Some(1));
        }
        assert_eq!(payload(&mut queue), round);
        any.publish("n", AnyPayload::new("text")).unwrap();
        for _ in 0..2 {
            assert_eq!(wait_any(&mut [&mut direct, &mut queue, &mut typed], FOREVER), Some(2));
        }
        assert_eq!(*typed.try_recv().unwrap(), "text");
        assert_eq!(wait_any(&mut [&mut direct, &mut queue, &mut typed], Duration::ZERO), None);
    }
    assert_eq!((direct.stats().delivered, queue.stats().delivered, typed.stats().delivered), (3, 3, 3));
}

#[test]
fn nothing_to_wait_for_and_no_time_to_wait() {
    assert_eq!(wait_any(&mut [], FOREVER), None);
    let bus = bus();
    let (mut direct, mut queue) = (bus.subscribe("n").unwrap(), queued(&bus));
    assert_eq!(wait_any(&mut [&mut direct, &mut queue], Duration::ZERO), None);
    let (start, timeout) = (Instant::now(), Duration::from_millis(30));
    assert_eq!(wait_any(&mut [&mut direct, &mut queue], timeout), None);
    assert!(start.elapsed() >= timeout);
}

#[test]
fn events_that_are_not_wanted_are_read_past_and_counted_once() {
    for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
        let bus = bus();
        let filter = |event: &eventcast::Event<u64>| *event.payload() != 1;
        let mut sub = bus.subscription("n").filter(filter).overflow(overflow).subscribe().unwrap();
        for n in 0..20 {
            bus.publish("noise", n).unwrap();
        }
        bus.publish("n", 1).unwrap();
        assert_eq!(wait_any(&mut [&mut sub], Duration::ZERO), None);
        assert_eq!((sub.stats().filtered, sub.len()), (21, 0));
        bus.publish("noise", 0).unwrap();
        bus.publish("n", 2).unwrap();
        bus.publish("noise", 0).unwrap();
        assert_eq!(wait_any(&mut [&mut sub], FOREVER), Some(0));
        assert_eq!((sub.stats().filtered, sub.len()), (22, 2), "{overflow:?}");
        assert_eq!(payload(&mut sub), 2);
        assert_eq!(wait_any(&mut [&mut sub], Duration::ZERO), None);
        assert_eq!(sub.stats().total(), 24);
    }
}

#[test]
fn another_type_is_one_mismatch() {
    let bus = AnyBus::builder().build().unwrap();
    let mut typed = bus.subscription(">").typed::<u32>().subscribe().unwrap();
    bus.publish("n", AnyPayload::new("text")).unwrap();
    assert_eq!(wait_any(&mut [&mut typed], Duration::ZERO), None);
    bus.publish("n", AnyPayload::new("text")).unwrap();
    bus.publish("n", AnyPayload::new(7_u32)).unwrap();
    assert_eq!(wait_any(&mut [&mut typed], FOREVER), Some(0));
    assert_eq!(*typed.try_recv().unwrap(), 7);
    assert_eq!(typed.mismatched(), 2);
}

#[test]
fn a_busy_one_starves_nobody() {
    let bus = bus();
    let (mut busy, mut queue) = (bus.subscribe("n").unwrap(), queued(&bus));
    let (mut quiet, mut other) = (bus.subscribe("n").unwrap(), bus.subscribe("else").unwrap());
    for n in 0..8 {
        bus.publish("n", n).unwrap();
    }
    eventually("the queue has them", || queue.stats().ahead == 0);
    let mut answered = Vec::new();
    for _ in 0..9 {
        let subs: &mut [&mut dyn Waitable] = &mut [&mut busy, &mut quiet, &mut other, &mut queue];
        answered.push(wait_any(subs, FOREVER).unwrap());
    }
    assert_eq!(answered, [0, 1, 3, 0, 1, 3, 0, 1, 3]);
    // Also where another wait goes in between.
    for _ in 0..3 {
        let both: [_; 2] = std::array::from_fn(|_| {
            assert_eq!(wait_any(&mut [&mut busy, &mut other], FOREVER), Some(0));
            wait_any(&mut [&mut busy, &mut quiet], FOREVER).unwrap()
        });
        assert_eq!(both.iter().sum::<usize>(), 1, "each once: {both:?}");
    }
}

#[test]
fn what_is_to_be_reported_stays_for_the_next_call() {
    let bus = bus();
    let mut lags = bus.subscription("n").overflow(Overflow::Lag).subscribe().unwrap();
    let mut removed = bus.subscription("n").overflow(Overflow::Disconnect).subscribe().unwrap();
    let mut queue =
        bus.subscription("n").queue(1).queue_overflow(QueueOverflow::Disconnect).subscribe().unwrap();
    for n in 0..1_000 {
        bus.publish("n", n).unwrap();
    }
    assert_eq!(wait_any(&mut [&mut lags], FOREVER), Some(0));
    let Err(TryRecvError::Lagged(missed)) = lags.try_recv() else { panic!("it was overtaken") };
    assert_eq!(wait_any(&mut [&mut lags], FOREVER), Some(0));
    assert_eq!(payload(&mut lags), missed);
    for sub in [&mut removed, &mut queue] {
        loop {
            assert_eq!(wait_any(&mut [&mut *sub], FOREVER), Some(0));
            match sub.try_recv() {
                Ok(_) => {}
                Err(TryRecvError::Disconnected(_)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(wait_any(&mut [&mut *sub], FOREVER), Some(0));
        assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
    }
}

/// Lets a thread wait for these, and something happen when it has most likely gone to sleep.
fn woken_by(subs: &mut [&mut (dyn Waitable + Send)], what: &str, happens: impl FnOnce()) -> Option<usize> {
    let waits = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut subs: Vec<&mut dyn Waitable> =
                subs.iter_mut().map(|sub| &mut **sub as &mut dyn Waitable).collect();
            waits.store(true, SeqCst);
            wait_any(&mut subs, LIMIT)
        });
        eventually(what, || waits.load(SeqCst));
        (0..200).for_each(|_| thread::yield_now());
        happens();
        waiter.join().unwrap()
    })
}

#[test]
fn it_is_woken_by_publishes_and_closes_in_every_way_of_waiting() {
    for wait in [Wait::Park, Wait::Yield, Wait::Spin] {
        for fanout in [Fanout::Dispatcher, Fanout::Inline] {
            let build = || Bus::<u64>::builder().capacity(64).wait(wait).fanout(fanout).build().unwrap();
            let (one, other, parking) = (build(), build(), bus());
            let (mut direct, mut queue) = (one.subscribe("n").unwrap(), queued(&other));
            let mut parks = parking.subscribe("n").unwrap();
            for n in 0..if cfg!(miri) { 1 } else { 20 } {
                let all: &mut [&mut (dyn Waitable + Send)] = &mut [&mut direct, &mut queue, &mut parks];
                assert_eq!(woken_by(all, "direct", || drop(one.publish("n", n))), Some(0), "{wait:?}");
                assert_eq!(payload(&mut direct), n);
                let all: &mut [&mut (dyn Waitable + Send)] = &mut [&mut direct, &mut queue, &mut parks];
                assert_eq!(woken_by(all, "queued", || drop(other.publish("n", n))), Some(1), "{wait:?}");
                assert_eq!(payload(&mut queue), n);
                let all: &mut [&mut (dyn Waitable + Send)] = &mut [&mut direct, &mut queue, &mut parks];
                assert_eq!(woken_by(all, "parks", || drop(parking.publish("n", n))), Some(2), "{wait:?}");
                assert_eq!(payload(&mut parks), n);
            }
            let all: &mut [&mut (dyn Waitable + Send)] = &mut [&mut direct, &mut queue, &mut parks];
            assert_eq!(woken_by(all, "close", || _ = other.close(Duration::ZERO)), Some(1));
            assert_eq!(queue.try_recv().unwrap_err(), TryRecvError::Closed);
            let all: &mut [&mut (dyn Waitable + Send)] = &mut [&mut direct, &mut parks];
            assert_eq!(woken_by(all, "drop", || drop(one)), Some(0));
            assert_eq!(direct.try_recv().unwrap_err(), TryRecvError::Closed);
        }
    }
}

#[test]
fn other_topics_that_never_rest_do_not_outlast_the_time() {
    within(LIMIT, "a bounded wait beside a busy topic", || {
        let bus = bus();
        let mut sub = bus.subscribe("n").unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(SeqCst) {
                    let _ = bus.try_publish("noise", 0);
                }
            });
            assert_eq!(wait_any(&mut [&mut sub], Duration::from_millis(20)), None);
            done.store(true, SeqCst);
        });
    });
}

/// Threads that wait for several subscriptions, beside threads that wait for one on the same rings: each gets everything.
#[test]
fn many_threads_wait_for_many_subscriptions() {
    const EVENTS: u64 = if cfg!(miri) { 20 } else { 5_000 };
    for wait in [Wait::Park, Wait::Yield] {
        within(LIMIT, "the stress", move || {
            // The test has a limit of its own.
            let builder = || Bus::<u64>::builder().capacity(8).wait(wait).publish_timeout(None);
            let buses: Vec<_> = (0..2).map(|_| builder().build().unwrap()).collect();
            let seen = AtomicU64::new(0);
            thread::scope(|scope| {
                for _ in 0..3 {
                    let mut subs: Vec<(Subscription<u64>, u64)> = buses
                        .iter()
                        .flat_map(|bus| {
                            [bus.subscribe("n").unwrap(), queued(bus), bus.subscribe(">").unwrap()]
                        })
                        .map(|sub| (sub, 0))
                        .collect();
                    let seen = &seen;
                    scope.spawn(move || {
                        while !subs.is_empty() {
                            let mut waited: Vec<&mut dyn Waitable> =
                                subs.iter_mut().map(|(sub, _)| sub as &mut dyn Waitable).collect();
                            let found = wait_any(&mut waited, FOREVER).unwrap();
                            let (sub, next) = &mut subs[found];
                            match sub.try_recv() {
                                Ok(event) => {
                                    assert!(event.topic() != "n" || *event.payload() == *next);
                                    *next += u64::from(event.topic() == "n");
                                    seen.fetch_add(1, SeqCst);
                                }
                                Err(TryRecvError::Closed) => {
                                    assert_eq!(*next, EVENTS);
                                    drop(subs.swap_remove(found));
                                }
                                Err(error) => panic!("it was ready: {error}"),
                            }
                        }
                    });
                }
                for bus in &buses {
                    let mut alone = bus.subscribe("n").unwrap();
                    scope.spawn(move || {
                        let mut next = 0;
                        loop {
                            match alone.recv() {
                                Ok(event) => assert_eq!(*event.payload(), next),
                                Err(RecvError::Closed) => return assert_eq!(next, EVENTS),
                                Err(error) => panic!("{error}"),
                            }
                            next += 1;
                        }
                    });
                }
                for bus in buses {
                    scope.spawn(move || {
                        for n in 0..EVENTS {
                            bus.publish("n", n).unwrap();
                            if n % 3 == 0 {
                                bus.publish("noise", n).unwrap();
                            }
                        }
                    });
                }
            });
            // Three waiters, two buses: twice all of `n`, once everything.
            let noise = EVENTS.div_ceil(3);
            assert_eq!(seen.into_inner(), 3 * 2 * (3 * EVENTS + noise));
        });
    }
}

/// A wait that another wake-up ended leaves nobody else asleep: it passes on what it was given.
#[test]
fn a_waiter_that_gives_up_passes_its_wake_up_on() {
    const ROUNDS: u64 = if cfg!(miri) { 10 } else { 3_000 };
    within(LIMIT, "hasty beside patient", || {
        let bus = bus();
        let (mut hasty, mut patient) = (bus.subscribe("n").unwrap(), bus.subscribe("n").unwrap());
        let read = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..ROUNDS {
                    assert_eq!(*patient.recv().unwrap().payload(), n);
                    read.store(n + 1, SeqCst);
                }
            });
            scope.spawn(|| {
                let mut next = 0;
                while next < ROUNDS {
                    let timeout = Duration::from_micros(next % 40);
                    if wait_any(&mut [&mut hasty], timeout).is_some() {
                        assert_eq!(payload(&mut hasty), next);
                        next += 1;
                    }
                }
            });
            for n in 0..ROUNDS {
                bus.publish("n", n).unwrap();
                eventually("the patient one has it", || read.load(SeqCst) == n + 1);
            }
        });
    });
}

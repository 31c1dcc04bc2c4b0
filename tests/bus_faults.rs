//! Faults of a bus's users: a filter that panics, a subscription that is slow, stuck or gone, closing at every moment. Nobody
//! else notices, and the accounts hold.

mod common;

use common::within;
use eventcast::{Bus, Event, Fanout, Overflow, QueueOverflow, Subscription};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const FOREVER: QueueOverflow = QueueOverflow::Block { within: Duration::MAX };

/// Every kind of subscription that nobody waits for.
fn free(bus: &Bus<u64>) -> Vec<Subscription<u64>> {
    let direct = [Overflow::Lag, Overflow::Disconnect].map(|o| bus.subscription(">").overflow(o).subscribe());
    let queued = [QueueOverflow::DropNewest, QueueOverflow::DropOldest, QueueOverflow::Disconnect]
        .map(|o| bus.subscription(">").queue(4).queue_overflow(o).subscribe());
    direct.into_iter().chain(queued).collect::<Result<_, _>>().unwrap()
}

/// The next 1,000 events, as if nothing had been.
fn goes_on(bus: &Bus<u64>) {
    let mut direct = bus.subscribe("next").unwrap();
    let mut queued = bus.subscription("next").queue(64).queue_overflow(FOREVER).subscribe().unwrap();
    let readers = [
        thread::spawn(move || (0..1_000).all(|n| *direct.recv().unwrap().payload() == n)),
        thread::spawn(move || (0..1_000).all(|n| *queued.recv().unwrap().payload() == n)),
    ];
    for n in 0..1_000 {
        bus.publish("next", n).unwrap();
    }
    assert!(readers.into_iter().all(|reader| reader.join().unwrap()));
    let stats = bus.stats();
    assert_eq!(stats.offered(), stats.accepted + stats.refused());
}

#[test]
fn f2_a_panicking_filter_costs_its_own_subscription_one_event() {
    within(LIMIT, "panicking filters", || {
        let bus = Bus::<u64>::builder().capacity(64).build().unwrap();
        let bad = |event: &Event<u64>| {
            assert!(*event.payload() != 3, "a bad filter");
            true
        };
        let mut direct = bus.subscription("a").filter(bad).subscribe().unwrap();
        let mut queued =
            bus.subscription("a").filter(bad).queue(64).queue_overflow(FOREVER).subscribe().unwrap();
        let mut other = bus.subscribe("a").unwrap();
        for n in 0..6 {
            bus.publish("a", n).unwrap();
        }
        for sub in [&mut direct, &mut queued] {
            for n in [0, 1, 2, 4, 5] {
                assert_eq!(*sub.recv().unwrap().payload(), n);
            }
            let stats = sub.stats();
            assert_eq!((stats.delivered, stats.filtered, stats.filter_panics), (5, 1, 1));
        }
        assert!(other.try_iter().map(|event| *event.payload()).eq(0..6));
        drop((direct, queued, other));
        goes_on(&bus);
    });
}

#[test]
fn f6_slow_subscriptions_that_nobody_waits_for_hold_up_no_publisher() {
    within(LIMIT, "slow subscriptions", || {
        let bus = Bus::<u64>::builder().capacity(16).publish_timeout(None).build().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = free(&bus)
            .into_iter()
            .map(|mut sub| {
                let stop = stop.clone();
                // Each event takes it for as long as the test runs.
                thread::spawn(move || {
                    while sub.drain(1, |_| ()).is_ok() && !stop.load(SeqCst) {
                        thread::yield_now();
                        while !stop.load(SeqCst) {
                            thread::park_timeout(Duration::from_millis(1));
                        }
                    }
                })
            })
            .collect();
        for n in 0..10_000 {
            bus.try_publish("tick", n).unwrap();
        }
        stop.store(true, SeqCst);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        goes_on(&bus);
    });
}

#[test]
fn f7_stuck_and_leaked_guards_hold_up_no_publisher() {
    within(LIMIT, "stuck guards", || {
        let bus = Bus::<u64>::builder().capacity(64).publish_timeout(None).build().unwrap();
        let mut subs = free(&bus);
        bus.publish("tick", 0).unwrap();
        while subs.iter().any(|sub| sub.queue_overflow().is_some() && sub.stats().ahead > 0) {
            thread::yield_now();
        }
        for (n, sub) in subs.iter_mut().enumerate() {
            let batch = sub.batch(1).unwrap();
            assert_eq!(*batch[0].payload(), 0);
            if n % 2 == 0 {
                std::mem::forget(batch);
            }
        }
        for n in 1..10_000 {
            bus.try_publish("tick", n).unwrap();
        }
        drop(subs);
        goes_on(&bus);
    });
}

#[test]
fn f8_leaving_while_events_come_costs_the_neighbours_nothing() {
    within(LIMIT, "leaving", || {
        for fanout in [Fanout::Dispatcher, Fanout::Inline] {
            let bus = Bus::<u64>::builder().capacity(32).fanout(fanout).build().unwrap();
            let direct = bus.subscribe("a").unwrap();
            let queued = bus.subscription("a").queue(32).queue_overflow(FOREVER).subscribe().unwrap();
            let readers = [direct, queued].map(|mut sub| {
                thread::spawn(move || sub.iter().map(|event| *event.payload()).collect::<Vec<_>>())
            });
            let done = Arc::new(AtomicBool::new(false));
            let leavers = [false, true].map(|queue| {
                let (bus, done) = (bus.clone(), done.clone());
                thread::spawn(move || {
                    let mut left = 0;
                    while !done.load(SeqCst) {
                        let mut sub = if queue {
                            bus.subscription("a").queue(2).queue_overflow(FOREVER).subscribe().unwrap()
                        } else {
                            bus.subscribe("a").unwrap()
                        };
                        let _ = sub.try_recv();
                        left += 1;
                    }
                    left
                })
            });
            for n in 0..5_000 {
                bus.publish("a", n).unwrap();
            }
            done.store(true, SeqCst);
            assert!(leavers.into_iter().all(|leaver| leaver.join().unwrap() > 0));
            let _ = bus.close(LIMIT);
            for reader in readers {
                assert!(reader.join().unwrap().into_iter().eq(0..5_000));
            }
        }
    });
}

#[test]
fn f8_a_subscription_dropped_by_its_own_filter_is_gone() {
    within(LIMIT, "a filter that drops its subscription", || {
        for fanout in [Fanout::Dispatcher, Fanout::Inline] {
            let bus = Bus::<u64>::builder().capacity(4).fanout(fanout).build().unwrap();
            let own = Arc::new(Mutex::new(None));
            let (asked, answers) = mpsc::channel();
            let mine = own.clone();
            let filter = move |_: &Event<u64>| {
                drop(mine.lock().unwrap().take());
                asked.send(()).unwrap();
                true
            };
            let sub =
                bus.subscription("a").filter(filter).queue(1).queue_overflow(FOREVER).subscribe().unwrap();
            *own.lock().unwrap() = Some(sub);
            bus.publish("a", 0).unwrap();
            answers.recv().unwrap();
            // It would hold publishers up if it were still there.
            for n in 0..100 {
                bus.publish("a", n).unwrap();
            }
            assert!(bus.subscriptions().is_empty());
            goes_on(&bus);
        }
    });
}

#[test]
fn f13_closing_twice_during_joins_and_with_a_stuck_queue() {
    within(LIMIT, "closing", || {
        for fanout in [Fanout::Dispatcher, Fanout::Inline] {
            let bus = Bus::<u64>::builder().capacity(8).fanout(fanout).build().unwrap();
            let stuck = bus.subscription("a").queue(2).queue_overflow(FOREVER).subscribe().unwrap();
            let accepted = Arc::new(AtomicU64::new(0));
            let publishers: Vec<_> = (0..2)
                .map(|_| {
                    let (bus, accepted) = (bus.clone(), accepted.clone());
                    thread::spawn(move || {
                        loop {
                            match bus.publish_timeout("a", 0, Duration::MAX) {
                                Ok(_) => accepted.fetch_add(1, SeqCst),
                                Err(error) => return error.is_closed(),
                            };
                        }
                    })
                })
                .collect();
            let joiner = {
                let bus = bus.clone();
                thread::spawn(move || {
                    while !bus.is_closed() {
                        drop(bus.subscription("a").queue(2).subscribe().unwrap());
                    }
                    bus.subscription("a").queue(2).subscribe().unwrap().recv().unwrap_err()
                })
            };
            while accepted.load(SeqCst) < 10 {
                thread::yield_now();
            }
            let first = bus.close(Duration::from_millis(20));
            let second = bus.close(Duration::ZERO);
            assert!(publishers.into_iter().all(|publisher| publisher.join().unwrap()));
            assert_eq!(joiner.join().unwrap(), eventcast::RecvError::Closed);
            assert_eq!(first.accepted, accepted.load(SeqCst));
            assert_eq!((first.accepted, first.queued), (second.accepted, second.queued));
            assert_eq!(first.queued, 10, "two in the queue, eight in the ring");
            let mut stuck = stuck;
            assert_eq!(stuck.iter().count() as u64, first.accepted);
            assert!(bus.close(Duration::ZERO).is_complete());
        }
    });
}

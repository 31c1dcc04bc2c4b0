//! Queued subscriptions: each overflow keeps its promise, a stuck queue holds up nobody else, and every event is accounted for.

use eventcast::{
    Bus, Fanout, Overflow, QueueOverflow, RecvError, RecvTimeoutError, Start, Subscription, TryRecvError,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const FANOUTS: [Fanout; 2] = [Fanout::Dispatcher, Fanout::Inline];
const EVENTS: u64 = if cfg!(miri) { 200 } else { 20_000 };
const FOREVER: QueueOverflow = QueueOverflow::Block { within: Duration::MAX };

fn bus(capacity: usize, fanout: Fanout) -> Bus<u64> {
    Bus::builder().capacity(capacity).fanout(fanout).build().unwrap()
}

/// Waits until `done`, which has to come true.
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        thread::yield_now();
    }
}

fn payloads(sub: &mut Subscription<u64>) -> Vec<u64> {
    sub.try_iter().map(|event| *event.payload()).collect()
}

/// Until the dispatcher has come to everything.
fn dispatched<P>(sub: &Subscription<P>) {
    eventually("the dispatcher comes to everything", || sub.stats().ahead == 0);
}

#[test]
fn everything_arrives_in_order() {
    for fanout in FANOUTS {
        let bus = bus(64, fanout);
        let mut sub = bus.subscription("orders.*").queue(1000).queue_overflow(FOREVER).subscribe().unwrap();
        let reader = thread::spawn(move || {
            let seen: Vec<u64> = sub.iter().map(|event| *event.payload()).collect();
            (seen, sub.stats())
        });
        for n in 0..EVENTS {
            bus.publish("orders.created", n).unwrap();
            bus.publish("noise", n).unwrap();
        }
        drop(bus);
        let (seen, stats) = reader.join().unwrap();
        assert!(seen.iter().copied().eq(0..EVENTS), "{fanout:?}");
        assert_eq!((stats.delivered, stats.filtered, stats.lost, stats.ahead), (EVENTS, EVENTS, 0, 0));
    }
}

#[test]
fn drop_oldest_keeps_the_newest() {
    for fanout in FANOUTS {
        let bus = bus(1024, fanout);
        let mut sub = bus.subscription(">").queue(50).subscribe().unwrap();
        assert_eq!(sub.queue_overflow(), Some(QueueOverflow::DropOldest));
        for n in 0..80 {
            bus.publish("tick", n).unwrap();
        }
        dispatched(&sub);
        assert_eq!(sub.lost(), 30);
        assert_eq!(payloads(&mut sub), (30..80).collect::<Vec<_>>());
        assert_eq!(sub.stats().total(), 80);
    }
}

#[test]
fn drop_newest_keeps_the_oldest() {
    for fanout in FANOUTS {
        let bus = bus(1024, fanout);
        let newest = QueueOverflow::DropNewest;
        let mut sub = bus.subscription(">").queue(50).queue_overflow(newest).subscribe().unwrap();
        for n in 0..80 {
            bus.publish("tick", n).unwrap();
        }
        dispatched(&sub);
        assert_eq!(sub.lost(), 30);
        assert_eq!(payloads(&mut sub), (0..50).collect::<Vec<_>>());
        bus.publish("tick", 99).unwrap();
        assert_eq!(*sub.recv().unwrap().payload(), 99);
        dispatched(&sub);
        assert_eq!(sub.stats().total(), 81);
    }
}

#[test]
fn disconnect_ends_the_subscription_after_what_waits() {
    for fanout in FANOUTS {
        let bus = bus(1024, fanout);
        let disconnect = QueueOverflow::Disconnect;
        let mut sub = bus.subscription(">").queue(4).queue_overflow(disconnect).subscribe().unwrap();
        for n in 0..10 {
            bus.publish("tick", n).unwrap();
        }
        dispatched(&sub);
        for n in 0..4 {
            assert_eq!(*sub.recv().unwrap().payload(), n);
        }
        assert_eq!(sub.recv().unwrap_err(), RecvError::Disconnected(0));
        assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
        assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Closed);
    }
}

#[test]
fn block_holds_publishers_up_a_ring_later_and_loses_nothing() {
    for fanout in FANOUTS {
        let bus = bus(8, fanout);
        let mut sub = bus.subscription(">").queue(4).queue_overflow(FOREVER).subscribe().unwrap();
        // The queue holds 4, the ring 8 behind it.
        let mut accepted = 0;
        while let Ok(sequence) = bus.publish_timeout("tick", accepted, Duration::from_millis(200)) {
            assert_eq!(sequence, accepted);
            accepted += 1;
        }
        assert_eq!(accepted, 12, "{fanout:?}");
        let error = bus.publish_timeout("tick", 0, Duration::ZERO).unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(error.blocked_by(), Some(sub.id()));
        for n in 0..accepted {
            assert_eq!(*sub.recv().unwrap().payload(), n);
        }
        bus.publish("tick", 12).unwrap();
        assert_eq!(*sub.recv().unwrap().payload(), 12);
        assert_eq!(sub.lost(), 0);
    }
}

#[test]
fn block_within_a_time_loses_what_arrives_after_it() {
    for fanout in FANOUTS {
        let bus = bus(8, fanout);
        let within = QueueOverflow::Block { within: Duration::from_millis(20) };
        let mut sub = bus.subscription(">").queue(2).queue_overflow(within).subscribe().unwrap();
        for n in 0..100 {
            bus.publish("tick", n).unwrap();
        }
        eventually("what found no room is lost", || sub.lost() == 98);
        assert_eq!(payloads(&mut sub), [0, 1]);
        bus.publish("tick", 100).unwrap();
        assert_eq!(*sub.recv().unwrap().payload(), 100);
        dispatched(&sub);
        assert_eq!(sub.stats().total(), 101);
    }
}

#[test]
fn a_stuck_queue_holds_up_no_other() {
    for fanout in FANOUTS {
        let bus = bus(16, fanout);
        let stuck = bus.subscription("a.*").queue(1).queue_overflow(FOREVER).subscribe().unwrap();
        let mut other = bus.subscription("b.*").queue(4).queue_overflow(FOREVER).subscribe().unwrap();
        let mut lossy = bus.subscription(">").queue(4).subscribe().unwrap();
        for n in 0..3 {
            bus.publish("a.x", n).unwrap();
        }
        // Events that the stuck one does not want pass it by only up to the first that it does.
        for n in 0..10 {
            bus.publish("b.x", n).unwrap();
            assert_eq!(*other.recv_timeout(Duration::from_secs(20)).unwrap().payload(), n);
        }
        dispatched(&lossy);
        assert_eq!(lossy.lost(), 9);
        assert_eq!(payloads(&mut lossy), [6, 7, 8, 9]);
        assert_eq!(stuck.len(), 1 + 12);
    }
}

#[test]
fn a_full_queue_lets_events_it_does_not_want_pass() {
    let bus = bus(8, Fanout::Dispatcher);
    let mut full = bus.subscription("a").queue(1).queue_overflow(FOREVER).subscribe().unwrap();
    bus.publish("a", 1).unwrap();
    for n in 0..100 {
        bus.publish("b", n).unwrap();
    }
    assert_eq!(*full.recv().unwrap().payload(), 1);
    eventually("the rest was passed by", || full.stats().filtered == 100);
}

#[test]
fn what_the_dispatcher_is_too_late_for_is_counted_apart() {
    const RING: usize = 32;
    for overflow in [QueueOverflow::DropNewest, QueueOverflow::DropOldest, QueueOverflow::Disconnect] {
        let bus = bus(RING, Fanout::Dispatcher);
        let (inside, entered) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new((inside, Some(gate)));
        let sub = bus.subscription("a").queue(1_000).queue_overflow(overflow).filter(move |_| {
            // The first event holds the dispatcher up.
            let (inside, gate) = &mut *gate.lock().unwrap();
            if let Some(gate) = gate.take() {
                inside.send(()).unwrap();
                let _ = gate.recv();
            }
            true
        });
        let mut sub = sub.subscribe().unwrap();
        bus.publish("a", 0).unwrap();
        entered.recv().unwrap();
        for n in 1..500 {
            bus.try_publish(["a", "b"][n as usize % 2], n).expect("nobody asked to block");
        }
        drop(go);
        let lost = || bus.snapshot().subscriptions[0].lost_by;
        if overflow == QueueOverflow::Disconnect {
            eventually("it is disconnected", || lost().overwritten > 0);
            assert_eq!(payloads(&mut sub), [0]);
            // The bus goes on listing what it lost, until it goes.
            assert_eq!(sub.lost(), lost().overwritten);
            continue;
        }
        dispatched(&sub);
        let seen = payloads(&mut sub);
        assert_eq!((seen[0], seen.last()), (0, Some(&498)), "{overflow:?}");
        let stats = sub.stats();
        assert_eq!((lost().overwritten, lost().total()), (stats.lost, stats.lost), "{overflow:?}");
        assert!(stats.lost >= 400 && seen.len() >= RING / 2, "{overflow:?}: {stats:?}");
        assert_eq!((stats.total(), stats.delivered), (500, seen.len() as u64), "{overflow:?}");
    }
}

#[test]
fn starts_among_the_kept_events_without_a_seam() {
    for fanout in FANOUTS {
        let bus = bus(64, fanout);
        for n in 0..40 {
            bus.publish("tick", n).unwrap();
        }
        let oldest = bus.subscription(">").start(Start::Oldest).queue(100).subscribe().unwrap();
        let tenth = bus.subscription(">").start(Start::Sequence(10)).queue(100).subscribe().unwrap();
        for n in 40..60 {
            bus.publish("tick", n).unwrap();
        }
        for (mut sub, first) in [(oldest, 0), (tenth, 10)] {
            for n in first..60 {
                assert_eq!(*sub.recv().unwrap().payload(), n);
            }
            assert_eq!(sub.stats().joined, first);
        }
    }
}

#[test]
fn filters_are_asked_on_the_dispatcher_and_their_panics_counted() {
    let bus = bus(64, Fanout::Dispatcher);
    let (asked, names) = mpsc::channel();
    let filter = move |event: &eventcast::Event<u64>| {
        asked.send(thread::current().name().map(str::to_owned)).unwrap();
        assert!(*event.payload() != 1, "a bad filter");
        event.payload().is_multiple_of(2)
    };
    let mut sub = bus.subscription(">").filter(filter).queue(8).subscribe().unwrap();
    for n in 0..4 {
        bus.publish("tick", n).unwrap();
    }
    assert_eq!(*sub.recv().unwrap().payload(), 0);
    assert_eq!(*sub.recv().unwrap().payload(), 2);
    eventually("all were judged", || sub.stats().filtered == 2);
    assert_eq!(sub.stats().filter_panics, 1);
    assert!(names.try_iter().all(|name| name.as_deref() == Some("eventcast-dispatch")));
}

#[test]
fn a_filter_that_publishes_to_its_own_full_bus_is_told() {
    for fanout in FANOUTS {
        let bus: Bus<u64> = bus(2, fanout);
        let again = Arc::new(std::sync::Mutex::new(Some(bus.clone())));
        let (sender, told) = mpsc::channel();
        let inner = again.clone();
        let filter = move |event: &eventcast::Event<u64>| {
            if event.topic() == "first" {
                let bus = inner.lock().unwrap().take().unwrap();
                // Nobody reads the direct one: the ring fills up, and nothing would ever make room.
                let refused = (0..).find_map(|n| bus.publish("more", n).err()).unwrap();
                sender.send(refused.is_would_deadlock()).unwrap();
            }
            true
        };
        let _unread = bus.subscription(">").overflow(Overflow::Block).subscribe().unwrap();
        let _queued = bus.subscription(">").filter(filter).queue(8).subscribe().unwrap();
        bus.publish("first", 1).unwrap();
        assert!(told.recv_timeout(Duration::from_secs(20)).unwrap());
        assert_eq!(bus.stats().refused_would_deadlock, 1);
        assert_eq!(bus.stats().offered(), bus.stats().accepted + bus.stats().refused());
    }
}

#[test]
fn leaving_stops_holding_publishers_up() {
    for fanout in FANOUTS {
        let bus = bus(2, fanout);
        let stuck = bus.subscription(">").queue(1).queue_overflow(FOREVER).subscribe().unwrap();
        let blocked = Arc::new(AtomicBool::new(false));
        let publisher = {
            let (bus, blocked) = (bus.clone(), blocked.clone());
            thread::spawn(move || {
                while bus.try_publish("tick", 0).is_ok() {}
                blocked.store(true, SeqCst);
                bus.publish_timeout("tick", 0, Duration::from_secs(20)).is_ok()
            })
        };
        eventually("the publisher finds no room", || blocked.load(SeqCst));
        drop(stuck);
        assert!(publisher.join().unwrap());
        assert!(bus.subscriptions().is_empty());
    }
}

#[test]
fn close_and_flush_say_what_waits_in_queues() {
    for fanout in FANOUTS {
        let bus = bus(64, fanout);
        let mut sub = bus.subscription("a").queue(8).subscribe().unwrap();
        for n in 0..4 {
            bus.publish("a", n).unwrap();
        }
        dispatched(&sub);
        let report = bus.flush(Duration::ZERO);
        assert_eq!((report.queued, report.undelivered), (4, 0));
        sub.recv().unwrap();
        let report = bus.close(Duration::ZERO);
        assert_eq!((report.accepted, report.queued, report.undelivered), (4, 3, 0));
        assert!(!report.is_complete());
        assert_eq!(payloads(&mut sub), [1, 2, 3]);
        assert!(bus.close(Duration::ZERO).is_complete());
        assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
    }
}

#[test]
fn a_wait_for_the_next_event_is_bounded_and_woken() {
    let bus = bus(64, Fanout::Dispatcher);
    let mut sub = bus.subscription("a").queue(8).subscribe().unwrap();
    assert_eq!(sub.recv_timeout(Duration::from_millis(1)).unwrap_err(), RecvTimeoutError::Timeout);
    let publisher = thread::spawn(move || bus.publish("a", 7).map(drop));
    assert_eq!(*sub.recv().unwrap().payload(), 7);
    assert_eq!(sub.recv().unwrap_err(), RecvError::Closed);
    publisher.join().unwrap().unwrap();
}

#[test]
fn batches_hand_out_what_waits_and_keep_the_rest() {
    let bus = bus(64, Fanout::Dispatcher);
    let mut sub = bus.subscription("a").queue(256).queue_overflow(FOREVER).subscribe().unwrap();
    for n in 0..10 {
        bus.publish("a", n).unwrap();
    }
    dispatched(&sub);
    let batch = sub.batch(4).unwrap();
    assert_eq!(batch.iter().map(|event| *event.payload()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    batch.release_first(1);
    let batch = sub.recv_batch(64).unwrap();
    assert_eq!((batch.len(), *batch[0].payload()), (9, 1));
    std::mem::forget(batch);
    assert_eq!(sub.try_recv().unwrap_err(), TryRecvError::Empty);
    assert_eq!(sub.stats().delivered, 10);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let bus = bus(64, Fanout::Dispatcher);
    assert!(bus.subscription(">").queue(8).overflow(Overflow::Lag).subscribe().unwrap_err().is_conflict());
    let newest = QueueOverflow::DropNewest;
    assert!(bus.subscription(">").queue_overflow(newest).subscribe().unwrap_err().is_conflict());
    let error = bus.subscription(">").queue(0).subscribe().unwrap_err();
    assert!(error.is_queue_size());
    assert_eq!(error.to_string(), "a queue holds 1 to 16777216 events; this one would hold 0");
    assert!(bus.subscriptions().is_empty());
}

#[test]
fn an_unbounded_queue_stops_at_its_ceiling() {
    let bus = bus(256, Fanout::Dispatcher);
    let each = size_of::<eventcast::Event<u64>>() + 16;
    let mut sub = bus
        .subscription(">")
        .unbounded_queue(100 * each)
        .queue_overflow(QueueOverflow::DropNewest)
        .subscribe()
        .unwrap();
    for n in 0..200 {
        bus.publish("tick", n).unwrap();
    }
    dispatched(&sub);
    assert_eq!(sub.lost(), 100);
    assert_eq!(payloads(&mut sub), (0..100).collect::<Vec<_>>());
}

#[test]
fn the_dispatcher_comes_with_the_first_queue_and_goes_with_the_last() {
    let (started, names) = mpsc::channel();
    let ended = Arc::new(AtomicUsize::new(0));
    struct Ends(Arc<AtomicUsize>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    thread_local!(static ENDS: std::cell::RefCell<Option<Ends>> = const { std::cell::RefCell::new(None) });
    let count = ended.clone();
    let bus = Bus::<u64>::builder()
        .on_thread_start(move |name| {
            ENDS.set(Some(Ends(count.clone())));
            started.send(name.to_owned()).unwrap();
        })
        .stack_size(256 << 10)
        .build()
        .unwrap();
    assert!(names.try_recv().is_err(), "no queue, no thread");
    for round in 0..3 {
        let one = bus.subscription("a").queue(8).subscribe().unwrap();
        let two = bus.subscription("b").queue(8).subscribe().unwrap();
        assert_eq!(names.recv_timeout(Duration::from_secs(20)).unwrap(), "eventcast-dispatch");
        drop(one);
        let mut two = two;
        bus.publish("b", 7).unwrap();
        assert_eq!(*two.recv().unwrap().payload(), 7);
        assert!(names.try_recv().is_err(), "one thread for all queues");
        drop(two);
        eventually("the thread ends", || ended.load(SeqCst) == round + 1);
    }
}

#[test]
fn payloads_whose_clone_panics_are_lost_one_by_one() {
    #[derive(Debug)]
    struct Fragile(u64);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(self.0 != 1, "not this one");
            Self(self.0)
        }
    }
    let bus = Bus::<Fragile>::builder().build().unwrap();
    let mut sub = bus.subscription(">").queue(8).subscribe().unwrap();
    for n in 0..3 {
        bus.publish("tick", Fragile(n)).unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 2 {
        sub.drain_wait(8, |event| seen.push(event.payload().0)).unwrap();
    }
    assert_eq!(seen, [0, 2]);
    dispatched(&sub);
    assert_eq!((sub.lost(), sub.stats().total()), (1, 3));
}

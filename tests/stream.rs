//! Subscriptions as streams: woken for every event, by the last waker that polled, and nobody else sleeps longer for it.

#![cfg(feature = "stream")]

mod common;

use common::{eventually, within};
use eventcast::{
    AnyBus, AnyPayload, Bus, Event, Fanout, Overflow, QueueOverflow, RecvError, Subscription, Wait,
};
use futures_core::Stream;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

const LOSSLESS: QueueOverflow = QueueOverflow::Block { within: Duration::MAX };
const LIMIT: Duration = Duration::from_secs(60);

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Count {
    fn pair() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), Waker::from(count))
    }

    fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor: the next item, and the thread sleeps until it is woken.
fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match pin!(&mut *stream).poll_next(&mut Context::from_waker(&waker)) {
            Poll::Ready(item) => return item,
            Poll::Pending => thread::park(),
        }
    }
}

fn poll(sub: &mut Subscription<u64>, waker: &Waker) -> Poll<Option<Result<u64, RecvError>>> {
    let polled = Pin::new(sub).poll_next(&mut Context::from_waker(waker));
    polled.map(|next| next.map(|result| result.map(Event::into_payload)))
}

fn bus() -> Bus<u64> {
    Bus::builder().capacity(64).build().unwrap()
}

fn queued(bus: &Bus<u64>) -> Subscription<u64> {
    bus.subscription("n").queue(64).queue_overflow(LOSSLESS).subscribe().unwrap()
}

/// A direct and a queued one, each on a bus of its own.
fn both(test: impl Fn(Bus<u64>, Subscription<u64>)) {
    for fanout in [Fanout::Dispatcher, Fanout::Inline] {
        let bus = Bus::builder().capacity(64).fanout(fanout).build().unwrap();
        let sub = queued(&bus);
        test(bus, sub);
    }
    let bus = bus();
    let sub = bus.subscribe("n").unwrap();
    test(bus, sub);
}

#[test]
fn a_pending_one_is_woken_once_for_the_next_event() {
    both(|bus, mut sub| {
        let (count, waker) = Count::pair();
        for n in 0..3 {
            assert_eq!(poll(&mut sub, &waker), Poll::Pending);
            assert_eq!(count.get(), n as usize);
            bus.publish("n", n).unwrap();
            eventually("it is woken", || count.get() == n as usize + 1);
            bus.publish("n", 9).unwrap();
            assert_eq!(poll(&mut sub, &waker), Poll::Ready(Some(Ok(n))));
            assert_eq!(*sub.recv().unwrap().payload(), 9);
            assert_eq!(count.get(), n as usize + 1);
        }
    });
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    both(|bus, mut sub| {
        let ((before, one), (after, other)) = (Count::pair(), Count::pair());
        assert_eq!(poll(&mut sub, &one), Poll::Pending);
        assert_eq!(poll(&mut sub, &other), Poll::Pending);
        // The first is forgotten: one in `one`, one here.
        assert_eq!(Arc::strong_count(&before), 2);
        bus.publish("n", 1).unwrap();
        eventually("the last one is woken", || after.get() == 1);
        assert_eq!(before.get(), 0);
    });
}

#[test]
fn polling_again_keeps_one_registration_and_dropping_none() {
    both(|_bus, mut sub| {
        let (count, waker) = Count::pair();
        for _ in 0..100 {
            assert_eq!(poll(&mut sub, &waker), Poll::Pending);
        }
        assert_eq!(Arc::strong_count(&count), 3);
        drop(sub);
        assert_eq!(Arc::strong_count(&count), 2);
        assert_eq!(count.get(), 0);
    });
}

#[test]
fn the_close_wakes_it_and_ends_it() {
    both(|bus, mut sub| {
        let (count, waker) = Count::pair();
        bus.publish("n", 1).unwrap();
        assert_eq!(next(&mut sub).unwrap().unwrap().into_payload(), 1);
        assert_eq!(poll(&mut sub, &waker), Poll::Pending);
        drop(bus);
        eventually("it is woken", || count.get() > 0);
        assert!(next(&mut sub).is_none());
        assert!(next(&mut sub).is_none());
    });
}

#[test]
fn lags_and_disconnects_are_items() {
    let bus = bus();
    let mut lags = bus.subscription("n").overflow(Overflow::Lag).subscribe().unwrap();
    let mut removed = bus.subscription("n").overflow(Overflow::Disconnect).subscribe().unwrap();
    for n in 0..1_000 {
        bus.publish("n", n).unwrap();
    }
    let missed = match next(&mut lags) {
        Some(Err(RecvError::Lagged(missed))) => missed,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&mut lags).unwrap().unwrap().into_payload(), missed);
    let read = std::iter::from_fn(|| next(&mut removed).unwrap().ok()).count();
    assert!(read <= 64 + 64, "{read}");
    assert!(next(&mut removed).is_none());
}

#[test]
fn typed_ones_yield_values() {
    let bus = AnyBus::builder().build().unwrap();
    let mut typed = bus.subscription(">").typed::<u32>().subscribe().unwrap();
    bus.publish("n", AnyPayload::new("text")).unwrap();
    bus.publish("n", AnyPayload::new(7_u32)).unwrap();
    assert_eq!(*next(&mut typed).unwrap().unwrap(), 7);
    drop(bus);
    assert!(next(&mut typed).is_none());
}

/// Tasks stand before and behind a sleeping thread: one publish wakes them all, or lets the thread do it.
#[test]
fn a_task_takes_no_threads_wake_up() {
    within(LIMIT, "tasks beside threads", || {
        for _ in 0..if cfg!(miri) { 2 } else { 200 } {
            let bus = bus();
            let tasks: Vec<_> = (0..4).map(|_| (bus.subscribe("n").unwrap(), Count::pair())).collect();
            let mut threads: Vec<_> = (0..2).map(|_| bus.subscribe("n").unwrap()).collect();
            thread::scope(|scope| {
                let mut tasks = tasks;
                let (first, last) = tasks.split_at_mut(2);
                first.iter_mut().for_each(|(sub, (_, waker))| assert!(poll(sub, waker).is_pending()));
                let readers: Vec<_> = threads.iter_mut().map(|sub| scope.spawn(|| sub.recv())).collect();
                (0..50).for_each(|_| thread::yield_now());
                last.iter_mut().for_each(|(sub, (_, waker))| assert!(poll(sub, waker).is_pending()));
                bus.publish("n", 5).unwrap();
                for reader in readers {
                    assert_eq!(*reader.join().unwrap().unwrap().payload(), 5);
                }
                for (_, (count, _)) in &tasks {
                    eventually("each task is woken", || count.get() == 1);
                }
            });
        }
    });
}

#[test]
fn a_panic_of_a_waker_stays_with_it() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    both(|bus, mut sub| {
        let mut other = bus.subscribe("n").unwrap();
        let (count, waker) = Count::pair();
        assert_eq!(poll(&mut sub, &Waker::from(Arc::new(Panics))), Poll::Pending);
        assert_eq!(poll(&mut other, &waker), Poll::Pending);
        bus.publish("n", 1).unwrap();
        assert_eq!(count.get(), 1);
        assert_eq!(next(&mut sub).unwrap().unwrap().into_payload(), 1);
        assert_eq!(next(&mut other).unwrap().unwrap().into_payload(), 1);
    });
}

/// An executor that polls inside the wake-up: the publisher comes back, also when each poll registers again.
#[test]
fn a_task_may_run_where_it_is_woken() {
    struct Inline {
        sub: Mutex<Option<Subscription<u64>>>,
        seen: AtomicU64,
    }
    impl Wake for Inline {
        fn wake(self: Arc<Self>) {
            let waker = Waker::from(self.clone());
            // Taken out while it is polled: a wake-up in between finds nothing to do.
            let Some(mut sub) = self.sub.lock().unwrap().take() else { return };
            while let Poll::Ready(Some(_)) = poll(&mut sub, &waker) {
                self.seen.fetch_add(1, SeqCst);
            }
            *self.sub.lock().unwrap() = Some(sub);
        }
    }
    within(LIMIT, "publishes that run tasks", || {
        let bus = bus();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let sub = Mutex::new(Some(bus.subscribe("n").unwrap()));
                Arc::new(Inline { sub, seen: AtomicU64::new(0) })
            })
            .collect();
        tasks.iter().for_each(|task| task.clone().wake());
        for n in 0..200 {
            bus.publish(if n % 2 == 0 { "n" } else { "noise" }, n).unwrap();
        }
        for task in tasks {
            assert_eq!(task.seen.load(SeqCst), 100);
            // It refers to itself by its waker.
            drop(task.sub.lock().unwrap().take());
        }
    });
}

/// A task for a subscription, and where it runs next.
struct Task {
    sub: Mutex<Subscription<u64>>,
    next: AtomicU64,
    queue: mpsc::Sender<Arc<Task>>,
    done: AtomicU64,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        // The executor has ended: so has the task.
        let _ = self.queue.clone().send(self);
    }
}

/// Many tasks on two threads, beside threads that read the same bus: everybody gets everything, and nobody sleeps on.
#[test]
fn many_tasks_beside_threads_against_publishers() {
    const EVENTS: u64 = if cfg!(miri) { 20 } else { 5_000 };
    const PUBLISHERS: u64 = 2;
    for (wait, fanout) in
        [(Wait::Park, Fanout::Dispatcher), (Wait::Park, Fanout::Inline), (Wait::Yield, Fanout::Dispatcher)]
    {
        within(LIMIT, "the stress", move || {
            // The test has a limit of its own.
            let builder = Bus::<u64>::builder().capacity(16).publish_timeout(None);
            let bus = builder.wait(wait).fanout(fanout).build().unwrap();
            let (queue, runnable) = mpsc::channel::<Arc<Task>>();
            let runnable = Mutex::new(runnable);
            let done = Arc::new(AtomicUsize::new(0));
            let tasks: Vec<_> = (0..6)
                .map(|n| {
                    let sub = if n % 2 == 0 { bus.subscribe("n").unwrap() } else { queued(&bus) };
                    let (sub, queue) = (Mutex::new(sub), queue.clone());
                    Arc::new(Task { sub, next: AtomicU64::new(0), queue, done: AtomicU64::new(0) })
                })
                .collect();
            tasks.iter().for_each(|task| task.clone().wake());
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        while done.load(SeqCst) < tasks.len() {
                            let task = runnable.lock().unwrap().recv_timeout(Duration::from_millis(1));
                            let Ok(task) = task else { continue };
                            let waker = Waker::from(task.clone());
                            let mut sub = task.sub.lock().unwrap();
                            loop {
                                match poll(&mut sub, &waker) {
                                    Poll::Ready(Some(Ok(_))) => _ = task.next.fetch_add(1, SeqCst),
                                    Poll::Ready(Some(Err(error))) => panic!("{error}"),
                                    Poll::Ready(None) if task.done.swap(1, SeqCst) == 0 => {
                                        done.fetch_add(1, SeqCst);
                                        break;
                                    }
                                    Poll::Ready(None) | Poll::Pending => break,
                                }
                            }
                        }
                    });
                }
                for _ in 0..2 {
                    let mut sub = bus.subscribe("n").unwrap();
                    scope.spawn(move || assert_eq!(sub.iter().count() as u64, PUBLISHERS * EVENTS));
                }
                for _ in 0..PUBLISHERS {
                    let bus = bus.clone();
                    scope.spawn(move || {
                        for n in 0..EVENTS {
                            bus.publish("n", n).unwrap();
                            if n % 5 == 0 {
                                bus.publish("noise", n).unwrap();
                            }
                        }
                    });
                }
                drop(bus);
            });
            assert!(tasks.iter().all(|task| task.next.load(SeqCst) == PUBLISHERS * EVENTS));
        });
    }
}

#[test]
fn a_stream_of_several_lanes_is_woken_by_each() {
    within(LIMIT, "lanes", || {
        let bus = || Bus::<u64>::builder().capacity(64).lane("ticks.>", 64).build().unwrap();
        for queued in [false, true] {
            let bus = bus();
            let mut sub = if queued {
                bus.subscription(">").queue(64).subscribe().unwrap()
            } else {
                bus.subscribe(">").unwrap()
            };
            let (count, waker) = Count::pair();
            for (round, topic) in ["ticks.eurusd", "orders", "ticks.eurusd"].into_iter().enumerate() {
                assert!(poll(&mut sub, &waker).is_pending());
                assert!(poll(&mut sub, &waker).is_pending());
                bus.publish(topic, round as u64).unwrap();
                eventually("it is woken", || count.get() == round + 1);
                assert_eq!(poll(&mut sub, &waker), Poll::Ready(Some(Ok(round as u64))));
            }
        }
        let bus = bus();
        let mut sub = bus.subscribe(">").unwrap();
        let reader = thread::spawn(move || {
            let mut sum = 0;
            while let Some(event) = next(&mut sub) {
                sum += event.unwrap().payload();
            }
            sum
        });
        for n in 1..=50 {
            bus.publish(["ticks.eurusd", "orders"][n as usize % 2], n).unwrap();
        }
        drop(bus);
        assert_eq!(reader.join().unwrap(), 1275);
    });
}

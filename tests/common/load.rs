//! A load of publishers and subscribers on real threads that checks all it sees: content, order, and every equation.

#![allow(dead_code, reason = "stress and soak use their own parts of it")]

use crate::common::{Order, Payload, Rng};
use eventcast::ring::{
    Builder, Overflow, Publisher, RecvError, RecvTimeoutError, Start, Subscriber, TryPublishError,
    TryRecvError, Wait, WeakPublisher,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};
use std::thread;
use std::time::Duration;

/// What runs, and for how many events.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) capacity: usize,
    pub(crate) wait: Wait,
    pub(crate) membarrier: bool,
    pub(crate) first: u64,
    pub(crate) events: u64,
    pub(crate) publishers: u64,
    /// Subscribers that are there from the first event to the last.
    pub(crate) policies: &'static [Overflow],
    /// Threads that join, read a little and leave, over and over.
    pub(crate) churners: u64,
    /// How long a churner rests between two subscriptions.
    pub(crate) rest: Duration,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) published: u64,
    pub(crate) delivered: u64,
    pub(crate) lost: u64,
    pub(crate) disconnected: u64,
    pub(crate) subscriptions: u64,
    pub(crate) memory_before: usize,
    pub(crate) memory_after: usize,
}

struct Shared {
    order: Order,
    accepted: AtomicU64,
    delivered: AtomicU64,
    lost: AtomicU64,
    disconnected: AtomicU64,
    subscriptions: AtomicU64,
    done: AtomicBool,
    publishers: u64,
}

/// Runs it to the end and checks it.
pub(crate) fn run<P: Payload>(load: &Load, progress: impl Fn(u64) + Sync) -> Report {
    let builder = {
        let builder =
            Builder::new(load.capacity).wait(load.wait).overflow(load.policies[0]).first_sequence(load.first);
        if load.membarrier { builder } else { builder.without_membarrier() }
    };
    let (publisher, first) = builder.build::<P>().unwrap();
    let shared = Shared {
        order: Order::new(load.first, load.events),
        accepted: AtomicU64::new(0),
        delivered: AtomicU64::new(0),
        lost: AtomicU64::new(0),
        disconnected: AtomicU64::new(0),
        subscriptions: AtomicU64::new(0),
        done: AtomicBool::new(false),
        publishers: load.publishers,
    };
    let mut rng = Rng::new(load.seed);
    let mut subscribers = vec![first];
    for policy in &load.policies[1..] {
        subscribers.push(publisher.subscribe_with(*policy));
    }
    let memory_before = publisher.memory();
    let mut memory_after = memory_before;
    let weak = publisher.downgrade();
    thread::scope(|scope| {
        let shared = &shared;
        for subscriber in subscribers {
            let rng = Rng::new(rng.next());
            let joiner = weak.clone();
            scope.spawn(move || stay(subscriber, &joiner, load, shared, rng));
        }
        for _ in 0..load.churners {
            let (weak, rng) = (weak.clone(), Rng::new(rng.next()));
            scope.spawn(move || {
                let mut rng = rng;
                while let Some(publisher) = weak.upgrade() {
                    if shared.done.load(Relaxed) {
                        break;
                    }
                    come_and_go(publisher, shared, &mut rng);
                    if !load.rest.is_zero() {
                        thread::sleep(load.rest);
                    }
                }
            });
        }
        let writers: Vec<_> = (0..load.publishers)
            .map(|number| {
                let (publisher, rng) = (publisher.clone(), Rng::new(rng.next()));
                let share = load.events / load.publishers + u64::from(number < load.events % load.publishers);
                let progress = &progress;
                scope.spawn(move || write(&publisher, number, share, shared, rng, progress))
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        shared.done.store(true, Relaxed);
        memory_after = publisher.memory();
        drop(publisher);
    });
    let accepted = shared.accepted.into_inner();
    assert_eq!(accepted, load.events);
    Report {
        published: accepted,
        delivered: shared.delivered.into_inner(),
        lost: shared.lost.into_inner(),
        disconnected: shared.disconnected.into_inner(),
        subscriptions: shared.subscriptions.into_inner(),
        memory_before,
        memory_after,
    }
}

fn write<P: Payload>(
    publisher: &Publisher<P>,
    me: u64,
    events: u64,
    shared: &Shared,
    mut rng: Rng,
    progress: &impl Fn(u64),
) {
    let mut number = 0;
    let note = |sequence, number| shared.order.agree(sequence, me, number);
    while number < events {
        match rng.below(8) {
            0..=3 => {
                note(publisher.publish(P::make(me, number)).unwrap(), number);
                number += 1;
            }
            4 => {
                let mut event = P::make(me, number);
                let sequence = loop {
                    match publisher.try_publish(event) {
                        Ok(sequence) => break sequence,
                        Err(TryPublishError::Full(back)) => {
                            assert_eq!(back.check(), (me, number));
                            event = back;
                            thread::yield_now();
                        }
                        Err(error) => panic!("{error}"),
                    }
                };
                note(sequence, number);
                number += 1;
            }
            5 => {
                let mut event = P::make(me, number);
                let sequence = loop {
                    match publisher.publish_timeout(event, Duration::from_micros(50)) {
                        Ok(sequence) => break sequence,
                        Err(error) => {
                            assert!(error.is_timeout());
                            event = error.into_inner();
                        }
                    }
                };
                note(sequence, number);
                number += 1;
            }
            kind => {
                let n = (1 + rng.below(40)).min(events - number);
                let batch = || (number..number + n).map(|number| P::make(me, number));
                let ranges = if kind == 6 {
                    vec![(0, publisher.publish_batch(batch()).unwrap())]
                } else {
                    batch_in_pieces(publisher, batch().collect())
                };
                for (at, range) in ranges {
                    // Other publishers may stand between two chunks of one batch.
                    if range.end - range.start == n - at {
                        range.zip(number + at..).for_each(|(sequence, number)| note(sequence, number));
                    }
                }
                number += n;
            }
        }
        progress(number);
    }
    shared.accepted.fetch_add(number, Relaxed);
}

/// Publishes without ever waiting in the ring; answers where each piece that went in began.
fn batch_in_pieces<P: Payload>(
    publisher: &Publisher<P>,
    mut rest: Vec<P>,
) -> Vec<(u64, std::ops::Range<u64>)> {
    let mut ranges = Vec::new();
    let mut at = 0;
    loop {
        match publisher.try_publish_batch(rest) {
            Ok(range) => {
                ranges.push((at, range));
                return ranges;
            }
            Err(error) => {
                assert!(error.is_full());
                at += error.published();
                rest = error.into_rest();
                thread::yield_now();
            }
        }
    }
}

/// What one reader has seen so far.
struct Reading<'a> {
    shared: &'a Shared,
    overflow: Overflow,
    /// The sequence of the next event, as the reader itself counts. A disconnecting reader that has lost something does not
    /// know it before it is told how much.
    position: u64,
    delivered: u64,
    lost: u64,
    /// Per publisher: the number of its next event, once one was seen.
    next: Vec<Option<u64>>,
}

impl<'a> Reading<'a> {
    fn new<P: Payload>(subscriber: &Subscriber<P>, shared: &'a Shared) -> Self {
        // Two looks at the same word, which a publisher may change in between.
        let start = loop {
            let before = subscriber.lost();
            let sequence = subscriber.sequence();
            if subscriber.lost() == before {
                break sequence - before;
            }
        };
        Self {
            shared,
            overflow: subscriber.overflow(),
            position: start,
            delivered: 0,
            lost: 0,
            next: vec![None; shared.publishers as usize],
        }
    }

    fn event<P: Payload>(&mut self, event: &P) {
        let (publisher, number) = event.check();
        let next = &mut self.next[publisher as usize];
        match (self.overflow, *next) {
            (Overflow::Block, Some(next)) => assert_eq!(number, next, "gap for a lossless reader"),
            (_, Some(next)) => assert!(number >= next, "{number} after {next}"),
            (_, None) => {}
        }
        *next = Some(number + 1);
        if self.overflow != Overflow::Disconnect {
            self.shared.order.agree(self.position, publisher, number);
        }
        self.position += 1;
        self.delivered += 1;
    }

    fn lagged(&mut self, n: u64) {
        assert_eq!(self.overflow, Overflow::Lag);
        assert!(n > 0);
        self.lost += n;
        self.position += n;
    }

    /// Checks the equation of a reader that is at its end, and adds it to the sums.
    fn finish<P>(&self, subscriber: &Subscriber<P>, disconnected: Option<u64>) {
        let lost = disconnected.unwrap_or(self.lost);
        assert_eq!(subscriber.lost(), lost, "{:?}: what is counted and what was reported", self.overflow);
        let at_end = if disconnected.is_some() { self.position + lost } else { self.position };
        assert_eq!(subscriber.sequence(), at_end, "delivered {} lost {lost}", self.delivered);
        assert_eq!(subscriber.len(), 0);
        let shared = self.shared;
        shared.delivered.fetch_add(self.delivered, Relaxed);
        shared.lost.fetch_add(lost, Relaxed);
        shared.disconnected.fetch_add(u64::from(disconnected.is_some()), Relaxed);
        shared.subscriptions.fetch_add(1, Relaxed);
    }
}

enum End {
    Closed,
    Disconnected(u64),
}

/// One random way of reading; `Some` at the end.
fn read_some<P: Payload>(
    subscriber: &mut Subscriber<P>,
    reading: &mut Reading<'_>,
    rng: &mut Rng,
    wait: bool,
) -> Option<End> {
    let max = 1 + rng.below(20) as usize;
    let result = match (rng.below(6), wait) {
        (0, true) => subscriber.recv().map(|event| reading.event(&event)),
        (1, true) => subscriber.drain_wait(max, |event| reading.event(event)).map(drop),
        (2, true) => subscriber.recv_batch(max).map(|batch| {
            assert!((1..=max).contains(&batch.len()));
            if reading.overflow != Overflow::Disconnect {
                assert_eq!(batch.sequence(), reading.position);
            }
            batch.iter().for_each(|event| reading.event(event));
        }),
        (3, true) => match subscriber.recv_timeout(Duration::from_micros(50)) {
            Ok(event) => {
                reading.event(&event);
                Ok(())
            }
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Lagged(n)) => Err(RecvError::Lagged(n)),
            Err(RecvTimeoutError::Disconnected(n)) => Err(RecvError::Disconnected(n)),
            Err(_) => Err(RecvError::Closed),
        },
        (0 | 1, false) => not_empty(subscriber.try_recv().map(|event| reading.event(&event))),
        (2 | 3, false) => not_empty(subscriber.drain(max, |event| reading.event(event)).map(drop)),
        (kind, _) => not_empty(subscriber.batch(max).map(|batch| {
            let n = if kind == 4 { batch.len() } else { rng.below(batch.len() as u64 + 1) as usize };
            batch.iter().take(n).for_each(|event| reading.event(event));
            if n == batch.len() && rng.one_in(2) {
                std::mem::forget(batch);
            } else {
                batch.release_first(n);
            }
        })),
    };
    match result {
        Ok(()) => None,
        Err(RecvError::Lagged(n)) => {
            reading.lagged(n);
            None
        }
        Err(RecvError::Disconnected(n)) => Some(End::Disconnected(n)),
        Err(_) => Some(End::Closed),
    }
}

fn not_empty(result: Result<(), TryRecvError>) -> Result<(), RecvError> {
    match result {
        Ok(()) => Ok(()),
        Err(TryRecvError::Empty) => {
            thread::yield_now();
            Ok(())
        }
        Err(TryRecvError::Lagged(n)) => Err(RecvError::Lagged(n)),
        Err(TryRecvError::Disconnected(n)) => Err(RecvError::Disconnected(n)),
        Err(_) => Err(RecvError::Closed),
    }
}

/// Reads from the first event to the last; one that was disconnected joins again.
fn stay<P: Payload>(
    mut subscriber: Subscriber<P>,
    joiner: &WeakPublisher<P>,
    load: &Load,
    shared: &Shared,
    mut rng: Rng,
) {
    let mut reading = Reading::new(&subscriber, shared);
    assert_eq!(reading.position, load.first);
    loop {
        match read_some(&mut subscriber, &mut reading, &mut rng, true) {
            None => {}
            Some(End::Closed) => break,
            Some(End::Disconnected(n)) => {
                assert_eq!(reading.overflow, Overflow::Disconnect);
                assert_eq!(subscriber.recv().err(), Some(RecvError::Closed));
                reading.finish(&subscriber, Some(n));
                let Some(publisher) = joiner.upgrade() else { return };
                subscriber = publisher.subscribe_with(Overflow::Disconnect);
                reading = Reading::new(&subscriber, shared);
            }
        }
    }
    reading.finish(&subscriber, None);
    assert_eq!(subscriber.recv().err(), Some(RecvError::Closed));
    assert_eq!(reading.position, load.first + load.events, "published = delivered + lost");
}

/// Joins somewhere, reads a little and leaves, often in the middle of something.
fn come_and_go<P: Payload>(publisher: Publisher<P>, shared: &Shared, rng: &mut Rng) {
    let overflow = rng.pick(&[Overflow::Block, Overflow::Lag, Overflow::Disconnect]);
    let next = publisher.next_sequence();
    let start = match rng.below(4) {
        0 => Start::Now,
        1 => Start::Oldest,
        2 => Start::Sequence(next.saturating_sub(rng.below(publisher.capacity() as u64))),
        _ => Start::Sequence(next),
    };
    // Fails only when the place was overwritten meanwhile.
    let Ok(mut subscriber) = publisher.subscribe_from(start, overflow) else {
        return;
    };
    let mut reading = Reading::new(&subscriber, shared);
    if let Start::Sequence(sequence) = start {
        assert_eq!(reading.position, sequence);
    }
    // It must not keep the ring open: the others wait for the close.
    drop(publisher);
    for _ in 0..rng.below(30) {
        match read_some(&mut subscriber, &mut reading, rng, false) {
            None => {}
            Some(End::Closed) => return reading.finish(&subscriber, None),
            Some(End::Disconnected(n)) => return reading.finish(&subscriber, Some(n)),
        }
    }
    shared.subscriptions.fetch_add(1, Relaxed);
    shared.delivered.fetch_add(reading.delivered, Relaxed);
    if rng.one_in(4) {
        let _ = subscriber.batch(1 + rng.below(8) as usize).map(std::mem::forget);
    }
}

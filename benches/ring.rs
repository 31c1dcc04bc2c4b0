//! Each operation of the ring on its own: for regressions. The races against rivals are in `benches/compare`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use eventcast::ring::{Builder, Overflow, Start, Wait};
use std::hint::black_box;

/// The event of all races: 64 bytes.
type Event = [u64; 8];

const CAPACITY: usize = 1024;
const EVENT: Event = [1; 8];

fn builder() -> Builder {
    Builder::new(CAPACITY).wait(Wait::Yield).prefault(true)
}

fn publish(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish");
    group.throughput(Throughput::Elements(1));
    for wait in [Wait::Yield, Wait::Park] {
        let (publisher, subscriber) = builder().wait(wait).build::<Event>().unwrap();
        drop(subscriber);
        group.bench_function(format!("shared, nobody listens, {wait:?}"), |b| {
            b.iter(|| publisher.publish(black_box(EVENT)));
        });
        let (mut publisher, subscriber) = builder().wait(wait).build_unique::<Event>().unwrap();
        drop(subscriber);
        group.bench_function(format!("unique, nobody listens, {wait:?}"), |b| {
            b.iter(|| publisher.publish(black_box(EVENT)));
        });
    }
    let (publisher, _laggard) = builder().overflow(Overflow::Lag).build::<Event>().unwrap();
    group.bench_function("shared, a laggard never reads", |b| b.iter(|| publisher.publish(black_box(EVENT))));
    let (publisher, mut laggard) = builder().overflow(Overflow::Lag).build::<Event>().unwrap();
    publisher.publish(EVENT).unwrap();
    let guard = laggard.batch(1).unwrap();
    group.bench_function("shared, a laggard sits in a guard", |b| {
        b.iter(|| publisher.publish(black_box(EVENT)))
    });
    drop(guard);
    let (publisher, subscriber) = builder().build::<String>().unwrap();
    drop(subscriber);
    group.bench_function("shared, String overwritten", |b| {
        b.iter_batched(|| String::from("event"), |event| publisher.publish(event), BatchSize::SmallInput);
    });
    group.finish();
}

fn publish_and_read(c: &mut Criterion) {
    let mut group = c.benchmark_group("publish and read");
    group.throughput(Throughput::Elements(1));
    for overflow in [Overflow::Block, Overflow::Lag, Overflow::Disconnect] {
        let (publisher, mut subscriber) = builder().overflow(overflow).build::<Event>().unwrap();
        group.bench_function(format!("shared, try_recv, {overflow:?}"), |b| {
            b.iter(|| {
                publisher.publish(black_box(EVENT)).unwrap();
                subscriber.try_recv()
            });
        });
        let (mut publisher, mut subscriber) = builder().overflow(overflow).build_unique::<Event>().unwrap();
        group.bench_function(format!("unique, drain, {overflow:?}"), |b| {
            b.iter(|| {
                publisher.publish(black_box(EVENT)).unwrap();
                subscriber.drain(1, |event| {
                    black_box(event);
                })
            });
        });
    }
    group.finish();
}

fn batches(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch of 16");
    group.throughput(Throughput::Elements(16));
    let (publisher, mut subscriber) = builder().build::<Event>().unwrap();
    group.bench_function("shared", |b| {
        b.iter(|| {
            publisher.publish_batch([EVENT; 16]).unwrap();
            black_box(subscriber.batch(16).unwrap().len())
        });
    });
    let (mut publisher, mut subscriber) = builder().build_unique::<Event>().unwrap();
    group.bench_function("unique", |b| {
        b.iter(|| {
            publisher.publish_batch([EVENT; 16]).unwrap();
            black_box(subscriber.batch(16).unwrap().len())
        });
    });
    group.finish();
}

fn join_and_leave(c: &mut Criterion) {
    let (publisher, _first) = builder().build::<Event>().unwrap();
    c.bench_function("join and leave", |b| b.iter(|| publisher.subscribe_with(Overflow::Lag)));
    c.bench_function("join at oldest and leave", |b| {
        b.iter(|| publisher.subscribe_from(Start::Oldest, Overflow::Block));
    });
    c.bench_function("clone and drop a publisher", |b| b.iter(|| publisher.clone()));
}

criterion_group!(benches, publish, publish_and_read, batches, join_and_leave);
criterion_main!(benches);

//! Publishing through a handle of a bus, and what its options cost.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventcast::{Bus, BusBuilder, Clock, Overflow, Wait};
use std::hint::black_box;

/// The event of all races: 64 bytes.
type Event = [u64; 8];

const CAPACITY: usize = 1024;
const EVENT: Event = [1; 8];

fn builder() -> BusBuilder<Event> {
    Bus::builder().capacity(CAPACITY).wait(Wait::Yield).prefault(true)
}

/// A subscription that never reads and that nobody waits for: the topic is wanted.
fn publish(c: &mut Criterion) {
    let mut group = c.benchmark_group("bus publish");
    group.throughput(Throughput::Elements(1));
    let kinds = [
        ("coarse clock", builder()),
        ("precise clock", builder().clock(Clock::Precise)),
        ("coarse clock, nothing timed", builder().sample(0)),
        ("coarse clock, every event timed", builder().sample(1)),
    ];
    for (name, builder) in kinds {
        let bus = builder.build().unwrap();
        let _laggard = bus.subscription("tick").overflow(Overflow::Lag).subscribe().unwrap();
        let topic = bus.topic("tick").unwrap();
        group.bench_function(name, |b| b.iter(|| topic.publish(black_box(EVENT))));
    }
    group.finish();
}

criterion_group!(benches, publish);
criterion_main!(benches);

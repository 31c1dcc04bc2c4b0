//! Instruction counts of the hot paths, for `ci/instructions.sh`: without an argument it lists the cases, with the name of one
//! it runs that one inside a function `measured*`, which callgrind counts.

use eventcast::ring::{Builder, Overflow, Publisher, Subscriber, UniquePublisher, Wait};
use eventcast::{Bus, BusBuilder, Subscription, Topic};
use std::hint::black_box;

/// The event of all races: 64 bytes.
type Event = [u64; 8];

const EVENTS: u64 = 10_240;
const CAPACITY: usize = 1024;

const CASES: &[(&str, fn())] = &[
    ("publish-shared", publish_shared),
    ("publish-shared-laggard", publish_beside_laggard),
    ("publish-unique", publish_unique),
    ("publish-shared-owned", publish_owned),
    ("batch-shared", batch_shared),
    ("batch-unique", batch_unique),
    ("recv-block", || receive(Overflow::Block)),
    ("recv-lag", || receive(Overflow::Lag)),
    ("drain-block", || drain(Overflow::Block)),
    ("drain-lag", || drain(Overflow::Lag)),
    ("bus-publish", || bus_publish(bus())),
    ("bus-publish-untimed", || bus_publish(bus().sample(0))),
    ("bus-publish-uncounted", || bus_publish(bus().sample(0).statistics(false))),
    ("bus-recv", bus_receive),
    ("bus-drain", bus_drain),
];

fn main() {
    // Cargo passes `--bench`.
    let Some(name) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        CASES.iter().for_each(|(name, _)| println!("{name}"));
        return;
    };
    let case = CASES.iter().find(|(case, _)| *case == name);
    case.unwrap_or_else(|| panic!("no case is called {name}")).1();
}

/// No sleepers to look for: the count is the ring's alone.
fn builder() -> Builder {
    Builder::new(CAPACITY).wait(Wait::Yield)
}

fn publish_shared() {
    let (publisher, subscriber) = builder().build().unwrap();
    drop(subscriber);
    measured_publish(&publisher);
}

fn publish_beside_laggard() {
    let (publisher, _laggard) = builder().overflow(Overflow::Lag).build().unwrap();
    measured_publish(&publisher);
}

#[inline(never)]
fn measured_publish(publisher: &Publisher<Event>) {
    for n in 0..EVENTS {
        let _ = black_box(publisher.publish([n; 8]));
    }
}

fn publish_unique() {
    let (mut publisher, subscriber) = builder().build_unique().unwrap();
    drop(subscriber);
    measured_publish_unique(&mut publisher);
}

#[inline(never)]
fn measured_publish_unique(publisher: &mut UniquePublisher<Event>) {
    for n in 0..EVENTS {
        let _ = black_box(publisher.publish([n; 8]));
    }
}

fn publish_owned() {
    let (publisher, subscriber) = builder().build().unwrap();
    drop(subscriber);
    let event = std::sync::Arc::new(1);
    measured_publish_owned(&publisher, &event);
}

#[inline(never)]
fn measured_publish_owned(publisher: &Publisher<std::sync::Arc<u64>>, event: &std::sync::Arc<u64>) {
    for _ in 0..EVENTS {
        let _ = black_box(publisher.publish(event.clone()));
    }
}

fn batch_shared() {
    let (publisher, subscriber) = builder().build().unwrap();
    drop(subscriber);
    measured_batch(&publisher);
}

#[inline(never)]
fn measured_batch(publisher: &Publisher<Event>) {
    for _ in 0..EVENTS / 16 {
        let _ = black_box(publisher.publish_batch((0..16).map(|n| [n; 8])));
    }
}

fn batch_unique() {
    let (mut publisher, subscriber) = builder().build_unique().unwrap();
    drop(subscriber);
    measured_batch_unique(&mut publisher);
}

#[inline(never)]
fn measured_batch_unique(publisher: &mut UniquePublisher<Event>) {
    for _ in 0..EVENTS / 16 {
        let _ = black_box(publisher.publish_batch((0..16).map(|n| [n; 8])));
    }
}

/// Fills the ring and reads it, so often that all events have been through.
fn rounds(overflow: Overflow, mut read: impl FnMut(&mut Subscriber<Event>)) {
    let (publisher, mut subscriber) = builder().overflow(overflow).build().unwrap();
    for _ in 0..EVENTS / CAPACITY as u64 {
        for n in 0..CAPACITY as u64 {
            publisher.publish([n; 8]).unwrap();
        }
        read(&mut subscriber);
    }
}

fn receive(overflow: Overflow) {
    rounds(overflow, measured_receive);
}

#[inline(never)]
fn measured_receive(subscriber: &mut Subscriber<Event>) {
    for _ in 0..CAPACITY {
        let _ = black_box(subscriber.try_recv());
    }
}

fn drain(overflow: Overflow) {
    rounds(overflow, measured_drain);
}

#[inline(never)]
fn measured_drain(subscriber: &mut Subscriber<Event>) {
    let _ = black_box(subscriber.drain(CAPACITY, |event| {
        black_box(event);
    }));
}

fn bus() -> BusBuilder<Event> {
    Bus::builder().capacity(CAPACITY).wait(Wait::Yield)
}

fn bus_publish(builder: BusBuilder<Event>) {
    let bus = builder.build().unwrap();
    let _laggard = bus.subscription("tick").overflow(Overflow::Lag).subscribe().unwrap();
    let topic = bus.topic("tick").unwrap();
    topic.publish([0; 8]).unwrap();
    measured_bus_publish(&topic);
}

#[inline(never)]
fn measured_bus_publish(topic: &Topic<Event>) {
    for n in 0..EVENTS {
        let _ = black_box(topic.publish([n; 8]));
    }
}

fn bus_rounds(mut read: impl FnMut(&mut Subscription<Event>)) {
    let bus = bus().build().unwrap();
    let mut subscription = bus.subscribe("tick").unwrap();
    let topic = bus.topic("tick").unwrap();
    topic.publish([0; 8]).unwrap();
    subscription.recv().unwrap();
    // The first event is timed, and the reader that comes back has handled it.
    let _ = subscription.try_recv();
    for _ in 0..EVENTS / CAPACITY as u64 {
        for n in 0..CAPACITY as u64 {
            topic.publish([n; 8]).unwrap();
        }
        read(&mut subscription);
    }
}

fn bus_receive() {
    bus_rounds(measured_bus_receive);
}

#[inline(never)]
fn measured_bus_receive(subscription: &mut Subscription<Event>) {
    for _ in 0..CAPACITY {
        let _ = black_box(subscription.try_recv());
    }
}

fn bus_drain() {
    bus_rounds(measured_bus_drain);
}

#[inline(never)]
fn measured_bus_drain(subscription: &mut Subscription<Event>) {
    let _ = black_box(subscription.drain(CAPACITY, |event| {
        black_box(event);
    }));
}

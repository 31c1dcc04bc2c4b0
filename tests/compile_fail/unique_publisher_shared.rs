//! The unique publisher publishes through `&mut` only.
use eventcast::ring::{Builder, UniquePublisher};

fn publish(publisher: &UniquePublisher<u8>) {
    let _ = publisher.publish(1);
}

fn main() {
    let (publisher, _subscriber) = Builder::new(4).build_unique::<u8>().unwrap();
    publish(&publisher);
}

//! A subscriber has one place in the ring: it cannot be cloned.
use eventcast::ring;

fn main() {
    let (_publisher, subscriber) = ring::channel::<u8>(4);
    let _second = subscriber.clone();
}

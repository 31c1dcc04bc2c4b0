//! A subscriber cannot read on while its guard lives.
use eventcast::ring;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<u8>(4);
    let batch = subscriber.batch(2).unwrap();
    let _ = subscriber.try_recv();
    drop(batch);
}

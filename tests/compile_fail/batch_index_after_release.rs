//! Nor one that was indexed before a part was released.
use eventcast::ring;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<String>(4);
    let batch = subscriber.batch(2).unwrap();
    let first = &batch[0];
    batch.release_first(1);
    println!("{first}");
}

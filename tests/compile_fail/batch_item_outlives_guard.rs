//! An event of a batch lives no longer than the guard.
use eventcast::ring;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<String>(4);
    let batch = subscriber.batch(2).unwrap();
    let event = batch.iter().next().unwrap();
    drop(batch);
    println!("{event}");
}

//! A guard does not outlive its subscriber.
use eventcast::ring;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<u8>(4);
    let batch = subscriber.batch(2).unwrap();
    drop(subscriber);
    println!("{}", batch.len());
}

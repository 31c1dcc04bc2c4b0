//! Nor does one that a `for` loop over the guard has lent.
use eventcast::ring;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<String>(4);
    let mut kept = Vec::new();
    {
        let batch = subscriber.batch(2).unwrap();
        for event in &batch {
            kept.push(event);
        }
    }
    println!("{kept:?}");
}

//! What a drain lends stays in its closure.
use eventcast::ring;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<String>(4);
    let mut kept: Option<&String> = None;
    let _ = subscriber.drain(1, |event| kept = Some(event));
    println!("{kept:?}");
}

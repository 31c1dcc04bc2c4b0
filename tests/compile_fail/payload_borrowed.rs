//! An event that borrows from a frame: the ring may outlive it.
use eventcast::ring;

fn main() {
    let text = String::from("short-lived");
    let (publisher, _subscriber) = ring::channel::<&str>(4);
    let _ = publisher.publish(text.as_str());
}

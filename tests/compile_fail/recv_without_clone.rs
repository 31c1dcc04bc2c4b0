//! Receiving by value clones the event.
use eventcast::ring;

struct Event;

fn main() {
    let (_publisher, mut subscriber) = ring::channel::<Event>(4);
    let _ = subscriber.try_recv();
}

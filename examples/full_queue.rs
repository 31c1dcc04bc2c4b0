//! What happens to events when a queue is full?
//!
//! What its overflow says: here each in turn, with a queue of 3 and nobody who reads. Run with
//! `cargo run --example full_queue`.

use eventcast::{Bus, Fanout, QueueOverflow, RecvError};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let overflows = [
        ("drop oldest", QueueOverflow::DropOldest),
        ("drop newest", QueueOverflow::DropNewest),
        ("disconnect", QueueOverflow::Disconnect),
        ("block for 20 ms", QueueOverflow::Block { within: Duration::from_millis(20) }),
        ("block for ever", QueueOverflow::Block { within: Duration::MAX }),
    ];
    for (words, overflow) in overflows {
        println!("{words}");
        // Publishers fill the queue themselves, so that every run shows the same.
        let bus = Bus::<u32>::builder().capacity(4).fanout(Fanout::Inline).build()?;
        let mut sub = bus.subscription("tick").queue(3).queue_overflow(overflow).subscribe()?;

        // One that blocks for ever is waited for, once the ring is full behind its queue.
        let mut refused = 0;
        for n in 1..=10 {
            if let Err(error) = bus.publish_timeout("tick", n, Duration::from_millis(100)) {
                refused += 1;
                println!("  {n}: {error}");
            }
        }
        let _ = bus.close(Duration::ZERO);

        let mut read = Vec::new();
        for result in sub.results() {
            match result {
                Ok(event) => read.push(event.into_payload()),
                Err(RecvError::Disconnected(_)) => println!("  disconnected"),
                Err(error) => println!("  {error}"),
            }
        }
        println!("  read {read:?}, lost {}, refused {refused}", sub.lost());
    }
    Ok(())
}

//! Who fills the queues: a thread of the bus, or the publisher itself?
//!
//! The dispatcher keeps publishing cheap; inline saves the hand-over to it. Run with `cargo run --example inline_fanout`.

use eventcast::{Bus, Fanout};
use std::sync::mpsc;
use std::thread;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for fanout in [Fanout::Dispatcher, Fanout::Inline] {
        // A filter runs where the queue is filled, so it can tell who that is.
        let (tell, filled_by) = mpsc::channel();
        let bus = Bus::<u32>::builder().fanout(fanout).build()?;
        let mut sub = bus
            .subscription("tick")
            .queue(16)
            .filter(move |_| {
                let thread = thread::current();
                tell.send(thread.name().unwrap_or("a thread without a name").to_owned()).is_ok()
            })
            .subscribe()?;

        bus.publish("tick", 7)?;
        // Inline, the event is in the queue when publish returns; otherwise soon.
        let at_once = sub.try_recv().is_ok();
        if !at_once {
            sub.recv()?;
        }
        println!("{fanout:?}: filled by {:?}; there at once: {at_once}", filled_by.recv()?);
    }
    Ok(())
}

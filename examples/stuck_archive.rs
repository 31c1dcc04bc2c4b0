//! What happens when an archive is slow, or stuck?
//!
//! With a queue each, it fills its own and nobody else notices. Run with `cargo run --example stuck_archive`.

use eventcast::{Bus, QueueOverflow};
use std::sync::mpsc;
use std::thread;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::<u64>::builder().capacity(64).build()?;

    // Each has room of its own; what does not fit is lost, counted, and nobody waits.
    let newest = QueueOverflow::DropNewest;
    let mut archive =
        bus.subscription("orders.*").name("archive").queue(100).queue_overflow(newest).subscribe()?;
    let mut screen = bus.subscription("orders.*").name("screen").queue(2_000).subscribe()?;

    let (repaired, stuck) = mpsc::channel::<()>();
    let archived = thread::spawn(move || {
        // The disk is gone until somebody repairs it.
        let _ = stuck.recv();
        let written = archive.iter().count();
        (written, archive.stats())
    });
    let (showing, shown) = mpsc::channel();
    let live = thread::spawn(move || screen.iter().all(|event| showing.send(*event.payload()).is_ok()));

    let orders = bus.topic("orders.created")?;
    for number in 1..=1_000 {
        orders.publish(number)?;
        // The screen has it before the next one is published, stuck archive or not.
        assert_eq!(shown.recv()?, number);
    }
    println!("the screen has shown 1000 orders; the archive has not written any");

    drop(repaired);
    drop(bus);
    live.join().expect("the screen runs to its end");
    let (written, stats) = archived.join().expect("the archive runs to its end");
    println!("the archive wrote the {written} that its queue had room for and lost {}", stats.lost);
    Ok(())
}

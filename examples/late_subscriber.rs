//! How does one who comes late get what is still kept?
//!
//! A bus keeps its newest events. Run with `cargo run --example late_subscriber`.

use eventcast::{Bus, Clock, Start};
use std::thread;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::<&str>::builder().capacity(4).clock(Clock::Precise).build()?;
    for text in ["one", "two", "three", "four"] {
        bus.publish("log", text)?;
    }
    thread::sleep(Duration::from_millis(5));
    let break_over = bus.now();
    for text in ["five", "six"] {
        bus.publish("log", text)?;
    }

    let starts = [
        ("now", Start::Now),
        ("the oldest kept", Start::Oldest),
        ("sequence 3", Start::Sequence(3)),
        ("after the break", Start::Time(break_over)),
    ];
    for (words, start) in starts {
        let mut late = bus.subscription("log").start(start).subscribe()?;
        let texts: Vec<&str> = late.try_iter().map(|event| *event.payload()).collect();
        println!("from {words}: {texts:?}");
    }

    let error = bus.subscription("log").start(Start::Sequence(0)).subscribe().unwrap_err();
    println!("from sequence 0: {error}");
    Ok(())
}

//! How do I end without losing what was accepted?
//!
//! `flush` waits in the middle, `close` at the end; both say what is left. Run with `cargo run --example clean_end`.

use eventcast::Bus;
use std::thread;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::<u32>::builder().build()?;
    let mut sub = bus.subscribe(">")?;
    let reader = thread::spawn(move || {
        let mut read = 0;
        for _event in &mut sub {
            thread::sleep(Duration::from_micros(100));
            read += 1;
        }
        read
    });

    for n in 0..100 {
        bus.publish("tick", n)?;
    }
    let flushed = bus.flush(Duration::from_secs(10));
    println!("flushed: {} of 100 are left", flushed.undelivered);

    for n in 0..100 {
        bus.publish("tick", n)?;
    }
    let hasty = bus.close(Duration::ZERO);
    println!("closed at once: {} of {} are left", hasty.undelivered, hasty.accepted);
    println!("a publish now: {}", bus.publish("tick", 0).unwrap_err());

    let patient = bus.close(Duration::from_secs(10));
    println!("closed with patience: {} are left", patient.undelivered);
    println!("read: {}", reader.join().expect("the reader runs to its end"));
    Ok(())
}

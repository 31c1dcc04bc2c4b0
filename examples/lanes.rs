//! How does a flood on one topic leave the history of the others alone?
//!
//! Topics may be given a ring of their own. Run with `cargo run --example lanes`.

use eventcast::{Bus, BusBuilder, Overflow, Start};

/// What somebody who comes late still gets of the orders.
fn late(name: &str, builder: BusBuilder<u32>) -> Result<(), Box<dyn std::error::Error>> {
    let bus = builder.build()?;
    let created = bus.topic("orders.created")?;
    let ticks = bus.topic("ticks.eurusd")?;
    for order in 1..=3 {
        created.publish(order)?;
        for price in 0..1_000 {
            ticks.publish(price)?;
        }
    }
    let mut late = bus.subscription("orders.>").start(Start::Oldest).subscribe()?;
    let orders: Vec<u32> = late.try_iter().map(|event| *event.payload()).collect();
    println!("{name}: orders {orders:?}");

    // A subscription to everything reads both rings, in turn; each has an order of its own.
    let mut screen = bus.subscription(">").overflow(Overflow::Lag).start(Start::Oldest).subscribe()?;
    let shown: Vec<String> =
        screen.try_iter().take(6).map(|event| format!("{} {}", event.topic(), event.payload())).collect();
    println!("{name}: a screen shows {}", shown.join(", "));
    for lane in &bus.snapshot().lanes {
        println!("{name}: lane {} has taken {} and keeps {}", lane.pattern, lane.accepted, lane.capacity);
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    late("one ring", Bus::builder().capacity(64))?;
    late("with a lane", Bus::builder().capacity(64).lane("ticks.>", 16))
}

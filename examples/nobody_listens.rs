//! How do I learn that nobody listens, or that an event was not taken?
//!
//! Nothing gets lost without a count. Run with `cargo run --example nobody_listens`.

use eventcast::Bus;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::<String>::builder()
        .max_payload(16, String::len)
        .filter(|event| !event.topic().starts_with("debug."))
        .on_unrouted(|topic, sequence| println!("event {sequence}: nobody wants {topic:?}"))
        .build()?;

    println!("is anybody there? {}", bus.wait_for_subscriber(Duration::from_millis(1)));
    bus.publish("orders.created", "too early".into())?;

    let mut orders = bus.subscription("orders.*").filter(|event| event.payload() != "boring").subscribe()?;
    for text in ["first", "boring", "a text that is far too long"] {
        if let Err(error) = bus.publish("orders.created", text.into()) {
            let why = error.to_string();
            println!("{why}: {:?} came back", error.into_inner());
        }
    }
    if let Err(error) = bus.publish("debug.orders", "hm".into()) {
        println!("{error}");
    }

    while let Ok(event) = orders.try_recv() {
        println!("read: {}", event.payload());
    }
    let (stats, read) = (bus.stats(), orders.stats());
    println!("bus: {} offered = {} accepted + {} refused", stats.offered(), stats.accepted, stats.refused());
    println!("bus: {} accepted = {} routed + {} unrouted", stats.accepted, stats.routed(), stats.unrouted);
    println!("subscription: {} delivered + {} filtered", read.delivered, read.filtered);
    Ok(())
}

//! How does a slow screen not hold up a ledger that must not lose anything?
//!
//! Each subscription says what happens when it is too slow. Run with `cargo run --example slow_screen`.

use eventcast::{Bus, Overflow};
use std::thread;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bus = Bus::<u64>::builder().capacity(64).build()?;

    // Publishers wait for this one when it is 64 events behind.
    let mut ledger = bus.subscription("orders.*").name("ledger").subscribe()?;
    // Nobody waits for this one: it loses the oldest events, and is told how many.
    let mut screen = bus.subscription("orders.*").name("screen").overflow(Overflow::Lag).subscribe()?;

    let booked = thread::spawn(move || ledger.iter().map(|event| *event.payload()).sum::<u64>());
    let shown = thread::spawn(move || {
        let mut shown = 0_u64;
        for _event in &mut screen {
            thread::sleep(Duration::from_micros(200));
            shown += 1;
        }
        (shown, screen.lost())
    });

    let orders = bus.topic("orders.created")?;
    for price in 1..=1_000 {
        orders.publish(price)?;
    }
    drop(bus);

    println!("booked: {}", booked.join().expect("the ledger runs to its end"));
    let (shown, lost) = shown.join().expect("the screen runs to its end");
    println!(
        "shown: {shown} orders; {lost} were gone before the screen came to them; {} in all",
        shown + lost
    );
    Ok(())
}

//! All policies for a long time: 3 publishers, 8 subscribers, joins and leaves every 10 ms; content, order, equations, memory.
//!
//! `EVENTCAST_SOAK_EVENTS` sets the number of events of the long run (10^9), `EVENTCAST_SEED` what it does.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests spawn threads and look at the clock"
)]

mod common;
#[path = "common/load.rs"]
mod load;

use common::{Words, env_number, seed, within};
use eventcast::ring::{Overflow, Wait};
use load::{Load, Report};
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::time::{Duration, Instant};

/// Eight subscribers that stay from the first event to the last.
const POLICIES: &[Overflow] = &[
    Overflow::Block,
    Overflow::Lag,
    Overflow::Disconnect,
    Overflow::Block,
    Overflow::Lag,
    Overflow::Lag,
    Overflow::Block,
    Overflow::Disconnect,
];

/// Bytes of the process that are in memory; `None` where nobody says.
fn resident() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn soak(events: u64, limit: Duration) {
    let load = Load {
        capacity: 1024,
        wait: Wait::Park,
        membarrier: true,
        // Half of the way below 2^32, half above.
        first: (1 << 32) - events / 2,
        events,
        publishers: 3,
        policies: POLICIES,
        churners: 1,
        rest: Duration::from_millis(10),
        seed: seed(),
    };
    let start = Instant::now();
    let told = AtomicU64::new(10);
    // After the first tenth everything that is ever allocated has been.
    let early = AtomicU64::new(0);
    let share = events / 3;
    let progress = move |number: u64| {
        if number > share / 10 && early.load(Relaxed) == 0 {
            early.store(resident().unwrap_or(1), Relaxed);
        }
        let seconds = start.elapsed().as_secs();
        let due = told.load(Relaxed);
        if seconds >= due && told.compare_exchange(due, seconds + 10, Relaxed, Relaxed).is_ok() {
            let memory = resident().unwrap_or(0) / 1024;
            println!("{seconds} s: a publisher is at {number} of {share}, {memory} KiB resident");
        }
        early.load(Relaxed)
    };
    let report: Report = within(limit, "soak", move || {
        let early = AtomicU64::new(0);
        let report = load::run::<Words>(&load, |number| early.store(progress(number), Relaxed));
        let (early, late) = (early.into_inner(), resident());
        println!("resident early {early}, at the end {late:?}");
        if let Some(late) = late {
            assert!(late <= early + (1 << 20), "resident memory grew from {early} to {late}");
        }
        println!("record: {load:?}");
        report
    });
    let seconds = start.elapsed().as_secs_f64();
    println!("record: {report:?}");
    println!(
        "record: {events} events in {seconds:.1} s, {:.2} million a second",
        events as f64 / seconds / 1e6
    );
    assert_eq!(report.published, events);
    // Those who come and go use the same few cursors again.
    assert!(report.memory_after - report.memory_before <= 4096, "memory of the ring");
}

#[test]
fn a_short_soak() {
    soak(if cfg!(miri) { 300 } else { 100_000 }, Duration::from_secs(300));
}

#[test]
#[ignore = "10^9 events take the better part of an hour; run it with --release -- --ignored --nocapture"]
fn a_long_soak() {
    soak(env_number("EVENTCAST_SOAK_EVENTS", 1_000_000_000), Duration::from_secs(6 * 3_600));
}

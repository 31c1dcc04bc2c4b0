//! Every input that a fuzzer, or the differential test, has found something with is played again.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the clock and let a core go"
)]

#[path = "common/bus_oracle.rs"]
mod bus_oracle;
#[path = "common/bus_world.rs"]
mod bus_world;
mod common;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/oracle.rs"]
mod oracle;
#[path = "common/script.rs"]
mod script;
#[path = "common/topics.rs"]
mod topics;
#[path = "common/world.rs"]
mod world;

use std::path::Path;

#[test]
fn bus_ops() {
    replay("bus_ops", |bytes| bus_world::run(bytes, bus_world::Filled::Inline, true).map(drop));
    // As the differential test plays them, perhaps with the dispatcher's thread.
    replay("bus_ops", |bytes| bus_world::run(bytes, bus_world::Filled::Either, true).map(drop));
}

#[test]
fn ring_ops() {
    replay("ring_ops", |bytes| world::run(bytes, true).map(drop));
}

#[test]
fn topic_pattern() {
    replay("topic_pattern", topics::run);
}

fn replay(target: &str, run: impl Fn(&[u8]) -> Result<(), String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions").join(target);
    let mut played = 0;
    for entry in std::fs::read_dir(&folder).expect("the kept inputs") {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        println!("{}", path.display());
        run(&bytes).unwrap_or_else(|text| panic!("{}: {text}", path.display()));
        played += 1;
    }
    assert!(played >= 3, "only {played} kept inputs in {}", folder.display());
}

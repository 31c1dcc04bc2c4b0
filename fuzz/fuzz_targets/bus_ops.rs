//! A bus against the naive oracle: the bytes are a list of operations, the same that the differential test makes up. Publishers
//! fill the queues, so that a list does the same each time.

#![no_main]

#[path = "../../tests/common/bus_oracle.rs"]
mod bus_oracle;
#[path = "../../tests/common/bus_world.rs"]
mod bus_world;
#[path = "../../tests/common/ledger.rs"]
mod ledger;
#[path = "../../tests/common/script.rs"]
mod script;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(text) = bus_world::run(bytes, bus_world::Filled::Inline, false) {
        panic!("{text}");
    }
});

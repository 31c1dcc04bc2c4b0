//! The ring against the naive oracle: the bytes are a list of operations, the same that the differential test makes up.

#![no_main]

#[path = "../../tests/common/ledger.rs"]
mod ledger;
#[path = "../../tests/common/oracle.rs"]
mod oracle;
#[path = "../../tests/common/script.rs"]
mod script;
#[path = "../../tests/common/world.rs"]
mod world;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(text) = world::run(bytes, false) {
        panic!("{text}");
    }
});

//! Names and patterns against the rules written down once more, and the subscriptions of a bus against a list of them: the bytes
//! are joins, leaves and publishes.

#![no_main]

#[path = "../../tests/common/topics.rs"]
mod topics;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(text) = topics::run(bytes) {
        panic!("{text}");
    }
});

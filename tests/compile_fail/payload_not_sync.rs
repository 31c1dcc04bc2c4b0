//! An event that may be sent but not shared: several subscribers would read it at once.
use eventcast::ring::Builder;
use std::cell::Cell;

fn main() {
    let _ = Builder::new(4).build::<Cell<u8>>();
}

//! Nor has it weak handles.
use eventcast::ring::Builder;

fn main() {
    let (publisher, _subscriber) = Builder::new(4).build_unique::<u8>().unwrap();
    let _weak = publisher.downgrade();
}

//! There is one unique publisher.
use eventcast::ring::Builder;

fn main() {
    let (publisher, _subscriber) = Builder::new(4).build_unique::<u8>().unwrap();
    let _second = publisher.clone();
}

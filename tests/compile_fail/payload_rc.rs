//! An event that stays on its thread, in a ring with a unique publisher.
use eventcast::ring::Builder;
use std::rc::Rc;

fn main() {
    let _ = Builder::new(4).build_unique::<Rc<u8>>();
}

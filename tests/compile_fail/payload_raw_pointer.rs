//! A raw pointer is neither sent nor shared.
use eventcast::ring;

fn main() {
    let _ = ring::channel::<*const u8>(4);
}

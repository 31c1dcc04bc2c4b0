//! An event that may be shared but not sent: it would be dropped on another thread.
use eventcast::ring;
use std::sync::MutexGuard;

fn main() {
    let _ = ring::channel::<MutexGuard<'static, u8>>(4);
}

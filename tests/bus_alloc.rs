//! Publishing through a topic handle and receiving allocate nothing.
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

use eventcast::{Bus, Overflow};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts the calling thread's allocations.
struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(f: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

#[test]
fn a_handle_and_its_readers_allocate_nothing() {
    let bus = Bus::<u64>::builder().capacity(64).build().unwrap();
    let mut block = bus.subscribe("a.*").unwrap();
    let mut lag = bus.subscription("b").overflow(Overflow::Lag).subscribe().unwrap();
    let topics = ["a.x", "b", "c"].map(|name| bus.topic(name).unwrap());
    let mut round = || {
        for n in 0..300 {
            topics[n % 3].publish(n as u64).unwrap();
            topics[n % 3].try_publish(n as u64).unwrap();
            while block.try_recv().is_ok() {}
            let _ = lag.drain(8, |_| {});
        }
    };
    // The first meeting with a topic makes room for its verdict.
    round();
    assert_eq!(allocations(round), 0);
    assert_ne!(allocations(|| drop(bus.topic("d").unwrap())), 0);
}

//! A bus with one lane, and what a subscription of it gets.

use eventcast::{Bus, BusBuilder, Event, Subscription};
use std::time::Duration;

pub(crate) fn builder() -> BusBuilder<u64> {
    Bus::builder().capacity(8).publish_timeout(Duration::ZERO).lane("ticks.>", 4)
}

pub(crate) fn bus() -> Bus<u64> {
    builder().build().unwrap()
}

/// Topic and payload.
pub(crate) fn what(event: &Event<u64>) -> (String, u64) {
    (event.topic().to_owned(), *event.payload())
}

/// Everything that is there.
pub(crate) fn all(sub: &mut Subscription<u64>) -> Vec<(String, u64)> {
    sub.try_iter().map(|event| what(&event)).collect()
}

pub(crate) fn payloads(sub: &mut Subscription<u64>, topic: &str) -> Vec<u64> {
    all(sub).into_iter().filter(|(of, _)| of == topic).map(|(_, payload)| payload).collect()
}

//! A list of operations as bytes: how the worlds of the ring and of the bus read theirs, and say what was wrong.
//!
//! Four bytes are one operation, so that a random list, a fuzzer's input and a kept regression are the same thing.

#![allow(dead_code, reason = "each user has its own part of it")]

use eventcast::{RecvTimeoutError, TryRecvError};

/// Bytes that say how the case is built.
pub(crate) const HEADER: usize = 8;
/// Bytes of an operation.
pub(crate) const STEP: usize = 4;
/// More operations than these are not played.
pub(crate) const MAX_STEPS: usize = 200;

/// What was wrong, in words.
pub(crate) type Check<T = ()> = Result<T, String>;

macro_rules! ensure {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err(format!($($text)+));
        }
    };
}
pub(crate) use ensure;

/// A list that is being played.
pub(crate) struct Script<'b> {
    bytes: &'b [u8],
    at: usize,
    /// Operations so far.
    pub(crate) steps: usize,
    trace: bool,
}

impl<'b> Script<'b> {
    /// With `trace`, what is played is printed.
    pub(crate) fn new(bytes: &'b [u8], trace: bool) -> Self {
        Self { bytes: bytes.get(HEADER..).unwrap_or(&[]), at: 0, steps: 0, trace }
    }

    /// The next operation; nothing at the list's end.
    pub(crate) fn next(&mut self) -> Option<[u8; STEP]> {
        let step = self.bytes.get(self.at..self.at + STEP).filter(|_| self.steps < MAX_STEPS)?;
        self.at += STEP;
        self.steps += 1;
        step.try_into().ok()
    }

    pub(crate) fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("  {}", text());
        }
    }
}

/// What a receive without a time-out would have answered.
pub(crate) fn from_timeout(error: RecvTimeoutError) -> TryRecvError {
    match error {
        RecvTimeoutError::Timeout => TryRecvError::Empty,
        RecvTimeoutError::Lagged(n) => TryRecvError::Lagged(n),
        RecvTimeoutError::Disconnected(n) => TryRecvError::Disconnected(n),
        _ => TryRecvError::Closed,
    }
}

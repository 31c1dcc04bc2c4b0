//! Messages for people, on standard error.

use std::fmt::Display;
use std::io::{Write, stderr};

/// Says something. Nobody listening is no failure.
pub(crate) fn say(message: impl Display) {
    let _ = writeln!(stderr().lock(), "eventcast: {message}");
}

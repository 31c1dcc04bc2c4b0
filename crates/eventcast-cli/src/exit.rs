//! The exit codes, in one place; `eventcast run --help` lists them.

use std::process::ExitCode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was published, and everything adds up.
    Success = 0,
    /// Wrong arguments, no input, an input without events; nothing was published.
    Refused = 1,
    /// Bad lines in the input.
    BadLines = 2,
    /// A subscriber that lost nothing differs from what was published, or an account does not balance.
    Unequal = 3,
    /// All is well but for a file that could not be written.
    NotWritten = 4,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

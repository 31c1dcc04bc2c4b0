//! What a run says at its end: for people as tables, for programs as JSON.

mod account;
mod format;
mod model;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use format::{counted, thousands};
pub(crate) use model::Report;

use std::io::{self, ErrorKind, Write};

/// Prints the report on standard output. Nobody reading it any more is no failure.
pub(crate) fn print(report: &Report, json: bool) -> io::Result<()> {
    let text = if json {
        let mut text = serde_json::to_string_pretty(report)?;
        text.push('\n');
        text
    } else {
        text::render(report)
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

//! The progress bar: on a terminal only.

use crate::report::thousands;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::{IsTerminal, stderr};

const TEMPLATE: &str = "{bar:32} {human_pos} of {human_len} events, {rate} events/s, {eta} left";

/// Shows how many events are published; nothing where standard error is no terminal.
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(total: u64) -> Self {
        let target =
            if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.with_key("rate", rate));
        }
        Self(bar)
    }

    pub(super) fn show(&self, published: u64) {
        self.0.set_position(published);
    }
}

fn rate(state: &ProgressState, out: &mut dyn Write) {
    let _ = out.write_str(&thousands(state.per_sec() as u64));
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

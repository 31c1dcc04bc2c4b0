//! Ctrl-C: the first one stops publishing and lets the subscribers drain, the second one ends the program.

use std::sync::Arc;
#[allow(clippy::disallowed_types, reason = "the program's one flag that a signal sets")]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What a shell makes of a program that Ctrl-C ended.
const ENDED_BY_CTRL_C: i32 = 130;

/// Says whether publishing is to stop.
#[derive(Clone, Debug, Default)]
#[allow(clippy::disallowed_types, reason = "see above")]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A flag that Ctrl-C (and on Unix SIGTERM and SIGHUP) sets.
    pub(crate) fn on_ctrl_c() -> Result<Self, ctrlc::Error> {
        let stop = Self::default();
        let flag = stop.clone();
        ctrlc::set_handler(move || {
            if flag.0.swap(true, Relaxed) {
                std::process::exit(ENDED_BY_CTRL_C);
            }
        })?;
        Ok(stop)
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Relaxed)
    }
}

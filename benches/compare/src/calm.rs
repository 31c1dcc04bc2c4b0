//! Whether other programs had the cores while something was measured.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Others may use this many cores before a pair counts as disturbed.
pub(crate) const TOLERATED: f64 = 0.1;

/// A disturbed pair is measured again this often before it is kept as it is.
pub(crate) const REPEATS: usize = 3;

/// How long to look before saying that it is calm.
const WINDOW: Duration = Duration::from_millis(150);

/// CPU time spent so far, by the whole machine and by this process, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    at: Instant,
    machine: f64,
    own: f64,
}

impl Usage {
    /// Up to now; none where the system does not tell.
    pub(crate) fn now() -> Option<Self> {
        let (machine, own) = seconds()?;
        Some(Self { at: Instant::now(), machine, own })
    }

    /// How many cores others have used on average since then.
    pub(crate) fn others(&self) -> Option<f64> {
        let (machine, own) = seconds()?;
        let others = (machine - self.machine) - (own - self.own);
        Some((others / self.at.elapsed().as_secs_f64()).max(0.0))
    }
}

/// Waits until others leave the cores alone, at most `limit`; false when they did not.
pub(crate) fn wait(limit: Duration) -> bool {
    let from = Instant::now();
    loop {
        let Some(usage) = Usage::now() else { return true };
        sleep(WINDOW);
        if usage.others().is_none_or(|others| others < TOLERATED) {
            return true;
        }
        if from.elapsed() >= limit {
            return false;
        }
    }
}

/// CPU seconds of the machine and of this process.
#[cfg(target_os = "linux")]
fn seconds() -> Option<(f64, f64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let fields = text.lines().next()?.strip_prefix("cpu")?;
    // proc(5): user nice system idle iowait irq softirq steal, then guest times that user already contains.
    let ticks: Vec<f64> = fields.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|at| ticks.get(*at)).sum::<f64>();
    // SAFETY: sysconf reads no memory of ours.
    let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let mut own = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of our own that outlives the call.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut own) };
    (status == 0 && per_second > 0.0)
        .then(|| (busy / per_second, own.tv_sec as f64 + own.tv_nsec as f64 / 1e9))
}

/// Not known.
#[cfg(not(target_os = "linux"))]
fn seconds() -> Option<(f64, f64)> {
    None
}

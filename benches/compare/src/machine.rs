//! What a record says about where and when it was made.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where and when.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Processor, cores, operating system and architecture.
    pub(crate) description: String,
    /// Cores this process may use.
    pub(crate) cores: usize,
    /// `rustc --version`.
    pub(crate) rustc: String,
    /// Short commit, with `-dirty` when the tree differs from it; `none` outside a repository.
    pub(crate) commit: String,
    /// Year, month and day (UTC).
    pub(crate) date: String,
    /// Hours and minutes (UTC).
    pub(crate) time: String,
    /// Load average of the last minute.
    pub(crate) load: String,
}

impl Machine {
    /// Looks around.
    pub(crate) fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (date, time) = now();
        Self {
            description: format!(
                "{}, {cores} logical cores{}, {} {}",
                processor(),
                siblings(),
                std::env::consts::OS,
                std::env::consts::ARCH
            ),
            cores,
            rustc: output("rustc", &["--version"]).unwrap_or_else(|| "unknown".to_owned()),
            commit: commit(),
            date,
            time,
            load: load(),
        }
    }
}

/// Load average of the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// The processor's name.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    name.map_or_else(
        || "unknown processor".to_owned(),
        |name| name.trim_start_matches([' ', '\t', ':']).to_owned(),
    )
}

/// A remark where logical cores share a physical one.
fn siblings() -> String {
    let list =
        fs::read_to_string("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list").unwrap_or_default();
    let list = list.trim();
    if list.contains([',', '-']) {
        format!(" (logical cores {list} share a physical one)")
    } else {
        String::new()
    }
}

/// What a program prints, trimmed, when it succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The commit of the working directory.
fn commit() -> String {
    let Some(commit) = output("git", &["rev-parse", "--short=10", "HEAD"]) else { return "none".to_owned() };
    match output("git", &["status", "--porcelain", "--untracked-files=no"]) {
        Some(changes) if !changes.is_empty() => format!("{commit}-dirty"),
        _ => commit,
    }
}

/// Date and time in UTC.
fn now() -> (String, String) {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute) = (seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}"))
}

/// The day `days` after 1970-01-01, by the rule of Howard Hinnant's "chrono-compatible low-level date algorithms".
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_777), (2026, 11, 20));
    }
}

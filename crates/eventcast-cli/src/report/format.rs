//! Numbers for people.

use std::time::Duration;

/// `1,234,567`
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three significant digits and a unit: `87 ns`, `1.20 µs`, `34.5 ms`, `2.00 s`.
pub(super) fn nanoseconds(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..999_500 => scaled(ns, 1e3, "µs"),
        999_500..999_500_000 => scaled(ns, 1e6, "ms"),
        _ => scaled(ns, 1e9, "s"),
    }
}

pub(super) fn duration(duration: Duration) -> String {
    nanoseconds(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

/// `2.83 MB`
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} bytes"),
        1_000..999_500 => scaled(n, 1e3, "kB"),
        999_500..999_500_000 => scaled(n, 1e6, "MB"),
        _ => scaled(n, 1e9, "GB"),
    }
}

/// `1 event`, `2 events`
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{} {many}", thousands(n)) }
}

fn scaled(n: u64, unit: f64, name: &str) -> String {
    let value = n as f64 / unit;
    let digits = match value {
        0.0..9.995 => 2,
        9.995..99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        let all = [0, 7, 999, 1_000, 12_345, 1_234_567].map(thousands);
        assert_eq!(all, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
        let all =
            [0, 999, 1_000, 12_345, 99_960, 999_499, 999_500, 34_500_000, 2_000_000_000, 3_600_000_000_000]
                .map(nanoseconds);
        let expected = [
            "0 ns", "999 ns", "1.00 µs", "12.3 µs", "100 µs", "999 µs", "1.00 ms", "34.5 ms", "2.00 s",
            "3600 s",
        ];
        assert_eq!(all, expected);
        assert_eq!([7, 2_832_281].map(bytes), ["7 bytes", "2.83 MB"]);
        assert_eq!([1, 2_000].map(|n| counted(n, "event", "events")), ["1 event", "2,000 events"]);
    }
}

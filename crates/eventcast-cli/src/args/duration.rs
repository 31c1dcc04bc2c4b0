//! A duration as people write it: a number and a unit.

use std::time::Duration;

/// Reads `250ms`, `2s`, `1.5m`; the units are `us`, `ms`, `s`, `m` and `h`.
pub(super) fn read(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; it is a number and us, ms, s, m or h, such as 250ms");
    let unit_at = text.find(|c: char| c != '.' && !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| format!("{text:?} is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        let all = ["250us", "250ms", "2s", "1.5m", "1h", "0s"].map(|text| read(text).unwrap());
        let micros = [250, 250_000, 2_000_000, 90_000_000, 3_600_000_000, 0].map(Duration::from_micros);
        assert_eq!(all, micros);
        for text in ["", "5", "s", "ms", "-1s", "1.2.3s", "5 s", "5S", "5d", "."] {
            assert!(read(text).unwrap_err().contains("is no duration"), "{text}");
        }
        assert!(read("99999999999999999999h").unwrap_err().contains("too long"));
    }
}

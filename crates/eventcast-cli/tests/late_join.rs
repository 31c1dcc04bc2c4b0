//! Subscribers that join after some events were published start where they were told to.

mod common;

use common::{account, adds_up, line, run_on};
use serde_json::Value;

const TOTAL: u64 = 40;

/// Ten different events four times, a ring of 8; both kinds of subscribers join after 20.
fn joined(start: &str, publishers: &str) -> Value {
    let input: String = (0..10).map(|n| line(&format!("t.{}", n % 3), &n.to_string())).collect();
    let mut args = vec!["--json", "--repeat", "4", "--capacity", "8", "--publishers", publishers];
    args.extend(["--join-after", "20", "--start", start]);
    args.extend(["--subscribe", ">", "--subscribe", "t.1:queue:64:block"]);
    run_on(input, &args).expect(0).json()
}

#[track_caller]
fn starts_at(report: &Value, sequence: u64) {
    for n in 0..2 {
        let subscriber = &report["subscribers"][n];
        assert_eq!(subscriber["joined"], sequence, "{report:#}");
        // Number and checksum of exactly what was published from there on.
        assert_eq!(subscriber["verdict"], "equal");
        assert_eq!(account(report, n, "published"), TOTAL - sequence);
        adds_up(report, n);
    }
    assert_eq!(report["subscribers"][0]["received"], TOTAL - sequence);
    assert_eq!(report["bus"]["accepted"], TOTAL);
}

#[test]
fn at_the_start_they_are_told() {
    for publishers in ["1", "3"] {
        starts_at(&joined("now", publishers), 20);
        starts_at(&joined("oldest", publishers), 12);
        starts_at(&joined("sequence:15", publishers), 15);
        starts_at(&joined("sequence:20", publishers), 20);
    }
}

#[test]
fn after_everything() {
    let input = line("a", "1") + &line("a", "2");
    let args = ["--json", "--subscribe", "a", "--join-after", "2", "--start"];
    for (start, received) in [("now", 0), ("oldest", 2)] {
        let report = run_on(&input, &[&args[..], &[start]].concat()).expect(0).json();
        assert_eq!(report["subscribers"][0]["received"], received);
        assert_eq!(report["subscribers"][0]["verdict"], "equal");
    }
}

#[test]
fn oldest_is_the_first_when_they_join_first() {
    let args = ["--json", "--subscribe", "a", "--start", "oldest"];
    let report = run_on(line("a", "1"), &args).expect(0).json();
    assert_eq!(
        (&report["subscribers"][0]["joined"], &report["subscribers"][0]["received"]),
        (&0.into(), &1.into())
    );
}

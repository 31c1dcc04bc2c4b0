//! The main job: real deliveries are published, read and accounted for.

mod common;

use common::{finish, line, run, run_on, webhooks};
use serde_json::Value;

#[test]
fn the_real_file() {
    let mut command = run();
    command.arg(webhooks());
    let done = finish(command).expect(0);
    assert!(done.out.contains("273 events on 163 topics"), "{}", done.out);
    assert!(done.out.contains("273 offered = 273 accepted + 0 refused"), "{}", done.out);
    assert!(done.out.contains("Every account balances"), "{}", done.out);
    assert!(done.out.contains("p99.9"), "{}", done.out);
    assert!(!done.out.contains("DIFFERS") && !done.out.contains("NOT BALANCE"), "{}", done.out);
    // Every payload's hash is in the sum that subscriber and publishers show.
    let everything =
        done.out.lines().find(|l| l.starts_with('>') && l.ends_with("equal")).expect("a lossless one");
    let sums: Vec<_> = everything.split_whitespace().filter(|word| word.len() == 16).collect();
    assert_eq!(sums.len(), 2, "{everything}");
    assert_eq!(sums[0], sums[1]);
    // No terminal, no progress bar; messages stay off standard output.
    assert_eq!(done.err.lines().count(), 1, "{}", done.err);
}

#[test]
fn repeated_by_several_publishers() {
    let mut command = run();
    command.arg(webhooks()).args(["--repeat", "20", "--publishers", "3", "--capacity", "64", "--json"]);
    command.args(["--subscribe", ">", "--subscribe", "github.*.created", "--subscribe", "github.push:block"]);
    let report = finish(command).expect(0).json();
    assert_eq!(report["bus"]["accepted"], 20 * 273);
    let publishers = report["publishers"].as_array().unwrap();
    let accepted: Vec<_> = publishers.iter().map(|p| p["accepted"].as_u64().unwrap()).collect();
    assert_eq!(accepted, [1820, 1820, 1820]);
    let subscribers = report["subscribers"].as_array().unwrap();
    assert_eq!(subscribers[0]["received"], 20 * 273);
    for subscriber in subscribers {
        assert_eq!(subscriber["verdict"], "equal");
        assert_eq!(subscriber["lost"], 0);
        assert_eq!(subscriber["checksum"], subscriber["expected_checksum"]);
        assert_eq!(subscriber["received"], subscriber["expected"]);
        assert_eq!(subscriber["account"]["balanced"], true);
    }
    // Twenty times the sum of one pass.
    let mut once = run();
    once.arg(webhooks()).args(["--json", "--subscribe", ">"]);
    let once = finish(once).expect(0).json();
    let sum = |v: &Value| u64::from_str_radix(v["subscribers"][0]["checksum"].as_str().unwrap(), 16).unwrap();
    assert_ne!(sum(&once), 0);
    assert_eq!(sum(&report), sum(&once).wrapping_mul(20));
}

#[test]
fn more_publishers_than_events() {
    let report = run_on(line("a", "1"), &["--publishers", "5", "--repeat", "3", "--json"]).expect(0).json();
    let accepted: Vec<_> =
        report["publishers"].as_array().unwrap().iter().map(|p| p["accepted"].as_u64().unwrap()).collect();
    assert_eq!(accepted, [1, 1, 1, 0, 0]);
    assert_eq!(report["publishers"][4]["publish_ns"]["p50"], Value::Null);
}

#[test]
fn standard_input_is_the_same_as_the_file() {
    let text = std::fs::read(webhooks()).unwrap();
    let from_stdin = run_on(text, &["--json", "--subscribe", ">"]).expect(0).json();
    let mut command = run();
    command.arg(webhooks()).args(["--json", "--subscribe", ">"]);
    let from_file = finish(command).expect(0).json();
    assert_eq!(from_stdin["input"]["source"], "standard input");
    assert_eq!(from_stdin["input"]["events"], from_file["input"]["events"]);
    assert_eq!(from_stdin["subscribers"][0]["checksum"], from_file["subscribers"][0]["checksum"]);
}

#[test]
fn a_lagging_subscriber_loses_and_says_so() {
    let mut command = run();
    command.arg(webhooks()).args(["--repeat", "30", "--capacity", "1", "--json"]);
    command.args(["--subscribe", ">:lag", "--subscribe", "github.issues.>:lag"]);
    let report = finish(command).expect(0).json();
    for subscriber in report["subscribers"].as_array().unwrap() {
        assert_eq!(subscriber["overflow"], "lag");
        let account = &subscriber["account"];
        let part = |name: &str| account[name].as_u64().unwrap();
        assert_eq!(part("published"), 30 * 273);
        assert_eq!(part("published"), part("delivered") + part("filtered") + part("lost") + part("ahead"));
        assert_eq!(account["balanced"], true);
        let verdict = if part("lost") > 0 { "lossy" } else { "equal" };
        assert_eq!(subscriber["verdict"], verdict);
    }
    // Nobody waits for either, and the ring holds one event: reading and hashing kilobytes cannot keep up.
    assert!(report["subscribers"][0]["lost"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn default_subscribers_follow_the_input() {
    let lines: String = ["a.b.c", "a.b.d", "a.x.y", "z"].map(|topic| line(topic, "0")).concat();
    let report = run_on(lines, &["--json"]).expect(0).json();
    let of = |n: usize, name: &str| report["subscribers"][n][name].as_str().unwrap().to_owned();
    assert_eq!([of(0, "pattern"), of(0, "overflow")], [">", "block"]);
    assert_eq!([of(1, "pattern"), of(1, "overflow")], ["a.b.>", "block"]);
    assert_eq!([of(2, "pattern"), of(2, "overflow")], [">", "lag"]);
    let report = run_on(line("z", "0"), &["--json"]).expect(0).json();
    assert_eq!(report["subscribers"].as_array().unwrap().len(), 2);
}

#[test]
fn the_shape_of_the_json() {
    let done = run_on(line("a.b", "{\"x\": 1}"), &["--json", "--subscribe", "a.*"]).expect(0);
    let report = done.json();
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["verified"], true);
    assert_eq!(report["interrupted"], false);
    assert_eq!(report["planned"], 1);
    assert_eq!(report["input"]["payload_bytes"], 8);
    assert!(report["elapsed_ns"].as_u64().unwrap() > 0);
    let publisher = &report["publishers"][0];
    for name in ["publisher", "offered", "accepted"] {
        assert_eq!(publisher[name], 1, "{name}");
    }
    assert_eq!(publisher["refused"], 0);
    assert_eq!(publisher["refused_for"]["closed"], 0);
    let subscriber = &report["subscribers"][0];
    assert_eq!(subscriber["pattern"], "a.*");
    assert_eq!((&subscriber["received"], &subscriber["expected"]), (&1.into(), &1.into()));
    assert_eq!(subscriber["checksum"].as_str().unwrap().len(), 16);
    for (who, name) in [(publisher, "publish_ns"), (subscriber, "end_to_end_ns")] {
        for percentile in ["p50", "p99", "p99.9", "max"] {
            assert!(who[name][percentile].is_u64(), "{name} {percentile}");
        }
        assert!(who["events_per_second"].is_u64());
    }
}

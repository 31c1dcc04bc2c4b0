//! `--metrics FILE` holds what the engine has counted, subscriber by subscriber, and agrees with the report.

mod common;

use common::{account, finish, line, run, run_on};
use std::path::PathBuf;

/// A file of this test alone.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn the_file_agrees_with_the_report() {
    let path = file("agrees.prom");
    std::fs::write(&path, "of an earlier run\n".repeat(1_000)).unwrap();
    let input = line("a.b", "1") + &line("a.c", "2") + &line("x", "3");
    let args = ["--json", "--repeat", "50", "--subscribe", "a.*", "--subscribe", ">:queue:4"];
    let done = run_on(input, &[&args[..], &["--metrics", path.to_str().unwrap()]].concat()).expect(0);
    let report = done.json();
    let text = std::fs::read_to_string(&path).unwrap();
    let total = |name: &str| {
        let samples = text.lines().filter_map(|line| line.split_once(' ')).filter(|(sample, _)| {
            let family = sample.split('{').next().unwrap();
            family == format!("eventcast_{name}_total")
        });
        samples.map(|(_, value)| value.parse::<u64>().unwrap()).sum::<u64>()
    };
    let reported = |name| (0..2).map(|n| account(&report, n, name)).sum::<u64>();
    assert_eq!(total("published"), 150, "{text}");
    assert_eq!(total("delivered"), reported("delivered"), "{text}");
    assert_eq!(total("filtered"), reported("filtered"), "{text}");
    assert_eq!(total("lost"), reported("lost"), "{text}");
    // The subscribers are still there when it is written.
    for (n, pattern) in ["a.*", ">"].into_iter().enumerate() {
        let delivered = account(&report, n, "delivered");
        let sample = |line: &str| {
            line.starts_with("eventcast_subscription_delivered_total{")
                && line.contains(&format!("pattern=\"{pattern}\""))
                && line.ends_with(&format!(" {delivered}"))
        };
        assert!(text.lines().any(sample), "{pattern} {delivered} in {text}");
    }
    assert!(!text.contains("earlier"), "{text}");
}

#[test]
fn a_run_that_stops_with_an_error_before_it_publishes_leaves_the_file_alone() {
    let path = file("alone.prom");
    std::fs::write(&path, "as it was").unwrap();
    let args = ["--join-after", "9", "--metrics", path.to_str().unwrap()];
    run_on(line("a", "1"), &args).expect(1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "as it was");
}

#[test]
fn the_input_is_not_written_over() {
    let path = file("input.ndjson");
    std::fs::write(&path, line("a", "1")).unwrap();
    let mut command = run();
    command.arg(&path).arg("--metrics").arg(path.with_file_name("./input.ndjson"));
    let done = finish(command).expect(1);
    assert!(done.err.contains("that is the input; nothing was published"), "{}", done.err);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), line("a", "1"));
}

#[test]
fn a_file_that_cannot_be_made() {
    let path = file("no/such/directory/x.prom");
    let done = run_on(line("a", "1"), &["--metrics", path.to_str().unwrap()]).expect(1);
    assert_eq!(done.out, "");
    assert!(done.err.contains("x.prom: ") && done.err.contains("nothing was published"), "{}", done.err);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_be_written() {
    let done = run_on(line("a", "1"), &["--json", "--metrics", "/dev/full"]).expect(4);
    assert_eq!(done.json()["exit_code"], 4);
    assert!(done.err.contains("cannot write the metrics to /dev/full"), "{}", done.err);
    // What the run has to say comes first.
    run_on("x\n".to_owned() + &line("a", "1"), &["--metrics", "/dev/full"]).expect(2);
}

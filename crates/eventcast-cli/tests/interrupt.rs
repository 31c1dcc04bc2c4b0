//! Ctrl-C stops publishing, lets the subscribers drain, and prints the report.
#![cfg(unix)]

mod common;

use common::{Finished, line, run};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

/// Starts a run that would take for ever, and waits until it publishes.
fn endless(args: &[&str]) -> (Child, impl BufRead + use<>) {
    let mut command = run();
    command.args(["-", "--repeat", "1000000000000"]).args(args).stdin(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all((line("a.b", "1") + &line("a.c", "22")).as_bytes()).unwrap();
    drop(stdin);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    stderr.read_line(&mut first).unwrap();
    assert!(first.contains("publishing"), "{first}");
    (child, stderr)
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(status.success());
}

#[test]
fn the_first_one_drains_and_reports() {
    for name in ["-INT", "-TERM"] {
        let (child, _stderr) =
            endless(&["--publishers", "2", "--json", "--subscribe", ">", "--subscribe", "a.b:lag"]);
        signal(&child, name);
        let done = Finished::new(child.wait_with_output().unwrap()).expect(0);
        let report = done.json();
        assert_eq!(report["interrupted"], true);
        assert_eq!(report["verified"], true);
        let accepted = report["bus"]["accepted"].as_u64().unwrap();
        assert!(accepted < report["planned"].as_u64().unwrap());
        let lossless = &report["subscribers"][0];
        assert_eq!(lossless["received"], accepted);
        assert_eq!((&lossless["verdict"], &lossless["account"]["ahead"]), (&"equal".into(), &0.into()));
    }
}

#[test]
fn the_table_says_that_it_was_interrupted() {
    let (child, _stderr) = endless(&[]);
    signal(&child, "-INT");
    let done = Finished::new(child.wait_with_output().unwrap()).expect(0);
    assert!(done.out.contains("(interrupted)"), "{}", done.out);
    assert!(done.out.contains("Every account balances"), "{}", done.out);
}

#[test]
fn before_anybody_has_joined() {
    for start in ["oldest", "sequence:999999999999"] {
        let (child, _stderr) = endless(&[
            "--join-after",
            "1000000000000",
            "--start",
            start,
            "--json",
            "--subscribe",
            ">",
            "--capacity",
            "8",
        ]);
        signal(&child, "-INT");
        let done = Finished::new(child.wait_with_output().unwrap()).expect(0);
        let report = done.json();
        assert_eq!(report["verified"], true);
        let kept = report["bus"]["accepted"].as_u64().unwrap().min(8);
        let received = if start == "oldest" { kept } else { 0 };
        assert_eq!(report["subscribers"][0]["received"], received);
    }
}

#[test]
fn lines_say_how_far_it_is() {
    let (child, mut stderr) = endless(&["--stats", "--subscribe", ">", "--subscribe", "a.b:queue:4"]);
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    signal(&child, "-INT");
    let done = Finished::new(child.wait_with_output().unwrap()).expect(0);
    assert!(
        line.starts_with("eventcast: ") && line.contains(" of 2,000,000,000,000 events (0%), "),
        "{line}"
    );
    for part in [" events/s; lost ", "; behind: > ", ", a.b "] {
        assert!(line.contains(part), "{part:?} in {line}");
    }
    assert!(done.out.starts_with("input "), "{}", done.out);
}

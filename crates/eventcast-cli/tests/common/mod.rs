//! Running the built program.

#![allow(dead_code, reason = "each test target uses a part of it")]

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The real deliveries.
pub(crate) fn webhooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/github-webhooks.ndjson")
}

/// `eventcast run`, nothing said yet.
pub(crate) fn run() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_eventcast"));
    command.arg("run").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a finished program left behind.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Finished {
    pub(crate) fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err))
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.out, self.err);
        self
    }
}

pub(crate) fn finish(mut command: Command) -> Finished {
    Finished::new(command.output().expect("the program starts"))
}

/// Runs it with this standard input.
pub(crate) fn feed(mut command: Command, input: &[u8]) -> Finished {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // A program that stops early does not read everything.
    let _ = stdin.write_all(input);
    drop(stdin);
    Finished::new(child.wait_with_output().expect("the program ends"))
}

/// Runs `eventcast run - ARGS…` on this text.
pub(crate) fn run_on(input: impl AsRef<[u8]>, args: &[&str]) -> Finished {
    let mut command = run();
    command.arg("-").args(args);
    feed(command, input.as_ref())
}

/// A good line.
pub(crate) fn line(topic: &str, data: &str) -> String {
    format!("{{\"topic\":\"{topic}\",\"data\":{data}}}\n")
}

/// One number of the account of subscriber `n`.
pub(crate) fn account(report: &Value, n: usize, name: &str) -> u64 {
    let account = &report["subscribers"][n]["account"];
    account[name].as_u64().unwrap_or_else(|| panic!("no {name} in {account}"))
}

/// The account of subscriber `n` adds up.
#[track_caller]
pub(crate) fn adds_up(report: &Value, n: usize) {
    let parts = ["delivered", "filtered", "lost", "queued", "ahead", "missed"];
    let sum: u64 = parts.iter().map(|name| account(report, n, name)).sum();
    assert_eq!(account(report, n, "published"), sum, "{report:#}");
    assert_eq!(report["subscribers"][n]["account"]["balanced"], true);
}

//! Bad lines are reported with their number, counted and skipped; what cannot be run at all publishes nothing.

mod common;

use common::{feed, finish, line, run, run_on};

const JSON: &[&str] = &["--json", "--subscribe", ">"];

/// A good line, the bad one, a good line.
fn between(bad: &[u8]) -> Vec<u8> {
    [line("a", "1").as_bytes(), bad, b"\n", line("a", "2").as_bytes()].concat()
}

#[track_caller]
fn skipped(bad: &[u8], kind: &str, column: Option<u64>, message: &str) {
    let done = run_on(between(bad), JSON).expect(2);
    let report = done.json();
    assert_eq!(report["exit_code"], 2);
    assert_eq!(report["bus"]["accepted"], 2);
    assert_eq!(report["input"]["events"], 2);
    assert_eq!(report["input"][kind], 1);
    let reported = &report["input"]["bad_lines"][0];
    assert_eq!(reported["line"], 2);
    assert_eq!(reported["kind"], kind);
    assert_eq!(reported["column"].as_u64(), column);
    let text = reported["message"].as_str().unwrap();
    assert!(text.contains(message), "{text}");
    let expected = match column {
        Some(column) => format!("line 2, column {column}: {text}"),
        None => format!("line 2: {text}"),
    };
    assert!(done.err.contains(&expected), "{}", done.err);
}

#[test]
fn malformed_lines() {
    skipped(b"{\"topic\":\"a\",", "malformed", Some(13), "not JSON");
    skipped(b"hello", "malformed", Some(1), "not JSON");
    skipped(b"{\"topic\":\"a\"}", "malformed", Some(13), "missing field `data`");
    skipped(b"{\"data\":1}", "malformed", Some(10), "missing field `topic`");
    skipped(b"{\"topic\":\"a..b\",\"data\":1}", "malformed", None, "token 2 is empty (column 3)");
    skipped(b"{\"topic\":\"a.*\",\"data\":1}", "malformed", None, "wildcard");
    skipped(b"{\"topic\":\"a\",\"data\":1}{", "malformed", Some(23), "trailing");
}

#[test]
fn lines_that_are_not_utf8() {
    skipped(b"{\"topic\":\"a\",\"data\":\"\xC3\x28\"}", "not_utf8", Some(22), "0xc3");
    skipped(b"\xFF\xFE", "not_utf8", Some(1), "0xff");
}

#[test]
fn over_long_lines() {
    let longest = line("a", "1");
    let limit = (longest.len() - 1).to_string();
    let over = line("ab", "1");
    let input = format!("{longest}{over}{longest}");
    let done = run_on(input, &[&["--max-line", &limit], JSON].concat()).expect(2);
    let report = done.json();
    assert_eq!((&report["input"]["events"], &report["input"]["too_long"]), (&2.into(), &1.into()));
    assert!(
        done.err.contains(&format!("line 2: too long: {} bytes, at most {limit}", over.len() - 1)),
        "{}",
        done.err
    );
}

#[test]
fn the_default_limit_is_a_mebibyte() {
    let text = |n: usize| line("a", &format!("\"{}\"", "x".repeat(n)));
    let frame = text(0).len() - 1;
    let input = text((1 << 20) - frame) + &text((1 << 20) - frame + 1);
    let report = run_on(input, JSON).expect(2).json();
    assert_eq!((&report["input"]["events"], &report["input"]["too_long"]), (&1.into(), &1.into()));
}

#[test]
fn all_kinds_are_counted() {
    let bad: &[u8] = b"x\n\xFF\n\n   \n{\n";
    let input = [bad, line("a", &"1".repeat(100)).as_bytes(), line("a", "1").as_bytes()].concat();
    let done = run_on(input, &["--max-line", "50"]).expect(2);
    assert!(done.out.contains("4 bad lines: 2 malformed, 1 too long, 1 not UTF-8"), "{}", done.out);
    for number in ["line 1, column 1: ", "line 2, column 1: ", "line 5, column 1: ", "line 6: "] {
        assert!(done.err.contains(number), "{number:?} in {}", done.err);
    }
    assert!(done.out.contains("1 offered = 1 accepted + 0 refused"), "{}", done.out);
}

#[test]
fn nothing_but_bad_lines() {
    let report = run_on("x\ny\n", JSON).expect(2).json();
    assert_eq!(report["bus"]["accepted"], 0);
    assert_eq!(report["input"]["malformed"], 2);
}

#[test]
fn strict_stops_at_the_first_before_publishing() {
    let done = run_on("x\ny\n".to_owned() + &line("a", "1"), &["--strict", "--json"]).expect(2);
    assert_eq!(done.out, "");
    assert!(done.err.contains("line 1, column 1"), "{}", done.err);
    assert!(!done.err.contains("line 2"), "{}", done.err);
    assert!(done.err.contains("nothing was published"), "{}", done.err);
    run_on(line("a", "1"), &["--strict"]).expect(0);
}

#[test]
fn last_lines_without_an_end_and_windows_line_ends() {
    let input = line("a", "1").replace('\n', "\r\n") + line("a", "2").trim_end();
    let report = run_on(input, JSON).expect(0).json();
    assert_eq!((&report["input"]["events"], &report["input"]["lines"]), (&2.into(), &2.into()));
}

#[track_caller]
fn refused(args: &[&str], input: &str, message: &str) {
    let mut command = run();
    command.args(args);
    let done = feed(command, input.as_bytes()).expect(1);
    assert_eq!(done.out, "");
    assert!(done.err.contains(message), "{}", done.err);
}

#[test]
fn no_input() {
    refused(&["no/such/file.ndjson"], "", "cannot read no/such/file.ndjson");
    refused(&["."], "", "cannot read .");
    refused(&["-"], "", "standard input has no events");
    refused(&["-"], "\n \n", "standard input has no events");
    let mut command = run();
    command.arg("-");
    assert!(finish(command).expect(1).err.contains("nothing was published"));
    refused(&[], "", "<INPUT>");
}

#[test]
fn bad_patterns() {
    let good = line("a", "1");
    refused(&["-", "--subscribe", "a..b"], &good, "token 2 is empty (column 3)");
    refused(&["-", "--subscribe", ">", "--subscribe", ">.a:lag"], &good, "'>', which may only come last");
    refused(&["-", "--subscribe", "a.b*"], &good, "a wildcard is a whole token");
    refused(&["-", "--subscribe", "a:lagg"], &good, "neither block nor lag");
    refused(&["-", "--subscribe", ""], &good, "it is empty");
}

#[test]
fn bad_queues_and_filters() {
    let good = line("a", "1");
    let subscribe = |text, message| refused(&["-", "--subscribe", text], &good, message);
    subscribe("a:queue:0", "\"0\" after queue: is no number of events, 1 to 16777216");
    subscribe("a:queue:9:lag", "\"lag\" is no overflow of a queue");
    subscribe("a:queue:9:block:5", "\"5\" is no duration");
    subscribe(
        "a where status>=anna",
        "filter, column 9: a number, a quoted text, true, false or null expected",
    );
    subscribe("a:lag were x==1", "after the blank is no `where FILTER`");
}

#[test]
fn bad_starts() {
    let good = line("a", "1");
    refused(&["-", "--start", "first"], &good, "neither now, oldest nor sequence:N");
    refused(&["-", "--start", "sequence:1"], &good, "can start at 0 to 0; nothing was published");
    refused(&["-", "--join-after", "2"], &good, "the run has only 1 events; nothing was published");
    refused(&["-", "--join-after", "few"], &good, "--join-after");
}

#[test]
fn bad_numbers() {
    let good = line("a", "1");
    for args in [
        ["-", "--repeat", "0"],
        ["-", "--repeat", "many"],
        ["-", "--publishers", "0"],
        ["-", "--capacity", "0"],
        ["-", "--capacity", "16777217"],
        ["-", "--max-line", "0"],
    ] {
        refused(&args, &good, "invalid value");
    }
    refused(&["-", "--repeat", "18446744073709551615"], &(good.clone() + &good), "too many to count");
    refused(&["-", "--no-such-option"], &good, "--no-such-option");
}

#[test]
fn help_and_version_are_no_failure() {
    let mut command = run();
    command.arg("--help");
    let help = finish(command).expect(0);
    assert!(help.out.contains("Exit codes") && help.out.contains("--subscribe"), "{}", help.out);
    let version =
        std::process::Command::new(env!("CARGO_BIN_EXE_eventcast")).arg("--version").output().unwrap();
    assert!(version.status.success());
}

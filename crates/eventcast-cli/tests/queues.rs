//! Queued subscribers: each overflow does what it says, and the accounts add up.

mod common;

use common::{account, adds_up, finish, line, run, run_on, webhooks};
use serde_json::Value;

/// The real deliveries, again and again, faster than anybody can read them.
fn flooded(subscribers: &[&str]) -> Value {
    let mut command = run();
    command.arg(webhooks()).args(["--repeat", "20", "--capacity", "64", "--json"]);
    for subscriber in subscribers {
        command.args(["--subscribe", subscriber]);
    }
    finish(command).expect(0).json()
}

#[test]
fn a_blocking_queue_loses_nothing() {
    let report = flooded(&[">:queue:4:block", "github.issues.*:queue:200:block", ">"]);
    for n in 0..3 {
        assert_eq!(report["subscribers"][n]["verdict"], "equal");
        assert_eq!(account(&report, n, "published"), 20 * 273);
        assert_eq!(account(&report, n, "lost"), 0);
        adds_up(&report, n);
    }
    let first = &report["subscribers"][0];
    assert_eq!((&first["queue"], &first["overflow"]), (&4.into(), &"block".into()));
    assert_eq!(report["subscribers"][2]["queue"], Value::Null);
}

#[test]
fn a_dropping_queue_loses_and_says_so() {
    let report = flooded(&[">:queue:1", ">:queue:1:drop-newest", ">:queue:1:block:0ms"]);
    for (n, overflow) in ["drop-oldest", "drop-newest", "block:0ns"].into_iter().enumerate() {
        assert_eq!(report["subscribers"][n]["overflow"], overflow);
        assert!(account(&report, n, "lost") > 0, "{report:#}");
        assert_eq!(report["subscribers"][n]["verdict"], "lossy");
        adds_up(&report, n);
    }
}

#[test]
fn a_disconnecting_queue_ends_its_subscriber() {
    let report = flooded(&[">:queue:1:disconnect"]);
    assert_eq!(report["subscribers"][0]["verdict"], "disconnected");
    assert!(account(&report, 0, "missed") > 0, "{report:#}");
    adds_up(&report, 0);
    // With room for everything it stays.
    let report = run_on(line("a", "1"), &["--json", "--subscribe", "a:queue:8:disconnect"]).expect(0).json();
    assert_eq!(report["subscribers"][0]["verdict"], "equal");
}

#[test]
fn the_table_shows_queues() {
    let args = ["--subscribe", "a.*:queue:8:block", "--subscribe", "a.b:queue:8 where x==1"];
    let out = run_on(line("a.b", "{\"x\":1}"), &args).expect(0).out;
    assert!(out.contains("queue 8, block"), "{out}");
    assert!(out.contains("a.b where x==1  queue 8, drop-oldest"), "{out}");
    assert!(out.contains("1 published = 1 delivered + 0 filtered + 0 lost + 0 queued + 0 ahead"), "{out}");
}

//! Filters on fields of the data: what they let through, and what becomes of the rest.

mod common;

use common::{account, adds_up, finish, line, run, run_on, webhooks};

fn input() -> String {
    let requests = [
        r#"{"status":200,"user":{"name":"anna"},"path":"/api/users"}"#,
        r#"{"status":404,"user":{"name":"anna"},"path":"/api/orders","error":null}"#,
        r#"{"status":500,"user":{"name":"bert"},"path":"/","tags":["slow","late"]}"#,
        r#"{"status":"404"}"#,
        r#"404"#,
        // JSON, but no number that a program could hold.
        r#"{"status":1e999}"#,
    ];
    requests.map(|data| line("web.request", data)).concat() + &line("other", r#"{"status":404}"#)
}

/// How many of the events on web.request a filter lets through, to a subscriber that reads in place and to one with a queue.
#[track_caller]
fn lets_through(filter: &str, expected: u64) {
    let direct = format!("web.* where {filter}");
    let queued = format!("web.*:queue:16:block where {filter}");
    let args = ["--json", "--subscribe", &direct, "--subscribe", &queued];
    let report = run_on(input(), &args).expect(0).json();
    for n in 0..2 {
        let subscriber = &report["subscribers"][n];
        assert_eq!(subscriber["received"], expected, "{filter}");
        assert_eq!(subscriber["verdict"], "equal");
        assert_eq!(subscriber["filter"], filter);
        assert_eq!(account(&report, n, "filtered"), 7 - expected, "{filter}");
        adds_up(&report, n);
    }
}

#[test]
fn fields_are_compared() {
    lets_through("status>=400", 2);
    lets_through("status==\"404\"", 1);
    lets_through("status!=200", 2);
    lets_through("user.name==\"anna\" && status<400", 1);
    lets_through("path~\"/api/\"", 2);
    lets_through("tags[1]==\"late\"", 1);
}

#[test]
fn fields_are_there_or_not() {
    lets_through("error exists", 1);
    lets_through("error==null", 1);
    lets_through("user exists && error missing", 2);
    // Also the one that is a bare number; not the one that cannot be looked into.
    lets_through("user missing", 2);
    lets_through("nobody exists", 0);
}

#[test]
fn real_deliveries() {
    let text = std::fs::read_to_string(webhooks()).unwrap();
    let created = text
        .lines()
        .filter(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["data"]["action"] == "created"
        })
        .count();
    assert!(created > 0);
    let mut command = run();
    command.arg(webhooks()).args(["--repeat", "3", "--publishers", "2", "--json"]);
    command.args(["--subscribe", "> where action==\"created\""]);
    let report = finish(command).expect(0).json();
    assert_eq!(report["subscribers"][0]["received"], 3 * created);
    adds_up(&report, 0);
}

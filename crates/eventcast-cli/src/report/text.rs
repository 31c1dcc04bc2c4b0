//! The report as tables.

use super::account::Verdict;
use super::format::{bytes, counted, duration, nanoseconds, thousands};
use super::model::{Percentiles, PublisherReport, Report, SubscriberReport};
use super::table::{Align, Table};
use std::fmt::Write;
use std::time::Duration;

pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    summary(report, &mut out);
    out.push('\n');
    publishers(&report.publishers).render(&mut out);
    out.push('\n');
    subscribers(&report.subscribers).render(&mut out);
    out.push_str(
        "End to end is from the publish call to the read, the time in the ring and the queue included.\n",
    );
    if report.subscribers.iter().any(|subscriber| subscriber.lost > 0) {
        out.push_str(
            "Lost are events of any topic that were overwritten before the subscriber came to them, and those that found its \
             queue full.\n",
        );
    }
    out.push_str("\nWhat each subscriber read, beside what was published for it since it joined:\n");
    contents(&report.subscribers).render(&mut out);
    out.push_str("\nAccounts:\n");
    accounts(report).render(&mut out);
    out.push('\n');
    out.push_str(&result(report));
    out.push('\n');
    out
}

fn summary(report: &Report, out: &mut String) {
    let input = &report.input;
    let mut line = |head: &str, text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{head:<11}{text}");
    };
    line(
        "input",
        format!(
            "{}: {} on {}, {} of payload",
            input.source,
            counted(input.events, "event", "events"),
            counted(input.topics, "topic", "topics"),
            bytes(input.payload_bytes)
        ),
    );
    if !input.bad_lines.is_empty() {
        line(
            "skipped",
            format!(
                "{}: {} malformed, {} too long, {} not UTF-8",
                counted(input.bad_lines.len() as u64, "bad line", "bad lines"),
                input.malformed,
                input.too_long,
                input.not_utf8
            ),
        );
    }
    let published = report.bus.accepted;
    let elapsed = Duration::from_nanos(report.elapsed_ns);
    line(
        "published",
        format!(
            "{}{} in {}, through a ring of {}",
            counted(published, "event", "events"),
            if report.interrupted {
                format!(" of {} (interrupted)", thousands(report.planned))
            } else if report.repeat > 1 {
                format!(" (the input {} times)", thousands(report.repeat))
            } else {
                String::new()
            },
            duration(elapsed),
            thousands(report.capacity as u64)
        ),
    );
}

fn publishers(publishers: &[PublisherReport]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("publisher", Left),
        ("published", Right),
        ("refused", Right),
        ("events/s", Right),
        ("call p50", Right),
        ("p99", Right),
        ("p99.9", Right),
        ("max", Right),
    ]);
    for publisher in publishers {
        let [p50, p99, p999, max] = percentiles(&publisher.publish_ns);
        table.row([
            publisher.publisher.to_string(),
            thousands(publisher.account.accepted),
            thousands(publisher.account.refused),
            thousands(publisher.events_per_second),
            p50,
            p99,
            p999,
            max,
        ]);
    }
    table
}

fn subscribers(subscribers: &[SubscriberReport]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("subscriber", Left),
        ("", Left),
        ("received", Right),
        ("lost", Right),
        ("events/s", Right),
        ("end to end p50", Right),
        ("p99", Right),
        ("p99.9", Right),
        ("max", Right),
    ]);
    for subscriber in subscribers {
        let [wants, mode] = &subscriber.names;
        let [p50, p99, p999, max] = percentiles(&subscriber.end_to_end_ns);
        table.row([
            wants.clone(),
            mode.clone(),
            thousands(subscriber.received),
            thousands(subscriber.lost),
            thousands(subscriber.events_per_second),
            p50,
            p99,
            p999,
            max,
        ]);
    }
    table
}

fn contents(subscribers: &[SubscriberReport]) -> Table {
    use Align::{Left, Right};
    let mut table = Table::new([
        ("subscriber", Left),
        ("", Left),
        ("received", Right),
        ("published", Right),
        ("checksum received", Left),
        ("checksum published", Left),
        ("", Left),
    ]);
    for subscriber in subscribers {
        let [wants, mode] = &subscriber.names;
        let verdict = match subscriber.verdict {
            Verdict::Equal => "equal",
            Verdict::Lossy => "lost some, as it may",
            Verdict::Disconnected => "disconnected, as it wished",
            Verdict::Differs => "DIFFERS",
        };
        table.row([
            wants.clone(),
            mode.clone(),
            thousands(subscriber.received),
            thousands(subscriber.expected),
            subscriber.checksum.clone(),
            subscriber.expected_checksum.clone(),
            verdict.to_owned(),
        ]);
    }
    table
}

fn accounts(report: &Report) -> Table {
    use Align::Left;
    let mut table = Table::new([("", Left), ("", Left), ("", Left), ("", Left)]);
    let sign = |balanced| if balanced { "balanced" } else { "DOES NOT BALANCE" }.to_owned();
    for publisher in &report.publishers {
        let account = &publisher.account;
        table.row([
            format!("publisher {}", publisher.publisher),
            String::new(),
            format!(
                "{} offered = {} accepted + {} refused",
                thousands(account.offered),
                thousands(account.accepted),
                thousands(account.refused)
            ),
            sign(account.balanced),
        ]);
    }
    for subscriber in &report.subscribers {
        let account = &subscriber.account;
        let [wants, mode] = &subscriber.names;
        let queued = match subscriber.queue {
            Some(_) => format!(" + {} queued", thousands(account.queued)),
            None => String::new(),
        };
        let missed = match subscriber.verdict {
            Verdict::Disconnected => format!(" + {} after it was disconnected", thousands(account.missed)),
            _ => String::new(),
        };
        table.row([
            wants.clone(),
            mode.clone(),
            format!(
                "{} published = {} delivered + {} filtered + {} lost{queued} + {} ahead{missed}",
                thousands(account.published),
                thousands(account.delivered),
                thousands(account.filtered),
                thousands(account.lost),
                thousands(account.ahead)
            ),
            sign(account.balanced),
        ]);
    }
    table
}

fn result(report: &Report) -> String {
    if !report.verified {
        return "FAILED: what was read is not what was published; see above.".to_owned();
    }
    let mut text =
        "Every account balances; every subscriber that lost nothing read exactly what was published."
            .to_owned();
    if report.subscribers.iter().any(|subscriber| subscriber.verdict == Verdict::Disconnected) {
        text.push_str(" Those that were disconnected missed the rest.");
    }
    if !report.input.bad_lines.is_empty() {
        text.push_str(" Bad lines were skipped.");
    }
    text
}

fn percentiles(percentiles: &Percentiles) -> [String; 4] {
    let Percentiles { p50, p99, p999, max } = *percentiles;
    [p50, p99, p999, max].map(|ns| ns.map_or_else(|| "-".to_owned(), nanoseconds))
}

//! The text for Prometheus is what a strict reader of the format accepts, with the numbers of the snapshot.

use eventcast::{Bus, Overflow};
use std::collections::{BTreeMap, BTreeSet};

type Labels = Vec<(String, String)>;

/// A family by the rules of the text format 0.0.4: help, type, then all its samples together.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    /// Suffix of the name, labels, value.
    samples: Vec<(String, Labels, f64)>,
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads `name="value",…}`; answers the labels and what follows.
fn labels(mut text: &str) -> (Labels, &str) {
    let mut labels = Vec::new();
    loop {
        let (name, rest) = text.split_once("=\"").expect("a label has a quoted value");
        assert!(is_name(name), "{name}");
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().expect("a value ends") {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c} is no escape"),
                }),
                (_, c) => value.push(c),
            }
        };
        labels.push((name.to_owned(), value));
        text = match &rest[end + 1..] {
            rest if rest.starts_with(',') => &rest[1..],
            rest => return (labels, rest.strip_prefix('}').expect("a comma or the end of the labels")),
        };
    }
}

fn parse(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n'));
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut current = String::new();
    let mut helped = None;
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').expect("a help has a text");
            assert!(is_name(name) && !help.is_empty() && !families.contains_key(name), "{line}");
            helped = Some(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(helped.take().as_deref(), Some(name), "help comes right before the type");
            assert!(["counter", "gauge", "summary"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            families.insert(name.to_owned(), Family { kind: kind.to_owned(), samples: Vec::new() });
            current = name.to_owned();
        } else {
            let (id, value) = line.rsplit_once(' ').expect("a sample has a value");
            assert!(seen.insert(id.to_owned()), "{id} comes twice");
            let (name, labels) = match id.split_once('{') {
                Some((name, rest)) => {
                    let (labels, rest) = labels(rest);
                    assert_eq!(rest, "");
                    (name, labels)
                }
                None => (id, Vec::new()),
            };
            assert!(is_name(name));
            let family = families.get_mut(&current).expect("a family comes before its samples");
            let suffix = name.strip_prefix(&current).unwrap_or_else(|| panic!("{line} among {current}"));
            match (suffix, family.kind.as_str()) {
                ("", "summary") => assert_eq!(labels.last().unwrap().0, "quantile"),
                ("", _) | ("_sum" | "_count", "summary") => {}
                _ => panic!("{line} among {current}"),
            }
            family.samples.push((suffix.to_owned(), labels, value.parse().unwrap()));
        }
    }
    families
}

impl Family {
    /// The one sample with this suffix and these labels, others not minded.
    fn get(&self, suffix: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |all: &Labels| {
            labels.iter().all(|(name, value)| all.contains(&((*name).to_owned(), (*value).to_owned())))
        };
        let mut hits = self.samples.iter().filter(|(s, all, _)| s == suffix && has(all));
        let hit = hits.next().unwrap_or_else(|| panic!("{suffix} {labels:?} in {self:?}"));
        assert!(hits.next().is_none(), "{suffix} {labels:?} is not the only one");
        hit.2
    }
}

#[test]
fn every_number_is_there_with_its_labels() {
    let bus = Bus::<u32>::builder().capacity(16).sample(1).filter(|e| *e.payload() != 13).build().unwrap();
    let mut audit = bus.subscribe("a").unwrap();
    let _screen = bus.subscription(">").name("screen").overflow(Overflow::Lag).subscribe().unwrap();
    for n in 0..14 {
        let _ = bus.publish(["a", "b"][n as usize % 2], n);
    }
    assert_eq!(audit.drain(3, |_| {}), Ok(3));
    let snapshot = bus.snapshot();
    let families = parse(&snapshot.exposition().to_string());
    let get =
        |family: &str, labels: &[(&str, &str)]| families[&format!("eventcast_{family}")].get("", labels);
    assert_eq!(get("published_total", &[]), 13.0);
    assert_eq!(get("refused_total", &[("reason", "filtered")]), 1.0);
    assert_eq!(get("refused_total", &[("reason", "full")]), 0.0);
    assert_eq!(get("delivered_total", &[]), 3.0);
    assert_eq!(get("subscriptions", &[]), 2.0);
    assert_eq!(get("capacity_events", &[]), 16.0);
    assert_eq!(get("backlog_events", &[]), 8.0);
    assert_eq!(get("fill_ratio", &[]), 0.5);
    assert_eq!(get("subscription_delivered_total", &[("pattern", "a")]), 3.0);
    assert_eq!(get("subscription_filtered_total", &[("pattern", "a")]), 2.0);
    assert_eq!(get("subscription_ahead_events", &[("name", "screen"), ("pattern", ">")]), 13.0);
    let id = audit.id().number().to_string();
    assert_eq!(get("subscription_lost_total", &[("id", &id), ("reason", "overwritten")]), 0.0);
    let publish = &families["eventcast_publish_seconds"];
    assert_eq!(publish.get("_count", &[]), 13.0);
    assert_eq!(publish.get("_sum", &[]), snapshot.publish_time.sum().as_secs_f64());
    assert_eq!(publish.get("", &[("quantile", "0.99")]), snapshot.publish_time.quantile(0.99).as_secs_f64());
    assert_eq!(families["eventcast_delivery_seconds"].get("_count", &[]), 3.0);
    let handling = &families["eventcast_subscription_handling_seconds"];
    assert_eq!(handling.get("_count", &[("pattern", "a")]), 3.0);
    assert_eq!(handling.get("_count", &[("name", "screen")]), 0.0);
}

#[test]
fn names_of_people_are_escaped() {
    let name = "a \"quoted\\name\",\nof = two {lines}";
    let bus = Bus::<u32>::builder().build().unwrap();
    let _sub = bus.subscription("a.*").name(name).subscribe().unwrap();
    let families = parse(&bus.snapshot().exposition().to_string());
    let delivered = &families["eventcast_subscription_delivered_total"];
    assert_eq!(delivered.get("", &[("name", name), ("pattern", "a.*")]), 0.0);
}

#[test]
fn counters_do_not_fall_when_a_subscription_leaves() {
    let bus = Bus::<u32>::builder().capacity(4).build().unwrap();
    let mut lag = bus.subscription(">").overflow(Overflow::Lag).subscribe().unwrap();
    for n in 0..100 {
        bus.publish("a", n).unwrap();
    }
    while lag.recv_timeout(std::time::Duration::ZERO).is_err_and(|error| !error.is_timeout()) {}
    let get = || {
        let families = parse(&bus.snapshot().exposition().to_string());
        let lost = families["eventcast_lost_total"].get("", &[("reason", "overwritten")]);
        (lost, families["eventcast_delivered_total"].get("", &[]))
    };
    let before = get();
    assert!(before.0 > 0.0 && before.1 > 0.0);
    drop(lag);
    assert_eq!(get(), before);
}

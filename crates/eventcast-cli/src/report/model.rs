//! The report: what `--json` prints, and what the tables are made of.

use super::account::{PublisherAccount, SubscriberAccount, Verdict};
use crate::args::Subscribe;
use crate::exit::Exit;
use crate::filter::Filter;
use crate::input::{BadKind, BadLine, Input, InputEvent};
use crate::run::{Outcome, Plan, Published, Received, Refused, hash, nanoseconds};
use eventcast::Sequence;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::time::Duration;

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(super) input: InputReport,
    pub(super) repeat: u64,
    pub(super) capacity: usize,
    /// Events that were to be published.
    pub(super) planned: u64,
    pub(super) interrupted: bool,
    /// From the first offer to the last read.
    pub(super) elapsed_ns: u64,
    pub(super) publishers: Vec<PublisherReport>,
    pub(super) subscribers: Vec<SubscriberReport>,
    pub(super) bus: BusReport,
    /// Every account balances, and no lossless subscriber differs.
    pub(super) verified: bool,
    pub(super) exit_code: u8,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Debug, Serialize)]
pub(super) struct InputReport {
    pub(super) source: String,
    pub(super) lines: u64,
    pub(super) blank: u64,
    pub(super) events: u64,
    pub(super) topics: u64,
    /// Bytes of all payloads.
    pub(super) payload_bytes: u64,
    pub(super) malformed: usize,
    pub(super) too_long: usize,
    pub(super) not_utf8: usize,
    pub(super) bad_lines: Vec<BadLine>,
}

#[derive(Debug, Serialize)]
pub(super) struct PublisherReport {
    pub(super) publisher: usize,
    #[serde(flatten)]
    pub(super) account: PublisherAccount,
    pub(super) refused_for: Refused,
    pub(super) events_per_second: u64,
    /// Nanoseconds of each publish call, waiting included.
    pub(super) publish_ns: Percentiles,
}

#[derive(Debug, Serialize)]
pub(super) struct SubscriberReport {
    pub(super) pattern: String,
    pub(super) overflow: String,
    /// How many events its queue holds; `None` for one that reads the ring.
    pub(super) queue: Option<usize>,
    pub(super) filter: Option<String>,
    /// The sequence it started at.
    pub(super) joined: u64,
    pub(super) received: u64,
    pub(super) lost: u64,
    pub(super) events_per_second: u64,
    /// Nanoseconds from the offer to the read.
    pub(super) end_to_end_ns: Percentiles,
    /// Published to topics of its pattern since it joined, as far as its filter says yes.
    pub(super) expected: u64,
    /// Sums of the XXH3 hashes of payloads, in hexadecimal.
    pub(super) checksum: String,
    pub(super) expected_checksum: String,
    pub(super) verdict: Verdict,
    pub(super) account: SubscriberAccount,
    /// Pattern and filter; how it reads.
    #[serde(skip)]
    pub(super) names: [String; 2],
}

#[derive(Debug, Serialize)]
pub(super) struct BusReport {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// The engine counted what the publishers counted.
    pub(super) balanced: bool,
}

/// `None` where there was nothing to measure.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: Option<u64>,
    pub(super) p99: Option<u64>,
    #[serde(rename = "p99.9")]
    pub(super) p999: Option<u64>,
    pub(super) max: Option<u64>,
}

impl Percentiles {
    fn new(histogram: &Histogram<u64>) -> Self {
        let any = !histogram.is_empty();
        let at = |quantile| any.then(|| histogram.value_at_quantile(quantile));
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: any.then(|| histogram.max()) }
    }
}

impl Report {
    pub(crate) fn new(source: &str, plan: &Plan, input: &Input, outcome: &Outcome) -> Self {
        let publishers: Vec<_> =
            outcome.published.iter().enumerate().map(|(n, published)| publisher(n, published)).collect();
        let ledger = Ledger::new(input, &outcome.published);
        let subscribers: Vec<_> = plan
            .subscribers
            .iter()
            .zip(&outcome.received)
            .map(|(wanted, received)| subscriber(wanted, received, &ledger))
            .collect();
        let refused: u64 = publishers.iter().map(|publisher| publisher.account.refused).sum();
        let stats = &outcome.snapshot.stats;
        let bus = BusReport {
            accepted: stats.accepted,
            refused: stats.refused(),
            balanced: stats.accepted == ledger.published && stats.refused() == refused,
        };
        let verified = bus.balanced
            && publishers.iter().all(|publisher| publisher.account.balanced)
            && subscribers.iter().all(|s| s.account.balanced && s.verdict != Verdict::Differs);
        let exit = match (verified, input.bad.is_empty()) {
            (false, _) => Exit::Unequal,
            (true, false) => Exit::BadLines,
            (true, true) => Exit::Success,
        };
        Self {
            input: InputReport {
                source: source.to_owned(),
                lines: input.lines,
                blank: input.blank,
                events: input.records.len() as u64,
                topics: input.topics.len() as u64,
                payload_bytes: input.bytes,
                malformed: input.count_bad(BadKind::Malformed),
                too_long: input.count_bad(BadKind::TooLong),
                not_utf8: input.count_bad(BadKind::NotUtf8),
                bad_lines: input.bad.clone(),
            },
            repeat: plan.repeat,
            capacity: plan.capacity,
            planned: plan.total,
            interrupted: outcome.interrupted && ledger.published < plan.total,
            elapsed_ns: nanoseconds(outcome.elapsed()),
            publishers,
            subscribers,
            bus,
            verified,
            exit_code: exit.code(),
            exit,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Something else went wrong; what the run itself has to say comes first.
    pub(crate) fn fails_with(&mut self, exit: Exit) {
        if self.exit == Exit::Success {
            self.exit = exit;
            self.exit_code = exit.code();
        }
    }

    /// What the user has to know besides, one line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for subscriber in &self.subscribers {
            let [wants, mode] = &subscriber.names;
            let name = format!("subscriber {wants} ({mode})");
            if subscriber.verdict == Verdict::Differs {
                complaints.push(format!("{name} differs from what was published to its topics"));
            }
            if !subscriber.account.balanced {
                complaints.push(format!("the account of {name} does not balance"));
            }
        }
        for publisher in self.publishers.iter().filter(|publisher| !publisher.account.balanced) {
            complaints.push(format!("the account of publisher {} does not balance", publisher.publisher));
        }
        if !self.bus.balanced {
            complaints.push("the bus counted other events than the publishers".to_owned());
        }
        complaints
    }
}

/// What was really published, by event of the input.
struct Ledger<'a> {
    input: &'a Input,
    /// Accepted once all subscribers had joined, by event of the input, of all publishers.
    accepted: Vec<u64>,
    /// Accepted before, as far as a subscriber could start there: sequence and event of the input.
    history: Vec<(Sequence, usize)>,
    hashes: Vec<u64>,
    published: u64,
}

impl<'a> Ledger<'a> {
    fn new(input: &'a Input, published: &[Published]) -> Self {
        let mut accepted = vec![0; input.records.len()];
        for published in published {
            for (sum, n) in accepted.iter_mut().zip(&published.accepted_by_event) {
                *sum += n;
            }
        }
        Self {
            input,
            accepted,
            history: published.iter().flat_map(|published| published.history.iter().copied()).collect(),
            hashes: input.records.iter().map(|record| hash(&record.text)).collect(),
            published: published.iter().map(|published| published.accepted).sum(),
        }
    }

    /// Number and checksum of what was published from a sequence on and a subscriber wants.
    fn expected(&self, wanted: &Subscribe, joined: Sequence) -> (u64, u64) {
        let topics: Vec<bool> = self.input.topics.iter().map(|topic| wanted.pattern.matches(topic)).collect();
        let wants = |record: &InputEvent| {
            let passes = |filter: &Filter| record.data.as_ref().is_some_and(|data| filter.matches(data));
            topics[record.topic] && wanted.filter.as_deref().is_none_or(passes)
        };
        let mut times = self.accepted.clone();
        for (_, event) in self.history.iter().filter(|(sequence, _)| *sequence >= joined) {
            times[*event] += 1;
        }
        let mut events = 0;
        let mut checksum = 0_u64;
        let all = self.input.records.iter().zip(times).zip(&self.hashes);
        for ((_, times), hash) in all.filter(|((record, _), _)| wants(record)) {
            events += times;
            checksum = checksum.wrapping_add(hash.wrapping_mul(times));
        }
        (events, checksum)
    }
}

fn publisher(number: usize, published: &Published) -> PublisherReport {
    let refused = published.refused;
    PublisherReport {
        publisher: number + 1,
        account: PublisherAccount::new(published.offered, published.accepted, refused.total()),
        refused_for: refused,
        events_per_second: rate(published.accepted, published.ended - published.began),
        publish_ns: Percentiles::new(&published.calls),
    }
}

fn subscriber(wanted: &Subscribe, received: &Received, ledger: &Ledger<'_>) -> SubscriberReport {
    let stats = received.stats;
    let (expected, expected_checksum) = ledger.expected(wanted, stats.joined);
    let equal = received.events == expected && received.checksum == expected_checksum;
    let published = ledger.published.saturating_sub(stats.joined);
    let mut account = SubscriberAccount::new(published, &stats, received.disconnected);
    // What its thread counted has to be what the engine counted.
    account.balanced &= stats.delivered == received.events;
    let verdict = match received.disconnected {
        true if received.events <= expected => Verdict::Disconnected,
        true => Verdict::Differs,
        false => Verdict::new(equal, wanted.mode.is_lossless(), stats.lost),
    };
    SubscriberReport {
        pattern: wanted.pattern.to_string(),
        overflow: wanted.mode.overflow(),
        queue: wanted.mode.queue(),
        filter: wanted.filter.as_ref().map(|filter| filter.to_string()),
        joined: stats.joined,
        received: received.events,
        lost: stats.lost,
        events_per_second: rate(received.events, received.elapsed()),
        end_to_end_ns: Percentiles::new(&received.end_to_end),
        expected,
        checksum: format!("{:016x}", received.checksum),
        expected_checksum: format!("{expected_checksum:016x}"),
        verdict,
        account,
        names: [wanted.wants(), wanted.mode.to_string()],
    }
}

fn rate(events: u64, elapsed: Duration) -> u64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 { (events as f64 / seconds).round() as u64 } else { 0 }
}

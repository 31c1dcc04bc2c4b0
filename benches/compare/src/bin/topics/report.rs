//! The record of the race: Markdown.

use std::fmt::Write;
use std::time::Duration;

use crate::contestants::OURS;
use crate::machine::Machine;

/// What a record says about the run as a whole.
pub(crate) struct Header {
    pub(crate) machine: Machine,
    pub(crate) rounds: usize,
    pub(crate) millis: u128,
    pub(crate) load_after: String,
    pub(crate) seconds: u64,
    pub(crate) calm: Option<Duration>,
    /// Rounds, at all numbers of patterns, before which it did not get calm.
    pub(crate) disturbed: usize,
    pub(crate) quick: bool,
}

/// One contestant at one number of patterns; times in nanoseconds, one a round.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) size: usize,
    /// How many patterns match each topic, the fewest first.
    pub(crate) matches: Vec<usize>,
    pub(crate) topics: usize,
    /// Topics that it cannot look up.
    pub(crate) failing: usize,
    pub(crate) resolve: Vec<f64>,
    pub(crate) change: Vec<f64>,
    /// A pattern.
    pub(crate) build: Vec<f64>,
    /// Bytes a pattern.
    pub(crate) memory: Option<f64>,
}

impl Figures {
    pub(crate) fn new(name: &'static str, size: usize, matches: Vec<usize>, topics: usize) -> Self {
        let (resolve, change, build) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, size, matches, topics, failing: 0, resolve, change, build, memory: None }
    }
}

/// The value below which this part of them lies.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// Median and 10th to 90th percentile.
fn spread(values: &[f64]) -> String {
    if values.is_empty() {
        return "-".to_owned();
    }
    let at = |part| quantile(values, part);
    format!("{:.0} ({:.0}..{:.0})", at(0.5), at(0.1), at(0.9))
}

pub(crate) fn markdown(header: &Header, figures: &[Figures]) -> String {
    let Header { machine, rounds, millis, .. } = header;
    let mut text =
        format!("# topic index, {} {} UTC, commit {}\n\n", machine.date, machine.time, machine.commit);
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes everything");
    if header.quick {
        line("**A quick run: no figure here may be quoted.**\n".to_owned());
    }
    line(format!("- machine: {}", machine.description));
    line(format!("- {}", machine.rustc));
    line(format!(
        "- load average before {} and after {}; {} s; {} cores",
        machine.load, header.load_after, header.seconds, machine.cores
    ));
    line(format!("- {rounds} interleaved rounds, {millis} ms a measurement: median (10th..90th percentile)"));
    match header.calm {
        Some(limit) => line(format!(
            "- before each round, up to {} s of waiting for calm; {} times it did not get calm",
            limit.as_secs(),
            header.disturbed
        )),
        None => line("- other programs were not waited for".to_owned()),
    }
    line("- patterns: 70 % literal, 20 % with `*` inside, 10 % with `>` behind one or two tokens; topics of three to five tokens, half of them made from a pattern".to_owned());
    line("- \"join and leave\": one pattern more, then one less. The walk copies its list for each, as a list without locks must; ours makes a new version for each and keeps the old one whole; the others change in place, and would have to be copied or locked for readers".to_owned());
    line("- \"resolve\": all patterns that match one topic; every contestant's answers were held against ours, and ours against the walk's".to_owned());
    line("- memory: growth of a fresh process by one contestant with all patterns\n".to_owned());
    line("| patterns | who | resolve, ns | against ours | join and leave, ns | build, ns a pattern | bytes a pattern |".to_owned());
    line("| --- | --- | --- | --- | --- | --- | --- |".to_owned());
    for figure in figures {
        let ours = figures.iter().find(|ours| ours.name == OURS && ours.size == figure.size);
        let ratios: Vec<f64> = ours.map_or_else(Vec::new, |ours| {
            figure.resolve.iter().zip(&ours.resolve).map(|(theirs, ours)| theirs / ours).collect()
        });
        line(format!(
            "| {} | {} | {} | {} | {} | {} | {} |",
            figure.size,
            figure.name,
            spread(&figure.resolve),
            if ratios.is_empty() { "-".to_owned() } else { format!("{:.2} x", quantile(&ratios, 0.5)) },
            spread(&figure.change),
            spread(&figure.build),
            figure.memory.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}")),
        ));
    }
    line(String::new());
    for figure in figures.iter().filter(|figure| figure.name == OURS) {
        let Figures { size, topics, matches, .. } = figure;
        let at = |part: usize| matches[(topics - 1) * part / 100];
        line(format!(
            "- {size} patterns, {topics} topics: {} patterns match the median topic, {} the 10th percentile and {} the 90th",
            at(50),
            at(10),
            at(90)
        ));
    }
    for Figures { name, size, failing, topics, .. } in figures.iter().filter(|figure| figure.failing > 0) {
        line(format!(
            "- {name} at {size} patterns panics on {failing} of {topics} topics; measured on the others"
        ));
    }
    text
}

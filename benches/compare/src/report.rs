//! The record: Markdown for people, JSON lines for programs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::calm::{REPEATS, TOLERATED};
use crate::machine::Machine;
use crate::measure::{Failure, Latency, quantile};
use crate::pairs::{Effort, Entry, Outcome, Peace, Spread, Verdict};
use crate::race::Bar;

/// What a record says about the run as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// Where and when.
    pub(crate) machine: Machine,
    /// A smoke test.
    pub(crate) quick: bool,
    /// How much was measured.
    pub(crate) effort: Effort,
    /// Nanoseconds per reading of the clock, and the least difference of two.
    pub(crate) clock: (f64, u64),
    /// Load average at the end.
    pub(crate) load_after: String,
    /// Seconds the whole took.
    pub(crate) seconds: u64,
    /// Whether ours took part.
    pub(crate) ours: bool,
}

/// The percentiles that reports show.
const PERCENTILES: [(&str, f64); 7] = [
    ("p10", 0.1),
    ("p50", 0.5),
    ("p90", 0.9),
    ("p99", 0.99),
    ("p99_9", 0.999),
    ("p99_99", 0.9999),
    ("max", 1.0),
];

/// Reached, not reached, or why there is no answer.
pub(crate) fn verdict_word(entry: &Entry, verdict: &Verdict) -> &'static str {
    match (verdict.reached, verdict.bar, entry.failure) {
        (Some(true), ..) => "reached",
        (Some(false), ..) => "NOT REACHED",
        (None, Bar::Shown, _) => "",
        (None, _, Some(_)) => "NOT MEASURED (rival hung)",
        (None, _, None) => "NOT MEASURED",
    }
}

/// Why there are no figures, in words.
fn failure_word(failure: Failure) -> &'static str {
    match failure {
        Failure::Hung => "hung: gave up after its time",
        Failure::Stuck => "stuck: its threads were left behind and may disturb the rows below",
    }
}

/// How many comparisons were reached, not reached, and not measured.
pub(crate) fn tally(outcomes: &[Outcome]) -> (usize, usize, usize) {
    let mut tally = (0, 0, 0);
    for outcome in outcomes {
        for entry in &outcome.entries {
            for verdict in &entry.verdicts {
                match verdict.reached {
                    Some(true) => tally.0 += 1,
                    Some(false) => tally.1 += 1,
                    None if verdict.bar != Bar::Shown => tally.2 += 1,
                    None => {}
                }
            }
        }
        match outcome.collapse {
            Some((_, true)) => tally.0 += 1,
            Some((_, false)) => tally.1 += 1,
            None => tally.2 += usize::from(outcome.row.collapse.is_some() && outcome.ours.is_some()),
        }
    }
    tally
}

/// The whole record in Markdown.
pub(crate) fn markdown(header: &Header, outcomes: &[Outcome], plots: &[String]) -> String {
    let mut out = String::new();
    let machine = &header.machine;
    let _ = writeln!(out, "# compare, {} {} UTC, commit {}\n", machine.date, machine.time, machine.commit);
    if header.quick {
        out.push_str(
            "**A quick run: too few and too short measurements. No figure here may be quoted.**\n\n",
        );
    }
    if !header.ours {
        out.push_str("**Without our own ring: rivals and limits only.**\n\n");
    }
    let _ = writeln!(out, "- machine: {}", machine.description);
    let _ = writeln!(out, "- {}", machine.rustc);
    let _ = writeln!(
        out,
        "- load average before {} and after {}; {} s",
        machine.load, header.load_after, header.seconds
    );
    let (cost, step) = header.clock;
    let _ = writeln!(
        out,
        "- clock: two readings differ by at least {step} ns, one costs {cost:.0} ns (contained in single-call figures)"
    );
    let Effort { pairs, shown_pairs, time, calm } = header.effort;
    let _ = writeln!(
        out,
        "- {pairs} interleaved pairs per comparison ({shown_pairs} where nothing must be reached), {} ms per measurement",
        time.as_millis()
    );
    if let Some(calm) = calm {
        let _ = writeln!(
            out,
            "- before each pair up to {} s were waited for other programs to leave the cores alone, and pairs during \
             which they used more than {TOLERATED} cores were measured again, ours and theirs, at most {REPEATS} times",
            calm.as_secs()
        );
    }
    let others = || outcomes.iter().flat_map(|outcome| &outcome.peace.others);
    let disturbed = others().filter(|others| **others > TOLERATED).count();
    let _ = writeln!(
        out,
        "- other programs used more than {TOLERATED} cores during {disturbed} of {} pairs{}",
        others().count(),
        if 10 * disturbed > others().count() { ": **too many for figures to be quoted**" } else { "" }
    );
    let (reached, missed, open) = tally(outcomes);
    let _ = writeln!(out, "- comparisons: {reached} reached, {missed} NOT REACHED, {open} not measured\n");
    out.push_str(
        "Ratios are ours/theirs (ours - theirs where it says ns): the median over pairs and the 10th to 90th percentile. Rates in million events per\n\
         second, latencies in nanoseconds; `p50 (blocks)` is the median of means over 32 calls, all other percentiles\n\
         are of single calls.\n\n",
    );
    summary(&mut out, outcomes);
    for outcome in outcomes {
        section(&mut out, outcome);
    }
    if !plots.is_empty() {
        out.push_str("## Plots\n\n");
        for plot in plots {
            let _ = writeln!(out, "![{plot}]({plot})\n");
        }
    }
    out
}

/// Every comparison that counts, one line each.
fn summary(out: &mut String, outcomes: &[Outcome]) {
    out.push_str("| row | against | must reach | ratio | verdict |\n| --- | --- | --- | --- | --- |\n");
    for outcome in outcomes {
        for entry in &outcome.entries {
            for verdict in entry.verdicts.iter().filter(|verdict| verdict.bar != Bar::Shown) {
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {} |",
                    outcome.row.name,
                    entry.name,
                    verdict.bar.name(verdict.metric),
                    comparison(verdict),
                    verdict_word(entry, verdict),
                );
            }
        }
        if let (Some(collapse), Some((value, fine))) = (outcome.row.collapse, outcome.collapse) {
            let _ = writeln!(
                out,
                "| {} | our own {} | deliveries/s >= {} x | {value:.2} | {} |",
                outcome.row.name,
                collapse.with,
                collapse.least,
                if fine { "reached" } else { "NOT REACHED" },
            );
        }
    }
    out.push('\n');
}

/// A ratio with its spread.
pub(crate) fn ratio(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "-".to_owned(), |s| format!("{:.2} ({:.2}..{:.2})", s.p50, s.p10, s.p90))
}

/// A verdict's ratio with its spread, or its difference.
pub(crate) fn comparison(verdict: &Verdict) -> String {
    match verdict.ratio {
        Some(s) if verdict.bar.is_difference() => format!("{:+.1} ns ({:+.1}..{:+.1})", s.p50, s.p10, s.p90),
        spread => ratio(spread),
    }
}

/// One row in full.
fn section(out: &mut String, outcome: &Outcome) {
    let row = &outcome.row;
    let _ = writeln!(out, "## {}\n\n{}. Wait: {}. Must reach: {}.\n", row.name, row.work, row.wait, row.must);
    for (metric, noise) in &outcome.noise {
        let _ = writeln!(out, "Noise, ours against ours, {}: {}\n", metric.name(), ratio(Some(*noise)));
    }
    let _ = writeln!(out, "{}\n", peace(&outcome.peace));
    let entries: Vec<&Entry> = outcome.ours.iter().chain(&outcome.entries).collect();
    if entries.iter().any(|entry| !entry.absolute.rates.is_empty()) {
        out.push_str("| contestant | min | p10 | median | p90 | max | ratio | verdict |\n");
        out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for entry in &entries {
            let _ = write!(out, "| {} |", entry.name);
            match Spread::of(&entry.absolute.rates) {
                Some(s) => {
                    for rate in [s.min, s.p10, s.p50, s.p90, s.max] {
                        let _ = write!(out, " {:.2} |", rate / 1e6);
                    }
                }
                None => out.push_str(" - | - | - | - | - |"),
            }
            verdicts(out, entry);
        }
        out.push('\n');
    }
    if entries.iter().any(|entry| entry.absolute.latency.is_some()) {
        out.push_str("| contestant | p50 (blocks) | p10 | p50 | p90 | p99 | p99.9 | p99.99 | max | ratio | verdict |\n");
        out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        for entry in &entries {
            let _ = write!(out, "| {} |", entry.name);
            match &entry.absolute.latency {
                Some(latency) => {
                    match latency.blocks.is_empty() {
                        true => out.push_str(" - |"),
                        false => _ = write!(out, " {:.1} |", latency.p50()),
                    }
                    for (_, q) in PERCENTILES {
                        let _ = write!(out, " {} |", latency.singles.value_at_quantile(q));
                    }
                }
                None => out.push_str(" - | - | - | - | - | - | - | - |"),
            }
            verdicts(out, entry);
        }
        out.push('\n');
    }
    for entry in entries {
        remarks(out, entry);
    }
}

/// How undisturbed a row was, in words.
pub(crate) fn peace(peace: &Peace) -> String {
    let disturbed = peace.others.iter().filter(|others| **others > TOLERATED).count();
    match Spread::of(&peace.others) {
        Some(s) => format!(
            "others used {:.2} cores in the median and at most {:.2}: {disturbed} of {} pairs disturbed, {} thrown away",
            s.p50,
            s.max,
            peace.others.len(),
            peace.repeated
        ),
        None => "what others did with the cores is not known".to_owned(),
    }
}

/// The last two cells of a line.
fn verdicts(out: &mut String, entry: &Entry) {
    let ratios: Vec<String> = entry
        .verdicts
        .iter()
        .map(|verdict| format!("{} {}", verdict.metric.name(), comparison(verdict)))
        .collect();
    let words: Vec<String> = entry
        .verdicts
        .iter()
        .filter(|verdict| verdict.bar != Bar::Shown)
        .map(|verdict| format!("{}: {}", verdict.bar.name(verdict.metric), verdict_word(entry, verdict)))
        .collect();
    let _ = writeln!(out, " {} | {} |", ratios.join("; "), words.join("; "));
}

/// Losses, damage and hangs.
fn remarks(out: &mut String, entry: &Entry) {
    let Entry { name, absolute, failure, .. } = entry;
    if absolute.lost > 0 {
        let _ = writeln!(out, "- {name}: {} events lost in {} measurements", absolute.lost, absolute.runs);
    }
    if absolute.torn > 0 {
        let _ = writeln!(out, "- {name}: **{} events arrived damaged**", absolute.torn);
    }
    if absolute.miscounted > 0 {
        let _ = writeln!(
            out,
            "- {name}: losses reported were not the losses seen in {} measurements",
            absolute.miscounted
        );
    }
    if let Some(failure) = failure {
        let _ = writeln!(out, "- {name}: **{}**", failure_word(*failure));
    }
    if absolute.lost > 0 || absolute.torn > 0 || absolute.miscounted > 0 || failure.is_some() {
        out.push('\n');
    }
}

/// The whole record as JSON lines: the run, then one line per contestant of each row.
pub(crate) fn json_lines(header: &Header, outcomes: &[Outcome]) -> String {
    let machine = &header.machine;
    let mut lines = vec![json!({
        "kind": "run", "date": machine.date, "time": machine.time, "commit": machine.commit,
        "machine": machine.description, "cores": machine.cores, "rustc": machine.rustc,
        "load_before": machine.load, "load_after": header.load_after, "seconds": header.seconds,
        "clock_step_ns": header.clock.1, "clock_cost_ns": header.clock.0, "quick": header.quick, "ours": header.ours,
        "pairs": header.effort.pairs, "shown_pairs": header.effort.shown_pairs,
        "measurement_ms": header.effort.time.as_millis() as u64,
    })];
    for outcome in outcomes {
        let row = &outcome.row;
        let noise: Vec<Value> = outcome
            .noise
            .iter()
            .map(|(metric, s)| json!({ "metric": metric.name(), "ratio": spread(s) }))
            .collect();
        let collapse = outcome.collapse.map(|(ratio, fine)| json!({ "ratio": ratio, "reached": fine }));
        lines.push(json!({
            "kind": "row", "row": row.name, "work": row.work, "wait": row.wait, "must": row.must, "noise": noise,
            "collapse": collapse, "others_cores": Spread::of(&outcome.peace.others).as_ref().map(spread),
            "pairs_repeated": outcome.peace.repeated,
        }));
        for (ours, entry) in outcome
            .ours
            .iter()
            .map(|entry| (true, entry))
            .chain(outcome.entries.iter().map(|entry| (false, entry)))
        {
            lines.push(json_entry(&row.name, ours, entry));
        }
    }
    lines.iter().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{line}");
        out
    })
}

/// One contestant of a row.
fn json_entry(row: &str, ours: bool, entry: &Entry) -> Value {
    let verdicts: Vec<Value> = entry
        .verdicts
        .iter()
        .map(|verdict| {
            let how = if verdict.bar.is_difference() { "difference_ns" } else { "ratio" };
            json!({
                "metric": verdict.metric.name(), "must": verdict.bar.name(verdict.metric),
                how: verdict.ratio.as_ref().map(spread), "reached": verdict.reached,
            })
        })
        .collect();
    let absolute = &entry.absolute;
    json!({
        "kind": "contestant", "row": row, "name": entry.name, "ours": ours, "runs": absolute.runs,
        "rates": absolute.rates, "latency_ns": absolute.latency.as_ref().map(json_latency), "verdicts": verdicts,
        "lost": absolute.lost, "torn": absolute.torn, "miscounted": absolute.miscounted,
        "failure": entry.failure.map(failure_word),
    })
}

/// Percentiles, of single calls and of blocks.
fn json_latency(latency: &Latency) -> Value {
    let singles: serde_json::Map<String, Value> = PERCENTILES
        .iter()
        .map(|(name, q)| ((*name).to_owned(), json!(latency.singles.value_at_quantile(*q))))
        .collect();
    let blocks = (!latency.blocks.is_empty()).then(|| {
        let at = |q| quantile(&latency.blocks, q);
        json!({ "p10": at(0.1), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "count": latency.blocks.len() })
    });
    let windows = Spread::of(&latency.windows).as_ref().map(spread);
    json!({ "singles": singles, "count": latency.singles.len(), "blocks": blocks, "p99_of_windows": windows })
}

/// A spread as JSON.
fn spread(s: &Spread) -> Value {
    json!({ "min": s.min, "p10": s.p10, "p50": s.p50, "p90": s.p90, "max": s.max })
}

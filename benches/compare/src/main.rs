//! Races the eventcast ring against its rivals and its limits, on the same event and the same work, in one run.
//!
//! `README.md` says what each row measures, what is fair about it and what is not.

mod args;
mod calm;
mod check;
mod event;
mod machine;
mod measure;
mod pairs;
mod plot;
mod race;
mod report;
mod rivals;
mod rows;
#[cfg(feature = "ours")]
mod share;
mod work;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Args, HELP};
use crate::machine::Machine;
use crate::pairs::{Effort, Outcome};
use crate::race::{Bar, Row};
use crate::report::Header;

fn main() -> ExitCode {
    let done = args::parse().map_err(Into::into).and_then(|args| run(&args));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked for.
fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    if args.help {
        print!("{HELP}");
        return Ok(());
    }
    let mut rows = rows::all();
    if !args.rows.is_empty() {
        rows.retain(|row| args.rows.iter().any(|prefix| row.name.starts_with(prefix.as_str())));
    }
    if args.only_bars {
        for row in &mut rows {
            row.rivals.retain(race::Rival::counts);
        }
        rows.retain(|row| !row.rivals.is_empty());
    }
    if rows.is_empty() {
        return Err("no row has such a name; --list shows them".into());
    }
    if args.list {
        for row in &rows {
            println!("{:28} {}\n{:28}   must reach: {}", row.name, row.work, "", row.must);
        }
        let count: u64 = rows.iter().map(|row| measurements(row, &args.effort)).sum();
        let minutes = count as f64 * args.effort.time.as_secs_f64() / 60.0;
        println!(
            "{} rows, {count} measurements, about {minutes:.0} minutes where nothing has to wait",
            rows.len()
        );
        return Ok(());
    }
    race(args, &rows)
}

/// Measures `rows` and reports.
fn race(args: &Args, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let machine = Machine::here();
    let bar = progress(rows, &args.effort);
    let mut outcomes = Vec::new();
    for row in rows {
        let outcome = pairs::run(row, &args.effort, &mut |name| {
            bar.set_message(format!("{}: {name}", row.name));
            bar.inc(1);
        });
        bar.suspend(|| print_row(&outcome));
        outcomes.push(outcome);
    }
    bar.finish_and_clear();
    pairs::compare_rows(&mut outcomes);
    let header = Header {
        machine,
        quick: args.quick,
        effort: args.effort,
        clock: measure::clock_cost(),
        load_after: machine::load(),
        seconds: began.elapsed().as_secs(),
        ours: outcomes.iter().any(|outcome| outcome.ours.is_some()),
    };
    for outcome in &outcomes {
        if let Some((ratio, fine)) = outcome.collapse {
            println!("{}: deliveries/s {ratio:.2} x those at 2 receivers: {}", outcome.row.name, word(fine));
        }
    }
    let (reached, missed, open) = report::tally(&outcomes);
    println!("comparisons: {reached} reached, {missed} NOT REACHED, {open} not measured");
    if args.quick {
        println!("a quick run: no figure here may be quoted");
    }
    match &args.record {
        Some(dir) => write(dir, &header, &outcomes),
        None => Ok(()),
    }
}

/// A bar over all measurements, on standard error.
fn progress(rows: &[Row], effort: &Effort) -> ProgressBar {
    let bar = ProgressBar::new(rows.iter().map(|row| measurements(row, effort)).sum());
    let style = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} eta {eta} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// How many measurements a row takes.
fn measurements(row: &Row, effort: &Effort) -> u64 {
    let sides = if row.subject.is_some() { 2 } else { 1 };
    let pairs = |rival: &race::Rival| if rival.counts() { effort.pairs } else { effort.shown_pairs };
    let noise = if row.subject.is_some() { 2 * effort.pairs } else { 0 };
    (noise + sides * row.rivals.iter().map(pairs).sum::<usize>()) as u64
}

/// Reached or not, in words.
fn word(reached: bool) -> &'static str {
    if reached { "reached" } else { "NOT REACHED" }
}

/// One row on standard output.
fn print_row(outcome: &Outcome) {
    println!("{}: {} [{}]", outcome.row.name, outcome.row.work, outcome.row.wait);
    for entry in outcome.ours.iter().chain(&outcome.entries) {
        let mut line = format!("  {:44}", entry.name);
        if let Some(rate) = pairs::Spread::of(&entry.absolute.rates) {
            line += &format!(" {:8.2} M/s ({:.2}..{:.2})", rate.p50 / 1e6, rate.p10 / 1e6, rate.p90 / 1e6);
        }
        if let Some(latency) = &entry.absolute.latency {
            line += &format!(" p50 {:7.1} ns, p99 {:6.0} ns", latency.p50(), latency.p99());
        }
        for verdict in &entry.verdicts {
            line += &format!("  {} ratio {}", verdict.metric.name(), report::comparison(verdict));
            if verdict.bar != Bar::Shown {
                line += &format!(
                    " [{}: {}]",
                    verdict.bar.name(verdict.metric),
                    report::verdict_word(entry, verdict)
                );
            }
        }
        if let Some(failure) = entry.failure {
            line += &format!("  {failure:?}");
        }
        if entry.absolute.lost > 0 || entry.absolute.torn > 0 {
            line += &format!("  lost {} torn {}", entry.absolute.lost, entry.absolute.torn);
        }
        println!("{line}");
    }
    println!("  {}", report::peace(&outcome.peace));
    for (metric, noise) in &outcome.noise {
        println!("  noise, ours against ours, {}: {}", metric.name(), report::ratio(Some(*noise)));
    }
}

/// Writes the record and its plots.
fn write(dir: &Path, header: &Header, outcomes: &[Outcome]) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(dir)?;
    let quick = if header.quick { "-quick" } else { "" };
    let stem = format!("compare-{}-{}{quick}", header.machine.date, header.machine.commit);
    let plots = plot::draw(dir, &stem, outcomes)?;
    let path = dir.join(format!("{stem}.md"));
    fs::write(&path, report::markdown(header, outcomes, &plots))?;
    fs::write(dir.join(format!("{stem}.jsonl")), report::json_lines(header, outcomes))?;
    println!("record: {}", path.display());
    Ok(())
}

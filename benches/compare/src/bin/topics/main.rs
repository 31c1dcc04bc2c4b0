//! Races the engine's index of patterns: which subscriptions does a topic have, at 10, 1,000 and 100,000 patterns, against a
//! plain walk over all patterns and against the tries of other libraries.

#[allow(dead_code, reason = "the other race uses all of it")]
#[path = "../../calm.rs"]
mod calm;
mod contestants;
mod load;
#[path = "../../machine.rs"]
mod machine;
mod report;
mod topic;

use std::error::Error;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// What the engine's files expect.
mod sync {
    pub(crate) use std::sync::Arc as PlainArc;
}

use crate::contestants::{ALL, Contestant, OURS, WALK};
use crate::load::Load;
use crate::machine::Machine;
use crate::report::{Figures, Header};

const HELP: &str = "\
Races the engine's index of patterns against a plain walk and other libraries' tries.

  --quick         few and short measurements: a smoke test, no figures to quote
  --calm SECONDS  before each round, wait up to so long until other programs leave the cores alone (Linux)
  --record DIR    write topic-index-DATE-COMMIT.md into DIR
  --help          this text
";

/// Numbers of patterns.
const SIZES: [usize; 3] = [10, 1_000, 100_000];

/// Where memory is measured: below, it drowns in what the allocator takes at once.
const LARGEST: usize = 100_000;

struct Args {
    rounds: usize,
    time: Duration,
    calm: Option<Duration>,
    record: Option<PathBuf>,
    quick: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    use lexopt::prelude::*;
    let (mut quick, mut calm, mut record) = (false, None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => quick = true,
            Long("calm") => calm = Some(Duration::from_secs(parser.value()?.parse()?)),
            Long("record") => record = Some(PathBuf::from(parser.value()?)),
            // What this program asks a process of its own.
            Long("memory") => return memory_here(&parser.value()?.string()?),
            Long("help") | Short('h') => {
                print!("{HELP}");
                return Ok(());
            }
            _ => return Err(argument.unexpected().into()),
        }
    }
    let (rounds, millis) = if quick { (3, 10) } else { (15, 60) };
    race(&Args { rounds, time: Duration::from_millis(millis), calm, record, quick })
}

fn race(args: &Args) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let machine = Machine::here();
    let mut figures = Vec::new();
    let mut disturbed = 0;
    for size in SIZES {
        figures.extend(measure(size, args, &mut disturbed)?);
    }
    let header = Header {
        machine,
        rounds: args.rounds,
        millis: args.time.as_millis(),
        load_after: machine::load(),
        seconds: began.elapsed().as_secs(),
        calm: args.calm,
        disturbed,
        quick: args.quick,
    };
    let text = report::markdown(&header, &figures);
    print!("{text}");
    if let Some(directory) = &args.record {
        let quick = if args.quick { "-quick" } else { "" };
        let name = format!("topic-index-{}-{}{quick}.md", header.machine.date, header.machine.commit);
        std::fs::write(directory.join(&name), text)?;
        println!("record: {name}");
    }
    Ok(())
}

/// All contestants at one number of patterns, in rounds in which each comes once and each comes first in turn. Counts the
/// rounds before which others did not leave the cores alone.
fn measure(size: usize, args: &Args, disturbed: &mut usize) -> Result<Vec<Figures>, Box<dyn Error>> {
    let load = Load::new(size);
    // One of the rivals says on standard error what it panics about; the record says how often.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut contestants: Vec<_> = ALL.iter().map(|(_, make)| make(&load)).collect();
    std::panic::set_hook(hook);
    check(&contestants)?;
    let matches = contestants::matches(&load);
    let mut figures: Vec<Figures> =
        ALL.iter().map(|(name, _)| Figures::new(name, size, matches.clone(), load.topics.len())).collect();
    for (figure, contestant) in figures.iter_mut().zip(&contestants) {
        figure.failing = contestant.failing();
        figure.memory = if size == LARGEST { memory(figure.name)? } else { None };
    }
    let mut at = vec![0; ALL.len()];
    for round in 0..args.rounds {
        if args.calm.is_some_and(|limit| !calm::wait(limit)) {
            *disturbed += 1;
        }
        for turn in 0..ALL.len() {
            let who = (round + turn) % ALL.len();
            let (figure, contestant) = (&mut figures[who], &mut contestants[who]);
            if contestant.topics() > 0 {
                figure.resolve.push(resolve(&**contestant, &mut at[who], args.time));
            }
            figure.change.push(change(&mut **contestant, &load, round, args.time / 4));
            // What was built is taken down outside the clock.
            let from = Instant::now();
            let built = ALL[who].1(&Load { patterns: load.patterns.clone(), topics: Vec::new() });
            figure.build.push(from.elapsed().as_secs_f64() / size as f64 * 1e9);
            drop(built);
        }
    }
    Ok(figures)
}

/// Everybody finds the same patterns.
fn check(contestants: &[Box<dyn Contestant>]) -> Result<(), Box<dyn Error>> {
    let of = |name| ALL.iter().position(|(other, _)| *other == name).expect("it takes part");
    let (ours, walk) = (&contestants[of(OURS)], &contestants[of(WALK)]);
    // A walk over 100,000 patterns takes a millisecond.
    for topic in (0..walk.topics()).step_by(walk.topics().div_ceil(1_000)) {
        if ours.resolve(topic) != walk.resolve(topic) {
            return Err(format!("{OURS} finds other patterns than the walk for topic {topic}").into());
        }
    }
    let sum = |who: &dyn Contestant| (0..who.topics()).map(|topic| who.resolve(topic)).sum::<u64>();
    let expected = sum(&**ours);
    for (contestant, (name, _)) in contestants.iter().zip(ALL) {
        let asks_for_all = !name.contains("any") && name != WALK;
        if asks_for_all && contestant.failing() == 0 && sum(&**contestant) != expected {
            return Err(format!("{name} finds other patterns").into());
        }
    }
    Ok(())
}

/// Nanoseconds a look-up, going on where the last measurement ended.
fn resolve(contestant: &dyn Contestant, at: &mut usize, time: Duration) -> f64 {
    let from = Instant::now();
    let mut done = 0_u64;
    while from.elapsed() < time {
        // A reading of the clock costs some tens of nanoseconds, a look-up by walking up to milliseconds.
        for _ in 0..if done == 0 { 1 } else { 16 } {
            black_box(contestant.resolve(*at));
            *at = (*at + 1) % contestant.topics();
            done += 1;
        }
    }
    from.elapsed().as_secs_f64() / done as f64 * 1e9
}

/// Nanoseconds for one pattern more and less.
fn change(contestant: &mut dyn Contestant, load: &Load, round: usize, time: Duration) -> f64 {
    let mut patterns = load.patterns.iter().cycle().skip(round * 997 % load.patterns.len());
    let from = Instant::now();
    let mut done = 0_u64;
    while from.elapsed() < time {
        contestant.join_and_leave(patterns.next().expect("they go round and round"));
        done += 1;
    }
    from.elapsed().as_secs_f64() / done as f64 * 1e9
}

/// Bytes a pattern, as a process of its own finds them.
fn memory(name: &str) -> Result<Option<f64>, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?).args(["--memory", name]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse().ok())
}

/// Prints by how much this process grows when `name` takes the largest load.
fn memory_here(name: &str) -> Result<(), Box<dyn Error>> {
    let (_, make) = ALL.iter().find(|(other, _)| *other == name).ok_or("nobody is called so")?;
    let load = Load { topics: Vec::new(), ..Load::new(LARGEST) };
    let Some(before) = resident() else { return Ok(()) };
    let made = make(&load);
    let after = resident().unwrap_or(before);
    drop(black_box(made));
    println!("{}", after.saturating_sub(before) as f64 / LARGEST as f64);
    Ok(())
}

/// Bytes of memory that this process has; none where the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok().map(|kilobytes: u64| kilobytes * 1024)
}

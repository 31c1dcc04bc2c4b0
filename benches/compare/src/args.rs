//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::pairs::Effort;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
compare: races the eventcast ring against its rivals

usage: compare [OPTIONS]

  --row NAME      only rows whose name starts with NAME; may be given several times
  --list          list the rows and what each must reach
  --pairs N       interleaved pairs per comparison that counts (default 9)
  --millis N      length of one measurement in milliseconds (default 350)
  --calm SECONDS  before each pair, wait up to so long until other programs leave the cores alone, and measure
                  pairs that they disturbed again (Linux)
  --only-bars     leave out contestants against which nothing must be reached
  --quick         few and short measurements: a smoke test, no figures to quote
  --record DIR    write compare-DATE-COMMIT.md, .jsonl and plots into DIR
  --help          this text
";

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Prefixes of row names; all rows when empty.
    pub(crate) rows: Vec<String>,
    /// Only list.
    pub(crate) list: bool,
    /// Only contestants that count.
    pub(crate) only_bars: bool,
    /// A smoke test.
    pub(crate) quick: bool,
    /// Where the record goes.
    pub(crate) record: Option<PathBuf>,
    /// How much to measure.
    pub(crate) effort: Effort,
    /// Only print the help.
    pub(crate) help: bool,
}

/// Fewer pairs than this are no comparison.
const LEAST_PAIRS: usize = 9;

/// Reads the command line.
pub(crate) fn parse() -> Result<Args, lexopt::Error> {
    use lexopt::prelude::*;
    let mut rows = Vec::new();
    let (mut list, mut only_bars, mut quick, mut help) = (false, false, false, false);
    let (mut record, mut pairs, mut millis, mut calm) = (None, None, None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("row") => rows.push(parser.value()?.string()?),
            Long("list") => list = true,
            Long("only-bars") => only_bars = true,
            Long("quick") => quick = true,
            Long("record") => record = Some(PathBuf::from(parser.value()?)),
            Long("pairs") => pairs = Some(parser.value()?.parse::<usize>()?),
            Long("millis") => millis = Some(parser.value()?.parse::<u64>()?),
            Long("calm") => calm = Some(Duration::from_secs(parser.value()?.parse()?)),
            Long("help") | Short('h') => help = true,
            _ => return Err(argument.unexpected()),
        }
    }
    if pairs == Some(0) || millis == Some(0) {
        return Err("--pairs and --millis must be above 0".into());
    }
    let pairs = pairs.unwrap_or(if quick { 3 } else { LEAST_PAIRS });
    let millis = millis.unwrap_or(if quick { 60 } else { 350 });
    // Too little to conclude anything from, however it was asked for.
    quick |= pairs < LEAST_PAIRS || millis < 300;
    let effort = Effort { pairs, shown_pairs: pairs.div_ceil(3), time: Duration::from_millis(millis), calm };
    Ok(Args { rows, list, only_bars, quick, record, effort, help })
}

//! The command line.

mod duration;
mod start;
mod subscribe;

pub(crate) use start::StartAt;
pub(crate) use subscribe::{Mode, Subscribe};

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Embedded event broadcast engine: publish once, every subscriber sees it, every loss is counted.
#[derive(Debug, Parser)]
#[command(name = "eventcast", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
}

const AFTER_HELP: &str = "\
Each line of the input is one event: {\"topic\": \"orders.created\", \"data\": <any JSON>}. Blank lines are skipped. The input is
read and checked to its end before anything is published.

What a full queue (queue:N) does, by OVERFLOW:
  drop-oldest     loses the event that has waited longest (the default)
  drop-newest     loses the arriving event
  disconnect      ends the subscriber, which still reads what waits
  block           waits for room and loses nothing; publishers wait once the ring is full behind it
  block:DURATION  waits so long (250ms, 2s), then loses what arrives until there is room again

A FILTER asks for fields of the data: status>=400, user.name==\"anna\", commits[0].message~\"fix\", ref exists, error missing;
several are joined by &&. The comparisons are == != < <= > >= with a number, a quoted text, true, false or null, and ~ for a
text that is part of the field's. A field that is not there, or is of another type, compares as no.

Exit codes:
  0  every event was published, and everything adds up
  1  wrong arguments, no input, or an input without events; nothing was published
  2  bad lines, reported with their number and skipped; with --strict nothing was published
  3  a subscriber that lost nothing differs from what was published, or an account does not balance
  4  all of it went well, but the file of --metrics could not be written

Ctrl-C stops publishing, lets the subscribers read what is left and prints the report.

Examples:
  eventcast run examples/data/github-webhooks.ndjson --repeat 1000 --publishers 2
  eventcast run events.ndjson --subscribe 'orders.*' --subscribe 'orders.>:lag'
  eventcast run events.ndjson --subscribe '>:queue:64:drop-newest where total>=100' --join-after 10 --start oldest";

/// Publishes the events of a file to subscribers and accounts for every one of them
#[derive(Debug, Parser)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RunArgs {
    /// File with one JSON event per line; `-` is standard input
    pub(crate) input: String,

    /// How often to publish the whole input
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) repeat: u64,

    /// How many threads publish
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) publishers: u16,

    /// A subscriber to the topics of a pattern, with `*` for one token and `>` for the rest. When it is too slow,
    /// publishers wait for it (block, the default) or it loses the oldest events (lag). With queue:N it has a queue of
    /// its own for N events; see below. Repeatable.
    /// [default: '>:block', the busiest branch of topics, '>:lag']
    #[arg(long, value_name = "PATTERN[:block|lag|queue:N[:OVERFLOW]] [where FILTER]", verbatim_doc_comment)]
    pub(crate) subscribe: Vec<Subscribe>,

    /// How many events are published before the subscribers join
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) join_after: u64,

    /// Where the subscribers start: with the next event (now), the oldest that the ring still keeps (oldest), or that of
    /// a sequence, the first being 0 (sequence:N)
    #[arg(long, value_name = "now|oldest|sequence:N", default_value_t)]
    pub(crate) start: StartAt,

    /// How many events the ring keeps
    #[arg(long, value_name = "EVENTS", default_value_t = 1024,
          value_parser = clap::value_parser!(u32).range(1..=eventcast::ring::MAX_CAPACITY as i64))]
    pub(crate) capacity: u32,

    /// The longest line that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_line: u32,

    /// Stop at the first bad line, before anything is published
    #[arg(long)]
    pub(crate) strict: bool,

    /// Say once a second how far the run is where standard error is no terminal; on a terminal a line always shows it
    #[arg(long)]
    pub(crate) stats: bool,

    /// Write what the engine has counted to a file at the end, as text for Prometheus
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,

    /// Print one JSON document in place of the tables
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}

//! The command line.

use clap::{Parser, Subcommand};
use eventcast::{Overflow, TopicPattern};
use std::fmt;
use std::str::FromStr;

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

Exit codes:
  0  every event was published, and everything adds up
  1  wrong arguments, no input, or an input without events; nothing was published
  2  bad lines, reported with their number and skipped; with --strict nothing was published
  3  a subscriber that lost nothing differs from what was published, or an account does not balance

Ctrl-C stops publishing, lets the subscribers read what is left and prints the report.

Examples:
  eventcast run examples/data/github-webhooks.ndjson --repeat 1000 --publishers 2
  eventcast run events.ndjson --subscribe 'orders.*' --subscribe 'orders.>:lag'";

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
    /// publishers wait for it (block, the default) or it loses the oldest events (lag). Repeatable.
    /// [default: '>:block', the busiest branch of topics, '>:lag']
    #[arg(long, value_name = "PATTERN[:block|lag]", verbatim_doc_comment)]
    pub(crate) subscribe: Vec<Subscribe>,

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

    /// Print one JSON document in place of the tables
    #[arg(long)]
    pub(crate) json: bool,
}

/// One subscriber: which topics, and what happens when it is too slow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscribe {
    pub(crate) pattern: TopicPattern,
    pub(crate) overflow: Overflow,
}

impl FromStr for Subscribe {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, overflow) = match text.rsplit_once(':') {
            None => (text, Overflow::Block),
            Some((pattern, "block")) => (pattern, Overflow::Block),
            Some((pattern, "lag")) => (pattern, Overflow::Lag),
            Some((_, other)) => {
                return Err(format!(
                    "{other:?} after the last ':' is neither block nor lag (a pattern that has a ':' needs one of them)"
                ));
            }
        };
        let pattern = pattern.parse().map_err(|error: eventcast::TopicError| error.to_string())?;
        Ok(Self { pattern, overflow })
    }
}

impl Subscribe {
    pub(crate) fn overflow_word(&self) -> &'static str {
        if self.overflow == Overflow::Block { "block" } else { "lag" }
    }
}

impl fmt::Display for Subscribe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pattern, self.overflow_word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribers_are_read() {
        let read = |text: &str| text.parse::<Subscribe>();
        assert_eq!(read("a.*").unwrap().overflow, Overflow::Block);
        assert_eq!(read("a.*:block").unwrap().overflow, Overflow::Block);
        let lag = read("a:b.>:lag").unwrap();
        assert_eq!((lag.pattern.as_str(), lag.overflow), ("a:b.>", Overflow::Lag));
        assert!(read("a.*:lagg").unwrap_err().contains("\"lagg\""));
        assert!(read("a..b:lag").unwrap_err().contains("token 2 is empty"));
        assert!(read(":lag").is_err());
    }

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}

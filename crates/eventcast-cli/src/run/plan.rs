//! What a run is going to do.

use crate::args::{RunArgs, StartAt, Subscribe};
use crate::input::Input;
use eventcast::{Overflow, TopicPattern};
use std::collections::BTreeMap;

/// Settings of a run, with the defaults filled in.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) subscribers: Vec<Subscribe>,
    pub(crate) publishers: u64,
    pub(crate) repeat: u64,
    pub(crate) capacity: usize,
    /// Events to publish in all.
    pub(crate) total: u64,
    /// Of those: before the subscribers join.
    pub(crate) join_after: u64,
    pub(crate) start: StartAt,
    /// Lines that say how far it is, also where there is no terminal.
    pub(crate) stats: bool,
}

impl Plan {
    pub(crate) fn new(args: &RunArgs, input: &Input) -> Result<Self, String> {
        let events = input.records.len() as u64;
        let total = events
            .checked_mul(args.repeat)
            .ok_or_else(|| format!("{events} events {} times are too many to count", args.repeat))?;
        if args.join_after > total {
            return Err(format!(
                "--join-after {}: the run has only {total} events; nothing was published",
                args.join_after
            ));
        }
        args.start.check(args.join_after, args.capacity.into())?;
        let subscribers =
            if args.subscribe.is_empty() { default_subscribers(input) } else { args.subscribe.clone() };
        Ok(Self {
            subscribers,
            publishers: args.publishers.into(),
            repeat: args.repeat,
            capacity: args.capacity as usize,
            total,
            join_after: args.join_after,
            start: args.start,
            stats: args.stats,
        })
    }
}

/// Everything without loss, the busiest branch without loss, everything with loss.
fn default_subscribers(input: &Input) -> Vec<Subscribe> {
    let everything = || TopicPattern::new(">").expect("a pattern");
    let mut subscribers = vec![Subscribe::direct(everything(), Overflow::Block)];
    let branch = busiest_branch(input);
    subscribers.extend(branch.map(|branch| Subscribe::direct(branch, Overflow::Block)));
    subscribers.push(Subscribe::direct(everything(), Overflow::Lag));
    subscribers
}

/// The branch of two tokens, or else of one, below which most events are.
fn busiest_branch(input: &Input) -> Option<TopicPattern> {
    [2, 1].into_iter().find_map(|depth| {
        let mut branches = BTreeMap::<&str, usize>::new();
        for record in &input.records {
            let topic = &input.topics[record.topic];
            if let Some((end, _)) = topic.match_indices('.').nth(depth - 1) {
                *branches.entry(&topic[..end]).or_default() += 1;
            }
        }
        let most = branches.values().copied().max()?;
        let (branch, _) = branches.into_iter().find(|&(_, count)| count == most)?;
        // A branch as long as a topic may be has no room for the wildcard.
        TopicPattern::new(&format!("{branch}.>")).ok()
    })
}

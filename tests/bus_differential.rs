//! Random lists of operations, done to a bus and to a naive oracle at once: every answer, every account, every drop.
//!
//! `EVENTCAST_CASES` sets the number of lists, `EVENTCAST_SEED` which ones.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests look at the clock and let a core go"
)]

#[path = "common/bus_oracle.rs"]
mod bus_oracle;
#[path = "common/bus_world.rs"]
mod bus_world;
mod common;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/lists.rs"]
mod lists;
#[path = "common/script.rs"]
mod script;

use bus_world::{Coverage, Filled};
use common::{Rng, env_number, seed};
use lists::Lists;
use script::{HEADER, MAX_STEPS, STEP};

const CASES: u64 = match (cfg!(miri), cfg!(debug_assertions)) {
    (true, _) => 3,
    (_, true) => 3_000,
    (_, false) => 10_000,
};

/// Steps of a list at most.
const LENGTH: usize = if cfg!(miri) { 24 } else { MAX_STEPS };

#[test]
fn every_answer_is_the_oracles() {
    let lists = Lists {
        header: HEADER,
        step: STEP,
        max_steps: LENGTH,
        run: &|bytes, trace| bus_world::run(bytes, Filled::Either, trace),
        met: &met,
    };
    let cases = env_number("EVENTCAST_CASES", CASES);
    lists.play_all(cases, &mut Rng::new(seed()), |seen| seen.steps);
}

fn met(seen: &Coverage) -> Vec<(&'static str, bool)> {
    vec![
        ("full", seen.full),
        ("lag", seen.lag),
        ("disconnect", seen.disconnect),
        ("a queue that drops the newest", seen.drop_newest),
        ("a queue that drops the oldest", seen.drop_oldest),
        ("a queue that disconnects", seen.queue_disconnect),
        ("a queue that blocks", seen.stall),
        ("a queue that blocks for no time", seen.expired_stall),
        ("a subscription's filter says no", seen.unwanted),
        ("a subscription's filter panics", seen.filter_panic),
        ("the bus turns an event away", seen.turned_away),
        ("unrouted", seen.unrouted),
        ("close with events waiting", seen.close_with_unread),
        ("a topic that left and came back", seen.topic_back),
        ("operations inside a guard", seen.guard_kept),
        ("a forgotten guard", seen.guard_forgotten),
        ("a clone panics", seen.clone_panic),
        ("a start behind now", seen.late_join),
    ]
}

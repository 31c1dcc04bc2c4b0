//! Figures that are not measured here: two Go libraries, from a run of their own.
//!
//! That machine had two virtual cores too, but not always the same processor as the one of a record: AMD EPYC (shared host), Linux
//! 6.18, Go 1.27.3 with GOMAXPROCS 2. One publisher at full speed, a goroutine
//! per subscriber, a fresh 64-byte event behind a pointer, the clock stopped at the last delivery; medians of 5 runs. Nobody
//! but the libraries themselves had the machine.

use std::time::Duration;

use crate::measure::{Latency, Sample};
use crate::race::Contestant;

/// Subscribers, and docker/go-events' events per second end to end: revision `dbf6103`, `Broadcaster` to a `Queue` per
/// subscriber to a counting sink. It loses nothing; its queues grow.
const DOCKER: [(usize, f64); 3] = [(1, 1.72e6), (4, 1.38e6), (16, 547e3)];

/// Subscribers, and the deliveries per second of cuemby/warren's `pkg/events`: revision `4ed559b`. It lost 82, 81 and 44 % of
/// the events on the way, which are not counted here.
const WARREN: [(usize, f64); 3] = [(1, 525e3), (4, 1.88e6), (16, 9.93e6)];

/// docker/go-events with so many subscribers, by events per second.
pub(crate) fn docker(subscribers: usize) -> Contestant {
    rate("docker/go-events (another run, not here)", of(&DOCKER, subscribers))
}

/// Warren with so many subscribers: the events per second that would make its deliveries.
pub(crate) fn warren(subscribers: usize) -> Contestant {
    rate("Warren's deliveries (another run, not here)", of(&WARREN, subscribers) / subscribers as f64)
}

/// A median latency that is a limit and nobody's figure.
pub(crate) fn limit(nanos: f64) -> Contestant {
    Contestant::new(&format!("limit: {nanos} ns"), move |_| {
        let mut latency = Latency { blocks: vec![nanos], ..Latency::new() };
        latency.single(nanos as u64);
        Some(Sample::of_latency(latency))
    })
}

/// The figure for so many subscribers.
fn of(figures: &[(usize, f64)], subscribers: usize) -> f64 {
    let figure = figures.iter().find(|(count, _)| *count == subscribers);
    figure.expect("rows have the subscribers of the figures").1
}

/// Always this rate.
fn rate(name: &str, events: f64) -> Contestant {
    Contestant::new(name, move |_| Some(Sample::of_rate(events as u64, Duration::from_secs(1))))
}

//! Loom models of the ring, on the ring's own code.
//!
//! `eventcast-loom-tests` lists the models; `eventcast-loom-tests MODEL BOUND SECONDS` checks one: BOUND is the number of
//! preemptions, 0 for all of them. A model that does not finish within SECONDS, or that has fewer than ten interleavings
//! without saying so, fails.

mod models;
mod ring;

use models::{MODELS, Model};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, bound, seconds] = arguments.as_slice() else {
        for Model { name, bound, .. } in MODELS.iter().copied().flatten() {
            println!("{name} {bound}");
        }
        return;
    };
    let model = MODELS.iter().copied().flatten().find(|model| model.name == name);
    let Some(model) = model else { fail(&format!("no model is called {name}")) };
    let number =
        |text: &str| text.parse::<u64>().unwrap_or_else(|_| fail(&format!("{text} is not a number")));
    check(model, number(bound) as usize, Duration::from_secs(number(seconds)));
}

fn check(model: &Model, bound: usize, limit: Duration) {
    static INTERLEAVINGS: AtomicUsize = AtomicUsize::new(0);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = (bound > 0).then_some(bound);
    builder.max_branches = 20_000;
    builder.max_duration = Some(limit);
    let start = Instant::now();
    let run = model.run;
    builder.check(move || {
        INTERLEAVINGS.fetch_add(1, Relaxed);
        run();
    });
    let (taken, interleavings) = (start.elapsed(), INTERLEAVINGS.load(Relaxed));
    println!("{} bound {bound}: {interleavings} interleavings, {:.1} s", model.name, taken.as_secs_f64());
    if taken >= limit {
        fail("not finished within the limit");
    }
    if interleavings < model.at_least {
        fail("too few interleavings to mean anything");
    }
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(1);
}

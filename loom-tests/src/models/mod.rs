//! The models, by what they are about. Numbers as in `loom-tests/README.md`.

mod claims;
mod disconnect;
mod doors;
mod joins;
mod lag;
mod leaders;
mod names;
mod queues;
mod sights;
mod teardown;
mod waits;

/// One model.
pub struct Model {
    pub name: &'static str,
    /// Preemption bound of the full run; 0 is exhaustive.
    pub bound: usize,
    /// Fewer interleavings than this mean that the model tests nothing.
    pub at_least: usize,
    pub run: fn(),
}

const fn model(name: &'static str, bound: usize, run: fn()) -> Model {
    Model { name, bound, at_least: 10, run }
}

pub const MODELS: &[&[Model]] = &[
    claims::MODELS,
    waits::MODELS,
    joins::MODELS,
    lag::MODELS,
    queues::MODELS,
    sights::MODELS,
    disconnect::MODELS,
    doors::MODELS,
    leaders::MODELS,
    names::MODELS,
    teardown::MODELS,
];

#!/usr/bin/env bash
# Clippy over everything that compiles, warnings denied.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The homes of threads, clocks and atomics (clippy.toml) are the engine's, not those of the packages around it.
around=(-D warnings -A clippy::disallowed_methods -A clippy::disallowed_types)

say "workspace, all targets, all features"
cargo clippy --quiet --workspace --all-targets --all-features -- -D warnings

say "workspace, default features"
cargo clippy --quiet --workspace -- -D warnings

if need compare benches/compare/Cargo.toml; then
  say "benches/compare"
  cargo clippy --quiet --manifest-path benches/compare/Cargo.toml --all-targets --all-features -- "${around[@]}"
fi

if need loom loom-tests/Cargo.toml; then
  say "the engine and its models as loom sees them"
  (
    own_target loom
    export RUSTFLAGS="--cfg eventcast_loom"
    cargo clippy --quiet -p eventcast --lib -- -D warnings
    cargo clippy --quiet --manifest-path loom-tests/Cargo.toml --all-targets -- "${around[@]}"
  )
fi

if need shuttle loom-tests/shuttle/Cargo.toml; then
  say "the same as shuttle sees it"
  (
    own_target shuttle
    export RUSTFLAGS="--cfg eventcast_shuttle"
    cargo check --quiet --manifest-path loom-tests/shuttle/Cargo.toml --tests
  )
fi

#!/usr/bin/env bash
# Benches are built, not run: a bench that no longer compiles has stopped measuring.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if need benches benches/ring.rs; then
  say "criterion benches"
  cargo bench --quiet --workspace --all-features --no-run
fi

if need compare benches/compare/Cargo.toml; then
  say "the race against the rivals"
  cargo check --quiet --manifest-path benches/compare/Cargo.toml --all-targets --all-features
fi

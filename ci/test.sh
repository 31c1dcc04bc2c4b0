#!/usr/bin/env bash
# The test suite, in debug (overflow checks, debug assertions) and in release (what users run).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ "${EVENTCAST_DEBUG_TESTED:-}" = yes ]; then
  say "debug: passed just now"
else
  say debug
  cargo test --quiet --workspace --all-features
fi
say release
cargo test --quiet --workspace --all-features --release

# `rust-version` has to be true: the oldest compiler it allows checks the tree, when that is not the one in use.
declared=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
case $(rustc -V) in
  "rustc $declared"*) say "rust-version $declared is the compiler in use" ;;
  *)
    say "rust-version $declared"
    command -v rustup >/dev/null || skip "rustup is not here, so no compiler $declared"
    rustup run "$declared" rustc -V >/dev/null 2>&1 || rustup toolchain install "$declared" --profile minimal >/dev/null 2>&1 ||
      skip "cannot install toolchain $declared"
    own_target msrv
    rustup run "$declared" cargo check --quiet --workspace --all-features
    ;;
esac

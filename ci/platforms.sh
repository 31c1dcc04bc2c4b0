#!/usr/bin/env bash
# Type-checks the platforms of the README's table that this machine cannot run.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TARGETS="x86_64-pc-windows-msvc x86_64-pc-windows-gnu aarch64-apple-darwin aarch64-unknown-linux-gnu"

command -v rustup >/dev/null || skip "rustup is not here, so no standard library for other platforms"
# shellcheck disable=SC2086
rustup target add $TARGETS >/dev/null 2>&1 || skip "cannot install the targets $TARGETS"

for target in $TARGETS; do
  say "$target: the engine"
  cargo check --quiet -p eventcast --all-features --target "$target"
done
for target in x86_64-pc-windows-msvc aarch64-apple-darwin; do
  say "$target: the program"
  cargo check --quiet --workspace --all-features --target "$target"
done

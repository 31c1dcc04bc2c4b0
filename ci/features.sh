#!/usr/bin/env bash
# Features only add: every package of the workspace compiles with none, with each alone, and with all.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Clippy rather than check: the same and more, on what the clippy rung has already built of the dependencies.
compiles() { cargo clippy --quiet "$@" -- -D warnings; }

member_manifests | while read -r manifest; do
  package=$(package_name "$manifest")
  say "$package: none"
  compiles -p "$package" --no-default-features
  for feature in $(features_of "$manifest"); do
    say "$package: $feature"
    compiles -p "$package" --no-default-features --features "$feature"
  done
  say "$package: all"
  compiles -p "$package" --all-features
done

#!/usr/bin/env bash
# Features only add: every package of the workspace compiles with none, with each alone, and with all.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export RUSTFLAGS="${RUSTFLAGS:-} -D warnings"
own_target features

member_manifests | while read -r manifest; do
  package=$(package_name "$manifest")
  say "$package: none"
  cargo check --quiet -p "$package" --no-default-features
  for feature in $(features_of "$manifest"); do
    say "$package: $feature"
    cargo check --quiet -p "$package" --no-default-features --features "$feature"
  done
  say "$package: all"
  cargo check --quiet -p "$package" --all-features
done

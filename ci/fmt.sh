#!/usr/bin/env bash
# Formatting of the workspace and of the packages outside it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo fmt --all --check

for package in $OWN_PACKAGES; do
  # Not through cargo: a manifest whose targets have not all landed still has files to check.
  if [ -d "$package" ]; then
    find "$package" -name '*.rs' -not -path '*/target/*' -print0 | xargs -0 -r rustfmt --edition 2024 --check
  fi
done
find tests/miri_programs -name '*.rs' -print0 2>/dev/null | xargs -0 -r rustfmt --edition 2024 --check

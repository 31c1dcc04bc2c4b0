#!/usr/bin/env bash
# Formatting of the workspace and of the packages outside it.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cargo fmt --all --check

# Not through cargo: a manifest whose targets have not all landed still has files to check.
for directory in $OWN_PACKAGES tests/compile_fail; do
  if [ -d "$directory" ]; then
    find "$directory" -name '*.rs' -not -path '*/target/*' -print0 | xargs -0 -r rustfmt --edition 2024 --check
  fi
done

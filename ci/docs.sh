#!/usr/bin/env bash
# Documentation, warnings denied: broken links, missing docs, bad HTML.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --all-features --no-deps

# docs.rs builds with nightly and --cfg docsrs; what only that build sees breaks there and nowhere else.
if grep -q docsrs src/lib.rs; then
  nightly
  own_target docsrs
  RUSTDOCFLAGS="-D warnings --cfg docsrs" cargo "+$NIGHTLY" doc --quiet -p eventcast --all-features --no-deps
fi

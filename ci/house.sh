#!/usr/bin/env bash
# The house itself: the README's test command is the one CI runs, the files people look for exist, scripts parse,
# nothing tracked names a path of somebody's machine.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bad=0
complain() {
  printf 'FAILED %s\n' "$*"
  bad=1
}

for file in LICENSE-MIT LICENSE-APACHE CHANGELOG.md CONTRIBUTING.md SECURITY.md Cargo.lock; do
  [ -s "$file" ] || complain "$file is missing"
done

command="cargo test --workspace --all-features"
grep -qxF "$command" .ci/run || complain ".ci/run does not run exactly: $command"
if need readme README.md; then
  grep -qF "$command" README.md || complain "README.md does not say: $command"
fi

for script in .ci/run ci/*.sh; do
  bash -n "$script" || complain "$script does not parse"
  [ -x "$script" ] || [ "$script" = ci/lib.sh ] || complain "$script is not executable"
done
if command -v shellcheck >/dev/null; then
  shellcheck .ci/run ci/*.sh || complain "shellcheck"
else
  printf 'NOTE shellcheck is not here; scripts were only parsed\n'
fi

# Every name in ci/pending has to be one that a rung asks for, or the line would never go stale.
for name in $(awk '!/^[[:space:]]*(#|$)/ { print $1 }' ci/pending); do
  grep -qE "(need|pending_reason) $name( |\$|\))" ci/*.sh || complain "ci/pending lists $name, which no rung asks for"
done

# Atomics come from one place, which loom can see into.
raw=$(git grep -nE 'std::sync::atomic|core::sync::atomic' -- src ':!src/sync' | head -n 5 || true)
[ -z "$raw" ] || complain "atomics that loom cannot see: $raw"

# Home directories have no business in a repository.
paths=$(git grep -nIE '(^|[^A-Za-z0-9_.])/(root|home|Users)/[A-Za-z0-9._-]+' -- . ':!ci/house.sh' ':!examples/data' 2>/dev/null | head -n 5 || true)
[ -z "$paths" ] || complain "machine paths: $paths"

exit "$bad"

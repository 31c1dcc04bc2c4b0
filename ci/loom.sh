#!/usr/bin/env bash
# Every loom model at two preemptions, and the mutations of the files that changed: a mutation has to turn its model
# red. ci/deep.sh runs bound 3 and all mutations.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need loom loom-tests/run.sh || exit "$PENDING"

# The base: $EVENTCAST_BASE, or where this branch left origin/main, or the commit before. With no history at all, every
# file counts as changed.
base=${EVENTCAST_BASE:-$(git merge-base HEAD origin/main 2>/dev/null || true)}
head=$(git rev-parse HEAD 2>/dev/null || true)
if [ -z "$base" ] || [ "$base" = "$head" ]; then base=$(git rev-parse --verify --quiet HEAD~1 || true); fi

export CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true
export LOOM_TARGET_DIR=$TARGET_BASE/loom
export LOOM_MUTATION_DIR=$TARGET_BASE/mutations

say "models"
loom-tests/run.sh quick | tee "$TARGET_BASE/loom.log"
[ -s "$TARGET_BASE/loom.log" ] || fail "no model was checked"

say "mutations of what changed since ${base:-ever}"
if [ -n "$base" ]; then loom-tests/mutations.sh changed "$base"; else loom-tests/mutations.sh all; fi

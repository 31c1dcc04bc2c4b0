#!/usr/bin/env bash
# The ladder: every rung, one after the other, even when one has failed; then a table, and failure if any failed.
#
#   ci/quick.sh              all rungs (16 minutes at most on two cores)
#   ci/quick.sh fmt miri     these only
#
# Every rung is a script of its own and runs the same by hand: ci/fmt.sh, ci/miri.sh …
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

BUDGET=960
RUNGS=(house fmt unsafe-count deps advisories clippy test zero-tests docs features platforms benches instructions
  loom miri tsan asan fuzz)
if [ $# -gt 0 ]; then RUNGS=("$@"); fi

logs=$TARGET_BASE/ci-logs
mkdir -p "$logs"
table=$logs/table
: >"$table"
failed=0
cpu=0

# Sets `cpu` to the seconds of processor time that finished children took: on a busy machine the wall clock says little.
# (times in a subshell would count that subshell's children.)
measure() {
  times >"$logs/times"
  cpu=$(awk 'NR == 2 { split($1, u, /[ms]/); split($2, s, /[ms]/); printf "%d", u[1] * 60 + u[2] + s[1] * 60 + s[2] }' "$logs/times")
}

for rung in "${RUNGS[@]}"; do
  printf '\n=== %s\n' "$rung"
  log=$logs/$rung.log
  start=$SECONDS
  measure
  before=$cpu
  code=0
  with_timeout "${EVENTCAST_RUNG_TIMEOUT:-600}" "ci/$rung.sh" 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
  took=$((SECONDS - start))
  measure
  used=$((cpu - before))

  case $code in
    0) result=ok ;;
    "$SKIP")
      result=SKIPPED
      # The copy of the advisory database lives beside the project's own checkouts only.
      if [ "${CI:-}" = true ] && [ "$(uname -s)" = Linux ] && [ "$rung" != advisories ]; then
        result="SKIPPED, fails under CI"
        failed=1
      fi
      ;;
    "$PENDING") result=pending ;;
    124 | 137) result="FAILED (hung)" && failed=1 ;;
    *) result=FAILED && failed=1 ;;
  esac
  if grep -q '^STALE ' "$log"; then
    result="$result, stale line in ci/pending"
    failed=1
  fi
  printf '=== %s: %s, %d s\n' "$rung" "$result" "$took"
  notes=$(grep -E '^(SKIPPED|PENDING|STALE|NOTE|FAILED) ' "$log" | tail -n 4 | cut -c 1-150 | sed 's/^/                                 /' || true)
  printf '%-14s %5d s %5d s  %s\n%s' "$rung" "$took" "$used" "$result" "${notes:+$notes
}" >>"$table"
done

printf '\n=== summary\n%-14s %7s %7s\n' rung time cpu
cat "$table"
printf '%-14s %5d s %5d s  budget %d s\n' total "$SECONDS" "$cpu" "$BUDGET"
if [ "$SECONDS" -gt "$BUDGET" ]; then printf 'WARNING: over the budget of %d s\n' "$BUDGET"; fi
if [ "$failed" -ne 0 ]; then
  printf 'FAILED\n'
  exit 1
fi
printf 'passed\n'

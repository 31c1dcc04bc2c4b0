#!/usr/bin/env bash
# Instruction counts of the hot paths under callgrind: the one figure that repeats exactly on a shared machine.
#
#   ci/instructions.sh            compare with records/instructions-<rustc version>.txt, tolerance 3 %
#   ci/instructions.sh record     write that file
#
# Counts of another compiler say nothing about our code, so only a record of the same rustc is compared.
#
# benches/instructions.rs (harness = false) lists its cases without an argument, and with the name of one runs it inside
# a function `measured` that is never inlined; callgrind collects that function alone, set-up and clean-up are not
# counted. gungraun does the same with more comfort; it was tried (0.20, works, repeats exactly), and left out because its
# runner takes minutes to build on a fresh machine and its macros would be in every build of the tests.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TOLERANCE=3

need instructions benches/instructions.rs || exit "$PENDING"

if ! command -v valgrind >/dev/null; then
  say "installing valgrind"
  { [ "$(id -u)" -eq 0 ] && apt-get install -y -qq valgrind >/dev/null 2>&1; } || skip "valgrind is not here"
fi

record=records/instructions-$(rustc_id).txt
now=$TARGET_BASE/instructions.txt
out=$TARGET_BASE/callgrind.out

built=$(cargo bench --workspace --all-features --bench instructions --no-run 2>&1) || {
  printf '%s\n' "$built"
  fail "benches/instructions.rs does not build"
}
program=$(printf '%s\n' "$built" | sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
[ -x "$program" ] || fail "cargo named no executable: $built"

: >"$now"
for case in $("$program"); do
  valgrind --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no --toggle-collect='instructions::measured*' \
    "$program" "$case" >"$out.log" 2>&1 || {
    cat "$out.log"
    fail "$case did not run under valgrind"
  }
  count=$(sed -n 's/^\(summary\|totals\): //p' "$out" | head -n 1)
  [ "${count:-0}" -gt 0 ] || fail "$case: nothing was counted inside instructions::measured"
  printf '%s %s\n' "$case" "$count" >>"$now"
done
[ -s "$now" ] || fail "benches/instructions.rs lists no case"

if [ "${1:-}" = record ]; then
  mkdir -p records
  {
    printf '# Instructions per case under callgrind: %s, %s, %s\n' "$(rustc -V)" "$HOST" "$(valgrind --version)"
    printf '# commit %s, %s; written by ci/instructions.sh record\n' "$(git rev-parse --short HEAD 2>/dev/null || echo none)" "$(date +%F)"
    cat "$now"
  } >"$record"
  cat "$record"
  exit 0
fi

[ -e "$record" ] || skip "no record for $(rustc -V): nothing to compare with (ci/instructions.sh record writes $record)"

grep -v '^#' "$record" | awk -v tolerance="$TOLERANCE" '
  NR == FNR { before[$1] = $2; next }
  { after[$1] = $2
    if (!($1 in before)) { printf "FAILED %s is not in the record\n", $1; bad = 1; next }
    change = ($2 - before[$1]) * 100 / before[$1]
    printf "%-48s %10d before %10d now %+7.2f %%\n", $1, before[$1], $2, change
    if (change > tolerance) { printf "FAILED %s: %+.2f %% instructions\n", $1, change; bad = 1 }
    if (change < -tolerance) printf "NOTE %s is faster by %.2f %%: record it\n", $1, -change }
  END { for (name in before) if (!(name in after)) { printf "FAILED %s is in the record and was not run\n", name; bad = 1 }
        exit bad }' - "$now"

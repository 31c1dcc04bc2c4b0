#!/usr/bin/env bash
# Counts the unsafe blocks of src/ against the ceiling in ci/unsafe-ceiling. Raising it needs a reason in the change.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ceiling=$(cat ci/unsafe-ceiling)
# Comments may talk about unsafe; a block may open on the line after the word.
code=$(find src -name '*.rs' -print0 | xargs -0 sed -e 's://.*$::' | tr '\n' ' ')
count() { printf '%s' "$code" | grep -oE "$1" | wc -l | tr -d ' '; }

blocks=$(count '(^|[^A-Za-z0-9_])unsafe[[:space:]]*\{')
impls=$(count '(^|[^A-Za-z0-9_])unsafe[[:space:]]+impl')
functions=$(count '(^|[^A-Za-z0-9_])unsafe[[:space:]]+(extern[^{;]*)?fn[[:space:]]+[A-Za-z_]')
outside=$(find crates -path '*/src/*' -name '*.rs' -print0 | xargs -0 sed -e 's://.*$::' | grep -cE '(^|[^A-Za-z0-9_])unsafe[[:space:]]*\{' || true)

printf 'NOTE %s unsafe blocks (ceiling %s), %s unsafe impls, %s unsafe functions in src; %s blocks in crates\n' \
  "$blocks" "$ceiling" "$impls" "$functions" "$outside"
[ "$blocks" -le "$ceiling" ] || fail "$blocks unsafe blocks, the ceiling is $ceiling"
[ "$outside" -eq 0 ] || fail "unsafe belongs to src/ring and src/sync, not to crates/"

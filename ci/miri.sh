#!/usr/bin/env bash
# Miri, under both borrow models: the test targets of ci/miri-tests, and the plain programs in tests/miri_programs
# with many seeds (each seed another schedule, other weak-memory choices, other spurious failures).
#
#   EVENTCAST_MIRI_SEEDS=0..4096   seeds of the programs (default 0..16)
#   EVENTCAST_MIRI_TARGET=TRIPLE   another platform (default: this one)
#   EVENTCAST_MIRI_PARTS="tests programs"
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seeds=${EVENTCAST_MIRI_SEEDS:-0..16}
parts=${EVENTCAST_MIRI_PARTS:-tests programs}
target=${EVENTCAST_MIRI_TARGET:-$HOST}

nightly miri rust-src
own_target miri

STRICT="-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check"
miri=(cargo "+$NIGHTLY" miri)
say "the standard library for $target"
"${miri[@]}" setup --target "$target" 2>&1 | tail -n 1

pending=0

# tests LABEL FLAGS: every line of ci/miri-tests is a test target, then arguments for its harness.
tests() {
  local name arguments
  while read -r name arguments; do
    case $name in '' | '#'*) continue ;; esac
    # shellcheck disable=SC2086
    MIRIFLAGS="$STRICT $2" "${miri[@]}" test --quiet --target "$target" -p eventcast --all-features --test "$name" \
      -- $arguments </dev/null 2>&1 | sed "s/^/[$1] /"
  done <ci/miri-tests
}

case $parts in *tests*)
  if need miri-tests ci/miri-tests; then
    say "test targets, stacked and tree borrows side by side"
    # Built once first: cargo holds a lock while it builds, none while it runs.
    names=$(awk '!/^[[:space:]]*(#|$)/ { printf "--test %s ", $1 }' ci/miri-tests)
    [ -n "$names" ] || fail "ci/miri-tests lists no test target"
    # shellcheck disable=SC2086
    "${miri[@]}" test --quiet --target "$target" -p eventcast --all-features --no-run $names
    tests stacked "" &
    stacked=$!
    tests tree "-Zmiri-tree-borrows" &
    tree=$!
    code=0
    wait "$stacked" || code=1
    wait "$tree" || code=1
    [ "$code" -eq 0 ] || fail "miri, test targets"
  else
    pending=$((pending + 1))
  fi
  ;;
esac

case $parts in *programs*)
  if need miri-programs tests/miri_programs; then
    for file in tests/miri_programs/*.rs; do
      program=miri_$(basename "$file" .rs)
      for model in "" "-Zmiri-tree-borrows"; do
        say "$program, seeds $seeds${model:+, }$model"
        start=$SECONDS
        MIRIFLAGS="$STRICT $model -Zmiri-many-seeds=$seeds" \
          "${miri[@]}" run --quiet --target "$target" -p eventcast --all-features --example "$program" >"$TARGET_BASE/miri.log" 2>&1 || {
          tail -n 60 "$TARGET_BASE/miri.log"
          fail "miri, $program, seeds $seeds $model"
        }
        printf 'COUNT %s %s: seeds %s in %d s\n' "$program" "${model:-stacked}" "$seeds" "$((SECONDS - start))"
      done
    done
  else
    pending=$((pending + 1))
  fi
  ;;
esac

[ "$pending" -lt 2 ] || exit "$PENDING"

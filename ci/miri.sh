#!/usr/bin/env bash
# Miri, under both borrow models: the test targets of ci/miri-tests, and the plain programs
# examples/miri_*.rs with many seeds (each seed another schedule, other weak-memory choices, other spurious failures).
#
#   EVENTCAST_MIRI_SEEDS=0..4096   seeds of the programs (default 0..16)
#   EVENTCAST_MIRI_TARGET=TRIPLE   another platform (default: this one)
#   EVENTCAST_MIRI_PARTS="tests programs"
#   EVENTCAST_MIRI_TIER=deep       the slow test targets as well
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

seeds=${EVENTCAST_MIRI_SEEDS:-0..16}
parts=${EVENTCAST_MIRI_PARTS:-tests programs}
target=${EVENTCAST_MIRI_TARGET:-$HOST}

nightly miri rust-src
checked_package
own_target miri

STRICT="-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check"
miri=(cargo "+$NIGHTLY" miri)
say "the standard library for $target"
"${miri[@]}" setup --target "$target" 2>&1 | tail -n 1

pending=0

# The lines of ci/miri-tests for this tier: test target, then arguments.
chosen() {
  awk -v tier="${EVENTCAST_MIRI_TIER:-quick}" '/^[[:space:]]*(#|$)/ { next }
    $1 == "quick" || tier == "deep" { $1 = ""; sub(/^ +/, ""); print }' ci/miri-tests
}

# tests LABEL FLAGS: arguments that begin with -Zmiri are for Miri, the others for the test's harness.
tests() {
  local name arguments argument flags harness
  chosen | while read -r name arguments; do
    flags="$STRICT $2"
    harness=""
    for argument in $arguments; do
      case $argument in -Zmiri*) flags="$flags $argument" ;; *) harness="$harness $argument" ;; esac
    done
    # shellcheck disable=SC2086
    MIRIFLAGS=$flags "${miri[@]}" test --quiet --target "$target" --manifest-path "$CHECKED" --test "$name" \
      -- $harness </dev/null 2>&1 | sed "s/^/[$1] /"
  done
}

case $parts in *tests*)
  if need miri-tests ci/miri-tests; then
    say "test targets, stacked and tree borrows side by side"
    # Built once first: cargo holds a lock while it builds, none while it runs.
    names=$(chosen | awk '{ printf "--test %s ", $1 }')
    [ -n "$names" ] || fail "ci/miri-tests lists no test target"
    # shellcheck disable=SC2086
    "${miri[@]}" test --quiet --target "$target" --manifest-path "$CHECKED" --no-run $names
    start=$SECONDS
    tests stacked "" &
    stacked=$!
    tests tree "-Zmiri-tree-borrows" &
    tree=$!
    code=0
    wait "$stacked" || code=1
    wait "$tree" || code=1
    [ "$code" -eq 0 ] || fail "miri, test targets"
    printf 'COUNT test targets: %s in %d s, both models, %s\n' "$(chosen | wc -l)" "$((SECONDS - start))" "$target"
  else
    pending=$((pending + 1))
  fi
  ;;
esac

case $parts in *programs*)
  if need miri-programs examples/miri_spsc_wrap.rs; then
    for file in examples/miri_*.rs; do
      program=$(basename "$file" .rs)
      for model in "" "-Zmiri-tree-borrows"; do
        say "$program, seeds $seeds${model:+, }$model"
        start=$SECONDS
        MIRIFLAGS="$STRICT $model -Zmiri-many-seeds=$seeds" \
          "${miri[@]}" run --quiet --target "$target" --manifest-path "$CHECKED" --example "$program" >"$TARGET_BASE/miri.log" 2>&1 || {
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

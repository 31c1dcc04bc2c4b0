#!/usr/bin/env bash
# The stress test under AddressSanitizer with leak detection. EVENTCAST_STRESS_EVENTS sets its length.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need stress tests/stress.rs || exit "$PENDING"
[ "$(uname -s)" = Linux ] || skip "leak detection needs Linux"
nightly

# Only the targets that the sanitizers are asked for are built, so a test with dependencies of its own does not matter.
checked_package
own_target asan
export EVENTCAST_STRESS_EVENTS=${EVENTCAST_STRESS_EVENTS:-200000}
export RUSTFLAGS="-Zsanitizer=address"
export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:${ASAN_OPTIONS:-}"
say "$EVENTCAST_STRESS_EVENTS events"
tests=()
for test in ${EVENTCAST_ASAN_TESTS:-stress}; do tests+=(--test "$test"); done
cargo "+$NIGHTLY" test --quiet --target "$HOST" --release --manifest-path "$CHECKED" "${tests[@]}"
printf 'COUNT stress events: %s\n' "$EVENTCAST_STRESS_EVENTS"

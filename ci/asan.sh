#!/usr/bin/env bash
# The stress test under AddressSanitizer with leak detection. EVENTCAST_STRESS_EVENTS sets its length.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need stress tests/stress.rs || exit "$PENDING"
[ "$(uname -s)" = Linux ] || skip "leak detection needs Linux"
nightly

own_target asan
export EVENTCAST_STRESS_EVENTS=${EVENTCAST_STRESS_EVENTS:-200000}
export RUSTFLAGS="-Zsanitizer=address"
export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:${ASAN_OPTIONS:-}"
say "$EVENTCAST_STRESS_EVENTS events"
# shellcheck disable=SC2086
cargo "+$NIGHTLY" test --quiet --target "$HOST" --release -p eventcast --all-features ${EVENTCAST_ASAN_TESTS:---test stress}
printf 'COUNT stress events: %s\n' "$EVENTCAST_STRESS_EVENTS"

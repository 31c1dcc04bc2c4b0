#!/usr/bin/env bash
# The stress tests under ThreadSanitizer, standard library included. EVENTCAST_STRESS_EVENTS sets its length.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need stress tests/stress.rs || exit "$PENDING"
[ "$(uname -s)" = Linux ] || skip "thread sanitizer runs are set up for Linux"
nightly rust-src

checked_package
own_target tsan
export EVENTCAST_STRESS_EVENTS=${EVENTCAST_STRESS_EVENTS:-100000}
export RUSTFLAGS="-Zsanitizer=thread"
export TSAN_OPTIONS="halt_on_error=1 ${TSAN_OPTIONS:-}"
say "$EVENTCAST_STRESS_EVENTS events"
cargo "+$NIGHTLY" test --quiet -Zbuild-std --target "$HOST" --release --manifest-path "$CHECKED" --test stress --test bus_topics \
  --test bus_queue --test bus_unsubscribe --test bus_after
printf 'COUNT stress events: %s\n' "$EVENTCAST_STRESS_EVENTS"

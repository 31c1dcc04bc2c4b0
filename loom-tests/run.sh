#!/usr/bin/env bash
# Checks the loom models.
#
#   loom-tests/run.sh quick            every model at bound 2 at most
#   loom-tests/run.sh deep             every model at its own bound
#   loom-tests/run.sh one MODEL [BOUND]
#
# A model that does not finish within LOOM_SECONDS (default 240 quick, 600 deep) fails. Prints one line a model.
set -euo pipefail
cd "$(dirname "$0")"

mode=${1:-quick}
export RUSTFLAGS="--cfg eventcast_loom"
export CARGO_TARGET_DIR=${LOOM_TARGET_DIR:-../target/loom}
cargo build --release --quiet
models=$CARGO_TARGET_DIR/release/eventcast-loom-tests

check() { # MODEL BOUND SECONDS
    if ! out=$("$models" "$1" "$2" "$3" 2>&1); then
        printf '%s\n' "$out" | tail -n 40
        printf 'FAILED: %s bound %s\n' "$1" "$2"
        return 1
    fi
    printf '%s\n' "$out" | tail -n 1
}
export -f check
export models

case $mode in
quick)
    "$models" | while read -r name bound; do
        if [ "$bound" -eq 0 ] || [ "$bound" -gt 2 ]; then bound=2; fi
        echo "$name $bound"
    done | xargs -P 2 -L 1 bash -c 'check "$1" "$2" "${LOOM_SECONDS:-240}"' _
    ;;
deep)
    "$models" | xargs -P 2 -L 1 bash -c 'check "$1" "$2" "${LOOM_SECONDS:-600}"' _
    ;;
one)
    check "$2" "${3:-2}" "${LOOM_SECONDS:-240}"
    ;;
*)
    echo "usage: $0 quick|deep|one MODEL [BOUND]" >&2
    exit 2
    ;;
esac

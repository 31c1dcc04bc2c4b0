#!/usr/bin/env bash
# Applies each mutation to a copy of the sources and expects its model to turn red, by what the mutation says.
#
#   loom-tests/mutations.sh all
#   loom-tests/mutations.sh changed [BASE]   only mutations of files that differ from BASE (default: HEAD~1)
#   loom-tests/mutations.sh NAME…
#
# Fails when a patch does not apply or build, when its model stays green, and when it is red by anything else than its
# assertion, race, leak or deadlock.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-all} in
all) patches=(loom-tests/mutations/*.patch) ;;
changed)
    base=${2:-HEAD~1}
    patches=()
    if ! git rev-parse --verify --quiet "$base" >/dev/null; then base=$(git hash-object -t tree /dev/null); fi
    files=$(git diff --name-only "$base" -- src loom-tests)
    for patch in loom-tests/mutations/*.patch; do
        model=$(sed -n 's/^Model: //p' "$patch")
        touched=$(sed -n 's/^+++ b\///p' "$patch")
        if grep -qxF "$touched" <<<"$files" || grep -qxF "$patch" <<<"$files"; then patches+=("$patch"); fi
    done
    ;;
*) patches=("${@/#/loom-tests/mutations/}") && patches=("${patches[@]/%/.patch}") ;;
esac
[ ${#patches[@]} -gt 0 ] || { echo "no mutation touches what changed"; exit 0; }

target=$(realpath -m "${LOOM_MUTATION_DIR:-target/mutations}")
work=$target/work
export CARGO_TARGET_DIR=$target/build RUSTFLAGS="--cfg eventcast_loom"
fresh() {
    rm -rf "$work"
    mkdir -p "$work/crates/eventcast-cli" "$work/loom-tests" "$work/benches"
    cp -r Cargo.toml Cargo.lock src "$work/"
    # The manifest names them; none is built.
    cp benches/*.rs "$work/benches/"
    cp crates/eventcast-cli/Cargo.toml "$work/crates/eventcast-cli/"
    cp -r loom-tests/Cargo.toml loom-tests/Cargo.lock loom-tests/src "$work/loom-tests/"
}

fail=0
for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch)
    model=$(sed -n 's/^Model: //p' "$patch")
    bound=$(sed -n 's/^Bound: //p' "$patch")
    red=$(sed -n 's/^Red: //p' "$patch")
    start=$SECONDS
    verdict=
    fresh
    if ! patch -d "$work" -p1 --quiet --fuzz=2 <"$patch" >/dev/null 2>&1; then
        verdict="does not apply"
    elif ! out=$(cd "$work/loom-tests" && cargo build --release --quiet 2>&1); then
        verdict="does not build"
    elif out=$("$CARGO_TARGET_DIR/release/eventcast-loom-tests" "$model" "$bound" "${LOOM_SECONDS:-120}" 2>&1); then
        verdict="stays green"
    else
        case $out in
        *"not finished within"* | *"too few interleavings"*) seen=unfinished ;;
        *"Causality violation"*) seen=race ;;
        *"deadlock"*) seen=deadlock ;;
        *"Object leaked"* | *"leaked"*) seen=leak ;;
        *"panicked at src/"* | *"panicked at "*"/src/ring/"*) seen=assertion ;;
        *) seen=unknown ;;
        esac
        if grep -qxF "$seen" <<<"${red//|/$'\n'}"; then
            printf '%-32s red by %s in %s (%s s)\n' "$name" "$seen" "$model" $((SECONDS - start))
        else
            verdict="is red by $seen, not by $red"
        fi
    fi
    if [ -n "$verdict" ]; then
        printf '%-32s FAILED: %s (%s)\n' "$name" "$verdict" "$model"
        printf '%s\n' "${out:-}" | grep -vE '^ +[0-9]+:|^ +at ' | tail -n 8
        fail=1
    fi
done
exit $fail

#!/usr/bin/env bash
# The long runs, in pieces of at most 80 minutes, each with a dated record under records/.
#
#   ci/deep.sh list            the pieces, what they do, and when each last passed
#   ci/deep.sh run PIECE…      these pieces, whatever was recorded before
#   ci/deep.sh all             every piece that has no passing record for this commit; run it again to go on
#
# A piece that is counted over several slices (fuzz-*) adds to its running count in records/ each time.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

LIMIT=$((80 * 60))
CORES=$(getconf _NPROCESSORS_ONLN)

# How many executions a fuzz target is to have.
fuzz_goal() {
  case $1 in
    bus_ops) echo 10000000 ;;
    *) echo 100000000 ;;
  esac
}

PIECES="loom-3 mutations miri-seeds miri-tests miri-targets tsan asan careful shuttle fuzz-bus_ops fuzz-ring_ops fuzz-topic_pattern bus-differential differential soak topics compare audit semver"

describe() {
  case $1 in
    loom-3) echo "every loom model at three preemptions" ;;
    mutations) echo "every mutation of loom-tests/mutations has to turn its model red" ;;
    miri-seeds) echo "the plain programs under Miri, 4,096 seeds each, both borrow models" ;;
    miri-tests) echo "every test target of ci/miri-tests under Miri, both borrow models" ;;
    miri-targets) echo "Miri on aarch64, i686 and s390x: quick test targets, and the programs with 1,024 seeds" ;;
    tsan) echo "ThreadSanitizer, 10 stress runs of 10^7 events" ;;
    asan) echo "AddressSanitizer with leak detection: the whole suite, stress at 10^7 events" ;;
    careful) echo "the suite on a standard library with its debug assertions (cargo-careful)" ;;
    shuttle) echo "random schedules where loom does not finish" ;;
    fuzz-bus_ops) echo "one slice of the 10^7 executions of the fuzz target bus_ops" ;;
    fuzz-ring_ops) echo "one slice of the 10^8 executions of the fuzz target ring_ops" ;;
    fuzz-topic_pattern) echo "one slice of the 10^8 executions of the fuzz target topic_pattern" ;;
    bus-differential) echo "10^6 operation lists of a bus against the naive oracle" ;;
    differential) echo "10^7 operation lists against the naive oracle" ;;
    soak) echo "10^9 events, all policies, joins and leaves every 10 ms" ;;
    topics) echo "10^7 topics come and go, in each of six ways" ;;
    compare) echo "the race against the rivals, in full" ;;
    audit) echo "cargo-deny: advisories, bans, licences, sources" ;;
    semver) echo "cargo-semver-checks against the last release" ;;
    *) return 1 ;;
  esac
}

# --- the pieces; a line "COUNT what" or "SEED what" of their output goes into the record ---

piece_loom-3() {
  need loom loom-tests/run.sh || exit "$PENDING"
  loom_environment
  loom-tests/run.sh deep
  printf 'COUNT models: %s\n' "$("$LOOM_TARGET_DIR/release/eventcast-loom-tests" | wc -l)"
}

piece_mutations() {
  need loom loom-tests/mutations.sh || exit "$PENDING"
  loom_environment
  loom-tests/mutations.sh all
  printf 'COUNT mutations: %s\n' "$(find loom-tests/mutations -name '*.patch' | wc -l)"
}

loom_environment() {
  export CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true
  export LOOM_TARGET_DIR=$TARGET_BASE/loom LOOM_MUTATION_DIR=$TARGET_BASE/mutations
}

piece_miri-seeds() {
  need miri-programs examples/miri_spsc_wrap.rs || exit "$PENDING"
  printf 'SEED %s\n' "${EVENTCAST_MIRI_SEEDS:-0..4096}"
  EVENTCAST_MIRI_PARTS=programs EVENTCAST_MIRI_SEEDS=${EVENTCAST_MIRI_SEEDS:-0..4096} ci/miri.sh
}

piece_miri-tests() {
  need miri-tests ci/miri-tests || exit "$PENDING"
  EVENTCAST_MIRI_PARTS=tests EVENTCAST_MIRI_TIER=deep ci/miri.sh
}

piece_miri-targets() {
  local target
  printf 'SEED %s\n' "${EVENTCAST_MIRI_SEEDS:-0..1024}"
  for target in aarch64-unknown-linux-gnu i686-unknown-linux-gnu s390x-unknown-linux-gnu; do
    printf 'COUNT target %s\n' "$target"
    EVENTCAST_MIRI_TARGET=$target EVENTCAST_MIRI_SEEDS=${EVENTCAST_MIRI_SEEDS:-0..1024} ci/miri.sh
  done
}

piece_tsan() {
  need stress tests/stress.rs || exit "$PENDING"
  local round
  for round in 1 2 3 4 5 6 7 8 9 10; do
    say "round $round"
    EVENTCAST_STRESS_EVENTS=${EVENTCAST_STRESS_EVENTS:-10000000} ci/tsan.sh
  done
}

piece_asan() {
  need stress tests/stress.rs || exit "$PENDING"
  # All of tests/ but what runs the compiler, and what measures the memory that the sanitizer keeps from being used again.
  local tests
  tests=$(find tests -maxdepth 1 -name '*.rs' ! -name 'compile_fail.rs' ! -name 'soak.rs' -exec basename {} .rs \; | sort | tr '\n' ' ')
  printf 'COUNT test targets: %s\n' "$tests"
  EVENTCAST_STRESS_EVENTS=${EVENTCAST_STRESS_EVENTS:-10000000} EVENTCAST_ASAN_TESTS=$tests ci/asan.sh
}

piece_careful() {
  nightly rust-src
  cargo_tool cargo-careful cargo-careful 0.4.10
  own_target careful
  cargo "+$NIGHTLY" careful test --workspace --all-features
}

piece_shuttle() {
  need shuttle loom-tests/shuttle/Cargo.toml || exit "$PENDING"
  own_target shuttle
  RUSTFLAGS="--cfg eventcast_shuttle" EVENTCAST_SHUTTLE_ITERATIONS=${EVENTCAST_SHUTTLE_ITERATIONS:-1000000} \
    cargo test --manifest-path loom-tests/shuttle/Cargo.toml --release -- --nocapture
}

# One process a core on one corpus, each with a seed of its own; what they executed is added to the running count. The
# bulk runs without AddressSanitizer and without traced comparisons (some twenty times faster; the oracle, the ledger of
# drops and the engine's assertions judge it); what it kept as new is then replayed under AddressSanitizer.
fuzz_slice() {
  local target=$1
  need fuzz "fuzz/fuzz_targets/$target.rs" || exit "$PENDING"
  nightly
  cargo_tool cargo-fuzz cargo-fuzz 0.13.2
  local total=records/fuzz-$target.total corpus=$TARGET_BASE/fuzz/new/$target seconds=${EVENTCAST_FUZZ_SECONDS:-4000}
  local goal before executed=0 process seed log inputs=() jobs=() code=0 dictionary=()
  local build=(--target "$HOST" --sanitizer none --no-trace-compares)
  if [ -e "fuzz/dictionaries/$target.dict" ]; then dictionary=("-dict=fuzz/dictionaries/$target.dict"); fi
  before=$(awk '/^[0-9]/ { n += $3 } END { printf "%d", n }' "$total" 2>/dev/null || echo 0)
  goal=$(fuzz_goal "$target")
  printf 'COUNT executions before this slice: %s of %s\n' "$before" "$goal"
  mkdir -p "$corpus"
  for directory in "fuzz/regressions/$target" "fuzz/corpus/$target"; do
    if [ -d "$directory" ]; then inputs+=("$directory"); fi
  done
  own_target fuzz-plain
  cargo "+$NIGHTLY" fuzz build "${build[@]}" "$target"
  for process in $(seq "$CORES"); do
    seed=$(($(date +%s) * 10 + process))
    log=$corpus.$process.log
    printf 'SEED libFuzzer %s\n' "$seed"
    cargo "+$NIGHTLY" fuzz run "${build[@]}" "$target" "$corpus" ${inputs[@]+"${inputs[@]}"} -- -rss_limit_mb=1024 -timeout=10 \
      ${dictionary[@]+"${dictionary[@]}"} -print_final_stats=1 -reload=1 -entropic=0 -seed="$((seed % 4294967295))" -max_total_time="$seconds" >"$log" 2>&1 &
    jobs+=($!)
  done
  for process in "${jobs[@]}"; do wait "$process" || code=1; done
  for process in $(seq "$CORES"); do
    log=$corpus.$process.log
    if [ "$code" -ne 0 ]; then tail -n 60 "$log"; fi
    executed=$((executed + $(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1 | grep . || echo 0)))
  done
  [ -e "$total" ] || printf '# Executions of the fuzz target %s: date, commit, executions, result\n' "$target" >"$total"
  printf '%s %s %s %s\n' "$(date +%F)" "$(git rev-parse --short HEAD)" "$executed" "$([ "$code" -eq 0 ] && echo ok || echo CRASH)" >>"$total"
  printf 'COUNT executions in this slice: %s\n' "$executed"
  printf 'COUNT executions in all: %s of %s\n' "$((before + executed))" "$goal"
  [ "$code" -eq 0 ] || fail "fuzz found something: see fuzz/artifacts/$target"
  [ "$executed" -gt 0 ] || fail "nothing was executed"

  say "replay under AddressSanitizer"
  own_target fuzz
  cargo "+$NIGHTLY" fuzz run --target "$HOST" "$target" "$corpus" ${inputs[@]+"${inputs[@]}"} -- -rss_limit_mb=2048 -timeout=20 -runs=0 \
    >"$corpus.log" 2>&1 || {
    tail -n 60 "$corpus.log"
    fail "replay under AddressSanitizer"
  }
  printf 'COUNT inputs replayed under AddressSanitizer: %s\n' "$(find "$corpus" "${inputs[@]}" -type f | wc -l | tr -d ' ')"
}

piece_fuzz-bus_ops() { fuzz_slice bus_ops; }

piece_fuzz-ring_ops() { fuzz_slice ring_ops; }

piece_fuzz-topic_pattern() { fuzz_slice topic_pattern; }

piece_bus-differential() {
  need bus-differential tests/bus_differential.rs || exit "$PENDING"
  EVENTCAST_CASES=${EVENTCAST_CASES:-1000000} \
    cargo test --release -p eventcast --all-features --test bus_differential -- --nocapture
}

piece_differential() {
  need differential tests/differential.rs || exit "$PENDING"
  EVENTCAST_CASES=${EVENTCAST_CASES:-10000000} \
    cargo test --release -p eventcast --all-features --test differential -- --nocapture
}

piece_soak() {
  need soak tests/soak.rs || exit "$PENDING"
  EVENTCAST_SOAK_EVENTS=${EVENTCAST_SOAK_EVENTS:-1000000000} \
    cargo test --release -p eventcast --all-features --test soak -- --ignored --nocapture
}

piece_topics() {
  need topics tests/bus_topics.rs || exit "$PENDING"
  EVENTCAST_TOPIC_NAMES=${EVENTCAST_TOPIC_NAMES:-10000000} \
    cargo test --release -p eventcast --all-features --test bus_topics -- --nocapture names_come_and_go
}

piece_compare() {
  need compare benches/compare/Cargo.toml || exit "$PENDING"
  # Waits for a calm machine before every pair; writes the record of the figures itself.
  cargo run --release --manifest-path benches/compare/Cargo.toml -- --calm 20 --record records
}

piece_audit() {
  cargo_tool cargo-deny cargo-deny 0.20.2
  local db=${EVENTCAST_ADVISORY_DB:-../shared/advisory-db} checks="bans licenses sources" clone
  if [ -d "$db/crates" ]; then
    # cargo-deny wants a clone, in a directory whose name it makes from the address of the database, and takes its age
    # from FETCH_HEAD; the copy's real age is checked by ci/advisories.sh.
    export EVENTCAST_DENY_DB=$TARGET_BASE/advisory-dbs
    clone=$EVENTCAST_DENY_DB/advisory-db-3157b0e258782691
    rm -rf "$clone"
    mkdir -p "$clone/.git"
    touch "$clone/.git/FETCH_HEAD"
    cp -R "$db/crates" "$clone/"
    checks="advisories $checks"
  else
    printf 'NOTE no copy of the advisory database at %s: advisories were not checked\n' "$db"
  fi
  # shellcheck disable=SC2086
  cargo deny --offline --all-features check $checks
  if [ -d "$db/crates" ]; then ci/advisories.sh; fi
}

piece_semver() {
  # Begins with the first release: until then there is nothing to compare with.
  git tag --list 'v*' | grep -q . || { printf 'PENDING semver: no release yet\n' && exit "$PENDING"; }
  cargo_tool cargo-semver-checks cargo-semver-checks 0.51.0
  cargo semver-checks --package eventcast --baseline-rev "$(git tag --list 'v*' --sort=-v:refname | head -n 1)"
}

# --- running and recording ---

commit() {
  printf '%s%s' "$(git rev-parse HEAD 2>/dev/null || echo none)" \
    "$([ -z "$(git status --porcelain -- . ':!records' 2>/dev/null)" ] || echo ' with uncommitted changes')"
}

passed_at() { grep -l "^- commit: $2\$" records/deep-"$1"-*.md 2>/dev/null | xargs grep -lx -- '- result: ok' 2>/dev/null | tail -n 1; }

# Paths of this machine do not belong into a record.
scrub() { sed -e "s#$ROOT#.#g" -e "s#$TARGET_BASE#target#g" -e "s#${HOME:-/nonexistent}#~#g" -e 's/\x1b\[[0-9;]*m//g'; }

machine() { sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1 | grep . || uname -m; }

# The variables that change what a piece does.
settings() { env | grep '^EVENTCAST_' | grep -vE '^EVENTCAST_(TARGET_BASE|ADVISORY_DB|DENY_DB)=' | sort | tr '\n' ' '; }

run_piece() {
  local piece=$1 record log start code=0 seconds result
  describe "$piece" >/dev/null || fail "no piece $piece; see ci/deep.sh list"
  record=records/deep-$piece-$(date +%F).md
  log=$TARGET_BASE/ci-logs/deep-$piece.log
  mkdir -p records "$TARGET_BASE/ci-logs"
  printf '\n=== %s: %s\n' "$piece" "$(describe "$piece")"
  start=$SECONDS
  with_timeout "$LIMIT" "${BASH_SOURCE[0]}" piece "$piece" 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
  seconds=$((SECONDS - start))
  case $code in
    0) result=ok ;;
    "$SKIP") result=skipped ;;
    "$PENDING") result=pending ;;
    124 | 137) result="FAILED, over the limit of $LIMIT s" ;;
    *) result="FAILED ($code)" ;;
  esac
  printf '=== %s: %s, %d s\n' "$piece" "$result" "$seconds"
  # What did not run leaves no record.
  case $code in "$SKIP" | "$PENDING") return "$code" ;; esac
  if [ ! -e "$record" ]; then printf '# deep run: %s\n\n%s.\n' "$piece" "$(describe "$piece")" >"$record"; fi
  {
    printf '\n## %s\n\n' "$(date '+%F %H:%M')"
    printf -- '- commit: %s\n' "$(commit)"
    printf -- '- compiler: %s; nightly: %s\n' "$(rustc -V)" "$(rustup run "$NIGHTLY" rustc -V 2>/dev/null || echo none)"
    printf -- '- machine: %s, %s cores, %s\n' "$(machine)" "$CORES" "$(uname -sr)"
    printf -- '- command: %sci/deep.sh run %s\n' "$(settings)" "$piece"
    sed -n 's/^SEED /- seeds: /p' "$log"
    sed -n 's/^COUNT /- count: /p' "$log"
    printf -- '- seconds: %d\n' "$seconds"
    printf -- '- result: %s\n' "$result"
    printf '\n```text\n'
    tail -n 40 "$log"
    printf '```\n'
  } | scrub >>"$record"
  printf 'recorded in %s\n' "$record"
  return "$code"
}

case ${1:-} in
  list)
    for piece in $PIECES; do
      last=$(grep -lx -- '- result: ok' records/deep-"$piece"-*.md 2>/dev/null | tail -n 1 || true)
      printf '%-14s %s%s\n' "$piece" "$(describe "$piece")" "${last:+ [passed: $last]}"
    done
    ;;
  run)
    shift
    [ $# -gt 0 ] || fail "which piece? see ci/deep.sh list"
    code=0
    for piece in "$@"; do run_piece "$piece" || code=1; done
    exit "$code"
    ;;
  all)
    code=0
    now=$(commit)
    for piece in $PIECES; do
      if record=$(passed_at "$piece" "$now") && [ -n "$record" ]; then
        printf '=== %s: passed at this commit, %s\n' "$piece" "$record"
        continue
      fi
      run_piece "$piece" || case $? in "$SKIP" | "$PENDING") ;; *) code=1 ;; esac
    done
    exit "$code"
    ;;
  piece)
    "piece_$2"
    ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
    ;;
esac

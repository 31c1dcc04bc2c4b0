#!/usr/bin/env bash
# Every fuzz target: replay fuzz/regressions/TARGET and fuzz/corpus/TARGET, then EVENTCAST_FUZZ_SECONDS (15) of new
# input. A crash leaves its input in fuzz/artifacts/TARGET: keep it in fuzz/regressions/TARGET and write a test.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need fuzz fuzz/fuzz_targets/ring_ops.rs || exit "$PENDING"
nightly
cargo_tool cargo-fuzz cargo-fuzz 0.13.2

own_target fuzz
seconds=${EVENTCAST_FUZZ_SECONDS:-15}

for file in fuzz/fuzz_targets/*.rs; do
  target=$(basename "$file" .rs)
  options=(-rss_limit_mb=1024 -timeout=10 -print_final_stats=1)
  if [ -e "fuzz/dictionaries/$target.dict" ]; then options+=("-dict=fuzz/dictionaries/$target.dict"); fi

  say "$target: build"
  cargo "+$NIGHTLY" fuzz build --target "$HOST" "$target" 2>&1 | tail -n 3

  new=$CARGO_TARGET_DIR/new/$target
  mkdir -p "$new"
  inputs=()
  for directory in "fuzz/regressions/$target" "fuzz/corpus/$target"; do
    if [ -d "$directory" ]; then inputs+=("$directory"); fi
  done

  if [ ${#inputs[@]} -gt 0 ]; then
    say "$target: replay of $(find "${inputs[@]}" -type f | wc -l | tr -d ' ') inputs"
    cargo "+$NIGHTLY" fuzz run --target "$HOST" "$target" "${inputs[@]}" -- "${options[@]}" -runs=0 >"$new.log" 2>&1 || {
      tail -n 40 "$new.log"
      fail "fuzz, replay of $target"
    }
  fi

  say "$target: $seconds s of new input"
  # What it finds goes to a scratch directory, not into the checkout.
  cargo "+$NIGHTLY" fuzz run --target "$HOST" "$target" "$new" ${inputs[@]+"${inputs[@]}"} -- \
    "${options[@]}" -max_total_time="$seconds" >"$new.log" 2>&1 || {
    tail -n 60 "$new.log"
    fail "fuzz, $target"
  }
  executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$new.log")
  printf 'NOTE %s: %s executions\n' "$target" "$executed"
  [ "${executed:-0}" -gt 0 ] || fail "fuzz, $target executed nothing"
done

#!/usr/bin/env bash
# A test target that runs nothing passes for ever. Every target of the workspace, doc tests included, has to run at
# least one test by default; one that has none by design says `test = false` (or `doctest = false`) in its manifest.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Lists the targets with their number of tests. cargo names the target on standard error, the target lists its
# tests on standard output; both go to one file, in order.
count() {
  cargo test --workspace --all-features -- --list "$@" 2>&1 | awk '
    function flush() { if (target != "") print n + 0, target }
    /^ +Running / || /^ +Doc-tests / { flush(); target = ""; for (i = 2; i <= NF; i++) if ($i !~ /^\(/) target = target $i " ";
                                       if ($1 == "Doc-tests") target = "doc-tests " target; n = 0 }
    /: (test|benchmark)$/ { n++ }
    END { flush() }'
}

cargo test --quiet --workspace --all-features --no-run
all=$(count)
ignored=$(count --ignored)
[ -n "$all" ] || fail "cargo listed no test target at all"

bad=$(printf '%s\n---\n%s\n' "$all" "$ignored" | awk '
  $0 == "---" { second = 1; next }
  { n = $1; $1 = ""; if (!second) { order[++k] = $0; listed[$0] = n } else ignored[$0] = n }
  END { for (i = 1; i <= k; i++) { t = order[i]; runs = listed[t] - ignored[t]
          printf "%5d run, %3d ignored %s\n", runs, ignored[t], t > "/dev/stderr"
          if (runs == 0) print t } }')

if [ -n "$bad" ]; then
  if reason=$(pending_reason zero-tests); then
    printf 'PENDING zero-tests: %s:%s\n' "$reason" "$(printf '%s' "$bad" | tr '\n' ',')"
    exit "$PENDING"
  fi
  fail "these targets run no test:$(printf '%s' "$bad" | tr '\n' ',')"
fi
if pending_reason zero-tests >/dev/null; then printf 'STALE zero-tests has landed: delete its line from ci/pending\n'; fi

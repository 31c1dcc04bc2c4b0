#!/usr/bin/env bash
# Cargo.lock against a copy of the RustSec advisory database, without network: $EVENTCAST_ADVISORY_DB, or a directory
# advisory-db in a directory `shared` beside the checkout; skipped where there is none.
#
# A light reader of the database's own files, so that the rung costs a second; cargo-deny reads them in full in
# `ci/deep.sh run audit`. Vulnerable and unsound versions fail, unmaintained ones are noted. The engine's own lock file
# counts; in the packages outside the workspace (rivals, checkers) findings are noted.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

db=${EVENTCAST_ADVISORY_DB:-../shared/advisory-db}
[ -d "$db/crates" ] || skip "no copy of the advisory database at $db (set EVENTCAST_ADVISORY_DB)"

# A copy says in PROVENANCE.md of which day it is.
if [ -e "$db/PROVENANCE.md" ]; then
  day=$(grep -oE '20[0-9]{2}-[0-9]{2}-[0-9]{2}' "$db/PROVENANCE.md" | head -n 1)
  seconds=$(date -d "$day" +%s 2>/dev/null || date -j -f %Y-%m-%d "$day" +%s)
  age=$((($(date +%s) - seconds) / 86400))
  printf 'NOTE the copy of the advisory database is of %s, %d days old\n' "$day" "$age"
  if [ "$age" -gt 90 ]; then
    [ -z "${EVENTCAST_RELEASE:-}" ] || fail "a release needs a copy younger than 90 days"
    printf 'NOTE WARNING older than 90 days: too old for a release\n'
  fi
fi

# Prints "KIND ID PACKAGE VERSION" for each advisory that covers a locked version.
findings() {
  awk '$1 == "name" { gsub(/"/, "", $3); name = $3 } $1 == "version" && name != "" { gsub(/"/, "", $3); print name, $3; name = "" }' "$1" |
    while read -r name version; do
      if [ ! -d "$db/crates/$name" ]; then continue; fi
      awk -v package="$name" -v version="$version" '
        # A version as one comparable number; pre-releases count as their release.
        function number(v, part) { sub(/[-+].*/, "", v); split(v, part, "."); return (part[1] * 1e6 + part[2]) * 1e6 + part[3] }
        function parts(v, part) { sub(/[-+].*/, "", v); return split(v, part, ".") }
        # The smallest version that a caret (or tilde) requirement on v no longer covers.
        function above(v, tilde, part, n) {
          n = parts(v, part)
          if (tilde) return n == 1 ? number((part[1] + 1) ".0.0") : number(part[1] "." (part[2] + 1) ".0")
          if (part[1] > 0 || n == 1) return number((part[1] + 1) ".0.0")
          if (part[2] > 0 || n == 2) return number("0." (part[2] + 1) ".0")
          return number("0.0." (part[3] + 1))
        }
        function covers(requirement, have, clause, n, i, op, v, low) {
          n = split(requirement, clause, ",")
          for (i = 1; i <= n; i++) {
            v = clause[i]; gsub(/[[:space:]]/, "", v)
            if (v == "*") continue
            match(v, /^[<>=^~]*/); op = substr(v, 1, RLENGTH); v = substr(v, RLENGTH + 1); low = number(v)
            if (op == ">=" && !(have >= low)) return 0
            if (op == ">" && !(have > low)) return 0
            if (op == "<" && !(have < low)) return 0
            if (op == "<=" && !(have <= low)) return 0
            if (op == "=" && have != low) return 0
            if ((op == "" || op == "^") && !(have >= low && have < above(v, 0))) return 0
            if (op == "~" && !(have >= low && have < above(v, 1))) return 0
          }
          return 1
        }
        function finish(  safe, rest, requirement) {
          if (id == "" || withdrawn) return
          rest = ranges; safe = 0
          while (match(rest, /"[^"]*"/)) {
            requirement = substr(rest, RSTART + 1, RLENGTH - 2); rest = substr(rest, RSTART + RLENGTH)
            if (covers(requirement, number(version))) safe = 1
          }
          if (!safe) print kind, id, package, version
        }
        FNR == 1 { finish(); id = ""; ranges = ""; kind = "vulnerable"; withdrawn = 0; on = 0; fence = 0 }
        /^```/ { fence++ }
        fence != 1 { next }
        /^id *=/ { split($0, q, "\""); id = q[2] }
        /^informational *=/ { split($0, q, "\""); kind = q[2] }
        /^withdrawn *=/ { withdrawn = 1 }
        /^(patched|unaffected) *=/ { on = 1 }
        on { ranges = ranges " " $0; if (/\]/) on = 0 }
        END { finish() }' "$db/crates/$name"/RUSTSEC-*.md
    done
}

bad=0
for lock in Cargo.lock $(for package in $OWN_PACKAGES; do printf '%s/Cargo.lock ' "$package"; done); do
  if [ ! -e "$lock" ]; then continue; fi
  say "$lock: $(grep -c '^name = ' "$lock") packages"
  while read -r kind id package version; do
    case $lock/$kind in
      Cargo.lock/vulnerable | Cargo.lock/unsound)
        printf 'FAILED %s %s: %s %s\n' "$id" "$kind" "$package" "$version"
        bad=1
        ;;
      *) printf 'NOTE %s: %s %s: %s %s\n' "$lock" "$id" "$kind" "$package" "$version" ;;
    esac
  done < <(findings "$lock")
done
exit "$bad"

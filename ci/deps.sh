#!/usr/bin/env bash
# What the engine pulls in: the fixed list, no runtime, one source, known licences, no duplicates, no old versions.
# The same rules for cargo-deny are in deny.toml (ci/deep.sh run audit); this rung needs cargo alone.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bad=0
complain() {
  printf 'FAILED %s\n' "$*"
  bad=1
}

say "lock files agree with their manifests, and name crates.io alone"
for manifest in Cargo.toml $(for package in $OWN_PACKAGES; do printf '%s/Cargo.toml ' "$package"; done); do
  lock=${manifest%.toml}.lock
  if [ ! -e "$manifest" ]; then continue; fi
  # A manifest whose targets have not landed cannot be read by cargo yet; its own rung says so.
  if [ "$manifest" = fuzz/Cargo.toml ] && [ ! -e fuzz/fuzz_targets/ring_ops.rs ]; then continue; fi
  if [ ! -e "$lock" ]; then
    complain "$lock is missing; commit it"
    continue
  fi
  cargo metadata --locked --format-version 1 --manifest-path "$manifest" >/dev/null ||
    complain "$lock is out of date"
  foreign=$(sed -n 's/^source = "\(.*\)"/\1/p' "$lock" | sort -u | grep -vx 'registry+https://github.com/rust-lang/crates.io-index' || true)
  [ -z "$foreign" ] || complain "$lock has packages from $foreign"
  if grep -qE '^name = "(openssl|openssl-sys|native-tls)"' "$lock"; then complain "$lock has openssl or native-tls"; fi
done

say "the default tree is the list in ci/dependencies.txt"
names() { awk '$1 != "" { print $1 }' | grep -vx eventcast | sort -u; }
cargo tree -p eventcast -e normal --target x86_64-unknown-linux-gnu --prefix none | names >"$TARGET_BASE/tree"
grep -vE '^[[:space:]]*(#|$)' ci/dependencies.txt | names >"$TARGET_BASE/tree.expected"
if ! diff -u "$TARGET_BASE/tree.expected" "$TARGET_BASE/tree"; then complain "the dependency tree has changed"; fi

say "with all features, it is that and ci/feature-dependencies.txt"
cargo tree -p eventcast --all-features -e normal --target x86_64-unknown-linux-gnu --prefix none | names >"$TARGET_BASE/tree"
grep -hvE '^[[:space:]]*(#|$)' ci/dependencies.txt ci/feature-dependencies.txt | names >"$TARGET_BASE/tree.expected"
if ! diff -u "$TARGET_BASE/tree.expected" "$TARGET_BASE/tree"; then complain "the tree of the features has changed"; fi

say "no runtime with any feature, on any platform"
for target in x86_64-unknown-linux-gnu x86_64-pc-windows-msvc aarch64-apple-darwin; do
  runtimes=$(cargo tree -p eventcast --all-features -e normal --target "$target" --prefix none | names |
    grep -xE 'tokio|async-std|smol|futures-executor|async-executor|openssl(-sys)?|native-tls' || true)
  [ -z "$runtimes" ] || complain "$target: the engine pulls in $runtimes"
done

say "no duplicates in the engine's tree"
duplicates=$(cargo tree -p eventcast --all-features -e normal --duplicates --prefix none 2>/dev/null || true)
[ -z "$duplicates" ] || complain "duplicates: $duplicates"

say "floors of ci/dependency-floors.txt"
while read -r name floor _; do
  case $name in '' | '#'*) continue ;; esac
  for version in $(awk -v name="$name" '$1 == "name" { hit = $3 == "\"" name "\"" }
      hit && $1 == "version" { gsub(/"/, "", $3); print $3 }' Cargo.lock); do
    oldest=$(printf '%s\n%s\n' "$floor" "$version" | sort -V | head -n 1)
    [ "$oldest" = "$floor" ] || complain "$name $version is below the floor $floor"
  done
done <ci/dependency-floors.txt

say "licences are in the list of deny.toml"
allowed=$(sed -n '/^allow = \[/,/^\]/p' deny.toml | grep -oE '"[^"]+"' | tr -d '"' | tr '\n' ' ')
# Each word of an SPDX expression becomes 1 (allowed) or 0, OR becomes + and AND becomes *; the shell does the sum.
cargo tree --workspace --all-features -e normal,build --prefix none --format '{p}|{l}' | sed 's/ (\*)$//' | sort -u |
  awk -F'|' -v allowed="$allowed" '
    BEGIN { n = split(allowed, list, " "); for (i = 1; i <= n; i++) ok[list[i]] = 1 }
    NF == 2 {
      text = $2; gsub(/ WITH /, "-WITH-", text); gsub(/\//, " OR ", text); gsub(/[()]/, " & ", text)
      n = split(text, word, " "); sum = ""
      for (i = 1; i <= n; i++)
        sum = sum (word[i] == "OR" ? "+" : word[i] == "AND" ? "*" : word[i] ~ /^[()]$/ ? word[i] : word[i] in ok ? 1 : 0)
      print (sum == "" ? 0 : sum) "|" $1 "|" $2
    }' >"$TARGET_BASE/licences"
while IFS='|' read -r sum package licence; do
  if [ "$((sum))" -eq 0 ]; then complain "$package has the licence '$licence'"; fi
done <"$TARGET_BASE/licences"

exit "$bad"

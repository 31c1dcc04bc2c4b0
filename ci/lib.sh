# shellcheck shell=bash
# Shared by the rungs in ci/; sourced, never run.
#
# A rung ends with 0 (passed), 77 (skipped: a tool is missing and could not be installed), 78 (pending: what it
# checks does not exist yet and ci/pending says so) or anything else (failed). quick.sh reads these codes and the
# lines that begin with SKIPPED, PENDING, STALE and NOTE.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

SKIP=77
PENDING=78
export SKIP PENDING

# One target directory for everything that is built with the same flags; what needs other flags builds in a
# directory of its own below it, so that switching does not rebuild the world.
TARGET_BASE=${EVENTCAST_TARGET_BASE:-${CARGO_TARGET_DIR:-$ROOT/target}}
case $TARGET_BASE in /*) ;; *) TARGET_BASE=$ROOT/$TARGET_BASE ;; esac
export EVENTCAST_TARGET_BASE=$TARGET_BASE
export CARGO_TARGET_DIR=$TARGET_BASE
mkdir -p "$TARGET_BASE"

# Own target directory for this rung: own_target NAME
own_target() {
  export CARGO_TARGET_DIR=$TARGET_BASE/$1
}

NIGHTLY=${EVENTCAST_NIGHTLY:-nightly}
HOST=$(rustc -vV | sed -n 's/^host: //p')
export NIGHTLY HOST

# Packages that are not members of the workspace.
export OWN_PACKAGES="benches/compare loom-tests fuzz"

say() { printf '== %s\n' "$*"; }

fail() {
  printf 'FAILED %s\n' "$*"
  exit 1
}

skip() {
  printf 'SKIPPED (loud) %s\n' "$*"
  exit "$SKIP"
}

# The reason ci/pending gives for a name; fails when the name is not listed.
pending_reason() {
  awk -v name="$1" '
    /^[[:space:]]*(#|$)/ { next }
    $1 == name { $1 = ""; sub(/^[[:space:]]+/, ""); print; found = 1 }
    END { exit !found }' ci/pending 2>/dev/null
}

# need NAME PATH: true when PATH exists. If it does not: false when ci/pending lists NAME, else the rung fails.
# A line of ci/pending whose part has landed is reported as stale; quick.sh fails on it.
need() {
  local reason
  if [ -e "$2" ]; then
    if pending_reason "$1" >/dev/null; then printf 'STALE %s has landed: delete its line from ci/pending\n' "$1"; fi
    return 0
  fi
  if reason=$(pending_reason "$1"); then
    printf 'PENDING %s: %s\n' "$1" "$reason"
    return 1
  fi
  fail "$2 does not exist and ci/pending does not list $1"
}

# nightly COMPONENT…: the nightly toolchain with these components, installed when missing.
nightly() {
  command -v rustup >/dev/null || skip "rustup is not here, so no nightly toolchain"
  if ! rustup run "$NIGHTLY" rustc --version >/dev/null 2>&1; then
    say "installing the toolchain $NIGHTLY"
    rustup toolchain install "$NIGHTLY" --profile minimal >/dev/null 2>&1 || skip "cannot install toolchain $NIGHTLY"
  fi
  local component have
  have=$(rustup component list --toolchain "$NIGHTLY" --installed)
  for component in "$@"; do
    case $have in
      *"$component"*) ;;
      *)
        say "installing the component $component of $NIGHTLY"
        rustup component add --toolchain "$NIGHTLY" "$component" >/dev/null 2>&1 ||
          skip "cannot install component $component of $NIGHTLY"
        ;;
    esac
  done
}

# cargo_tool BINARY CRATE VERSION: a program from crates.io at exactly this version, built without optimisation
# (these programs wait for the compiler, they do not compute) and installed when missing.
cargo_tool() {
  if command -v "$1" >/dev/null; then return 0; fi
  say "installing $2 $3"
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$TARGET_BASE/tools \
    cargo install "$2" --version "$3" --locked --debug --quiet || skip "cannot install $2 $3"
  command -v "$1" >/dev/null || skip "$1 was installed but is not on the PATH"
}

# with_timeout SECONDS COMMAND…: a hang is a failure. Without timeout(1) (macOS) the command runs unguarded.
with_timeout() {
  local seconds=$1
  shift
  if command -v timeout >/dev/null; then timeout --kill-after=10 "$seconds" "$@"; else "$@"; fi
}

# The names of the features of a Cargo.toml, without default.
features_of() {
  awk '/^\[features\]/ { on = 1; next } /^\[/ { on = 0 }
       on && /^[A-Za-z0-9_-]+[[:space:]]*=/ { sub(/[[:space:]]*=.*/, ""); if ($0 != "default") print }' "$1"
}

# checked_package: writes a package of the engine's tests and of the programs examples/miri_*.rs into the target
# directory and sets CHECKED to its manifest. It has the engine's features, all of them on, or the tests of a feature would
# be empty. It depends on the engine and on what that has in its tree anyway, so that the sanitizers and Miri do not
# build the benches' and the compile-fail tests' dependencies once more each.
checked_package() {
  local directory=$TARGET_BASE/checked file features dependency
  features=$(features_of Cargo.toml | sed 's/.*/"&"/' | paste -s -d , -)
  CHECKED=$directory/Cargo.toml
  export CHECKED
  mkdir -p "$directory"
  {
    printf '[package]\nname = "eventcast-checked"\nversion = "0.0.0"\nedition = "2024"\npublish = false\n\n[workspace]\n\n'
    printf '[lib]\npath = "lib.rs"\n\n[profile.release]\ndebug = "line-tables-only"\n\n[dependencies]\nlibc = "0.2"\n'
    printf 'eventcast = { path = "%s", features = [%s] }\n' "$ROOT" "$features"
    for dependency in crossbeam-channel futures-core tracing tracing-core; do
      printf '%s = { version = "*", default-features = false }\n' "$dependency"
    done
    printf '\n[features]\ndefault = [%s]\n' "$features"
    features_of Cargo.toml | sed 's/$/ = []/'
    for file in tests/*.rs; do printf '\n[[test]]\nname = "%s"\npath = "%s/%s"\n' "$(basename "$file" .rs)" "$ROOT" "$file"; done
    for file in examples/*.rs; do printf '\n[[example]]\nname = "%s"\npath = "%s/%s"\n' "$(basename "$file" .rs)" "$ROOT" "$file"; done
  } >"$CHECKED"
  [ -e "$directory/lib.rs" ] || : >"$directory/lib.rs"
  # Some tests read files of the repository.
  for file in fuzz examples tests; do ln -sfn "$ROOT/$file" "$directory/$file"; done
  # The same versions as the workspace; cargo drops what is not needed.
  cp Cargo.lock "$directory/Cargo.lock"
}

# Manifests of the workspace's members, one per line.
member_manifests() {
  printf 'Cargo.toml\n'
  find crates -mindepth 2 -maxdepth 2 -name Cargo.toml | sort
}

package_name() { awk -F'"' '/^name[[:space:]]*=/ { print $2; exit }' "$1"; }

# The version of rustc as a file name: 1.95.0, or 1.97.0-nightly-2026-05-15 where the date matters.
rustc_id() { rustc -V | awk '{ print ($2 ~ /nightly|beta|dev/) ? $2 "-" $4 : $2 }' | tr -d '()'; }

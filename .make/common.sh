# shellcheck shell=bash
# What all scripts here share. They run from the top folder of the clone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The two places where cargo puts things; CARGO_TARGET_DIR is cargo's own setting.
target=${CARGO_TARGET_DIR:-target}
front_target=$target/front
# shellcheck disable=SC2034 # used by those who read this file
bin=$target/debug/partner-portal
tools=${XDG_CACHE_HOME:-$HOME/.cache}/partner-portal/tools

say() { printf '\033[1m» %s\033[0m\n' "$*" >&2; }
fail() {
    printf '\033[1;31m✗ %s\033[0m\n' "$*" >&2
    exit 1
}
have() { type -P "$1" >/dev/null; }
cores() { getconf _NPROCESSORS_ONLN; }

sha256() { if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# The version that Cargo.lock names: the tool must be the very same.
wasm_bindgen_version() { awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock; }
wasm_bindgen() { echo "$tools/wasm-bindgen-$(wasm_bindgen_version)/bin/wasm-bindgen"; }

# Cargo for the browser: the same folder, target and profile for building and for clippy.
cargo_front() {
    local command=$1
    shift
    cargo "$command" --lib --target wasm32-unknown-unknown --no-default-features --features hydrate \
        --profile wasm-release --target-dir "$front_target" "$@"
}

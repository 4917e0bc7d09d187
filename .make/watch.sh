#!/usr/bin/env bash
# Builds and starts the demo anew whenever a source changes. Arguments go to `partner-portal demo`.
. "$(dirname "$0")/common.sh"

have cargo-leptos || fail "Hot reload needs cargo-leptos: cargo install cargo-leptos --version 0.3.10 --locked --features no_downloads (some 15 minutes)."
PATH=$(dirname "$(wasm_bindgen)"):$PWD/end2end/node_modules/.bin:$PATH exec cargo leptos watch -- demo "$@"

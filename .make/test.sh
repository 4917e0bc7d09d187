#!/usr/bin/env bash
# Every check there is, cheapest first; stops at the first that fails. Arguments go to `cargo test`.
. "$(dirname "$0")/common.sh"

names=()
seconds=()

step() {
    local name=$1 begun=$SECONDS
    shift
    say "$name"
    if ! "$@"; then
        summary
        fail "$name: failed after $((SECONDS - begun)) s, see above."
    fi
    names+=("$name")
    seconds+=($((SECONDS - begun)))
    say "$name: $((SECONDS - begun)) s"
}

summary() {
    local i
    echo
    for i in "${!names[@]}"; do printf '  %5d s  %s\n' "${seconds[i]}" "${names[i]}"; done
    printf '  %5d s  in all\n' "$SECONDS"
}

browser_tests() {
    local program
    program=$(realpath "$bin")
    (cd end2end && PARTNER_PORTAL=$program node_modules/.bin/playwright test)
}

step "Format" cargo fmt --check
step "Site" .make/site.sh
step "Lints of the server" cargo clippy --features ssr --all-targets -- -D warnings
step "Lints of the islands" cargo_front clippy -- -D warnings
step "Build" cargo build --features ssr --bin partner-portal
# Each test waits for its own database half of the time.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-$((2 * $(cores)))}
step "Unit, database and whole-app tests" "$bin" with-postgres -- cargo test --features ssr "$@"
step "Browser tests" browser_tests
summary

#!/usr/bin/env bash
# Fetches what is missing and says so before: .make/tools.sh [wasm] [node] [postgres] [chromium]
. "$(dirname "$0")/common.sh"

get_wasm() {
    have cargo || fail "Rust is not installed: see https://rustup.rs, then run this again."
    local sysroot
    sysroot=$(rustc --print sysroot) || fail "The Rust toolchain that rust-toolchain.toml names cannot be used: see above."
    if [ ! -d "$sysroot/lib/rustlib/wasm32-unknown-unknown" ]; then
        have rustup || fail "Rust's target wasm32-unknown-unknown is missing, and there is no rustup to add it."
        say "Installing Rust's target wasm32-unknown-unknown (rustup, some 20 MB)"
        rustup target add wasm32-unknown-unknown ||
            fail "rustup could not fetch the target: is https://static.rust-lang.org reachable from here?"
    fi

    [ -x "$(wasm_bindgen)" ] || install_wasm_bindgen "$(wasm_bindgen_version)"
}

install_wasm_bindgen() {
    say "Installing wasm-bindgen-cli $1 into $tools (cargo install, some minutes, once)"
    # Lightly optimised: a run of it takes a second either way, and building it less than half the time.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_TARGET_DIR=$(temporary_folder) \
        cargo install --quiet --locked wasm-bindgen-cli --version "$1" --bin wasm-bindgen --root "$tools/wasm-bindgen-$1" ||
        fail "cargo could not install wasm-bindgen-cli: see above; if it is the network, crates.io must be reachable."
}

get_node() {
    local version
    if ! have node || ! have npm; then
        fail "Node.js is not installed: version 20 or newer is needed, with npm (https://nodejs.org)."
    fi
    version=$(node --version)
    version=${version#v}
    [ "${version%%.*}" -ge 20 ] || fail "Node.js $version is too old: version 20 or newer is needed (https://nodejs.org)."

    local stamp=end2end/node_modules/.installed wanted
    wanted=$(sha256 end2end/package-lock.json)
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
        say "Installing the npm packages of end2end/package.json into end2end/node_modules (some 150 MB)"
        (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error) ||
            fail "npm could not install them: see above; if it is the network, the npm registry must be reachable."
        echo "$wanted" >"$stamp"
    fi
}

get_postgres() {
    find_postgres && return
    if ! have apt-get; then
        fail "PostgreSQL is not installed: install version 15 to 18 (Homebrew: brew install postgresql@17), or set PG_BIN."
    fi
    # Debian starts a server of its own at installation; ours needs only the programs.
    [ "$(id -u)" = 0 ] || apt_install postgresql # says how
    local settings=/etc/postgresql-common/createcluster.conf
    apt_install postgresql-common
    sed -i.before-partner-portal '$a create_main_cluster = false' "$settings"
    (apt_install postgresql) || { restore "$settings" && exit 1; }
    restore "$settings"
    find_postgres || fail "Debian's package postgresql has no version from 15 to 18: set PG_BIN to a folder that has."
}

restore() { mv "$1.before-partner-portal" "$1"; }

# Where the portal itself looks: both programs in one folder.
find_postgres() {
    local folder
    for folder in ${PG_BIN:+"$PG_BIN"} /usr/lib/postgresql/1[5-8]/bin /usr/pgsql-1[5-8]/bin \
        /{opt/homebrew,usr/local,home/linuxbrew/.linuxbrew}/opt/postgresql@1[5-8]/bin; do
        [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && return
    done
    have postgres && [ -x "$(dirname "$(type -P postgres)")/initdb" ]
}

get_chromium() {
    [ -x /usr/bin/chromium ] || [ -n "${CHROMIUM:-}" ] && return
    have apt-get || fail "The browser tests need Chromium: install it and set CHROMIUM to its program."
    apt_install chromium fonts-liberation
}

apt_install() {
    if [ "$(id -u)" != 0 ]; then
        fail "Missing here: Debian's $*. Run \`sudo apt-get install -y $*\`, then this again."
    fi
    say "Installing from Debian: $* (apt-get)"
    export DEBIAN_FRONTEND=noninteractive
    apt_get_install "$@" || { apt-get update -q && apt_get_install "$@"; } ||
        fail "apt-get could not install $*: see above; if it is the network, Debian's packages must be reachable."
}

apt_get_install() { apt-get install -q -y --no-install-recommends "$@"; }

temporary_folder() { mkdir -p "$scratch" && echo "$scratch"; }
scratch=${TMPDIR:-/tmp}/partner-portal-tools-$$
trap 'rm -rf "$scratch"' EXIT

for tool in "$@"; do
    case $tool in
    wasm | node | postgres | chromium) "get_$tool" ;;
    *) fail "There is no tool $tool." ;;
    esac
done

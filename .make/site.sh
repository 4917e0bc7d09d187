#!/usr/bin/env bash
# Builds what the browser gets into target/site, which the server's binary embeds:
#
#   target/site/pkg/<hash>/partner-portal.{js,wasm,css}   <hash> is of their contents
#   target/site/pkg/<hash>/apart.css                      for every page but lists
#   target/site/pkg/<hash>/quality.css                    for the page with charts
#   target/site/pkg/hash.txt                              names it
#   target/site/…                                         what lies in public/
#
# each with .br and .gz twins. Leaves everything as it is when nothing it was made from has changed.
. "$(dirname "$0")/common.sh"

# What the islands may weigh: script and wasm together, in bytes of brotli.
budget=110000

site=target/site
stamp=target/site.stamp
new=target/site.new
dependencies=$front_target/wasm32-unknown-unknown/wasm-release/partner_portal.d
npm_bin=$PWD/end2end/node_modules/.bin

main() {
    if [ -f "$site/pkg/hash.txt" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(inputs_hash)" ]; then
        say "The site is up to date ($(cat "$site/pkg/hash.txt"))"
        return
    fi
    [ -f style/main.css ] || fail "style/main.css is missing."
    rm -rf "$new" "$stamp"
    mkdir -p "$new/pkg/files"
    touch "$new/begun"

    say "Building the islands (wasm)"
    cargo_front build || fail "The islands do not compile: see above."
    build_script "$new/pkg/files"
    say "Bundling the style sheets"
    bundle_style main.css partner-portal.css
    bundle_style apart.css apart.css
    bundle_style charts.css quality.css

    local hash
    hash=$(cd "$new/pkg/files" && cat partner-portal.js partner-portal.wasm partner-portal.css apart.css quality.css | sha256 | cut -c1-16)
    mv "$new/pkg/files" "$new/pkg/$hash"
    [ ! -d public ] || cp -R public/. "$new/"
    node .make/compress.mjs "$new"
    printf %s "$hash" >"$new/pkg/hash.txt"
    check_sizes "$new/pkg/$hash"

    # What was saved while we built may be missing from it: then the next run builds again.
    if ! changed_since "$new/begun"; then inputs_hash >"$stamp"; fi
    rm -f "$new/begun"
    # The same again: keep the old files and their times, so that the server is not compiled anew for them.
    if diff -r -q "$new" "$site" >/dev/null 2>&1; then
        rm -rf "$new"
    else
        rm -rf "$site"
        mv "$new" "$site"
    fi
}

bundle_style() {
    "$npm_bin/lightningcss" --bundle --minify --targets defaults "style/$1" -o "$new/pkg/files/$2" ||
        fail "The style sheets do not parse: see above."
}

build_script() {
    local out=$1 work=$new/script
    "$(wasm_bindgen)" --target web --no-typescript --out-name partner-portal --out-dir "$work" \
        "$front_target/wasm32-unknown-unknown/wasm-release/partner_portal.wasm" ||
        fail "wasm-bindgen failed: see above."
    # The features that rustc uses for this target by default.
    "$npm_bin/wasm-opt" -Oz --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext \
        --enable-mutable-globals --enable-reference-types --enable-multivalue \
        "$work/partner-portal_bg.wasm" -o "$out/partner-portal.wasm" || fail "wasm-opt failed: see above."
    # Pages ask for the name without _bg. Bundled, because snippets of crates would be files of their own.
    sed -i.plain 's/partner-portal_bg\.wasm/partner-portal.wasm/g' "$work/partner-portal.js"
    "$npm_bin/esbuild" "$work/partner-portal.js" --bundle --format=esm --minify --target=es2022 --log-level=warning \
        --outfile="$out/partner-portal.js" || fail "esbuild failed: see above."
    rm -rf "$work"
}

# All that the site is made from, one name a line. The compiler's own list says which sources the islands need.
inputs() {
    find style public -type f 2>/dev/null
    printf '%s\n' Cargo.toml Cargo.lock .cargo/config.toml rust-toolchain.toml end2end/package-lock.json \
        .make/common.sh .make/site.sh .make/compress.mjs
    # "output: source source …", where a backslash stands before a space in a name
    sed -e 's/^[^:]*: *//' -e 's/\\ /\x01/g' "$dependencies" | tr ' \001' '\n '
}

inputs_hash() {
    [ -f "$dependencies" ] || return 0
    inputs | sort -u | while IFS= read -r file; do
        [ -z "$file" ] || sha256 "$file" 2>/dev/null || echo "gone: $file"
    done | sha256
}

changed_since() {
    inputs | sort -u | while IFS= read -r file; do
        if [ "$file" -nt "$1" ]; then echo "$file"; fi
    done | grep -q .
}

check_sizes() {
    local script wasm style
    script=$(size "$1/partner-portal.js.br") wasm=$(size "$1/partner-portal.wasm.br") style=$(size "$1/partner-portal.css.br")
    say "Brotli: islands $((script + wasm)) bytes (script $script, wasm $wasm; at most $budget), style $style bytes"
    [ $((script + wasm)) -le "$budget" ] || fail "The islands are too heavy: $((script + wasm)) bytes, at most $budget."
}

# Of a file without a twin (too small to gain by it): the file's own.
size() { if [ -f "$1" ]; then wc -c <"$1"; else wc -c <"${1%.br}"; fi | tr -d ' '; }

main

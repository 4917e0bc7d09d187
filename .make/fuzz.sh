#!/usr/bin/env bash
# Asks the demo's API for what its description says, and for what it does not, many thousand times, and minds every
# answer that the description does not have, and every 5xx. Requests in all: about FUZZ_REQUESTS.
. "$(dirname "$0")/common.sh"

requests=${FUZZ_REQUESTS:-20000}
version=4.32.5
venv=$tools/schemathesis-$version

if [ ! -x "$venv/bin/schemathesis" ]; then
    have python3 || fail "Python is not installed: version 3.10 or newer is needed."
    say "Installing schemathesis $version into $venv (pip, some 60 MB)"
    rm -rf "$venv"
    python3 -m venv "$venv" || fail "python3 could not make a virtual environment: on Debian, python3-venv has what it needs."
    "$venv/bin/pip" install --quiet "schemathesis==$version" ||
        fail "pip could not install schemathesis: see above; if it is the network, PyPI must be reachable."
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/partner-portal-fuzz-XXXXXX")
demo=
# shellcheck disable=SC2329 # it is called when the script ends
finish() {
    if [ -n "$demo" ]; then kill -INT "$demo" && wait "$demo" || true; fi
    rm -rf "$folder"
}
trap finish EXIT

say "Starting a demo of its own"
export PORTAL_DATA_DIR=$folder PORTAL_LISTEN=127.0.0.1:0 PORTAL_SANDBOX_LISTEN=127.0.0.1:0
# Else most of the answers would be that it is asked too often.
PORTAL_API_RATE=1000000 "$bin" demo --sales-units 300 >"$folder/out" 2>"$folder/log" &
demo=$!
for _ in {1..300}; do
    address=$(sed -n 's/^ *Partner Portal *\(http.*\)$/\1/p' "$folder/out")
    [ -z "$address" ] || break
    kill -0 "$demo" 2>/dev/null || { cat "$folder/log" >&2 && fail "The demo does not start: see above."; }
    sleep 0.2
done
[ -n "$address" ] || fail "The demo did not start within a minute."

PORTAL_DATA_DIR=$folder/demo
instance=$("$bin" token create --instance --scope write)
partner=$("$bin" token create --organisation org_kystkassa --scope write)

# Things that are there, so that not everything that is asked for is missing.
api() { curl --silent --fail --header "Authorization: Bearer $partner" "$address/api$1"; }
first() { sed -n "s/^[^}]*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
until msn=$(api "/v1/organisations/org_kystkassa/sales-units?capture=reserve&limit=1" | first msn) && [ -n "$msn" ]; do sleep 0.2; done
order=$(api "/management/v2/product-orders" | first productOrderId)
cat >"$folder/there.toml" <<TOML
[parameters]
"path.org_id" = "org_kystkassa"
"path.msn" = "$msn"
"path.product_order_id" = "$order"
TOML

# Every operation is asked with the token that it is for, and with the other one.
fuzz() {
    local name=$1 token=$2 examples=$3
    shift 3
    say "$name"
    # What cannot be found in a description: who may have what, and that a deleted thing is gone for others, too.
    "$venv/bin/schemathesis" "${config[@]}" run "$address/api/openapi.json" --url "$address/api" \
        -H "Authorization: Bearer $token" --max-examples "$examples" --workers 1 --seed 1 \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance \
        --suppress-health-check all --generation-database none --no-color "$@" ||
        { tail -5 "$folder/log" >&2 && fail "$name: see above."; }
}

operations=35
each=$((requests / operations / 4))
config=(--config-file "$folder/there.toml")
fuzz "What is there, with a partner's token" "$partner" $((each * 2)) --exclude-path-regex '^/v1/vipps-orgs'
config=()
fuzz "Everything but the registry, with a partner's token" "$partner" "$each" --exclude-path-regex '^/v1/vipps-orgs'
fuzz "The registry, with the instance's token" "$instance" $((each * 3)) --include-path-regex '^/v1/vipps-orgs'
fuzz "Everything, with the token that most of it is not for" "$instance" "$each"

#!/usr/bin/env bash
# Renews .sqlx: what the compiler knows of our SQL, asked from a database that has just been migrated. Uses
# DATABASE_URL (its role must be allowed to create a database), else an embedded PostgreSQL.
. "$(dirname "$0")/common.sh"

if [ -z "${DATABASE_URL:-}" ]; then
    for program in "$target/debug/partner-portal" "$target/release/partner-portal"; do
        [ ! -x "$program" ] || exec "$program" with-postgres -- "$PWD/.make/queries.sh"
    done
    fail "Set DATABASE_URL to a PostgreSQL: there is no partner-portal in $target yet that could start one."
fi

# shellcheck disable=SC2012 # the names are Debian's
psql=$(type -P psql || ls /usr/lib/postgresql/*/bin/psql 2>/dev/null | tail -1 || true)
[ -z "${PG_BIN:-}" ] || psql=$PG_BIN/psql
[ -x "$psql" ] || fail "psql is needed: install PostgreSQL's client programs."
run_sql() { "$psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

# A database of our own beside the one named, so that nothing of it is touched.
scratch=portal_queries_$$
query=${DATABASE_URL#"${DATABASE_URL%%\?*}"}
without_query=${DATABASE_URL%%\?*}
scratch_url=${without_query%/*}/$scratch$query
run_sql "$DATABASE_URL" -c "create database $scratch"
trap 'run_sql "$DATABASE_URL" -c "drop database if exists $scratch with (force)"' EXIT

for migration in migrations/*.sql; do
    run_sql "$scratch_url" --single-transaction -f "$migration" || fail "$migration does not apply: see above."
done

fresh=$PWD/target/sqlx
rm -rf "$fresh"
mkdir -p "$fresh"
touch src/lib.rs # the compiler asks the database only where it compiles anew
DATABASE_URL=$scratch_url SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$fresh cargo check --features ssr --all-targets ||
    fail "The queries do not fit the migrations: see above. .sqlx is as it was."
rm -rf .sqlx
mv "$fresh" .sqlx
say "Renewed .sqlx: $(find .sqlx -name 'query-*.json' | wc -l | tr -d ' ') queries"

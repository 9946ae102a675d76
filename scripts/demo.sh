#!/usr/bin/env bash
# Loads the demo when it is not there, serves it until interrupted, and stops what it started.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

running=$(database_runs)
server=""

finish() {
    trap - EXIT INT TERM
    if [ -n "$server" ] && kill -0 "$server" 2> /dev/null; then
        kill -TERM "$server" 2> /dev/null || true
        wait "$server" || true
    fi
    if [ "$running" = no ] && [ -z "${GEOCRM_DATABASE_URL:-}" ]; then .venv/bin/geocrm db down || true; fi
    say "GeoCRM has stopped; nothing is lost. Start it again with: make demo"
}
trap finish EXIT
trap 'exit 130' INT TERM

if [ -n "${GEOCRM_DATABASE_URL:-}" ]; then
    .venv/bin/geocrm migrate
    scripts/load_places.sh
fi
.venv/bin/geocrm demo load --if-absent
echo
.venv/bin/geocrm demo sign-ins
echo
.venv/bin/geocrm serve --with-worker &
server=$!
wait "$server"

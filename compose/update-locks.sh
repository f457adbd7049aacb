#!/bin/sh
# Remakes every requirements.lock from the requirements.in beside it.
# usage: compose/update-locks.sh [DIR...]      (default: dbt, ruff, debugpy and every Airflow profile; needs uv on PATH or in $UV)
#
# Two comments at the top of a requirements.in steer it: "# released: DATE" (nothing newer than that day is considered, so that an old
# Airflow keeps the libraries of its time) and "# python: VERSION" (the oldest Python the lock must serve).
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
uv=${UV:-uv}

die() {
    printf 'update-locks: %s\n' "$1" >&2
    exit 1
}

# steer FILE KEY: the value of the comment "# KEY: value"
steer() {
    value=$(sed -n "s/^# $2: *//p" "$1")
    [ -n "$value" ] || die "$1 has no line '# $2: ...'; add it"
    printf '%s\n' "$value"
}

lock() {
    released=$(steer "$1/requirements.in" released)
    python=$(steer "$1/requirements.in" python)
    printf '%s: packages up to %s, Python %s and later\n' "$1" "$released" "$python" >&2
    # The command runs inside the folder and without header or index address: the lock must not depend on the machine that made it.
    (
        cd -- "$1"
        "$uv" pip compile requirements.in --output-file requirements.lock --upgrade --quiet \
            --universal --python-version "$python" --exclude-newer "$released" --generate-hashes \
            --no-header --no-emit-index-url --no-emit-find-links
    )
    if grep -n '://' "$1/requirements.lock" >&2; then
        die "$1/requirements.lock names an address (see above); a lock must hold names and hashes only"
    fi
}

command -v "$uv" >/dev/null 2>&1 || die "uv is missing; install it (pip install uv) or set UV to its path"
if [ $# -eq 0 ]; then
    set -- "$here/dbt" "$here/ruff" "$here/debugpy" "$here"/profiles/*/
fi
for folder in "$@"; do
    lock "${folder%/}"
done

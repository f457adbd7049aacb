#!/bin/sh
# First load of 2,000,000 rows x 5 columns (85 MB, a quarter of the rows with a quoted comma): `devbox db seed` against `sqlite3 .import`.
# Both run in turn, so that they see the same machine; the best of ROUNDS counts. Exits 1 when devbox does
# not load with RATIO times less CPU time (wall time, also printed, depends on what else the machine does).
# Usage: seeds.sh DEVBOX [ROWS] [ROUNDS] [RATIO]
set -eu

devbox=${1:?usage: seeds.sh DEVBOX [ROWS] [ROUNDS] [RATIO]}
rows=${2:-2000000}
rounds=${3:-3}
ratio=${4:-3}
case $devbox in */*) devbox=$(cd "$(dirname "$devbox")" && pwd)/$(basename "$devbox") ;; esac
command -v sqlite3 >/dev/null || { echo "seeds.sh needs sqlite3" >&2; exit 2; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/devbox-bench-seeds.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

mkdir -p "$folder/shop/dags" "$folder/shop/seeds"
awk -v rows="$rows" 'BEGIN {
    print "order_id,customer,order_date,amount,zip"
    for (i = 1; i <= rows; i++) {
        name = i % 4 == 0 ? "\"Smith, Ann " i % 991 "\"" : "Ann Smith " i % 991
        printf "%d,%s,2024-%02d-%02d,%d.%d,%05d\n", i, name, i % 12 + 1, i % 28 + 1, i % 1000, i % 9 + 1, i % 99999
    }
}' >"$folder/shop/seeds/orders.csv"
size=$(wc -c <"$folder/shop/seeds/orders.csv")

cat >"$folder/time.py" <<'PYTHON'
# Prints wall and CPU seconds of one command.
import resource, subprocess, sys, time
def used():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
before, started = used(), time.monotonic()  # before: children of a wrapper that became this process
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("%.3f %.3f" % (time.monotonic() - started, used() - before))
PYTHON

measure() {
    name=$1
    shift
    measured=$(python3 "$folder/time.py" "$@")
    echo "$name $measured" >>"$folder/times"
}

cat "$folder/shop/seeds/orders.csv" >/dev/null
round=1
while [ "$round" -le "$rounds" ]; do
    rm -rf "$folder/shop/.devbox" "$folder"/import.db*
    measure devbox "$devbox" -C "$folder/shop" db seed
    measure import sqlite3 "$folder/import.db" ".import --csv $folder/shop/seeds/orders.csv orders"
    round=$((round + 1))
done
loaded=$(sqlite3 "$folder/shop/.devbox/sandbox.db" "SELECT count(*) || ' ' || sum(order_id) || ' ' || typeof(amount) || ' ' || typeof(zip) FROM orders")
imported=$(sqlite3 "$folder/import.db" "SELECT count(*) || ' ' || sum(order_id) || ' real text' FROM orders")
[ "$loaded" = "$imported" ] || { echo "devbox loaded '$loaded', sqlite3 '$imported'" >&2; exit 1; }
measure unchanged "$devbox" -C "$folder/shop" db seed

awk -v rows="$rows" -v size="$size" -v aim="$ratio" '
    { if (!($1 in wall) || $2 < wall[$1]) wall[$1] = $2; if (!($1 in cpu) || $3 < cpu[$1]) cpu[$1] = $3 }
    END {
        printf "%d rows, %.0f MB, best of each\n", rows, size / 1e6
        printf "  devbox db seed    %.2f s wall  %.2f s cpu\n", wall["devbox"], cpu["devbox"]
        printf "  sqlite3 .import   %.2f s wall  %.2f s cpu\n", wall["import"], cpu["import"]
        printf "  unchanged         %.3f s wall  %.3f s cpu\n", wall["unchanged"], cpu["unchanged"]
        printf "  ratio             %.1fx wall  %.1fx cpu  (aim %.1fx)\n", wall["import"] / wall["devbox"], cpu["import"] / cpu["devbox"], aim
        exit cpu["import"] / cpu["devbox"] < aim
    }' "$folder/times"

#!/usr/bin/env bash
# How fast `moetrace report` reads: traces of 1, 10 and 100 million events, made up from a seed with the recorder's own
# writer. Prints events per second and peak memory with one thread and with all, and how many times longer or shorter others
# take: cat reading the same bytes, and SQLite and pandas summing GPU time by kernel over the same trace, exported by
# `moetrace export -f nsys-sqlite` (that sum is a part of the report only: no ranges, no phases). Each is the best of three.
#   scripts/bench_analysis.sh [EVENTS...]
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
python=build/deps/venv/bin/python3
most_exported=20000000 # events; the database takes about 45 bytes each
tmp=$(mktemp -d "${TMPDIR:-/tmp}/moetrace-bench-XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# best COMMAND...: the shortest wall-clock time of three runs in seconds, and the peak memory in KiB.
best() {
    local _ begin
    for _ in 1 2 3; do
        begin=$EPOCHREALTIME
        /usr/bin/time -o "$tmp/memory" -f '%M' "$@" >"$tmp/out"
        awk -v from="$begin" -v to="$EPOCHREALTIME" '{printf "%.3f %d\n", to - from, $1}' "$tmp/memory"
    done | sort -n | head -1
}

# The sum in SQLite, and in pandas: the seconds that it took, reading included.
cat >"$tmp/sums.py" <<'PY'
import sqlite3, sys, time
how, path = sys.argv[1:]
begin = time.perf_counter()
db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
if how == "sqlite":
    rows = db.execute("""SELECT s.value, COUNT(*), SUM(k.end - k.start) FROM CUPTI_ACTIVITY_KIND_KERNEL k
        JOIN CUPTI_ACTIVITY_KIND_RUNTIME r ON r.correlationId = k.correlationId
        JOIN StringIds s ON s.id = k.shortName GROUP BY k.shortName ORDER BY 3 DESC""").fetchall()
else:
    import pandas
    begin = time.perf_counter()
    kernels = pandas.read_sql_query("SELECT start, end, correlationId, shortName FROM CUPTI_ACTIVITY_KIND_KERNEL", db)
    calls = pandas.read_sql_query("SELECT start AS called, correlationId FROM CUPTI_ACTIVITY_KIND_RUNTIME", db)
    names = pandas.read_sql_query("SELECT id, value FROM StringIds", db)
    joined = kernels.merge(calls, on="correlationId").merge(names, left_on="shortName", right_on="id")
    joined["ns"] = joined.end - joined.start
    rows = joined.groupby("value").ns.agg(["count", "sum"]).sort_values("sum", ascending=False)
assert len(rows) > 0
print(f"{time.perf_counter() - begin:.3f}")
PY

# sums HOW: the shortest of three.
sums() {
    local _
    for _ in 1 2 3; do
        "$python" "$tmp/sums.py" "$1" "$tmp/trace.sqlite"
    done | sort -n | head -1
}

have_pandas=yes
if ! "$python" -c 'import pandas' 2>/dev/null && ! scripts/setup.sh bench; then
    have_pandas=
    echo "pandas is left out: it is not installed, and scripts/setup.sh bench could not install it"
fi

[ $# -gt 0 ] || set -- 1000000 10000000 100000000
printf '%10s %8s | %8s %9s %8s | %8s %9s | %7s %6s | %8s %6s | %8s %6s\n' events MiB seconds events/s 'peak MiB' \
    "$(nproc) cores" events/s cat ratio SQLite ratio pandas ratio
for events in "$@"; do
    made=$("$build/tests/trace_generate" "$tmp/trace.moetrace" "$events" 1)
    bytes=$(stat -c %s "$tmp/trace.moetrace")
    read -r cat_seconds _ <<<"$(best sh -c "cat '$tmp/trace.moetrace' | cat")"
    read -r one memory <<<"$(best "$build/moetrace" report --jobs 1 "$tmp/trace.moetrace")"
    read -r all _ <<<"$(best "$build/moetrace" report "$tmp/trace.moetrace")"
    sqlite=0 pandas=0
    if [ "$events" -le "$most_exported" ]; then
        TMPDIR=$tmp "$build/moetrace" export "$tmp/trace.moetrace" -f nsys-sqlite -o "$tmp/trace.sqlite" >/dev/null
        sqlite=$(sums sqlite)
        [ -z "$have_pandas" ] || pandas=$(sums pandas)
        rm "$tmp/trace.sqlite"
    else
        left_out="SQLite and pandas are left out beyond $most_exported events: the database would take gigabytes of disk"
    fi
    awk -v n="$made" -v b="$bytes" -v s="$one" -v a="$all" -v m="$memory" -v c="$cat_seconds" -v q="$sqlite" -v p="$pandas" '
    function rate(t) { return t > 0 ? sprintf("%.3g", n / t) : "-" }
    function took(t) { return t > 0 ? sprintf("%.3f", t) : "-" }
    function times(x, y) { return x > 0 && y > 0 ? sprintf("%.1f", x / y) : "-" }
    BEGIN {
        printf "%10d %8.1f | %8.3f %9s %8.1f | %8.3f %9s | %7.3f %6s | %8s %6s | %8s %6s\n", n, b / 1048576, s, rate(s),
            m / 1024, a, rate(a), c, times(s, c), took(q), times(q, s), took(p), times(p, s)
    }'
done
echo "ratio: report with one thread over cat; SQLite and pandas over report with one thread"
[ -z "${left_out:-}" ] || echo "$left_out"

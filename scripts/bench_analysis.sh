#!/usr/bin/env bash
# How fast `moetrace report` reads: traces of 1, 10 and 100 million events, made up from a seed with the recorder's own
# writer. Prints events per second, peak memory, and the ratio to reading the same bytes with cat; each the best of three.
#   scripts/bench_analysis.sh [EVENTS...]
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/moetrace-bench-XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# best COMMAND...: the shortest wall-clock time of three runs in seconds, and the peak memory in KiB.
best() {
    local i
    for i in 1 2 3; do
        /usr/bin/time -o "$tmp/time.$i" -f '%e %M' "$@" >"$tmp/out"
    done
    sort -n "$tmp"/time.? | head -1
}

[ $# -gt 0 ] || set -- 1000000 10000000 100000000
printf '%12s %9s %9s %13s %9s %9s %9s\n' events MiB seconds events/s 'peak MiB' cat ratio
for events in "$@"; do
    made=$("$build/tests/trace_generate" "$tmp/trace.moetrace" "$events" 1)
    bytes=$(stat -c %s "$tmp/trace.moetrace")
    read -r cat_seconds _ <<<"$(best sh -c "cat '$tmp/trace.moetrace' | cat")"
    read -r seconds memory <<<"$(best "$build/moetrace" report "$tmp/trace.moetrace")"
    awk -v n="$made" -v b="$bytes" -v s="$seconds" -v m="$memory" -v c="$cat_seconds" 'BEGIN {
        ratio = c > 0 ? sprintf("%.1f", s / c) : "-"
        rate = s > 0 ? n / s : 0
        printf "%12d %9.1f %9.2f %13.3g %9.1f %9.2f %9s\n", n, b / 1048576, s, rate, m / 1024, c, ratio
    }'
done

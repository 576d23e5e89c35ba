#!/usr/bin/env bash
# moetrace beside Nsight Systems, on a machine with a GPU: the same run recorded by both, then read by the tools of both.
#   scripts/bench_nsys.sh [EVENTS...]     sizes of the captures (default: 100000 1000000 10000000)
# Prints two Markdown tables: seconds of wall clock, the median of nine runs where they take less than 2 s together, else of three (of
# fewer where one takes over 15 s), with the events of each capture (rows of kernels, copies, fills, synchronisations, calls and NVTX
# in its SQLite file); and the ratios.
#   BUILD=build       a build folder; it can be carried to a machine that cannot build
#   NSYS, IMPORTER    nsys and QdstrmImporter (default: on the PATH, else somewhere under /opt/nvidia)
#   NSYS_LIBS=DIR     libraries that the two lack there (libdw.so.1 and what it needs)
#   LIMIT=450         seconds for everything; what no longer fits is printed as over the time it got, or as -
# On a machine with no GPU: bench_nsys_cpu.sh, with what nsys does there.
set -u
cd "$(dirname "$0")/.." || exit
build=$(realpath "${BUILD:-build}")
limit=${LIMIT:-450}
tables="KERNEL MEMCPY MEMSET SYNCHRONIZATION RUNTIME"
[ $# -gt 0 ] || set -- 100000 1000000 10000000
work=$(mktemp -d "${TMPDIR:-/tmp}/moetrace-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

say() { printf 'bench: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}
left() { echo $((limit - SECONDS > 1 ? limit - SECONDS : 1)); }

nsys=${NSYS:-$(command -v nsys || find /opt/nvidia /usr/local/cuda* -name nsys -type f -perm -u+x 2>/dev/null | sort | tail -n 1)}
[ -n "$nsys" ] || nsys=$(ls build/deps/nsys/target/nsys 2>/dev/null)
importer=${IMPORTER:-$(command -v QdstrmImporter ||
    find "$(dirname "$(readlink -f "${nsys:-/nowhere}")")/.." /opt/nvidia -name QdstrmImporter -type f 2>/dev/null | head -n 1)}
[ -n "$nsys" ] || die "nsys is not found: install Nsight Systems, or name it with NSYS"
for tool in moetrace run_native libmoetrace.so; do
    [ -e "$build/$tool" ] || die "$build/$tool is missing: run make, or name the build folder with BUILD"
done
libs=${NSYS_LIBS:+$(realpath "$NSYS_LIBS"):}${LD_LIBRARY_PATH:-}
command -v python3 >/dev/null || die "python3 is missing: it counts the rows and takes the times"

# The run: run_native at its small size, where launches and not the GPU's arithmetic take the time.
# shellcheck disable=SC2206
run=(${RUN:-$build/run_native --config small --random-weights 1 --warmup 1 --top-k 1,8 --max-new-tokens 10})

record_ours() { # record_ours SAMPLES FILE
    MOETRACE_OUTPUT=$work/t MOETRACE_CAPTURE=all LD_PRELOAD=$build/libmoetrace.so "${run[@]}" --samples "$1" \
        --output-dir "$work/times" >/dev/null 2>"$work/ours.log" || return 1
    mv "$work"/t/*.moetrace "$2"
}
record_theirs() { # record_theirs SAMPLES NAME: leaves NAME.nsys-rep
    LD_LIBRARY_PATH=$libs timeout "$(left)" "$nsys" profile -t cuda,nvtx -s none --cpuctxsw none -f true -o "$2" "${run[@]}" --samples "$1" \
        --output-dir "$work/times2" >"$work/theirs.log" 2>&1
    [ ! -e "$2.nsys-rep" ] || return 0
    [ -e "$2.qdstrm" ] && [ -n "$importer" ] || return 1
    LD_LIBRARY_PATH=$libs timeout "$(left)" "$importer" -i "$2.qdstrm" -o "$2.nsys-rep" >>"$work/theirs.log" 2>&1
    rm -f "$2.qdstrm"
    [ -e "$2.nsys-rep" ]
}
rows() { # rows FILE.sqlite: its events
    python3 - "$1" "$tables" <<'PY'
import sqlite3, sys
db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
wanted = ["NVTX_EVENTS"] + ["CUPTI_ACTIVITY_KIND_" + kind for kind in sys.argv[2].split()]
print(sum(db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in wanted if t in there))
PY
}

timed() { python3 scripts/bench_timed.py "$(left)" "$work/timed" "$@"; } # timed COMMAND...: as bench_timed.py says

# For awk: arithmetic with what timed prints.
sums='
    function value(s) { sub(/^>/, "", s); return s + 0 }
    function ratio(a, b,    over) {
        over = index(a, ">") ? ">" : ""
        return a == "-" || b == "-" || a == "" || index(b, ">") || value(b) == 0 ? "-" : sprintf("%s%.1f", over, value(a) / value(b))
    }
    function sum(a, b) { return a == "-" || b == "-" ? "-" : (index(a b, ">") ? ">" : "") (value(a) + value(b)) }
    function each(s, n) { return s == "-" || n == 0 ? "-" : (index(s, ">") ? ">" : "") (value(s) / n) }'

if ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; then
    # shellcheck source=scripts/bench_nsys_cpu.sh
    source scripts/bench_nsys_cpu.sh
    exit
fi

measure() { # measure: the row of one size; the recordings lie in $work
    local ours=$work/ours.moetrace theirs=$work/theirs.sqlite exported=$work/ours.sqlite
    local report exporting capture their_export ranges kern nvtx
    report=$(timed "$build/moetrace" report "$ours")
    exporting=$(timed "$build/moetrace" export "$ours" -f nsys-sqlite -o "$exported")
    their_export=$(timed env LD_LIBRARY_PATH="$libs" "$nsys" export --type sqlite --force-overwrite true -o "$theirs" \
        "$work/theirs.nsys-rep")
    capture=$(timed "$build/moetrace" report "$theirs")
    ranges=$(stats nvtx_sum)
    kern=$(stats cuda_gpu_kern_sum)
    nvtx=$(stats nvtx_kern_sum)
    awk -v ours="$(rows "$exported")" -v theirs="$(rows "$theirs")" -v report="$report" -v export="$exporting" -v capture="$capture" \
        -v their="$their_export" -v ranges="$ranges" -v kern="$kern" -v nvtx="$nvtx" -v ratios="$work/ratios" "$sums"'
        BEGIN {
            printf "| %d | %d | %s | %s | %s | %s | %s | %s | %s |\n", theirs, ours, their, ranges, kern, nvtx, report, export, capture
            printf "| %d | %s | %s | %s | %s | %s | %s | %s |\n", theirs, ratio(sum(their, ranges), report),
                ratio(sum(their, kern), report), ratio(sum(their, nvtx), report), ratio(each(their, theirs), each(export, ours)),
                ratio(ranges, capture), ratio(kern, capture), ratio(nvtx, capture) >>ratios
        }'
}
stats() { # stats REPORT: of nsys's capture
    timed env LD_LIBRARY_PATH="$libs" "$nsys" stats -q -r "$1" --format csv -o "$work/stats" --force-overwrite true "$work/theirs.sqlite"
}

# How many events a request makes, so that captures have the sizes that were asked for.
record_ours 4 "$work/try.moetrace" || die "run_native does not run here: $(tail -n 1 "$work/ours.log")"
"$build/moetrace" export "$work/try.moetrace" -f nsys-sqlite -o "$work/try.sqlite" >/dev/null || exit 2
tried=$(rows "$work/try.sqlite")
[ "$tried" -gt 0 ] || die "the run made no events"

"$nsys" --version 2>/dev/null | tail -n 1
echo "run: ${run[*]##*/}"
cat <<'E2'

| events, nsys | events, moetrace | nsys export, s | stats nvtx_sum, s | stats cuda_gpu_kern_sum, s | stats nvtx_kern_sum, s | moetrace report, s | moetrace export, s | report of nsys's capture, s |
|---|---|---|---|---|---|---|---|---|
E2
for events in "$@"; do
    # Of the first run each k has one request of warm-up and four measured ones.
    samples=$((events * 5 / tried))
    samples=$((samples > 1 ? samples - 1 : 1))
    rm -rf "$work"/t "$work"/*.moetrace "$work"/*.sqlite "$work"/theirs.*
    say "recording $events events ($samples requests at each k) with both"
    record_theirs "$samples" "$work/theirs" &
    theirs=$!
    record_ours "$samples" "$work/ours.moetrace" || die "run_native failed: $(tail -n 1 "$work/ours.log")"
    wait "$theirs" || die "nsys made no .nsys-rep: $(tail -n 3 "$work/theirs.log" | tr '\n' ' ')(NSYS_LIBS names the folder of libdw.so.1)"
    say "recorded after $SECONDS s; measuring"
    measure
done
cat - "$work/ratios" <<'E2'

| events, nsys | report against nsys export + nvtx_sum | + cuda_gpu_kern_sum | + nvtx_kern_sum | export, per event | capture against nvtx_sum | against cuda_gpu_kern_sum | against nvtx_kern_sum |
|---|---|---|---|---|---|---|---|
E2

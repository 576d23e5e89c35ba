# For bench_nsys.sh to source on a machine with no GPU; prints two Markdown tables. Times are seconds of
# processor time, of all threads and in user and kernel together, which a busy machine changes less than those of the clock; each is
# the least of up to nine runs, as many as fit into 15 s.
# 1. Captures: a real one, cut (tests/data/nsys), those that CAPTURES names (files .sqlite), and exports of traces that are made up
#    (tests/helpers/trace_generate.c): `nsys stats` against `moetrace report` of the same SQLite file.
# 2. Runs of a program that has the ranges of a MolmoE run and no CUDA (tests/helpers/nvtx_requests.c), once under nsys profile and once
#    under the recorder: `nsys export` and one `nsys stats` report against `moetrace report`, and `moetrace export`, for each event.
# Nothing of it says what the tools do with a large capture of a GPU's work.
# shellcheck shell=bash disable=SC2034,SC2154,SC2317
for tool in trace_generate nvtx_requests; do
    [ -x "$build/tests/$tool" ] || die "$build/tests/$tool is missing: run make helpers"
done
limit=${LIMIT:-3000}

timed() { # timed COMMAND...: the seconds, or "-" when it failed
    local TIMEFORMAT='%U %S' began=$SECONDS times=()
    while [ ${#times[@]} -lt 9 ] && { [ ${#times[@]} -eq 0 ] || [ $((SECONDS - began)) -lt 15 ]; }; do
        if ! { time timeout "$(left)" "$@" >"$work/out" 2>"$work/err"; } 2>"$work/took"; then
            say "failed: $*: $(tail -n 1 "$work/err")"
            echo -
            return
        fi
        times+=("$(awk '{printf "%.3f", $1 + $2}' "$work/took")")
    done
    printf '%s\n' "${times[@]}" | sort -n | head -n 1
}

stats() { timed "$nsys" stats -q -r "$1" -f csv -o "$work/stats" --force-overwrite true "$2"; } # stats REPORT FILE

capture() { # capture NAME FILE: a row of the first table
    local kern nvtx ranges ours
    kern=$(stats cuda_gpu_kern_sum "$2")
    nvtx=$(stats nvtx_kern_sum "$2")
    ranges=$(stats nvtx_sum "$2")
    ours=$(timed "$build/moetrace" report "$2")
    awk -v name="$1" -v rows="$(rows "$2")" -v kern="$kern" -v nvtx="$nvtx" -v ranges="$ranges" -v ours="$ours" "$sums"' BEGIN {
        printf "| %s | %d | %s | %s | %s | %s |", name, rows, ranges, kern, nvtx, ours
        printf " %s | %s | %s |\n", ratio(ranges, ours), ratio(kern, ours), ratio(nvtx, ours)
    }'
}

run_both() { # run_both RANGES: leaves theirs.nsys-rep and ours.moetrace
    rm -rf "$work"/t "$work"/ours.* "$work"/theirs.*
    "$nsys" profile -t nvtx -s none --cpuctxsw none -o "$work/theirs" "$build/tests/nvtx_requests" "$1" >"$work/theirs.log" 2>&1
    [ -e "$work/theirs.nsys-rep" ] || die "nsys made no .nsys-rep: $(tail -n 3 "$work/theirs.log" | tr '\n' ' ')"
    MOETRACE_OUTPUT=$work/t LD_PRELOAD=$build/libmoetrace.so "$build/tests/nvtx_requests" "$1" >/dev/null
    mv "$work"/t/*.moetrace "$work/ours.moetrace"
}

pair() { # pair: a row of the second table
    local their_export ranges report exporting ours
    their_export=$(timed "$nsys" export --type sqlite --force-overwrite true -o "$work/theirs.sqlite" "$work/theirs.nsys-rep")
    ranges=$(stats nvtx_sum "$work/theirs.sqlite")
    report=$(timed "$build/moetrace" report "$work/ours.moetrace")
    exporting=$(timed "$build/moetrace" export "$work/ours.moetrace" -f nsys-sqlite --force -o "$work/ours.sqlite")
    ours=$(timed "$build/moetrace" report "$work/theirs.sqlite")
    awk -v theirs="$(rows "$work/theirs.sqlite")" -v mine="$(rows "$work/ours.sqlite")" -v their="$their_export" -v ranges="$ranges" \
        -v report="$report" -v export="$exporting" -v ours="$ours" "$sums"' BEGIN {
        printf "| %d | %d | %s | %s | %s | %s | %s |", theirs, mine, their, ranges, report, export, ours
        printf " %s | %s | %s |\n", ratio(sum(their, ranges), report), ratio(each(their, theirs), each(export, mine)), ratio(ranges, ours)
    }'
}

"$nsys" --version 2>/dev/null | tail -n 1
echo "$(nproc) processors, no GPU; seconds of processor time"
cat <<'E2'

| capture | rows | stats nvtx_sum, s | stats cuda_gpu_kern_sum, s | stats nvtx_kern_sum, s | moetrace report, s | against nvtx_sum | against cuda_gpu_kern_sum | against nvtx_kern_sum |
|---|---|---|---|---|---|---|---|---|
E2
gunzip -c tests/data/nsys/h100_2025.3.2.sqlite.gz >"$work/cut.sqlite"
capture "H100, cut" "$work/cut.sqlite"
for file in ${CAPTURES:-}; do
    cp "$file" "$work/capture.sqlite"
    capture "$(basename "$file" .sqlite)" "$work/capture.sqlite"
done
for events in "$@"; do
    "$build/tests/trace_generate" "$work/made.moetrace" "$events" 1 >/dev/null
    "$build/moetrace" export "$work/made.moetrace" -f nsys-sqlite --force -o "$work/made.sqlite" >/dev/null || exit
    capture "made up" "$work/made.sqlite"
done
rm -f "$work"/made.* "$work/cut.sqlite"
cat <<'E2'

| ranges, nsys | ranges, moetrace | nsys export, s | stats nvtx_sum, s | moetrace report, s | moetrace export, s | report of nsys's capture, s | report against export + nvtx_sum | export, per event | capture against nvtx_sum |
|---|---|---|---|---|---|---|---|---|---|
E2
for events in "$@"; do
    run_both "$events"
    pair
done

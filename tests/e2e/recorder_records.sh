#!/usr/bin/env bash
# What CUPTI makes of a kernel after its launch: the times of a graph that is replayed while records are off, and the names
# of kernels whose modules are gone.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

# sums NAME: of each recorded launch of the graph: its kernels, those without a time, and the sum of their times in us.
sums() {
    awk '$1 == "kernel" {
        split("", f); for (i = 2; i <= NF; i++) { at = index($i, "="); f[substr($i, 1, at - 1)] = substr($i, at + 1) }
        if (f["graph"] != "-") { n[f["correlation"]]++; if (f["start"] == "-") u[f["correlation"]]++; else s[f["correlation"]] += f["duration"] } }
        END { for (c in n) print n[c], u[c] + 0, s[c] / 1000 }' "$work/$1.dump" | sort | uniq -c | awk '{$1 = $1; print}'
}
replays() { # replays NAME WAY LAUNCHES: 20 requests; so many launches are recorded, each with its own times
    run "$1" "$helpers/cuda_replays" "$2" 20
    is "$1: exit status" "$status" 9
    is "$1: standard error" "$(cat "$work/$1.err")" ""
    dump "$1"
    is "$1: $3 launches of 60 kernels of 10 us" "$(sums "$1")" "$3 60 0 600"
    is "$1: nothing that no trace should have" "$(problems "$1")" ""
}
MOETRACE_CAPTURE=auto replays auto requests 10
MOETRACE_CAPTURE=alternate replays alternate requests 10
MOETRACE_CAPTURE=alternate MOETRACE_LEVEL=full replays full requests 10
MOETRACE_CAPTURE=all MOETRACE_CAPTURE_RANGE=window replays window window 10
MOETRACE_CAPTURE=all MOETRACE_START=paused replays paused profiler 10
MOETRACE_CAPTURE=alternate replays busy busy 10
MOETRACE_CAPTURE=all replays all requests 20

# The process leaves right after its last launch: the records that CUPTI holds are fetched.
export REPLAYS_LEAVE=1
MOETRACE_CAPTURE=all replays leave requests 20
MOETRACE_CAPTURE=all MOETRACE_LEVEL=full replays leave-full requests 20
MOETRACE_CAPTURE=all replays leave-busy busy 20
MOETRACE_CAPTURE=auto replays leave-auto requests 10
for name in leave leave-full leave-busy leave-auto; do
    is "$name: what the trace lacks" "$("$moetrace" report -f json "$work/$name" 2>/dev/null | grep -oE '\["(complete|gpu.undelivered)", [0-9]*\]')" \
        '["complete", 1]'
done
unset REPLAYS_LEAVE

# Where the GPU does not come to rest, a time is right or missing.
MOETRACE_CAPTURE=alternate run never "$helpers/cuda_replays" never 8
is "never at rest: exit status" "$status" 9
dump never
is "never at rest: no launch has the times of another" "$(sums never | awk '$4 != 0 && $4 != 600')" ""
is "never at rest: 8 launches" "$(sums never | awk '{n += $1} END {print n}')" 8

# names NAME COUNT: kernels by whether they have the name that was launched, in the order of their times.
names() {
    sed -n 's/^kernel .*start=\([0-9]*\) .*name=\(.*\)/\1 \2/p' "$work/$1.dump" | sort -n |
        awk '{ if ($2 == "\"k" int((NR - 1) / 3) "\"") right++; else wrong++ } END { print right + 0, "right,", wrong + 0, "not" }'
}
for level in kernels full; do
    for way in sync behind graph; do
        name=${way}_$level
        MOETRACE_CAPTURE=all MOETRACE_LEVEL=$level run "$name" "$helpers/cuda_modules" $way 200
        is "$name: exit status" "$status" 9
        dump "$name"
        is "$name: every kernel has its own name" "$(names "$name")" "600 right, 0 not"
    done
done
# Four threads make their first CUDA calls at once, while one of them starts CUPTI.
FAKE_CUPTI_FAULT=slow-start run first "$helpers/cuda_first" 4 50
is "first launches: exit status" "$status" 9
dump first
is "first launches: all kernels of all threads" "$(number_of first kernel) $(counter first gpu.dropped)" "200 0"
is "first launches: nothing that no trace should have" "$(problems first)" ""
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

#!/usr/bin/env bash
# Captures that older versions of Nsight Systems made of this repository's own NVTX programs, and exported: 2022.4.2 (schema 3.0) and
# 2023.4.4. NVTX text is inline or by id, what was not captured has no table, and metadata has other names.
#   all_VERSION.sqlite.gz       nsys profile -t nvtx build/tests/nvtx_all
#   requests_VERSION.sqlite.gz  nsys profile -t nvtx build/tests/nvtx_requests 2000 threads
# each through tests/data/nsys/cut.py; the CSV files are the same version's report of all ranges (nvtx_sum) on them.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/nsys.sh
source tests/nsys.sh
data=tests/data/nsys
nvtx_reports=nvtx_sum,nvtx_pushpop_sum,nvtx_startend_sum,nvtx_pushpop_trace

# The reports of ranges on a capture and on its export, as nsys prints them.
again() { # again NAME
    local file
    for file in "$1" "$1-again"; do
        "$nsys" stats -q -r $nvtx_reports -f csv -o "$work/$file" "$work/$file.sqlite" || return 1
    done
    for file in ${nvtx_reports//,/ }; do
        cmp "$work/$1_$file.csv" "$work/$1-again_$file.csv" || return 1
    done
    [ "$(wc -l <"$work/$1_nvtx_pushpop_trace.csv")" -gt 10 ]
}
for version in 2022.4.2 2023.4.4; do
    for program in all requests; do
        name=$program-$version
        gunzip -c "$data/${program}_$version.sqlite.gz" >"$work/$name.sqlite"
        "$moetrace" report --format json --top 1000000 "$work/$name.sqlite" >"$work/$name.json" 2>"$work/$name.err"
        is "$name: the report says nothing on standard error" "$? $(cat "$work/$name.err")" "0 "
        ok "$name: its ranges have the instances and times that nsys $version printed" "$python" tests/data/nsys_reports.py counts \
            "$work/$name.json" "$data/${program}_$version.csv"
        ok "$name: data that was not captured is reported as missing" grep -q 'no table CUPTI_ACTIVITY_KIND_KERNEL' "$work/$name.json"
        ok "$name: exported again" "$moetrace" export "$work/$name.sqlite" -f nsys-sqlite -o "$work/$name-again.sqlite"
        ok "$name: joins of the tables give the same ranges" "$python" - "$work/$name" <<'PY'
import sys
sys.path.insert(0, "tests/data")
import export_reports as r
a, b = (r.Capture(sys.argv[1] + end) for end in (".sqlite", "-again.sqlite"))
assert r.nvtx_sum(a) == r.nvtx_sum(b) and len(r.nvtx_sum(a)) > 20
PY
        nsys_ok "$name: nsys prints the same of both" again "$name"
    done
done

# What the program said of itself: `nvtx_requests 2000 threads`.
for version in 2022.4.2 2023.4.4; do
    is "requests-$version: every range that the program made" "$("$moetrace" dump "$work/requests-$version.sqlite" |
        sed -nE 's/^push .* name="([a-z_]*)[^"]*" .*/\1/p' | sort | uniq -c | xargs)" "40 decode 5120 expert 640 layer 4 prefill 4 sample 4 top_k"
done

# A capture of an H100 by 2025.3.2, cut to the capture of a CUDA graph and one replay of it (cut.py 2344.88-2361.5 2378.7-2381.4):
# nsys profile -t cuda,nvtx --cuda-graph-trace=node run_native --config small --random-weights 1 --samples 2 --warmup 1 --top-k 1,8
# --max-new-tokens 4 --cuda-graph. nsys does not tell where a graph was begun.
name=h100_graph_2025.3.2
gunzip -c "$data/$name.sqlite.gz" >"$work/$name.sqlite"
"$moetrace" report --format json --top 1000000 "$work/$name.sqlite" >"$work/$name.json"
ok "replayed kernels belong to the experts in which their nodes were captured" "$python" tests/data/export_graphs.py \
    "$work/$name.json" "$work/$name.sqlite"
# run_native's marks are for our recorder, which was not there: all was profiled.
profiled() { # profiled FILE: "profiled" or "unprofiled" samples in the table of latencies, and the note
    "$moetrace" report --all "$1" | tr '\n' ' ' | grep -oE 'Latencies are of profiled requests|Latencies are the durations of unprofiled requests|here all of the run was profiled'
}
is "marks of the program's are none of the recorder's" "$(profiled "$work/$name.sqlite")" \
    $'Latencies are of profiled requests\nhere all of the run was profiled'
ok "exported again" "$moetrace" export "$work/$name.sqlite" -f nsys-sqlite -o "$work/$name-again.sqlite"
is "nor are they then" "$(profiled "$work/$name-again.sqlite")" "$(profiled "$work/$name.sqlite")"
done_testing

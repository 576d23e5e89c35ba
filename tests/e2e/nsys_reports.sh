#!/usr/bin/env bash
# NVIDIA's Nsight Systems itself on what moetrace exports: 18 reports and 6 rules, which say nothing but rows, and whose numbers are
# those of `moetrace report`. tests/data/nsys/h100_2025.3.2.sqlite.gz is a capture that nsys made of MolmoE at k = 8 on an H100,
# cut to 74 ms of it (cut.py 12-60 935-961).
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/nsys.sh
source tests/nsys.sh
reports() { "$python" tests/data/nsys_reports.py "$@"; }
all24() { reports run "$nsys" "$work/$1.sqlite" "$work/$1"; } # all24 NAME: of $work/NAME.sqlite into the folder $work/NAME

# The recordings of golden_gpu.sh. What is counted without warm-up is compared on an export without it.
for name in small_all small_graphs small_alternate python_graph; do
    unpack "golden/$name" "$name"
    trace=$work/$name.moetrace
    "$moetrace" report --format json --top 1000000 "$trace" >"$work/$name.json" && "$moetrace" dump "$trace" >"$work/$name.txt" || exit
    ok "$name: exported" "$moetrace" export "$trace" -f nsys-sqlite -o "$work/$name.sqlite"
    nsys_ok "$name: every report and rule of nsys runs without a message" all24 $name
    nsys_ok "$name: kernels, copies, memsets and calls have moetrace's times" reports whole "$work/$name.json" "$work/$name.txt" \
        "$work/$name"
    nsys_ok "$name: joins of the tables agree with nsys" "$python" tests/data/export_reports.py nsys "$work/$name.sqlite" "$work/$name"
    counted=$name
    if [ $name != python_graph ]; then
        counted=$name-samples
        ok "$name: its measured requests are exported" "$moetrace" export "$trace" -f nsys-sqlite --range 'sample.*' -o "$work/$counted.sqlite"
        nsys_ok "$name: every report runs on them without a message" all24 $counted
        nsys_ok "$name: requests and phases have the times of nsys" reports latencies "$work/$name.json" "$work/$name"
    fi
    nsys_ok "$name: ranges, layers and experts have the kernels and times of nsys" reports ranges "$work/$name.json" "$work/$counted"
done

# Two processes in one file: each has the rows that it has alone.
ok "two processes go into one file" "$moetrace" export "$work/small_all.moetrace" "$work/small_alternate.moetrace" -f nsys-sqlite \
    -o "$work/both.sqlite"
nsys_ok "every report runs on it without a message" all24 both
two() {
    local name
    for name in nvtx_kern_sum cuda_kern_exec_sum; do
        diff <(sort "$work/small_all/r_$name.csv" "$work/small_alternate/r_$name.csv" | uniq) <(sort "$work/both/r_$name.csv" | uniq) || return 1
    done
}
nsys_ok "and its report of each process is that of the process alone" two

# Two that no machine would record: requests at random, on several threads, with losses; and all that NVTX has, with no GPU work.
"$python" tests/data/analysis_oracle.py write "$work/odd.moetrace" 42
ok "a made trace is exported" "$moetrace" export "$work/odd.moetrace" -f nsys-sqlite -o "$work/odd.sqlite"
nsys_ok "every report runs on it without a message" all24 odd
LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/nvtx.t "$BUILD/tests/nvtx_all" >"$work/nvtx.out" 2>&1
ok "a trace of all that NVTX has is exported" "$moetrace" export "$work/nvtx.t" -f nsys-sqlite -o "$work/nvtx.sqlite"
nsys_ok "every report runs on it without a message" all24 nvtx
nsys_ok "and has the ranges that joins of the tables find" "$python" tests/data/export_reports.py nsys "$work/nvtx.sqlite" "$work/nvtx"

gunzip -c tests/data/nsys/h100_2025.3.2.sqlite.gz >"$work/real.sqlite"
ok "a capture of nsys is imported and exported again" "$moetrace" export "$work/real.sqlite" -f nsys-sqlite -o "$work/again.sqlite"
ok "joins of the tables give the same rows" "$python" tests/data/export_reports.py compare "$work/real.sqlite" "$work/again.sqlite"
nsys_ok "every report runs on the original" all24 real
nsys_ok "and on the other" all24 again
nsys_ok "and writes the same bytes" reports same "$work/real" "$work/again"
gunzip -c tests/data/nsys/h100_graph_2025.3.2.sqlite.gz >"$work/graph.sqlite"
ok "a capture of CUDA graphs by node is imported and exported again" "$moetrace" export "$work/graph.sqlite" -f nsys-sqlite \
    -o "$work/graph-again.sqlite"
nsys_ok "every report runs on both" eval 'all24 graph && all24 graph-again'
nsys_ok "and writes the same bytes" reports same "$work/graph" "$work/graph-again"

# A part of the time: the rows that overlap it.
ok "a part of the time is exported" "$moetrace" export "$work/real.sqlite" -f nsys-sqlite --from 20ms --to 30ms -o "$work/part.sqlite"
nsys_ok "every report runs on it without a message" all24 part
part() {
    local name
    for name in cuda_gpu_trace cuda_api_trace; do
        awk -F, 'NR == 1 || ($1 <= 30e6 && $1 + $2 >= 20e6)' "$work/real/r_$name.csv" >"$work/wanted"
        [ "$(wc -l <"$work/wanted")" -gt 100 ] && diff "$work/wanted" "$work/part/r_$name.csv" || return 1
    done
}
nsys_ok "and lists the calls and GPU work of that time" part
done_testing

#!/usr/bin/env bash
# Captures from an H100 (CUDA 13.0, PyTorch 2.11): what was true of them there stays true.
#   small_all        run_native --config small --random-weights 1 --samples 2 --warmup 1 --top-k 1,8 --max-new-tokens 4
#   small_alternate  the same with every second request profiled
#   small_graphs     run_native --config small --random-weights 1 --samples 3 --warmup 1 --top-k 2,8 --max-new-tokens 4
#                    --cuda-graph: each decode step captured once and replayed
#   small_auto       run_native --config small --random-weights 1 --samples 12 --warmup 1 --top-k 1,8 --max-new-tokens 4: six
#                    requests of each k before CUPTI is on, then six that are profiled; small_auto_times.json is run_native's clock
#   python_graph     Python: two threads, cuBLAS, Triton, a captured CUDA graph
# Captures from an H200 (CUDA 13.0, driver 580, PyTorch 2.11) of tests/gpu/replay_graph.py requests 12, a graph of 60 kernels
# of about 1 us each, of which every second replay was recorded:
#   replay_wrong     by a recorder that let go of the target before the records of the replay were there: the kernels of five
#                    replays end when those of the next replay did, and 60 kernels of an unprofiled replay are recorded
#   replay_right     by one that waits for them
# And of tests/gpu/graph_forms.cu, with the kernels that each request ran by their ranges in graph_*.tsv:
#   graph_update     an executable graph that is updated after every third request, and back; every second request recorded
#   graph_recapture  one that is updated from a graph captured anew for each request; --capture auto
#   graph_nested     graphs in two places of graphs in two places of a graph, updated once
#   graph_while      a loop behind a kernel; every second request recorded
#   graph_first      a loop before everything else, and two launches a request that follow each other on the GPU
# The CSV files are Nsight Systems 2025.3's reports on another run of the first command.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
golden=tests/data/golden
for name in small_all small_alternate small_graphs small_auto python_graph; do
    unpack "golden/$name" "$name"
    "$BUILD/moetrace" dump "$work/$name.moetrace" >"$work/$name.txt" || exit
    "$BUILD/moetrace" report --all "$work/$name.moetrace" >"$work/$name.report" || exit
done

ok "small: GPU operations in every range, and kernels, as Nsight Systems counts them" \
    "$python" "$golden/compare.py" "$work/small_all.txt" "$golden/small_nsys_nvtx_gpu_proj_sum.csv" \
    "$golden/small_nsys_cuda_gpu_kern_sum.csv"

unattributed() { awk '$1 == "unattributed" {print $2}' "$work/$1.report"; }
for name in small_all small_alternate small_graphs small_auto python_graph; do
    is "$name: no kernel is unattributed" "$(unattributed $name)" "0,"
    is "$name: nothing was dropped" "$(grep -cE '^counter "(host|gpu)\.[a-z_]*dropped" [1-9]' "$work/$name.txt")" 0
done

# The Python run replays its graph five times; each kernel carries the id of its node.
replayed=$(grep -E '^kernel' "$work/python_graph.txt" | grep -vc 'node=-')
is "graph: 5 replays of 4 kernels" "$replayed" 20
ok "small_graphs: every replayed kernel's node is known" awk '
    /^node / { for (i = 2; i <= NF; i++) if ($i ~ /^id=/) known[substr($i, 4)] = 1 }
    /^kernel / { for (i = 2; i <= NF; i++) if ($i ~ /^node=[0-9]/) { seen++; if (!(substr($i, 6) in known)) missing++ } }
    END { print seen + 0, missing + 0; exit !(seen == 20034 && missing == 0) }' "$work/small_graphs.txt"
# In a replayed step the experts are visited in the graph: their kernels reach the experts, and what is left for "other" in
# decode is what run_native does outside of its ranges of parts.
decode_row() { awk '/^Phases by part/ {on = 1} on && $1 == "decode" {print; exit}' "$work/small_graphs.report"; }
is "small_graphs: decode's kernel time by part, through the replay" \
    "$(decode_row | awk '{print $3, $4, $5, $10, $11}')" "34.295 2.040 1.289 0.384 38.567"

# A graph whose replays were recorded with the times of later ones.
for name in replay_wrong replay_right; do
    unpack "golden/$name" "$name"
    "$BUILD/moetrace" report --format csv "$work/$name.moetrace" >"$work/$name.csv" || exit
done
cell() { sed -n "/^# completeness_counts/,\$ s/^$2,//p" "$work/$1.csv"; }
is "replay_wrong: impossible times are counted" "$(cell replay_wrong kernels.impossible)" 300
is "replay_wrong: the report is not complete" "$(cell replay_wrong complete)" 0
is "replay_wrong: kernel time without them" "$(cell replay_wrong kernels.ns)" 316683
is "replay_right: no time is impossible" "$(cell replay_right kernels.impossible)" 0
is "replay_right: the report is complete" "$(cell replay_right complete)" 1
is "replay_right: 60 kernels in each of 9 launches, and 4 before" "$(cell replay_right kernels.count)" 544
is "replay_right: kernel time" "$(cell replay_right kernels.ns)" 566607

# Graphs that change, nest and loop: every kernel in the ranges of its node and of its launch, by the dump and by the report.
for form in update:10 recapture:9 nested:20 while:10 first:20; do
    name=graph_${form%:*}
    unpack "golden/$name" "$name"
    ok "$name: every kernel, in its ranges" "$python" tests/gpu/graph_kernels.py "$golden/$name.tsv" "$work/$name.moetrace" "$moetrace" "${form#*:}"
done

# The order that keeps latencies true, and the model that the program names.
auto() { grep -c "$1" "$work/small_auto.report"; }
is "small_auto: the model is named" "$(auto '^  model  *small, bf16, 326 prompt tokens, 2 crops$')" 1
is "small_auto: latencies are from before CUPTI was on" "$(auto '^The unprofiled requests ran before CUPTI was switched on in this process')" 1
ok "small_auto: every k was applied" "$BUILD/moetrace" verify "$work/small_auto.moetrace"
own_clock() {
    "$BUILD/moetrace" report --json "$work/small_auto.json" "$work/small_auto.moetrace" >/dev/null && "$python" - "$work/small_auto.json" \
        "$golden/small_auto_times.json" <<'PY'
import json, statistics, sys
report, own = (json.load(open(path)) for path in sys.argv[1:3])
compared = 0
for entry in report:
    for phase in ("vision", "prefill", "decode"):
        mine = [s[phase + "_ms"] for s in own["samples"] if s["top_k"] == entry["top_k"] and s["sample"] < 6]
        assert len(mine) == 6, len(mine)
        for what, value in (("P50", statistics.median(mine)), ("mean", statistics.mean(mine)), ("min", min(mine)), ("max", max(mine))):
            print(entry["top_k"], phase, what, entry[phase][what], value)
            assert abs(entry[phase][what] / value - 1) < 0.01
            compared += 1
assert compared == 24
PY
}
ok "small_auto: latencies agree with run_native's own clock within 1 %" own_clock
done_testing

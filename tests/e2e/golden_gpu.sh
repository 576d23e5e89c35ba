#!/usr/bin/env bash
# Captures from an H100 (CUDA 13.0, PyTorch 2.11): what was true of them there stays true.
#   small_all        run_native --config small --random-weights 1 --samples 2 --warmup 1 --top-k 1,8 --max-new-tokens 4
#   small_alternate  the same with every second request watched
#   small_graphs     run_native --config small --random-weights 1 --samples 3 --warmup 1 --top-k 2,8 --max-new-tokens 4
#                    --cuda-graph: each decode step captured once and replayed
#   python_graph     Python: two threads, cuBLAS, Triton, a captured CUDA graph
# The CSV files are Nsight Systems 2025.3's reports on another run of the first command.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
golden=tests/data/golden
for name in small_all small_alternate small_graphs python_graph; do
    unpack "golden/$name" "$name"
    "$BUILD/moetrace" dump "$work/$name.moetrace" >"$work/$name.txt" || exit
    "$BUILD/moetrace" report "$work/$name.moetrace" >"$work/$name.report" || exit
done

ok "small: GPU operations in every range, and kernels, as Nsight Systems counts them" \
    "$python" "$golden/compare.py" "$work/small_all.txt" "$golden/small_nsys_nvtx_gpu_proj_sum.csv" \
    "$golden/small_nsys_cuda_gpu_kern_sum.csv"

unattributed() { awk '$1 == "unattributed" {print $2}' "$work/$1.report"; }
for name in small_all small_alternate small_graphs python_graph; do
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
done_testing

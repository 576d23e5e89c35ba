#!/usr/bin/env bash
# The tests that need a GPU and a python3 whose PyTorch uses it; prints TAP and closes with `N passed, N failed, N skipped`.
# What is built is used as it lies in $BUILD, so the folder can be carried to a machine that cannot build.
set -u
cd "$(dirname "$0")/../.." || exit
source tests/tap.sh
lib=$BUILD/libmoetrace.so
golden=tests/data/golden
data=tests/data/native
if ! python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    echo "1..0 # SKIP no GPU, or no PyTorch that uses it"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi

record() { # record NAME VARIABLE=VALUE... -- COMMAND: the trace becomes $work/NAME.moetrace
    local name=$1 variables=()
    shift
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    env "${variables[@]}" MOETRACE_OUTPUT="$work/t" LD_PRELOAD="$lib" "$@" >"$work/$name.out" 2>"$work/$name.err"
    local status=$?
    mv "$work"/t/*.moetrace "$work/$name.moetrace"
    return $status
}
count() { # count NAME ROW: the number that the report of NAME has in this row of its integrity block
    "$BUILD/moetrace" report --all "$work/$1.moetrace" | awk -v row="$2" '$0 ~ "^ +" row {gsub(",", ""); print $(NF > 1 ? 2 : 1); exit}'
}

# ---- the model ----
mkdir "$work/tiny"
for f in tiny_a tiny_a_request tiny_a_expected; do gunzip -c "$data/$f.safetensors.gz" >"$work/tiny/$f.safetensors"; done
mv "$work/tiny/tiny_a.safetensors" "$work/tiny/model.safetensors"
cp "$data/tiny_a_config.json" "$work/tiny/config.json"
for moe in active loop; do
    "$BUILD/run_native" --checkpoint "$work/tiny" --request "$work/tiny/tiny_a_request.safetensors" --device cuda --dtype fp32 \
        --moe $moe --top-k 1,2,3,4,8 --samples 1 --warmup 0 --max-new-tokens 6 --dump-logits "$work/$moe.st" >/dev/null
    ok "tiny_a in float32 on the GPU, --moe $moe: within 1e-3 of PyTorch's, same tokens" \
        python3 tests/data/native_compare.py near "$work/$moe.st" "$work/tiny/tiny_a_expected.safetensors" 1e-3
done

# ---- the recorder on the sweep ----
small=("$BUILD/run_native" --config small --random-weights 1 --samples 2 --warmup 1 --rounds 1 --top-k "1,8" --max-new-tokens 4)
"${small[@]}" --dump-logits "$work/plain.st" >/dev/null
ok "small: recorded with its logits" record logits -- "${small[@]}" --dump-logits "$work/seen.st"
is "small: nothing is said on standard error" "$(cat "$work/logits.err")" ""
ok "small: the logits are the same under the recorder, bit for bit" cmp "$work/plain.st" "$work/seen.st"
ok "small: recorded, every request profiled" record small MOETRACE_CAPTURE=all -- "${small[@]}"
is "small: no kernel is unattributed" "$(count small unattributed)" 0
"$BUILD/moetrace" dump "$work/small.moetrace" >"$work/small.txt"
ok "small: ranges and kernels as the golden run of Nsight Systems counted them" python3 "$golden/compare.py" \
    "$work/small.txt" "$golden/small_nsys_nvtx_gpu_proj_sum.csv" "$golden/small_nsys_cuda_gpu_kern_sum.csv"
for level in phases full; do
    ok "small: recorded at level $level" record $level MOETRACE_LEVEL=$level MOETRACE_CAPTURE=all -- "${small[@]}"
done
is "full: no kernel is unattributed" "$(count full unattributed)" 0
is "full: as many kernels as at level kernels" "$(count full kernels)" "$(count small kernels)"

# ---- what binds a phase: run_native's mark names the model, so that no option is needed but peaks for any device ----
echo '{"memory_bytes_per_s": 1e12, "flops": {"bf16": 1e14}}' >"$work/peaks.json"
bound() { # bound NAME: verdicts of NAME that are given with both shares of the peaks
    "$BUILD/moetrace" report --all --peaks "$work/peaks.json" "$work/$1.moetrace" | tee "$work/$1.report" |
        sed -n '/^Bottleneck of/,/^$/p' | grep -cE '^ *(1|8) +(vision|prefill|decode) +(host|memory|compute|neither)( +[0-9.]+){8}$'
}
is "small: a verdict with its evidence for every phase at every k" "$(bound small)" 6
is "small: the model is named" "$(sed -n 's/^  model  *//p' "$work/small.report")" "small, bf16, 326 prompt tokens, 2 crops"

# ---- a captured decode step: per-expert attribution through the replay ----
graphs=("${small[@]}" --cuda-graph)
"$BUILD/run_native" --config small --random-weights 1 --samples 2 --warmup 1 --top-k "1,8" --max-new-tokens 4 --moe dense \
    --dump-logits "$work/dense.st" >/dev/null
"${graphs[@]}" --dump-logits "$work/replayed.st" >/dev/null
ok "graphs: the logits of a replay are those of the eager step" \
    python3 tests/data/native_compare.py near "$work/replayed.st" "$work/dense.st" 1e-3
ok "graphs: recorded" record graphs MOETRACE_CAPTURE=all -- "${graphs[@]}"
is "graphs: no kernel is unattributed" "$(count graphs unattributed)" 0
is "graphs: a verdict with its evidence for every phase at every k" "$(bound graphs)" 6
is "graphs: the model is named" "$(sed -n 's/^  model  *//p' "$work/graphs.report")" \
    "small, bf16, 326 prompt tokens, 2 crops, every expert in each decode step"
"$BUILD/moetrace" dump "$work/graphs.moetrace" >"$work/graphs.txt"
ok "graphs: every replayed kernel's node is known" awk '
    /^node / { for (i = 2; i <= NF; i++) if ($i ~ /^id=/) known[substr($i, 4)] = 1 }
    /^kernel / { for (i = 2; i <= NF; i++) if ($i ~ /^node=[0-9]/) { seen++; if (!(substr($i, 6) in known)) missing++ } }
    END { print seen + 0, missing + 0; exit !(seen > 0 && missing == 0) }' "$work/graphs.txt"

# ---- a graph that is replayed while CUPTI is off, before the records of the replay before were fetched ----
replays() { # replays NAME WAY LAUNCHES VARIABLE...: 20 requests; so many launches of the graph are recorded
    local name=replay_$1 way=$2 launches=$3
    shift 3
    ok "$name: recorded" record "$name" "$@" -- python3 tests/gpu/replay_graph.py "$way" 20
    "$BUILD/moetrace" dump "$work/$name.moetrace" >"$work/$name.txt"
    ok "$name: $launches launches, each with the times of its own" python3 tests/gpu/graph_times.py "$work/$name.txt" "$launches"
    is "$name: no impossible times" "$(count "$name" "impossible times")" ""
}
replays auto requests 13 MOETRACE_CAPTURE=auto
replays alternate requests 10 MOETRACE_CAPTURE=alternate
replays full requests 10 MOETRACE_CAPTURE=alternate MOETRACE_LEVEL=full
replays window window 10 MOETRACE_CAPTURE=all MOETRACE_CAPTURE_RANGE=window
replays paused profiler 10 MOETRACE_CAPTURE=all MOETRACE_START=paused
replays busy busy 10 MOETRACE_CAPTURE=alternate
replays all requests 23 MOETRACE_CAPTURE=all

# ---- kernels of modules that are gone ----
for level in kernels full; do
    for way in sync behind library graph; do
        name=unload_${way}_$level
        ok "$name: recorded" record "$name" MOETRACE_CAPTURE=all MOETRACE_LEVEL=$level -- python3 tests/gpu/unload_modules.py $way 300
        "$BUILD/moetrace" dump "$work/$name.moetrace" >"$work/$name.txt"
        ok "$name: every kernel has its own name" python3 tests/gpu/kernel_names.py "$work/$name.txt" 300
    done
done

# ---- what the GPU reaches ----
ok "peaks: measured" "$BUILD/moetrace" peaks -o "$work/measured.json" --format json
cp "$work/tap.out" "$work/peaks.txt"
ok "peaks: nothing is missing, and nothing is beyond its data sheet, or far below" python3 - "$work/peaks.txt" "$work/measured.json" <<'E2'
import json, sys
rows = json.load(open(sys.argv[1]))["reports"][0]["tables"][0]["rows"]
for what, best, median, sheet, percent, unit, how in rows:
    print(what, how, best, median, percent)
assert len(rows) == 7 and all(row[1] is not None for row in rows)
assert all(row[2] <= row[1] for row in rows) and all(row[4] is None or 40 < row[4] < 102 for row in rows)
peaks = json.load(open(sys.argv[2]))
assert peaks["memory_bytes_per_s"] > 1e11 and peaks["flops"]["bf16"] > 2 * peaks["flops"]["fp32"]
E2

# ---- other targets ----
cat >"$work/graph.py" <<'E2'
import torch
x = torch.randn(512, 512, device="cuda")
s = torch.cuda.Stream()
with torch.cuda.stream(s):
    for _ in range(3):
        y = torch.mm(x, x).relu()
torch.cuda.synchronize()
g = torch.cuda.CUDAGraph()
with torch.cuda.graph(g):
    y = torch.mm(x, x).relu().sum()
torch.cuda.nvtx.range_push("replay")
for _ in range(5):
    g.replay()
torch.cuda.synchronize()
torch.cuda.nvtx.range_pop()
E2
ok "python: a captured graph" record graph -- python3 "$work/graph.py"
is "python: no kernel is unattributed" "$(count graph unattributed)" 0
cat >"$work/profiled.py" <<'E2'
import torch
from torch.profiler import ProfilerActivity, profile
x = torch.randn(256, 256, device="cuda")
x.relu()
with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as p:
    for _ in range(20):
        x.relu()
    torch.cuda.synchronize()
print(sum(e.count for e in p.key_averages() if e.device_type == torch.autograd.DeviceType.CUDA))
E2
python3 "$work/profiled.py" >"$work/profiled.plain" 2>/dev/null
ok "python: the target uses torch.profiler itself" record profiled -- python3 "$work/profiled.py"
is "torch.profiler sees what it sees without the recorder" "$(cat "$work/profiled.out")" "$(cat "$work/profiled.plain")"
is "the recorder says once that it gives way" "$(grep -c '^moetrace: ' "$work/profiled.err")" 1

echo "1..$tap_count"
echo "$((tap_count - tap_failures)) passed, $tap_failures failed, 0 skipped"
[ "$tap_failures" -eq 0 ]

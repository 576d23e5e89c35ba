#!/usr/bin/env bash
# What watching costs, on a machine with a GPU. Ratios inside one run, medians over interleaved rounds.
#   launch   added nanoseconds per launch of an empty kernel, for each level, against bare CUPTI (and nsys, when it is found)
#   sweep    watched against unwatched requests of run_native, pairs of neighbours in one process
#   ROUNDS=5   rounds of the launch benchmark;  PAIRS=30   pairs of requests for each k
set -u
cd "$(dirname "$0")/.." || exit
build=${BUILD:-build}
rounds=${ROUNDS:-5} pairs=${PAIRS:-30}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lib=$PWD/$build/libmoetrace.so
if ! libs=$(python3 -c 'import os, torch, nvidia.cu13 as n; print(os.path.join(list(n.__path__)[0], "lib"))' 2>/dev/null); then
    echo "bench: needs a GPU and a python3 with PyTorch for CUDA 13 (its CUDA libraries are used)" >&2
    exit 2
fi
bench=$build/bench_launch
nsys=$(command -v nsys || find /opt/nvidia -name nsys -type f 2>/dev/null | head -n 1)

launch_once() { # launch_once MODE DOOR: prints median and minimum in ns
    local mode=$1 door=$2
    export LD_LIBRARY_PATH=$libs MOETRACE_OUTPUT=$work/t MOETRACE_CAPTURE=all
    case $mode in
    none) "$bench" "$door" ;;
    bare) "$bench" "$door" --bare ;;
    nsys) "$nsys" profile -t cuda,nvtx -s none --cpuctxsw none -o "$work/n" -f true "$bench" "$door" | grep -E '^[0-9.]+ [0-9.]+$' ;;
    *) MOETRACE_LEVEL=$mode LD_PRELOAD=$lib "$bench" "$door" ;;
    esac
    rm -rf "$work/t"
}

modes=(none phases kernels full bare)
[ -z "$nsys" ] || modes+=(nsys)
for round in $(seq "$rounds"); do
    for door in runtime driver; do
        for mode in "${modes[@]}"; do
            (launch_once "$mode" "$door" 2>/dev/null | sed "s/^/$door $mode /") >>"$work/launch"
        done
    done
    [ ! -t 2 ] || printf '\rlaunch: round %d of %d' "$round" "$rounds" >&2
done
echo "launch of an empty kernel, ns: median of $rounds medians, least of all minima"
python3 - "$work/launch" <<'E2'
import collections, statistics, sys
rows = collections.defaultdict(list)
for line in open(sys.argv[1]):
    door, mode, median, least = line.split()
    rows[door, mode].append((float(median), float(least)))
print(f"{'door':8}  {'mode':8}  {'median':>8}  {'least':>8}  {'added':>8}  {'added, least':>12}")
for (door, mode), v in rows.items():
    none = rows[door, "none"]
    m, l = statistics.median(x[0] for x in v), min(x[1] for x in v)
    m0, l0 = statistics.median(x[0] for x in none), min(x[1] for x in none)
    print(f"{door:8}  {mode:8}  {m:8.0f}  {l:8.0f}  {m - m0:8.0f}  {l - l0:12.0f}")
E2

cat >"$work/pairs.py" <<'E2'
"""Watched against unwatched requests, in pairs of neighbours: prints the medians, and the median ratio with its 95 % interval."""
import json, random, statistics, sys
random.seed(1)
samples = json.load(open(sys.argv[2]))["samples"]
for k in sorted({s["top_k"] for s in samples}):
    mine = sorted((s for s in samples if s["top_k"] == k), key=lambda s: s["sample"])
    for phase in ("vision_ms", "prefill_ms", "decode_ms"):
        v = [s[phase] for s in mine]
        pairs = [w / u for u, w in zip(v[0::2], v[1::2])]
        boots = sorted(statistics.median(random.choices(pairs, k=len(pairs))) for _ in range(2000))
        print(f"{sys.argv[1]:8}  k={k:<3} {phase[:-3]:8}  unwatched {statistics.median(v[0::2]):8.2f} ms"
              f"  watched {statistics.median(v[1::2]):8.2f} ms  ratio {statistics.median(pairs):.3f}"
              f" ({boots[50]:.3f} to {boots[-51]:.3f})  of minima {min(v[1::2]) / min(v[0::2]):.3f}")
E2
echo
echo "run_native, watched against unwatched requests, $pairs pairs in one process"
unset LD_LIBRARY_PATH
run=("$build/run_native" --random-weights 1 --top-k "${TOP_K:-1,8}" --samples $((2 * pairs)) --warmup 3)
for round in 1 2; do
    MOETRACE_OUTPUT=$work/t MOETRACE_CAPTURE=alternate LD_PRELOAD=$lib "${run[@]}" --output-dir "$work/n" >/dev/null
    python3 "$work/pairs.py" kernels "$work/n/run_native_times.json"
    NVTX_INJECTION64_PATH=$PWD/$build/libbare_cupti.so "${run[@]}" --output-dir "$work/n" >/dev/null
    python3 "$work/pairs.py" bare "$work/n/run_native_times.json"
done

#!/usr/bin/env bash
# What watching costs, on a machine with a GPU. Ratios and differences inside one process, medians over rounds.
#   bench.sh [PART...]   all parts, or some of:
#   launch   an empty kernel, each observer in processes of its own: median and least time of a launch
#   pairs    the same, profiled and unprofiled ranges in turn: what a launch takes longer, for each level, for CUPTI alone,
#            for what could be added to it, and for torch.profiler and Proton
#   stay     whether launches stay slower after CUPTI was on
#   sweep    profiled against unprofiled requests of run_native, pairs of neighbours in one process
#   python   the same of the public PyTorch implementation (MOLMO_HF names a checkout of ChulanZhang/molmo_hf)
#   ROUNDS=5   rounds;  PAIRS=30   pairs of requests for each k;  TOP_K=8   values of k
set -u
cd "$(dirname "$0")/.." || exit
build=$(realpath "${BUILD:-build}")
rounds=${ROUNDS:-5} pairs=${PAIRS:-30}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
lib=$build/libmoetrace.so
bare=$build/libbare_cupti.so
if ! libs=$(python3 -c 'import os, torch, nvidia.cu13 as n; print(os.path.join(list(n.__path__)[0], "lib"))' 2>/dev/null); then
    echo "bench: needs a GPU and a python3 with PyTorch for CUDA 13 (its CUDA libraries are used)" >&2
    exit 2
fi
bench=$build/bench_launch
nsys=$(command -v nsys || find /opt/nvidia -name nsys -type f 2>/dev/null | head -n 1)
export MOETRACE_OUTPUT=$work/t

progress() { [ ! -t 2 ] || printf '\r%s ' "$*" >&2; }

# ---- launch ----

launch_once() { # launch_once OBSERVER DOOR: prints median and minimum in ns
    local mode=$1 door=$2
    export LD_LIBRARY_PATH=$libs
    case $mode in
    none) "$bench" "$door" ;;
    bare) "$bench" "$door" --bare ;;
    nsys) "$nsys" profile -t cuda,nvtx -s none --cpuctxsw none -o "$work/n" -f true "$bench" "$door" | grep -E '^[0-9.]+ [0-9.]+$' ;;
    *) MOETRACE_CAPTURE=all MOETRACE_LEVEL=$mode LD_PRELOAD=$lib "$bench" "$door" ;;
    esac
    rm -rf "$work/t"
}

part_launch() {
    local modes=(none phases kernels full bare) round door mode
    [ -z "$nsys" ] || modes+=(nsys)
    for round in $(seq "$rounds"); do
        for door in runtime driver; do
            for mode in "${modes[@]}"; do
                (launch_once "$mode" "$door" 2>/dev/null | sed "s/^/$door $mode /") >>"$work/launch"
            done
        done
        progress "launch: round $round of $rounds"
    done
    echo "launch of an empty kernel, ns: median of $rounds medians, least of all minima"
    python3 scripts/bench_tables.py launch "$work/launch"
}

# ---- pairs ----

watch() { # watch OBSERVER DOOR: prints unprofiled, profiled, added, low, high in ns
    local observer=$1 door=$2
    local run=("$bench" "$door" --pairs 100)
    case $observer in
    none) LD_LIBRARY_PATH=$libs "${run[@]}" ;;
    # Level phases knows no unprofiled requests, so every second one is a window.
    phases) LD_LIBRARY_PATH=$libs MOETRACE_LEVEL=phases MOETRACE_CAPTURE_RANGE='sample.*[13579]' LD_PRELOAD=$lib "${run[@]}" ;;
    kernels | full) LD_LIBRARY_PATH=$libs MOETRACE_LEVEL=$observer MOETRACE_CAPTURE=alternate LD_PRELOAD=$lib "${run[@]}" ;;
    interposers) LD_LIBRARY_PATH=$libs MOETRACE_CUPTI=/nowhere MOETRACE_CAPTURE=alternate LD_PRELOAD=$lib "${run[@]}" ;;
    bare) LD_LIBRARY_PATH=$libs NVTX_INJECTION64_PATH=$bare "${run[@]}" ;;
    bare+*) LD_LIBRARY_PATH=$libs BARE_AGAINST=1 BARE_WITH=${observer#bare+} NVTX_INJECTION64_PATH=$bare "${run[@]}" ;;
    torch | proton) python3 scripts/bench_peers.py "$build/libbench_launch.so" "$observer" "$door" ;;
    esac
    rm -rf "$work/t"
}

part_pairs() {
    local round door observer
    for round in $(seq "$rounds"); do
        for door in runtime driver; do
            for observer in none phases interposers kernels full bare bare+callback bare+external bare+runtime bare+driver \
                torch proton; do
                (watch "$observer" "$door" 2>/dev/null | sed "s/^/$door $observer /") >>"$work/pairs"
            done
        done
        progress "pairs: round $round of $rounds"
    done
    echo "launch of an empty kernel, ns, profiled against unprofiled in one process; bare+X: against bare"
    python3 scripts/bench_tables.py added "$work/pairs"
}

# ---- stay ----

part_stay() {
    local round door way
    for round in $(seq "$rounds"); do
        for door in runtime driver; do
            for way in nothing subscribe resource enable watch finalize; do
                LD_LIBRARY_PATH=$libs "$build/bench_stay" "$build/libbench_launch.so" "$way" "$door" >>"$work/stay"
            done
        done
        progress "stay: round $round of $rounds"
    done
    echo "launch of an empty kernel, ns, over $rounds processes: before CUPTI was touched, and afterwards"
    python3 scripts/bench_tables.py stay "$work/stay"
}

# ---- requests ----

requests() { # requests COMMAND...: pairs of the phases, of level kernels, of level phases and of CUPTI alone
    local round
    for round in 1 2; do
        MOETRACE_CAPTURE=alternate LD_PRELOAD=$lib "$@" >/dev/null 2>&1
        python3 scripts/bench_tables.py requests kernels "$work/n/run_native_times.json"
        NVTX_INJECTION64_PATH=$bare "$@" >/dev/null 2>&1
        python3 scripts/bench_tables.py requests bare "$work/n/run_native_times.json"
        MOETRACE_LEVEL=phases MOETRACE_CAPTURE_RANGE='sample.*[13579]' LD_PRELOAD=$lib "$@" >/dev/null 2>&1
        python3 scripts/bench_tables.py requests phases "$work/n/run_native_times.json"
        rm -rf "$work/t" "$work/n"
    done
}

part_sweep() {
    echo "run_native, profiled against unprofiled requests, $pairs pairs in one process"
    requests "$build/run_native" --random-weights 1 --top-k "${TOP_K:-1,8}" --samples $((2 * pairs)) --rounds 1 --warmup 3 --output-dir "$work/n"
}

part_python() {
    echo "PyTorch, profiled against unprofiled requests, $pairs pairs in one process"
    if [ -z "${MOLMO_HF:-}" ]; then
        echo "  left out: MOLMO_HF does not name a checkout of ChulanZhang/molmo_hf"
    else
        requests python3 tests/gpu/molmo_python.py "$work/n" "${TOP_K:-8}" $((2 * pairs)) 3
    fi
}

[ $# -gt 0 ] || set -- launch pairs stay sweep python
for part in "$@"; do
    case $part in
    launch | pairs | stay | sweep | python) "part_$part" ;;
    *)
        echo "bench: no part is called $part: give launch, pairs, stay, sweep or python" >&2
        exit 2
        ;;
    esac
    echo
done

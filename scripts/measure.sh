#!/usr/bin/env bash
# All that docs/results.md and docs/measuring.md say, measured anew on a machine with a GPU: each step writes into a folder of
# its own, the most needed ones first, and none stops the next.
#   measure.sh DIR [STEP...]   all steps, or some of:
#   tests      the tests that need a GPU
#   results    what the GPU reaches, then the sweep of MolmoE-1B at full size, with its report
#   graphs     the same through CUDA graphs, k = 1 and 8
#   stay pairs launch requests   scripts/bench.sh
#   nsys       scripts/bench_nsys.sh
#   stop       scripts/bench_recorder.sh
#   analysis   scripts/bench_analysis.sh
#   kills      100 kills of a program that launches kernels
#   SAMPLES=100   requests for each k;  SWEEP_OPTIONS=   further options of run_native
#   STEP_SECONDS=600   the limit of a step;  BUILD=build   the build folder
# What bench.sh, bench_nsys.sh and bench_recorder.sh take as variables is passed on to them.
set -u
cd "$(dirname "$0")/.." || exit
export BUILD=${BUILD:-build}
build=$BUILD
[ $# -gt 0 ] || {
    echo "measure: name the folder that the results go to" >&2
    exit 2
}
mkdir -p "$1" || exit 2
out=$(cd "$1" && pwd)
shift

sweep() { # sweep FOLDER SAMPLES OPTION...: run_native under the recorder, and its report in every form
    local to=$1 samples=$2 format
    shift 2
    rm -rf "$to/trace"
    # shellcheck disable=SC2086
    MOETRACE_OUTPUT=$to/trace LD_PRELOAD=$PWD/$build/libmoetrace.so "$build/run_native" --random-weights 1 --samples "$samples" \
        --warmup 3 --output-dir "$to" ${SWEEP_OPTIONS:-} "$@" || return
    set --
    [ ! -e "$out/results/peaks.json" ] || set -- --peaks "$out/results/peaks.json"
    for format in text json markdown; do
        "$build/moetrace" report "$@" --format "$format" "$to/trace" >"$to/report.$format" || return
    done
    "$build/moetrace" report "$@" --html "$to/report.html" "$to/trace" >/dev/null
    "$build/moetrace" verify "$to/trace"
}

step_tests() { tests/gpu/run.sh; }
step_results() {
    "$build/moetrace" peaks -o "$out/results/peaks.json" || rm -f "$out/results/peaks.json"
    sweep "$out/results" "${SAMPLES:-100}"
}
step_graphs() { sweep "$out/graphs" 20 --top-k 1,8 --cuda-graph; }
step_stay() { scripts/bench.sh stay; }
step_pairs() { scripts/bench.sh pairs; }
step_launch() { scripts/bench.sh launch; }
step_requests() { scripts/bench.sh sweep python; }
step_nsys() { scripts/bench_nsys.sh; }
step_stop() { scripts/bench_recorder.sh; }
step_analysis() { scripts/bench_analysis.sh; }
step_kills() {
    local i begun=0 read=0 libs trace
    libs=$(python3 -c 'import os, torch, nvidia.cu13 as n; print(os.path.join(list(n.__path__)[0], "lib"))') || return
    for i in $(seq 100); do
        rm -rf "$out/kills/t"
        # About half of these moments lie in the start of CUDA.
        MOETRACE_OUTPUT=$out/kills/t MOETRACE_CAPTURE=all LD_LIBRARY_PATH=$libs LD_PRELOAD=$PWD/$build/libmoetrace.so \
            timeout -s KILL "$((RANDOM % 4)).$((RANDOM % 1000))" "$build/bench_stop" 100000000 4 >/dev/null 2>&1
        trace=$(find "$out/kills/t" -name '*.moetrace' 2>/dev/null)
        [ -n "$trace" ] || continue
        begun=$((begun + 1))
        "$build/moetrace" report --format json "$trace" >"$out/kills/last.json" && read=$((read + 1))
    done
    rm -rf "$out/kills/t"
    echo "$i processes killed: $begun traces begun, $read of them read"
    [ "$begun" -eq "$read" ]
}

# A step runs in a process of its own, which its limit can end.
if [ "${MEASURE_STEP:-}" ]; then
    set -- "step_$MEASURE_STEP"
    "$@"
else
    steps="tests results graphs stay pairs launch requests nsys stop analysis kills"
    # shellcheck disable=SC2086
    [ $# -gt 0 ] || set -- $steps
    for step; do
        case " $steps " in
        *" $step "*) ;;
        *)
            echo "measure: no step is called $step: give some of $steps" >&2
            exit 2
            ;;
        esac
    done
    failed=0
    for step; do
        begin=$SECONDS
        mkdir -p "$out/$step"
        MEASURE_STEP=$step timeout "${STEP_SECONDS:-600}" scripts/measure.sh "$out" >"$out/$step/output" 2>"$out/$step/errors"
        status=$?
        [ $status -eq 0 ] || failed=1
        printf '%-9s status %3d, %4d s: %s\n' "$step" $status $((SECONDS - begin)) "$(tail -n 1 "$out/$step/output")"
    done
    exit $failed
fi

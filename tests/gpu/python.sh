#!/usr/bin/env bash
# The Python helper on a GPU: OLMoE at full size, unchanged, under the recorder. Prints reports, checks, costs, kernels and
# synchronisations counted; traces go to $OUT.
set -u
cd "$(dirname "$0")/../.." || exit
BUILD=${BUILD:-build} OUT=${OUT:-$BUILD/python-gpu}
mkdir -p "$OUT"
run() { # run NAME OPTIONS -- ARGUMENTS OF python_olmoe.py
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1") && shift; done
    shift
    rm -rf "${OUT:?}/$name"
    echo "== $name: moetrace record ${options[*]} -- python_olmoe.py $*"
    "$BUILD/moetrace" record -o "$OUT/$name" "${options[@]}" -- python3 tests/gpu/python_olmoe.py "$@" 2>&1 | grep -v '^$'
}
for implementation in grouped_mm eager; do
    run "$implementation" -- run "$implementation" 16 "${KS:-1,2,4,8,16,32}" 7
    "$BUILD/moetrace" report --section latency --section bottleneck --section scaling --section parts "$OUT/$implementation"
    "$BUILD/moetrace" verify --prompt-tokens 326 "$OUT/$implementation"
done
run cost_grouped --level=phases --annotate=expert -- cost grouped_mm 16 1,8 200
run cost_eager --level=phases --annotate=expert -- cost eager 16 1,8 100
# A static cache: compiled, with CUDA graphs. The first run fills the compiler's cache; what two more requests add is what each ran.
for name in cache:5 five:5 seven:7; do
    run "static_${name%:*}" --capture=all --annotate=layer -- static grouped_mm 4 8 "${name#*:}"
    echo "kernels of ${name#*:} requests: $("$BUILD/moetrace" dump "$OUT/static_${name%:*}" | grep -c '^kernel ')"
done
"$BUILD/moetrace" report --section latency --section parts "$OUT/static_seven"
echo "== without the recorder, by torch.profiler"
python3 tests/gpu/python_olmoe.py count grouped_mm 4 8 5 2>/dev/null
for depth in off expert; do
    run "sync_$depth" --level=full --capture=all --annotate=$depth -- run grouped_mm 4 8 4
    "$BUILD/moetrace" dump "$OUT/sync_$depth" | grep -oE '(cuda|cu)[A-Za-z0-9_]*(Synchronize|Memcpy|LaunchKernel|EventQuery|EventRecord)[A-Za-z0-9_]*' | sort | uniq -c
    rm -rf "${OUT:?}/sync_$depth"
done

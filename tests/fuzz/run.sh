#!/usr/bin/env bash
# Runs each fuzz target on its corpus and then for some seconds on mutations of it. The kept corpus is not changed: what is
# found goes to $BUILD/fuzz, an input that fails too.
#   tests/fuzz/run.sh SECONDS [SEED]   all targets; with a seed the mutations are the same each time
#   tests/fuzz/run.sh possible   status 0 when clang can build fuzz targets here
set -u
cd "$(dirname "$0")/../.." || exit
build=${BUILD:-build}
if [ "${1:-}" = possible ]; then
    echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return !p && n; }' |
        clang -x c -fsanitize=fuzzer,address,undefined - -o /dev/null 2>/dev/null
    exit
fi

status=0
for target in trace nsys chrome rules config torch; do
    program=$build/fuzz/fuzz_$target
    if [ ! -x "$program" ]; then
        echo "fuzz_$target is not built: clang has no libFuzzer here (package libclang-rt-VERSION-dev)" >&2
        exit 2
    fi
    mkdir -p "$build/fuzz/$target"
    # What comes from the network: no allocation may be larger than a file of max_len can justify.
    limit=0
    case $target in config | torch) limit=32 ;; esac
    # First the kept seeds alone, each once; then mutations.
    "$program" -runs=0 -artifact_prefix="$build/fuzz/" "tests/fuzz/corpus/$target" >"$build/fuzz/$target.log" 2>&1 &&
        "$program" -max_total_time="${1:-60}" -seed="${2:-0}" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=$limit -max_len=65536 -print_final_stats=1 \
            -artifact_prefix="$build/fuzz/" "$build/fuzz/$target" "tests/fuzz/corpus/$target" >"$build/fuzz/$target.log" 2>&1
    one=$?
    echo "fuzz_$target: status $one, $(awk '/number_of_executed_units/ {print $2}' "$build/fuzz/$target.log") inputs"
    if [ "$one" -ne 0 ]; then
        tail -n 40 "$build/fuzz/$target.log"
        status=1
    fi
done
exit $status

#!/usr/bin/env bash
# Runs the tests that need no GPU, several suites at a time, and closes with a line `N passed, N failed, N skipped`.
# Each test program or script prints TAP; a skip says why. BUILD is the build folder, SAN the sanitizers it was built with, JOBS
# how many suites run at a time (as many as there are cores). What a suite printed lies in $BUILD/tests/logs.
#   tests/run.sh [PATTERN]   only the suites whose names or paths (tests/unit/stats/test_...) contain PATTERN
#   tests/run.sh --fast      without those that take long
set -u
cd "$(dirname "$0")/.." || exit
BUILD=$(realpath "${BUILD:-build}")
export BUILD SAN=${SAN:-} CMOCKA_MESSAGE_OUTPUT=TAP
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES # for the suites that run make
cores=$(nproc)
jobs=${JOBS:-$cores}
logs=$BUILD/tests/logs
fast='' pattern=
case ${1:-} in
--fast) fast=yes ;;
-*)
    echo "usage: tests/run.sh [--fast | PATTERN]" >&2
    exit 2
    ;;
*) pattern=${1:-} ;;
esac

# The suites that take long, the longest first: they begin first, and --fast leaves them out.
slow=(analysis_many python_experiment python_flops python_modes python_models python_faults native_model html_report aarch64 nsys_around sweep_cpu recorder_kill readers nsys_reports native_ranges recorder_capture import_nsys
    import_versions plots fuzz_trace)

begin=$EPOCHREALTIME
elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}'; }

# Runs one suite and prints its line. A suite that ends with another status than its lines explain has failed as a whole.
run_suite() { # run_suite NAME COMMAND...
    local name=$1 log=$logs/$1.log status=0 started=$EPOCHREALTIME ok not_ok skip
    shift
    timeout 3600 "$@" >"$log" 2>&1 </dev/null || status=$?
    skip=$(grep -cE '^[[:space:]]*ok .*# *(SKIP|skip)' "$log")
    ok=$(($(grep -cE '^[[:space:]]*ok ' "$log") - skip))
    not_ok=$(grep -cE '^[[:space:]]*not ok ' "$log")
    if [ "$not_ok" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
        not_ok=1
        echo "not ok - $name ended with status $status" >>"$log"
    fi
    echo "$ok $not_ok $skip" >"$logs/$name.counts"
    {
        printf '%-34s %3d passed, %d failed, %d skipped (%s s)\n' "$name" "$ok" "$not_ok" "$skip" "$(elapsed "$started")"
        grep -E '^# seeds? |^[[:space:]]*ok .*# *(SKIP|skip)' "$log" | sed 's/^/    /'
        if [ "$not_ok" -gt 0 ]; then
            { grep -A 12 -E '^[[:space:]]*not ok ' "$log" | head -n 60; echo ...; tail -n 12 "$log"; } | sed 's/^/    /'
            echo "    all of it: $log"
        fi
    } >"$logs/$name.summary"
    flock "$logs/.lock" cat "$logs/$name.summary"
}

# Names of all suites and what runs them.
declare -A command=()
names=()
add_suite() { # add_suite NAME COMMAND
    [[ $1 == *"$pattern"* || ${2#"$BUILD"/} == *"$pattern"* ]] || return 0
    names+=("$1")
    command[$1]=$2
}
if [ -z "$SAN" ]; then
    add_suite lint "scripts/lint.sh quick"
    add_suite lint_tidy "scripts/lint.sh tidy"
fi
for script in tests/e2e/*.sh; do
    add_suite "$(basename "$script" .sh)" "$script"
done
for program in "$BUILD"/tests/unit/*/test_*; do
    [[ $program == *.d ]] || add_suite "$(basename "$program")" "$program"
done

rm -rf "$logs"
mkdir -p "$logs"
running=()
start() { # start NAME: when fewer than $jobs run
    local ended pid left=()
    if [ ${#running[@]} -ge "$jobs" ]; then
        wait -n -p ended "${running[@]}"
        for pid in "${running[@]}"; do
            [ "$pid" = "$ended" ] || left+=("$pid")
        done
        running=("${left[@]}")
    fi
    # shellcheck disable=SC2086
    run_suite "$1" ${command[$1]} &
    running+=($!)
}
# clang-tidy takes what the suites leave of the processors: they often wait.
if [ -z "$fast" ] && [ -n "${command[lint_tidy]:-}" ]; then
    JOBS=$cores run_suite lint_tidy nice -n 10 ${command[lint_tidy]} &
fi
for name in "${slow[@]}"; do
    if [ -z "$fast" ] && [ -n "${command[$name]:-}" ]; then start "$name"; fi
done
for name in "${names[@]}"; do
    [[ " lint_tidy ${slow[*]} " == *" $name "* ]] || start "$name"
done
wait
cat "$logs"/*.counts 2>/dev/null | awk -v seconds="$(elapsed "$begin")" '
    {passed += $1; failed += $2; skipped += $3}
    END {
        printf "%d suites in %.0f s, %d at a time\n", NR, seconds, '"$jobs"'
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit failed > 0 || NR == 0
    }'

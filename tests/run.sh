#!/usr/bin/env bash
# Runs every test that needs no GPU and closes with a line `N passed, N failed, N skipped`.
# Each test program or script prints TAP; a skip says why. BUILD is the build folder, SAN the sanitizers it was built with.
#   tests/run.sh [PATTERN]   only the suites whose names contain PATTERN
set -u
cd "$(dirname "$0")/.." || exit
export BUILD=${BUILD:-build} SAN=${SAN:-} CMOCKA_MESSAGE_OUTPUT=TAP
pattern=${1:-}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Counts the TAP lines of one suite. A suite that ends with another status than its lines explain has failed as a whole.
run_suite() {
    local name=$1
    shift
    [[ $name == *"$pattern"* ]] || return 0
    local begin=$SECONDS status=0
    timeout 1800 "$@" >"$log" 2>&1 </dev/null || status=$?
    local ok not_ok skip
    skip=$(grep -cE '^[[:space:]]*ok .*# *(SKIP|skip)' "$log")
    ok=$(($(grep -cE '^[[:space:]]*ok ' "$log") - skip))
    not_ok=$(grep -cE '^[[:space:]]*not ok ' "$log")
    if [ "$not_ok" -eq 0 ] && { [ "$status" -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
        not_ok=1
        echo "not ok - $name ended with status $status" >>"$log"
    fi
    passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
    printf '%-34s %3d passed, %d failed, %d skipped (%d s)\n' "$name" "$ok" "$not_ok" "$skip" $((SECONDS - begin))
    grep -E '^[[:space:]]*ok .*# *(SKIP|skip)' "$log" | sed 's/^/    /'
    if [ "$not_ok" -gt 0 ]; then
        tail -n 60 "$log" | sed 's/^/    /'
    fi
}

[ -n "$SAN" ] || run_suite lint scripts/lint.sh
for program in "$BUILD"/tests/unit/*/test_*; do
    [[ $program == *.d ]] || run_suite "$(basename "$program")" "$program"
done
for script in tests/e2e/*.sh; do
    run_suite "$(basename "$script" .sh)" "$script"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

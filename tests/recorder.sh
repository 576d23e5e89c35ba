# For the recorder's end-to-end tests: tap.sh, and how a target is run with and without the recorder.
# shellcheck shell=bash disable=SC2034
# shellcheck source=tests/tap.sh
source "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
helpers=$BUILD/tests fake=$BUILD/fake
counts=$PWD/tests/helpers/trace_counts.py
# A sanitizer's own exit status and leak reports would hide the target's.
export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:${ASAN_OPTIONS:-}
export TSAN_OPTIONS=handle_segv=0:die_after_fork=0:atexit_sleep_ms=100:suppressions=${counts%/*}/../tsan.supp:${TSAN_OPTIONS:-}
export FAKE_CUPTI_LOG=$work/violations
# The fake CUPTI, wherever the target's runtime lies and whatever is installed.
export MOETRACE_CUPTI=$fake/libcupti.so.13

# Of qemu the variable is for the program that it runs, and not for itself.
preload_variable=LD_PRELOAD
[ -z "$emulator" ] || preload_variable=QEMU_SET_ENV=LD_PRELOAD

# run NAME COMMAND...: runs it under the recorder; traces in $work/NAME, output in $work/NAME.out and .err, status in
# $status. bare NAME COMMAND...: the same with no recorder. A target that hangs is ended.
run() {
    local name=$1
    shift
    status=0
    # shellcheck disable=SC2086
    env "$preload_variable=$(preload)" MOETRACE_OUTPUT="$work/$name" timeout -k 2 "$(time_limit 20)" $emulator "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null ||
        status=$?
}
bare() {
    local name=$1
    shift
    status=0
    # shellcheck disable=SC2086
    timeout -k 2 "$(time_limit 20)" $emulator "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null || status=$?
}
# same_as_bare NAME COMMAND...: exit status and standard output under the recorder are those without it.
same_as_bare() {
    local name=$1
    shift
    bare "$name.bare" "$@"
    local wanted=$status
    run "$name" "$@"
    is "$name: exit status" "$status" "$wanted"
    ok "$name: output" cmp "$work/$name.bare.out" "$work/$name.out"
}
# Which traces NAME left, and what is in them: in $work/NAME.dump.
traces() { find "$work/$1" -name '*.moetrace' 2>/dev/null | sort; }
trace_count() { traces "$1" | grep -c .; }
dump() { "$moetrace" dump "$work/$1" >"$work/$1.dump" 2>"$work/$1.dump.err"; }
# The last value of a counter in NAME's trace.
counter() { awk -v n="\"$2\"" '$1 == "counter" && $2 == n {v = $3} END {print v + 0}' "$work/$1.dump"; }
ranges() { python3 "$counts" ranges "$work/$1.dump"; }
problems() { python3 "$counts" problems "$work/$1.dump"; }
number_of() { grep -c "^$2 " "$work/$1.dump"; } # number_of NAME KIND: records of that kind
finished() { grep -q ' ended=yes$' "$work/$1.dump"; }
violations() { cat "$FAKE_CUPTI_LOG" 2>/dev/null; }

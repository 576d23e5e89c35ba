#!/usr/bin/env bash
# Ends that a recorder easily gets wrong: the target's own end stays what it is, in time, and its trace is its own.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
if [ -n "$SAN" ]; then
    skip "irregular ends" "cancellation and raw forks confuse the sanitizers' own runtime"
    done_testing
fi

# ends CASE STATUS: under the recorder the case ends with STATUS within ten seconds.
ends() {
    MOETRACE_OUTPUT=$work/$1 LD_PRELOAD=$(preload) timeout -s KILL "$(time_limit 10)" "$BUILD/tests/odd_endings" "$1" 2>"$work/err"
    is "$1: exit status, in time" "$?" "$2"
}
marks() { "$BUILD/moetrace" dump "$work/$1" 2>&1 | grep -cE "$2"; }

ends main-first 0
is "main-first: the other thread's ranges" "$(marks main-first '^push ')" 10
ends cancelled 0
ends leaving 3
is "leaving: all up to the end" "$(marks leaving '^mark ')" 2
is "leaving: the trace is finished" "$(marks leaving '^finish ')" 1
ends bare-child 0
is "bare-child: the parent's trace has one end, its own" "$(marks bare-child '^finish ')" 1
is "bare-child: and goes on after the child" "$(marks bare-child '^mark .*after')" 1
# The note about the bad setting finds no reader; the target must not die of it.
MOETRACE_LEVEL=nonsense ends dead-pipe 0
ends time-zone 0
ends fork-ticks 0
is "fork-ticks: the handler's marks" "$(test "$(marks fork-ticks '^mark .*tick')" -gt 0 && echo some)" some
ends small-stack 3
FAKE_SIGNAL_AT=73728:1 MOETRACE_OUTPUT=$work/aside LD_PRELOAD=$(preload):$BUILD/fake/libsignal.so timeout "$(time_limit 10)" "$BUILD/tests/odd_endings" aside
is "aside: exit status" "$?" 0
is "aside: the handler's range, which no event followed" "$(marks aside '^push .*"handler"')" 2
done_testing

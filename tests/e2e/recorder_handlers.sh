#!/usr/bin/env bash
# Signal handlers, forks and jumps that meet the recorder where it is busy: the target goes on as without it, in time, and
# what is recorded is true.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
odd=$helpers/cuda_odd

goes_on() { # goes_on NAME CASE: status and output are as without the recorder
    run "$1" "$odd" "$2"
    is "$1: exit status, in time" "$status" 7
    ok "$1: dump" dump "$1"
    ok "$1: report" "$moetrace" report "$work/$1"
    # Memory that is short takes calls, too, and counts them; a call that is made where another was left by a jump may be
    # taken for a part of it.
    [[ ${MOETRACE_MEMORY:-} || $1 == jump-driver || $1 == profiler-threads ]] ||
        is "$1: nothing that no trace should have" "$(problems "$1" | head -n 3)" ""
}
with() { # with LIBRARY COMMAND...: with this one preloaded, too
    local library=$fake/$1
    shift
    eval "$(declare -f preload | sed '1s/preload/preload_alone/')"
    preload() { echo "$(preload_alone):$library"; }
    "$@"
    eval "$(declare -f preload_alone | sed '1s/preload_alone/preload/')"
}
kernels() { number_of "$1" kernel; }
marks() { grep -o '^mark .*domain="moetrace"' "$work/$1.dump" | sed 's/.* time=\([0-9]*\) name="watch \([a-z]*\)".*/\1 \2/' | sort -n | sed 's/.* //' | paste -sd ' '; }

# Handlers.
if [ -n "$SAN" ]; then
    skip "handlers and jumps" "a sanitizer holds signals back, and does not know jumps out of their handlers"
else
    FAKE_SIGNAL_AT=262144:1 with libsignal.so goes_on forks handler-forks
    is "a handler that forks in the recorder: the marks of both processes" "$(number_of forks mark)" 3
    MOETRACE_CAPTURE_RANGE='decode.*' goes_on windows handler-windows
    is "windows that a handler opens: as many pops as pushes" "$(number_of windows pop)" "$(number_of windows push)"
    goes_on nested nested-handlers
    ranges=$(sed -n 's/ ranges$//p' "$work/nested.out")
    is "handlers that interrupt each other: all is there or counted" \
        $(($(number_of nested push) + $(number_of nested pop) + $(number_of nested mark) + $(counter nested host.dropped))) \
        $((2 * ranges + 600000))
    is "handlers that interrupt each other: as many pops as pushes" "$(number_of nested pop)" "$(number_of nested push)"

    # What a handler leaves by a jump is over.
    goes_on jump jump
    is "calls after a jump out of one that waits" "$(python3 "$counts" calls "$work/jump.dump" | grep -c .),$(number_of jump api)" 2,12
    MOETRACE_LEVEL=full goes_on jump-driver jump-driver
    ok "calls of the driver after a jump: all but the replaced one" test "$(number_of jump-driver api)" -ge 11
    goes_on jump-append jump-append
    is "marks after jumps out of the recorder" "$(grep -c '^mark .*"after"' "$work/jump-append.dump")" 1000
    MOETRACE_CAPTURE_RANGE='decode.*' goes_on jump-windows jump-windows
    is "a thread that jumped out of the recorder" "$(head -n 1 "$work/jump-windows.out")" "can be cancelled"
fi

# The switch of the driver's profiler, which CUPTI tells of, while others fork or make calls; CUPTI may wait for callbacks.
MOETRACE_START=paused goes_on profiler profiler-forks
is "windows while a thread forks: every kernel" "$(kernels profiler)" 120
MOETRACE_START=paused FAKE_CUPTI_FAULT=waits goes_on profiler-waits profiler-forks
is "the same, when switching waits for callbacks" "$(kernels profiler-waits)" 120
MOETRACE_START=paused FAKE_CUPTI_FAULT=waits goes_on profiler-threads profiler-threads
ok "windows while a thread makes calls: every kernel" test "$(kernels profiler-threads)" -ge 120
# The launch that the other thread is in when watching begins was not told, but its kernel is: one in a window at most, and the
# report counts each.
strangers=$(problems profiler-threads | grep -c '^a kernel of no call: ')
is "profiler-threads: nothing else that no trace should have" "$(problems profiler-threads | grep -v '^a kernel of no call: ')" ""
ok "profiler-threads: a window has one such kernel at most" test "$strangers" -le "$(marks profiler-threads | grep -ow on | wc -l)"
is "profiler-threads: they are unattributed" \
    "$("$moetrace" report --format csv "$work/profiler-threads" | sed -n 's/^kernels.unattributed.count,//p')" "$strangers"

# Memory is gone while the disk is full.
export MOETRACE_MEMORY=8 FAKE_DISK_FULL=$work/full
with libdisk.so goes_on switches switches-late
is "switches without memory are marked" "$(marks switches)" "off on off"
is "switches without memory: kernels" "$(kernels switches)" 4
with libdisk.so goes_on little little-memory
is "the least memory, taken by ranges: every kernel" "$(kernels little),$(counter little gpu.dropped)" 2000,0
unset MOETRACE_MEMORY FAKE_DISK_FULL

# Forks while the writer is at work.
if [ -n "$SAN" ]; then
    skip "a slow dynamic linker" "a sanitizer's own runtime asks it, too"
else
    FAKE_SLOW_LOADER_MS=300 with libsystem.so goes_on early forks-early
    is "no child hangs in the dynamic linker" "$(head -n 1 "$work/early.out")" "0 hung"
fi
bare descriptors.bare "$odd" descriptors
FAKE_DISK_GATE=$work/gate with libdisk.so goes_on descriptors descriptors
ok "a child inherits no descriptor of the trace" cmp "$work/descriptors.bare.out" "$work/descriptors.out"

# The end, while the disk stalls and the clock steps: two seconds.
steps="3600 -3600"
[ -z "$SAN" ] || steps= # a sanitizer's own runtime asks for the time before it can
for step in $steps; do
    begin=$(date +%s%N)
    FAKE_CLOCK_STEP=$step FAKE_DISK_GATE=$work/gate with "libdisk.so:$fake/libsystem.so" run "step$step" "$odd" stalled
    took=$((($(date +%s%N) - begin) / 1000000))
    rm -f "$work/gate"
    is "a clock that steps by $step s: exit status" "$status" 7
    ok "a clock that steps by $step s: the end waits for the disk for a limited time ($took ms)" test $took -ge 1900
done
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

#!/usr/bin/env bash
# A target that uses CUPTI itself (torch.profiler does): CUPTI serves one at a time. The recorder gives way, says so in one
# line, and keeps what it had; the target's own profiler gets what it would get without the recorder.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
# The copy that the target has loaded must be found without help.
unset MOETRACE_CUPTI
records=2 both=3 hidden=7

profiled() { # profiled NAME WHEN WHAT [THREADS]: output and status as without the recorder; one line is said
    local name=$1
    shift
    bare "$name.bare" "$helpers/cuda_profiled" "$@"
    run "$name" "$helpers/cuda_profiled" "$@"
    is "$name: exit status" "$status" 11
    # Two threads print in no order.
    [ "$1" != race ] || sort -o "$work/$name.bare.out" "$work/$name.bare.out"
    [ "$1" != race ] || sort -o "$work/$name.out" "$work/$name.out"
    ok "$name: the profiler gets the same data" cmp "$work/$name.bare.out" "$work/$name.out"
    ok "$name: it gets memory in time" grep -q '^profiler: kind 10 _Z4minev .*, in time$' "$work/$name.out"
    is "$name: one line is said" "$(grep -c . "$work/$name.err")" 1
    ok "$name: dump" dump "$name"
    ok "$name: finished" finished "$name"
    ok "$name: the trace states it" grep -q "^meta \"note.cupti" "$work/$name.dump"
    is "$name: every range" "$(grep -c '^push ' "$work/$name.dump")" "$(wanted_pushes "$1")"
}
wanted_pushes() { if [ "$1" = twice ]; then echo 4; else echo 3; fi; }
# What the trace has of the main thread's work, by range.
own() { ranges "$1" | grep -v '^range [^ ]* - '; }

for what in $records $both; do
    profiled "middle$what" middle $what
    ok "middle$what: the line states what happens" grep -q 'another tool in this process requests CUPTI' "$work/middle$what.err"
    is "middle$what: the recorder's own records up to then" "$(own "middle$what")" "range main before kernels=5 copies=1 fills=0"
    is "middle$what: calls all the time" "$(number_of "middle$what" api)" 21
    is "middle$what: nothing that no trace should have" "$(problems "middle$what")" ""
done
profiled twice twice $both
is "twice: the recorder's own records up to then" "$(own twice)" "range main before kernels=5 copies=1 fills=0"

# Kernels that run at that moment are counted, with no time if they had none yet.
profiled busy busy $both
is "busy: the recorder's own records up to then" "$(own busy)" "range main before kernels=5 copies=1 fills=0"
is "busy: those that still ran have no time" "$(counter busy gpu.untimed)" 6

# Other threads launch at that moment.
for try in 1 2 3 4 5; do
    profiled "threads$try" middle $both 3
    is "threads$try: the main thread's records up to then" "$(own "threads$try")" "range main before kernels=5 copies=1 fills=0"
done

# What is watched ends there, and says so; requests that come later are taken neither as watched nor as left in peace.
marks() { grep -o '^mark .*' "$work/$1.dump" | grep -o 'name="watch [a-z]*"' | tr '\n' ' '; }
ends='name="watch off" name="watch yielded" '
is "middle: the end is marked" "$(marks "middle$both")" "$ends"
MOETRACE_CAPTURE=alternate MOETRACE_REQUEST='[bpa]*' profiled requests middle $both
is "requests: none is said to be watched" "$(marks requests)" "$ends"
MOETRACE_CAPTURE=alternate MOETRACE_REQUEST='[baz]*' profiled requests-first first $both
is "no CUPTI from the start: none is said to be watched" "$(marks requests-first)" "$ends"

# Another part of the tool comes while the recorder is giving way to the first.
for try in 1 2 3; do
    FAKE_CUPTI_FAULT=slow profiled "race$try" race $both
    is "race$try: each buffer goes to whoever gave it" "$(violations)" ""
done

# Before any use of CUDA: the recorder never begins.
profiled first first $both
ok "first: the line states what happens" grep -q 'another tool in this process uses CUPTI; kernels are not recorded' "$work/first.err"
is "first: no kernels" "$(number_of first kernel)" 0
is "first: calls" "$(number_of first api)" 21

# A tool that the recorder does not see asking (nsys and its like): CUPTI refuses the recorder.
profiled held first $hidden
ok "held: the line states what happens" grep -q 'another tool uses CUPTI' "$work/held.err"
is "held: no kernels" "$(number_of held kernel)" 0
is "held: calls" "$(number_of held api)" 21
is "held: from the start" "$(marks held)" 'name="watch off" name="watch yielded" '
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

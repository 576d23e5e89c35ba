#!/usr/bin/env bash
# CUDA graphs that are updated, nested, looped and short-lived: every kernel of every recorded request in the ranges of its
# node and of its launch, by the dump and by the report, with its own name and times, and nothing else. As tests/gpu/graph_forms.sh
# does on a GPU.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

requests=12
form() { # form NAME LEAST FORM [profiler]: at least so many requests are recorded
    local name=$1 least=$2
    shift 2
    bare "$name.bare" "$helpers/cuda_graph_forms" "$1" $requests "${@:2}"
    run "$name" "$helpers/cuda_graph_forms" "$1" $requests "${@:2}"
    is "$name: exit status" "$status" 9
    ok "$name: output" cmp "$work/$name.bare.out" "$work/$name.out"
    is "$name: standard error" "$(cat "$work/$name.err")" ""
    ok "$name: every kernel, in its ranges" python3 tests/gpu/graph_kernels.py "$work/$name.out" "$(traces "$name")" "$moetrace" "$least"
}
# The report's ranges with their GPU time.
times() { "$moetrace" report --format csv -t 1000 "$1" | sed -n '/^# ranges/,/^$/p'; }
for what in update refused behind recapture setparams nested loop loops first short; do
    MOETRACE_CAPTURE=all form "$what.all" $requests $what
    MOETRACE_CAPTURE=all MOETRACE_LEVEL=full form "$what.full" $requests $what
    MOETRACE_CAPTURE=alternate form "$what.alternate" $((requests / 2)) $what
    ok "$what: export for Nsight Systems" "$moetrace" export -f nsys-sqlite -o "$work/$what.sqlite" "$work/$what.full"
    is "$what: the export, read again, has the same ranges" "$(times "$work/$what.sqlite")" "$(times "$work/$what.full")"
    form "$what.auto" $((requests / 2 - 1)) $what
    MOETRACE_START=paused form "$what.paused" $((requests / 2 - 1)) $what profiler
done
# Before CUDA 13 CUPTI does not tell of updates: the kernels stay with what their nodes were first.
FAKE_CUPTI_VERSION=26 MOETRACE_CAPTURE=all run old "$helpers/cuda_graph_forms" update 6
is "CUDA 12: exit status" "$status" 9
dump old
is "CUDA 12: updates are not known" "$(grep -c '^node .*copy_of=[0-9]' "$work/old.dump")" 3
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

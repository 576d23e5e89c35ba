#!/usr/bin/env bash
# What a report must not depend on: the clock's zero, how long chunks are, how threads and the GPU take turns in the file, which
# numbers threads, names, queues and calls have; and that the parts of a trace add up to the whole.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
morph=$BUILD/tests/trace_morph
check=("$python" tests/data/analysis_morph.py)

same() { # same NAME WHAT NUMBER [TABLES LEFT OUT...]
    local name=$1 what=$2 number=$3
    shift 3
    "$morph" "$work/$name.moetrace" "$work/other.moetrace" "$what" "$number" &&
        "${check[@]}" same "$moetrace" "$work/$name.moetrace" "$work/other.moetrace" "$@"
}
parts() { # parts KIND NAME: the two parts of NAME, which lie in first and second, add up
    "${check[@]}" "$1" "$moetrace" "$work/$2.moetrace" "$work/first.moetrace" "$work/second.moetrace"
}

"$python" tests/data/analysis_oracle.py write "$work/oracle.moetrace" 42
"$python" tests/data/analysis_sweep.py write "$work/sweep.moetrace" alternate
unpack golden/small_alternate h100
unpack golden/small_graphs graphs

for name in oracle sweep h100; do
    for what in "shift 86400000000000" "chunks 1" "order 2" "order 3" "ids 0"; do
        # shellcheck disable=SC2086
        ok "$name: the same after: $what" same "$name" $what
    done
done
# A kernel of a graph that was launched before its making was read is in no detail of a tail.
for what in "shift 1000000007" "chunks 4" "ids 0"; do
    # shellcheck disable=SC2086
    ok "graphs: the same after: $what" same graphs $what
done
ok "graphs: the same after: order 5" same graphs order 5 tail
middle=$("$moetrace" dump "$work/sweep.moetrace" | sed -n 's/^push thread=0 time=\([0-9]*\) name="top_k=4".*/\1/p')
"$morph" "$work/sweep.moetrace" "$work/first.moetrace" before "$middle"
"$morph" "$work/sweep.moetrace" "$work/second.moetrace" after "$middle"
ok "sweep: its halves add up to it" parts parts sweep
"$morph" "$work/oracle.moetrace" "$work/first.moetrace" thread 0
"$morph" "$work/oracle.moetrace" "$work/second.moetrace" thread 1
ok "oracle: its threads add up to it" parts threads oracle
done_testing

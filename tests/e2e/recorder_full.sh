#!/usr/bin/env bash
# The levels: full has every call of the runtime and the driver once, as the target made it; phases has ranges and the
# calls that wait, and never opens CUPTI.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
target=$helpers/cuda_calls

leveled() { # leveled NAME LEVEL ARGUMENTS...: output and status as without the recorder; nothing is said
    local name=$1 level=$2
    shift 2
    bare "$name.bare" "$target" "$@"
    MOETRACE_LEVEL=$level run "$name" "$target" "$@"
    is "$name: exit status" "$status" 8
    is "$name: standard error" "$(cat "$work/$name.err")" ""
    ok "$name: dump" dump "$name"
    is "$name: the level is in the trace" "$(grep -o '^meta "level" .*' "$work/$name.dump")" "meta \"level\" \"$level\""
    is "$name: nothing that no trace should have" "$(problems "$name")" ""
    is "$name: nothing dropped" "$(counter "$name" gpu.dropped),$(counter "$name" host.dropped)" 0,0
}
calls() { python3 "$counts" calls "$work/$1.dump"; }
# The launches' calls whose correlation id no GPU record carries, or which have none.
untied() {
    awk 'match($0, / correlation=[-0-9]+/) {c = substr($0, RSTART, RLENGTH)}
         /^kernel/ {kernel[c] = 1}
         /^api .*Launch/ {call[NR] = c}
         END {for (n in call) if (!kernel[call[n]]) bad++; print bad + 0}' "$work/$1.dump"
}

for threads in 1 4; do
    leveled "full$threads" full 3 "$threads"
    ok "full$threads: output" cmp "$work/full$threads.bare.out" "$work/full$threads.out"
    is "full$threads: each call once" "$(calls "full$threads")" "$(cat "$work/full$threads.out")"
    is "full$threads: kernels" "$(number_of "full$threads" kernel)" $((27 * threads))
    is "full$threads: launches are tied to kernels" "$(untied "full$threads")" 0
    is "full$threads: all in the range" "$(ranges "full$threads" | cut -d' ' -f3 | sort -u)" work
done
# One call that issues several pieces of work, each with an id of its own, has an event for each; launches have one.
FAKE_CUDA_OWN_IDS=1 leveled own-ids full 2 1
is "ids of their own: launches once" "$(calls own-ids | grep Launch)" "$(grep Launch "$work/own-ids.out")"
is "ids of their own: launches are tied to kernels" "$(untied own-ids)" 0
is "ids of their own: what is no call of its own has no result" "$(grep '^api ' "$work/own-ids.dump" | grep 'result=-$' | grep -v 'duration=0 name="cuMem')" ""
ok "ids of their own: they occur" grep -q '^api .*cuMemcpyHtoDAsync_v2.* result=-$' "$work/own-ids.dump"
# What a call returned is known, whoever tells of it.
for level in kernels full; do
    FAKE_CUDA_LAUNCH_RESULT=719 MOETRACE_LEVEL=$level run "failing-$level" "$target" 1 1
    ok "failing, $level: dump" dump "failing-$level"
    for call in cuLaunchKernel cuMemsetD8Async cudaLaunchKernel cudaMemsetAsync; do
        is "failing, $level: what $call returned" \
            "$(grep "^api .*name=\"$call\"" "$work/failing-$level.dump" | grep -o 'result=.*' | sort -u)" result=719
    done
    is "failing, $level: no result is missing" "$(grep -c '^api .*result=-$' "$work/failing-$level.dump")" 0
done
# The other target, with its graphs and plugin: the same work in the same ranges as at level kernels.
MOETRACE_LEVEL=full run launches "$helpers/cuda_launches" 3 10 0
ok "launches: dump" dump launches
is "launches: work per thread and range" "$(ranges launches)" "$(grep '^range' "$work/launches.out" | sort)"
is "launches: nothing that no trace should have" "$(problems launches)" ""

leveled phases phases 3 2 maps
ok "phases: CUPTI is not opened" cmp "$work/phases.bare.out" "$work/phases.out"
is "phases: the calls that wait, as far as they are interposed" "$(calls phases)" \
    "$(printf '%s 6\n' cudaDeviceSynchronize cudaEventSynchronize cudaStreamSynchronize)"
is "phases: ranges" "$(number_of phases push),$(number_of phases pop)" 2,2
is "phases: no GPU records" "$(number_of phases kernel)" 0
leveled kernels kernels 3 1 maps
is "kernels: CUPTI is opened, or the above shows nothing" "$(tail -n 1 "$work/kernels.out")" "CUPTI is here"
is "kernels: launches are tied to kernels" "$(untied kernels)" 0
is "kernels: no calls but those that issue work or wait" \
    "$(calls kernels | grep -vE '^_*cu(da)?(Launch|Mem(cpy|set)|[A-Za-z]*Synchronize)')" ""
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

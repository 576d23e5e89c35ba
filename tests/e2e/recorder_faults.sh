#!/usr/bin/env bash
# Whatever CUPTI does wrong, the target goes on with its output unchanged; one line on standard error says what is not
# recorded, or the trace counts what is missing.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
target=("$helpers/cuda_launches" 2 30 7)
bare plain "${target[@]}"
all=$(awk '/^range/ {split($0, f, /[= ]/); n += f[5] + f[7] + f[9]} END {print n}' "$work/plain.out")

faulty() { # faulty NAME FAULT: runs the target with that fault; output and status must not change
    local name=$1
    FAKE_CUPTI_FAULT=$2 run "$name" "${target[@]}"
    is "$name: exit status" "$status" 7
    ok "$name: output" cmp "$work/plain.out" "$work/$name.out"
    ok "$name: dump" dump "$name"
    ok "$name: finished" finished "$name"
}
# What the recorder itself said on standard error.
said() { grep '^moetrace: ' "$work/$1.err"; }
others() { grep -v '^moetrace: ' "$work/$1.err"; }
records() { echo $(($(number_of "$1" kernel) + $(number_of "$1" memcpy) + $(number_of "$1" memset))); }

# No session: the calls are recorded, the kernels are not, and that is said once.
no_session() { # no_session NAME TEXT
    is "$1: one line is said" "$(said "$1" | grep -c .)" 1
    ok "$1: the warning states the reason" grep -q -- "$2" <(said "$1")
    is "$1: the target's own lines" "$(others "$1")" "done"
    is "$1: no kernels" "$(number_of "$1" kernel)" 0
    ok "$1: calls and ranges are recorded" test "$(number_of "$1" api)" -gt 100 -a "$(number_of "$1" push)" -gt 10
    ok "$1: the trace states it" grep -q '^meta "note.cupti"' "$work/$1.dump"
}
MOETRACE_CUPTI=$work/none/libcupti.so faulty absent ""
no_session absent "libcupti was not found"
MOETRACE_CUPTI=$fake/old/libcupti.so.13 faulty old ""
no_session old "clock"
MOETRACE_CUPTI=$fake/ancient/libcupti.so.13 faulty ancient ""
no_session ancient "cuptiActivityFlushAll"
faulty held subscribe-39
no_session held "another tool uses CUPTI"
faulty denied subscribe-35
no_session denied "INSUFFICIENT_PRIVILEGES"
faulty disabled enable
no_session disabled "refuses"
faulty callbacks callbacks
no_session callbacks "refuses"
faulty clock clock
no_session clock "refuses"

# Times that are none are counted, and never become kernels of 0 ns.
for fault in zero-times zero-end; do
    faulty "$fault" "$fault"
    is "$fault: every record is there" "$(records "$fault")" "$all"
    is "$fault: what has no time is counted" "$(counter "$fault" gpu.untimed)" $((all / 10))
    is "$fault: as many have none in the trace" "$(grep -c ' start=- duration=- ' "$work/$fault.dump")" $((all / 10))
    is "$fault: none lasts 0 ns" "$(problems "$fault")" ""
    "$moetrace" report --all "$work/$fault" >"$work/$fault.report" 2>&1
    ok "$fault: the report states the number" grep -q "$((all / 10))" "$work/$fault.report"
done

faulty shuffle shuffle
is "shuffle: work per thread and range" "$(ranges shuffle)" "$(grep '^range' "$work/shuffle.out" | sort)"
faulty empty empty-buffers
is "empty: work per thread and range" "$(ranges empty)" "$(grep '^range' "$work/empty.out" | sort)"
faulty threads many-threads
is "threads: a buffer for each" "$(counter threads gpu.dropped) $(counter threads gpu.buffers_dropped)" "0 0"
is "threads: work per thread and range" "$(ranges threads)" "$(grep '^range' "$work/threads.out" | sort)"
faulty slow slow
is "slow: work per thread and range" "$(ranges slow)" "$(grep '^range' "$work/slow.out" | sort)"
faulty unknown unknown-kind
is "unknown: work per thread and range" "$(ranges unknown)" "$(grep '^range' "$work/unknown.out" | sort)"
is "unknown: each of them nothing else" "$(problems unknown)" ""

faulty dropped dropped
is "dropped: counted" "$(counter dropped gpu.dropped)" $((all / 10))
is "dropped: the others are there" "$(records dropped)" $((all - all / 10))
faulty missing missing
is "missing: the others are there" "$(records missing)" $((all - all / 10))
faulty duplicate duplicate
is "duplicate: raw facts are kept" "$(records duplicate)" $((all + all / 10))
ok "duplicate: report reads the trace" "$moetrace" report "$work/duplicate"

# Less memory than the records need: the pool gives out, CUPTI drops, and every record is accounted for.
MOETRACE_MEMORY=8 FAKE_CUDA_LAUNCH_NS=0 FAKE_CUPTI_FAULT=slow run small "$helpers/cuda_launches" 4 2500 3
is "small: exit status" "$status" 3
ok "small: dump" dump small
wanted=$(awk '/^range/ {split($0, f, /[= ]/); n += f[5] + f[7] + f[9]} END {print n}' "$work/small.out")
is "small: what is there and what is counted as lost" \
    $(($(records small) + $(counter small gpu.dropped) + $(counter small gpu.undecoded))) "$wanted"
ok "small: something was lost, as the test needs" test "$(counter small gpu.dropped)" -gt 0
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

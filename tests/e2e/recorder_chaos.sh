#!/usr/bin/env bash
# Threads that do anything at random (tests/helpers/cuda_chaos.c), from fixed seeds and with settings that change with them:
# what they do comes out right, nothing hangs, and every trace that is left reads.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
# What the sanitizers' own runtimes do not go along with: the thread sanitizer holds signals back and calls the closing of
# others' descriptors a race; the address sanitizer does not know that pthread_exit leaves frames.
without=
[[ $SAN != *thread* ]] || without=hjd
export ASAN_OPTIONS=use_sigaltstack=0:$ASAN_OPTIONS

setting() { # setting SEED: one of the variables that change what the recorder does
    case $(($1 % 8)) in
    1) echo MOETRACE_CAPTURE_RANGE='w.*' ;;
    2) echo MOETRACE_START=paused ;;
    3) echo MOETRACE_CAPTURE=alternate ;;
    4) echo MOETRACE_LEVEL=full ;;
    5) echo MOETRACE_LEVEL=phases ;;
    6) echo MOETRACE_MEMORY=8 ;;
    7) echo FAKE_CUPTI_FAULT=shuffle,empty-buffers,waits ;;
    *) echo MOETRACE_TIME_LIMIT=0.05 ;;
    esac
}
reads_one() { # reads_one TRACE: soon, as a process may outlive the one that began it
    for _ in 1 2 3 4 5; do
        "$moetrace" report --all "$1" >"$work/report" 2>"$work/report.err" && grep -q '^Completeness' "$work/report" &&
            grep -q ' 0 damaged places' "$work/report" && return
        sleep 1
    done
    return 1
}
reads() { # reads NAME: a report, with its integrity, of each trace; none is damaged
    local trace
    for trace in $(traces "$1"); do
        if ! reads_one "$trace"; then
            echo "# $trace:"
            { cat "$work/report.err" && grep damaged "$work/report"; } | sed 's/^/# /'
            return 1
        fi
    done
    [ "$(trace_count "$1")" -gt 0 ]
}
echo "# seeds 1 to 8"
for seed in 1 2 3 4 5 6 7 8; do
    status=0
    env "$(setting "$seed")" MOETRACE_OUTPUT="$work/$seed" LD_PRELOAD="$(preload)" timeout -k 2 "$(time_limit 60)" "$helpers/cuda_chaos" "$seed" 60 "$without" \
        >"$work/$seed.out" 2>"$work/$seed.err" || status=$?
    is "seed $seed, $(setting "$seed"): all is right" "$status $(cat "$work/$seed.out")" "0 seed $seed: right"
    is "seed $seed: only the recorder says something" "$(grep -v '^moetrace: ' "$work/$seed.err" | head -n 40)" ""
    ok "seed $seed: every trace reads" reads "$seed"
done
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

#!/usr/bin/env bash
# However a target ends, its output and status stay its own, and the trace holds what had happened.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

kernels() { number_of "$1" kernel; }

# Ends that run exit handlers: everything is there, marked as finished.
for through in runtime driver; do
    for way in return exit thread; do
        name=$through-$way
        same_as_bare "$name" "$helpers/cuda_endings" "$through" "$way"
        ok "$name: dump" dump "$name"
        is "$name: kernels" "$(kernels "$name")" 10
        is "$name: kernels in the range" "$(ranges "$name" | cut -d' ' -f3-)" "work kernels=10 copies=0 fills=0"
        ok "$name: finished" finished "$name"
        is "$name: standard error" "$(cat "$work/$name.err")" ""
    done
done

# The same when nothing was ever profiled: the recorder's own end comes before the driver's.
for through in runtime driver; do
    name=$through-paused
    MOETRACE_START=paused same_as_bare "$name" "$helpers/cuda_endings" $through exit
    ok "$name: dump" dump "$name"
    is "$name: kernels and calls" "$(kernels "$name"),$(number_of "$name" api)" 0,0
    is "$name: ranges" "$(number_of "$name" push),$(number_of "$name" pop)" 1,1
    ok "$name: finished" finished "$name"
    is "$name: CUPTI was used as it is documented" "$(violations)" ""
done

# A signal handler ends the process while the code that it interrupted holds a lock of the recorder's: that of the names
# (their memory), of the pool of CUPTI's buffers (in a launch), or of the start.
for at in 262144:1 1048576:1 1048576:2; do
    for way in interrupted interrupted-exit; do
        name=$way-${at/:/-}
        status=0
        FAKE_SIGNAL_AT=$at LD_PRELOAD=$(preload):$fake/libsignal.so MOETRACE_OUTPUT=$work/$name timeout -k 2 "$(time_limit 20)" \
            "$helpers/cuda_endings" runtime $way >"$work/$name.out" 2>"$work/$name.err" </dev/null || status=$?
        is "$name: exit status, in time" "$status" "$([ $way = interrupted ] && echo 46 || echo 47)"
        [ "$(trace_count "$name")" = 0 ] || ok "$name: dump" dump "$name"
    done
done

# Ends that run none: what is older than 100 ms is there, and the trace says that the end was abrupt.
export ENDING_WAITS=1
for way in _exit quick_exit abort kill term int segv handler; do
    name=runtime-$way
    if [ -n "$SAN" ] && [ "$way" = segv ]; then
        skip "$name" "a sanitizer reports the signal its own way"
        continue
    fi
    same_as_bare "$name" "$helpers/cuda_endings" runtime "$way"
    ok "$name: dump" dump "$name"
    is "$name: calls" "$(number_of "$name" api)" 11
    is "$name: kernels" "$(kernels "$name")" 10
    ok "$name: the end is abrupt or finished" grep -qE ' ended=(no|yes)$' "$work/$name.dump"
done
for way in kill segv; do
    [ -e "$work/runtime-$way.dump" ] || continue
    ok "$way: the trace has an abrupt end" grep -q ' ended=no$' "$work/runtime-$way.dump"
    "$moetrace" report --all "$work/runtime-$way" >"$work/report" 2>&1
    ok "$way: the report states it, too" grep -qi 'abrupt' "$work/report"
done

# Python's os._exit.
if [ -n "$SAN" ]; then
    skip "python os._exit" "python is not built with the sanitizer"
else
    cat >"$work/leave.py" <<'PY'
import ctypes, os, time
cuda = ctypes.CDLL(os.environ["RUNTIME"])
memory = ctypes.create_string_buffer(64)
for _ in range(10):
    cuda.cudaMemset(memory, 0, ctypes.c_size_t(64))
print("worked", flush=True)
time.sleep(0.12)
os._exit(9)
PY
    export RUNTIME=$fake/libcudart.so.13
    same_as_bare "python os._exit" python3 "$work/leave.py"
    ok "python os._exit: dump" dump "python os._exit"
    is "python os._exit: fills" "$(number_of "python os._exit" memset)" 10
    ok "python os._exit: finished" finished "python os._exit"
fi

# exec: the program before and the one after have a trace each.
same_as_bare exec "$helpers/cuda_endings" runtime exec
is "exec: traces" "$(trace_count exec)" 2
ok "exec: dump" dump exec
is "exec: kernels of both" "$(kernels exec)" 20
unset ENDING_WAITS

# No CUDA at all: ranges alone.
same_as_bare nvtx-exit "$helpers/cuda_endings" nvtx exit
ok "nvtx-exit: dump" dump nvtx-exit
is "nvtx-exit: pushes" "$(number_of nvtx-exit push)" 1
# The main thread ends by itself: the process must not wait for a thread of the recorder.
if [[ $SAN == *thread* ]]; then
    skip "nvtx-pthread_exit" "the thread sanitizer's own thread is one more that does not end"
else
    same_as_bare nvtx-pthread_exit "$helpers/cuda_endings" nvtx pthread_exit
    ok "nvtx-pthread_exit: dump" dump nvtx-pthread_exit
    ok "nvtx-pthread_exit: finished" finished nvtx-pthread_exit
fi
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

#!/usr/bin/env bash
# Children: each process has a trace of its own or none, nothing is shared, nothing hangs, and every process computes
# what it would have computed.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

family() { # family NAME TRACES COMMAND...
    local name=$1 wanted_traces=$2
    shift 2
    same_as_bare "$name" "$@"
    is "$name: traces" "$(trace_count "$name")" "$wanted_traces"
    ok "$name: dump" dump "$name"
    is "$name: all finished" "$(grep -c ' ended=yes$' "$work/$name.dump")" "$wanted_traces"
    is "$name: none damaged" "$(grep '^read' "$work/$name.dump" | grep -cv ' damaged=0 ')" 0
}
family before 2 "$helpers/cuda_family" before
is "before: kernels of parent and child" "$(number_of before kernel)" 8
is "before: nothing is said" "$(cat "$work/before.err")" ""
family after 2 "$helpers/cuda_family" after
is "after: kernels of the parent" "$(number_of after kernel)" 5
is "after: one line is said" "$(grep -c 'forked after CUDA was in use' "$work/after.err")" 1
family after-mark 2 "$helpers/cuda_family" after-mark
is "after-mark: marks" "$(number_of after-mark mark)" 1
is "after-mark: pushes, in one process only" "$(number_of after-mark push)" 1
family after-nothing 1 "$helpers/cuda_family" after-nothing
family spawn 2 "$helpers/cuda_family" spawn
is "spawn: kernels" "$(number_of spawn kernel)" 12
family vfork 2 "$helpers/cuda_family" vfork
is "vfork: kernels" "$(number_of vfork kernel)" 12
family cleared 2 "$helpers/cuda_family" cleared
if [[ $SAN == *thread* ]]; then
    skip "storm" "the thread sanitizer does not allow threads in the child of a process with threads"
else
    family storm 31 "$helpers/cuda_family" storm
fi

# The default directory has the process's number in it: a child's too.
mkdir "$work/here"
(cd "$work/here" && LD_PRELOAD=$(preload) timeout "$(time_limit 20)" "$helpers/cuda_family" before >/dev/null 2>&1)
is "no output directory given: one for each process" "$(find "$work/here" -name '*.moetrace' | wc -l)" 2

# Python's ways of making processes.
if [[ -n $SAN ]]; then
    skip "python multiprocessing" "python is not built with the sanitizer"
else
    cat >"$work/pool.py" <<'PY'
import ctypes, multiprocessing, os, sys, time
def work(n):
    ctypes.CDLL(os.environ["RUNTIME"]).cudaDeviceSynchronize()
    if n == 1:
        time.sleep(0.2) # multiprocessing ends its children with _exit: what is younger than 50 ms is lost
    return n * n
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(3) as pool:
        print(pool.map(work, range(20), chunksize=1))
    process = context.Process(target=work, args=(1,))
    process.start()
    process.join()
    print(process.exitcode)
PY
    export RUNTIME=$fake/libcudart.so.13
    for way in fork spawn forkserver; do
        bare "$way.bare" python3 "$work/pool.py" $way
        run "$way" python3 "$work/pool.py" $way
        is "python $way: exit status" "$status" 0
        ok "python $way: output" cmp "$work/$way.bare.out" "$work/$way.out"
        is "python $way: standard error" "$(cat "$work/$way.err")" ""
        [ "$(trace_count "$way")" = 0 ] || ok "python $way: every trace reads" dump "$way"
        is "python $way: none damaged" "$(grep -s '^read' "$work/$way.dump" | grep -cv ' damaged=0 ')" 0
    done
fi
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

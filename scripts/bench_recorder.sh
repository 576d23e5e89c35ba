#!/usr/bin/env bash
# What the recorder costs beside launches. Prints tables; judges nothing.
#   bench_recorder.sh [PART...]   all parts, or some of:
#   idle   preloaded into a program without CUDA: what /bin/true takes longer, median of PAIRS (200) pairs
#   stop   from the end of the work to the end of the process, and the peak of resident memory, after LAUNCHES (5,000,000)
#          empty kernels on THREADS (1 and 8) threads: ROUNDS (3) rounds without the recorder and at each level
# With a GPU and a python3 with PyTorch for CUDA 13 its CUDA libraries are used, else the tests' fake CUDA (make helpers).
set -u
cd "$(dirname "$0")/.." || exit
build=$(cd "${BUILD:-build}" && pwd) || exit
lib=$build/libmoetrace.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

part_idle() {
    python3 - "$lib" "${PAIRS:-200}" <<'E2'
import os, statistics, subprocess, sys, time
lib, pairs = sys.argv[1], int(sys.argv[2])
plain = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
def run(env):
    begin = time.perf_counter()
    subprocess.run(["/bin/true"], env=env, check=True)
    return (time.perf_counter() - begin) * 1e3
times = [(run(plain), run({**plain, "LD_PRELOAD": lib})) for _ in range(pairs + 5)][5:]
without, preloaded = ([t[i] for t in times] for i in (0, 1))
added = sorted(b - a for a, b in times)
print(f"/bin/true, ms, {pairs} pairs: without {statistics.median(without):.3f}, preloaded {statistics.median(preloaded):.3f},"
      f" added {statistics.median(added):.3f} (least {added[0]:.3f}, 95th percentile {added[int(0.95 * len(added))]:.3f})")
E2
}

part_stop() {
    local libs name mode threads round trace dropped
    if libs=$(python3 -c 'import os, torch, nvidia.cu13 as n; assert torch.cuda.is_available(); print(os.path.join(list(n.__path__)[0], "lib"))' 2>/dev/null); then
        name="the GPU"
    elif [ -e "$build/fake/libcudart.so.13" ]; then
        libs=$build/fake name="the fake CUDA"
        export MOETRACE_CUPTI=$build/fake/libcupti.so.13 FAKE_CUDA_LAUNCH_NS=${FAKE_CUDA_LAUNCH_NS:-1000}
    else
        echo "bench_recorder: needs a GPU and a python3 with PyTorch for CUDA 13, or the fake CUDA (make helpers)" >&2
        exit 2
    fi
    echo "after ${LAUNCHES:-5000000} launches of an empty kernel, on $name: median (largest) of ${ROUNDS:-3} rounds"
    printf '%-8s %-8s %12s %20s %20s %12s %10s\n' threads recorder 'launch ns' 'stop ms' 'peak MiB' 'bytes each' 'lost'
    for threads in ${THREADS:-1 8}; do
        for mode in none phases kernels full; do
            : >"$work/rows"
            for round in $(seq "${ROUNDS:-3}"); do
                [ ! -t 2 ] || printf '\r%s threads, %s, round %d ' "$threads" "$mode" "$round" >&2
                (
                    export LD_LIBRARY_PATH=$libs MOETRACE_OUTPUT=$work/t MOETRACE_LEVEL=$mode MOETRACE_CAPTURE=all
                    [ "$mode" = none ] && unset MOETRACE_LEVEL || export LD_PRELOAD=$lib
                    exec "$build/bench_stop" "${LAUNCHES:-5000000}" "$threads"
                ) >"$work/row" || exit
                trace=$(find "$work/t" -name '*.moetrace' 2>/dev/null)
                dropped=- bytes=-
                if [ -n "$trace" ]; then
                    bytes=$(stat -c %s "$trace")
                    dropped=$("$build/moetrace" dump "$trace" |
                        awk '/^counter "(host.dropped|gpu.dropped|gpu.buffers_dropped|gpu.undecoded|file.lost_bytes)"/ {v[$2] = $3} END {for (n in v) s += v[n]; print s + 0}')
                fi
                echo "$(cat "$work/row") $bytes $dropped" >>"$work/rows"
                rm -rf "$work/t"
            done
            python3 - "$work/rows" "$threads" "$mode" "$threads" <<'E2'
import statistics, sys
rows = [line.split() for line in open(sys.argv[1])]
number = lambda i: [float(r[i]) for r in rows if r[i] != "-"]
both = lambda v: f"{statistics.median(v):.1f} ({max(v):.1f})"
each = [float(r[1]) * 1e9 * int(sys.argv[4]) / float(r[0]) for r in rows]
size = [float(r[4]) / float(r[0]) for r in rows if r[4] != "-"]
lost = f"{max(number(5)):.0f}" if number(5) else "-"
print(f"{sys.argv[2]:8} {sys.argv[3]:8} {statistics.median(each):12.0f} {both(number(2)):>20} {both(number(3)):>20} "
      f"{f'{statistics.median(size):.1f}' if size else '-':>12} {lost:>10}")
E2
        done
    done
}

[ $# -gt 0 ] || set -- idle stop
for part; do
    case $part in
    idle | stop) "part_$part" ;;
    *)
        echo "bench_recorder: no part $part; there are idle and stop" >&2
        exit 2
        ;;
    esac
done

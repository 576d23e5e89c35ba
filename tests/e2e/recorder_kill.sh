#!/usr/bin/env bash
# A target that is killed while it launches: the trace reads, says that the end was abrupt, and holds everything that was
# 100 ms old.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
export FAKE_CUDA_LAUNCH_NS=20000
tries=${KILL_TRIES:-50}
seed=${KILL_SEED:-$((BASHPID % 30000 + 1))} # of the moments of the kills
RANDOM=$seed
echo "# seed $seed (KILL_SEED)"
[ -z "$SAN" ] || tries=5
# On a machine whose processors are all taken the recorder's own thread may not run for 100 ms, and no program can tell. So a
# kill whose trace lacks something is made again, twice at most; how often that was is told.
again=0 tries_of_this=0
unread=0 finished=0 calls_lost=0 kernels_lost=0 invented=0 empty=0 skipped=0
i=0
while [ $((i += 1)) -le "$tries" ]; do
    LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/kill$i "$helpers/cuda_flood" 2 10000 "$work/log" >/dev/null 2>&1 &
    pid=$!
    sleep "0.$((RANDOM % 25 + 22))"
    kill -KILL $pid
    wait $pid 2>/dev/null
    read -r made held < <(python3 "$(dirname "$counts")/flood_log.py" "$work/log" 2)
    read_it=yes
    dump "kill$i" || read_it=no
    calls=$(number_of "kill$i" api) kernels=$(number_of "kill$i" kernel)
    if { [ $read_it = no ] || [ "$calls" -lt "$held" ] || [ "$kernels" -lt "$held" ]; } && [ $((tries_of_this += 1)) -lt 3 ]; then
        echo "# try $i again: $held older than 100 ms; $calls calls and $kernels kernels recorded; read: $read_it"
        again=$((again + 1)) i=$((i - 1))
        rm -rf "${work:?}/kill$((i + 1))"
        continue
    fi
    tries_of_this=0
    [ $read_it = yes ] || unread=$((unread + 1))
    finished "kill$i" && finished=$((finished + 1))
    echo "# try $i: $made launches made, $held older than 100 ms; $calls calls and $kernels kernels recorded"
    [ "$held" -gt 0 ] || empty=$((empty + 1))
    [ "$calls" -ge "$held" ] || calls_lost=$((calls_lost + 1))
    [ "$kernels" -ge "$held" ] || kernels_lost=$((kernels_lost + 1))
    # One call may have been recorded that the log does not hold yet, on each thread.
    [ "$calls" -le $((made + 2)) ] && [ "$kernels" -le $((made + 2)) ] || invented=$((invented + 1))
    grep -qE '^read .* skipped=[0-9]{1,5} ' "$work/kill$i.dump" || skipped=$((skipped + 1))
    rm -rf "${work:?}/kill$i" "$work/kill$i.dump"
done
echo "# $again tries were made again"
is "$tries kills: traces that cannot be read" $unread 0
is "$tries kills: traces that claim to be finished" $finished 0
is "$tries kills: traces that lack calls older than 100 ms" $calls_lost 0
is "$tries kills: traces that lack kernels older than 100 ms" $kernels_lost 0
is "$tries kills: traces that hold what was never launched" $invented 0
ok "the kills came late enough for the test" test $empty -lt $((tries / 2))
is "$tries kills: traces with much that cannot be read" $skipped 0
done_testing

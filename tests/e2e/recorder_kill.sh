#!/usr/bin/env bash
# A target that is killed while it launches: the trace reads, says that the end was abrupt, and holds everything that was
# 100 ms old.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
export FAKE_CUDA_LAUNCH_NS=20000
tries=${KILL_TRIES:-100}
[ -z "$SAN" ] || tries=5
unread=0 finished=0 calls_lost=0 kernels_lost=0 invented=0 empty=0 skipped=0
for i in $(seq "$tries"); do
    LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/kill$i "$helpers/cuda_flood" 2 10000 "$work/log" >/dev/null 2>&1 &
    pid=$!
    sleep "0.$((RANDOM % 25 + 22))"
    kill -KILL $pid
    wait $pid 2>/dev/null
    read -r made held < <(python3 "$(dirname "$counts")/flood_log.py" "$work/log" 2)
    dump "kill$i" || unread=$((unread + 1))
    finished "kill$i" && finished=$((finished + 1))
    calls=$(number_of "kill$i" api) kernels=$(number_of "kill$i" kernel)
    echo "# try $i: $made launches made, $held older than 100 ms; $calls calls and $kernels kernels recorded"
    [ "$held" -gt 0 ] || empty=$((empty + 1))
    [ "$calls" -ge "$held" ] || calls_lost=$((calls_lost + 1))
    [ "$kernels" -ge "$held" ] || kernels_lost=$((kernels_lost + 1))
    # One call may have been recorded that the log does not hold yet, on each thread.
    [ "$calls" -le $((made + 2)) ] && [ "$kernels" -le $((made + 2)) ] || invented=$((invented + 1))
    grep -qE '^read .* skipped=[0-9]{1,5} ' "$work/kill$i.dump" || skipped=$((skipped + 1))
    rm -rf "${work:?}/kill$i" "$work/kill$i.dump"
done
is "$tries kills: traces that cannot be read" $unread 0
is "$tries kills: traces that claim to be finished" $finished 0
is "$tries kills: traces that lack calls older than 100 ms" $calls_lost 0
is "$tries kills: traces that lack kernels older than 100 ms" $kernels_lost 0
is "$tries kills: traces that hold what was never launched" $invented 0
ok "the kills came late enough to show something" test $empty -lt $((tries / 2))
is "$tries kills: traces with much that cannot be read" $skipped 0
done_testing

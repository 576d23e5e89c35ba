#!/usr/bin/env bash
# Eight threads that launch flat out for two seconds: nothing is dropped, and a launch with its kernel takes at most 20
# bytes of trace.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
# What a launch takes of a processor on a real machine; with a sanitizer the recorder is several times slower, too.
export FAKE_CUDA_LAUNCH_NS=2500
[ -z "$SAN" ] || export FAKE_CUDA_LAUNCH_NS=40000
run flood "$helpers/cuda_flood" 8 2000
is "exit status" "$status" 0
is "standard error" "$(cat "$work/flood.err")" ""
launches=$(cat "$work/flood.out")
dump flood
is "kernels" "$(number_of flood kernel)" "$launches"
is "calls" "$(number_of flood api)" $((launches + 8))
for counter in host.dropped gpu.dropped gpu.buffers_dropped gpu.undecoded file.lost_bytes; do
    is "$counter" "$(counter flood $counter)" 0
done
bytes=$(stat -c %s "$(traces flood)")
echo "# $launches launches, $bytes bytes: $((bytes * 100 / launches)) hundredths of a byte each;" \
    "$(($(counter flood cost.memory_peak_bytes) >> 20)) MiB of memory"
ok "at most 20 bytes per launch" test "$bytes" -le $((launches * 20))
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

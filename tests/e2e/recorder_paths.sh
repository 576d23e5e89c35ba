#!/usr/bin/env bash
# Every kernel, copy and fill of the target is recorded once and tied to its thread and range, whatever path it was
# launched through; the target's output and exit status stay as they were.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

compare() { # compare NAME PROGRAM...: output as without, records as the program says
    local name=$1
    same_as_bare "$@"
    ok "$name: standard error" cmp "$work/$name.bare.err" "$work/$name.err"
    ok "$name: dump reads the trace" dump "$name"
    is "$name: work per thread and range" "$(ranges "$name")" "$(grep '^range' "$work/$name.out" | sort)"
    is "$name: nothing that no trace should have" "$(problems "$name")" ""
    ok "$name: the trace is finished" finished "$name"
    is "$name: nothing dropped" "$(counter "$name" gpu.dropped),$(counter "$name" host.dropped)" 0,0
}

compare one "$helpers/cuda_launches" 1 3 7
compare many "$helpers/cuda_launches" 6 40 0
FAKE_CUDA_OWN_IDS=1 compare own_ids "$helpers/cuda_launches" 3 5 1

# Several devices, each with a context and two streams of its own.
export FAKE_CUDA_DEVICES=3
bare devices.bare "$helpers/cuda_devices" 3
run devices "$helpers/cuda_devices" 3
is "devices: exit status" "$status" 12
ok "devices: output" cmp "$work/devices.bare.out" "$work/devices.out"
ok "devices: dump" dump devices
is "devices: work by device, context and range" "$(awk '
    {for (i = 2; i <= NF; i++) {split($i, f, "="); v[$1, f[1]] = f[2]}}
    $1 == "queue" {place[v["queue", "id"]] = v["queue", "device"] " " v["queue", "context"]}
    $1 == "kernel" || $1 == "memcpy" || $1 == "memset" {n[place[v[$1, "queue"]] " " $1]++}
    END {for (p in n) print p "=" n[p]}' "$work/devices.dump" | sort | paste -sd ' ')" \
    "0 1 kernel=1 0 1 memcpy=1 0 1 memset=1 1 2 kernel=3 1 2 memcpy=1 1 2 memset=1 2 3 kernel=5 2 3 memcpy=1 2 3 memset=1"
is "devices: queues" "$(grep -c '^queue ' "$work/devices.dump")" 6
is "devices: each device's work in its own range" "$(ranges devices | cut -d' ' -f3- | sort | paste -sd ' ')" \
    "device.0 kernels=1 copies=1 fills=1 device.1 kernels=3 copies=1 fills=1 device.2 kernels=5 copies=1 fills=1"
is "devices: all are described" "$(grep -c '^meta "device.[012].name"' "$work/devices.dump")" 3
unset FAKE_CUDA_DEVICES

# Each path is seen as the call that the target made.
wanted="__cudaLaunchKernel __cudaLaunchKernel_ptsz cuGraphLaunch cuLaunchCooperativeKernel cuLaunchKernel cuLaunchKernelEx \
cuMemcpyAsync cuMemcpyDtoHAsync_v2 cuMemcpyHtoDAsync_v2 cuMemsetD8Async cudaDeviceSynchronize cudaEventSynchronize \
cudaGraphLaunch cudaLaunchCooperativeKernel cudaLaunchKernel cudaLaunchKernelExC cudaLaunchKernel_ptsz cudaMemcpy \
cudaMemcpyAsync cudaMemset cudaMemsetAsync cudaStreamSynchronize"
seen=$(python3 "$counts" calls "$work/one.dump" | cut -d' ' -f1)
missing=$(for call in $wanted; do grep -qx "$call" <<<"$seen" || echo "$call"; done)
is "calls by the name that the target used" "$missing" "cuGraphLaunch"
is "no call that issues nothing" "$(grep Unrelated <<<"$seen")" ""
is "the kernel's launch is described" \
    "$(grep -c '^shape .*name="_Z4slowPKfPfi" grid=128,2,1 block=1,1,1 .*registers=40 static_shared=1024 dynamic_shared=64 ' "$work/one.dump")" 1
ok "the device is described" grep -q '^meta "device.0.name" "Fake H100"' "$work/one.dump"
ok "graph nodes are told apart" test "$(grep '^kernel .* graph=[1-9]' "$work/one.dump" | grep -o 'node=[0-9]*' | sort -u | wc -l)" = 3
ok "report reads the trace" "$moetrace" report "$work/many"
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

#!/usr/bin/env bash
# Every kernel, copy and fill of the target is recorded once and tied to its thread and range, whatever path it was
# launched through; the target's output and exit status stay as they were.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

compare() { # compare NAME PROGRAM...: output as without, records as the program says
    local name=$1
    shift
    bare "$name.bare" "$@"
    local wanted=$status
    run "$name" "$@"
    is "$name: exit status" "$status" "$wanted"
    ok "$name: standard output" cmp "$work/$name.bare.out" "$work/$name.out"
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

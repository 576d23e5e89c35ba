"""Writes a Chrome trace without any range: two devices, three streams each, with kernels, collectives and copies over each other, and prints the busy
time, the communication and its hidden part of each device in ns, from a list of all moments, as JSON.

  device_trace.py SEED FILE
"""
import json
import random
import sys

seed, path = int(sys.argv[1]), sys.argv[2]
draw = random.Random(seed)
KINDS = {"kernel": ["fused_moe_kernel", "nvjet_sm90_tst_64x8_64x16_4x1_v_bz_TNT"],
         "collective": ["ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)",
                        "void deep_ep::internode_ll::combine<(bool)0, (int)6144, (int)11, (int)4>(void *, void *, int *, void *)"],
         "gpu_memcpy": ["Memcpy HtoD (Pinned -> Device)"]}
events, correlation, work = [], 1, {0: [], 3: []}
for device in work:
    for stream in (7, 8, 9):
        at = 1_000_000 + draw.randrange(1, 50_000)
        for _ in range(200):
            kind = draw.choice(["kernel", "kernel", "collective", "gpu_memcpy"])
            start, ns = at + draw.choice([0, 0, draw.randrange(1, 9000)]), draw.randrange(1, 7000)
            at = start + ns
            work[device].append((start, at, kind == "collective"))
            launched = draw.random() < 0.8
            if launched:
                events.append({"ph": "X", "cat": "cuda_runtime", "name": "cudaMemcpyAsync" if kind == "gpu_memcpy" else "cudaLaunchKernel",
                               "pid": 1, "tid": 1, "ts": start / 1000 - 5, "dur": 1, "args": {"correlation": correlation}})
            events.append({"ph": "X", "cat": "gpu_memcpy" if kind == "gpu_memcpy" else "kernel", "name": draw.choice(KINDS[kind]), "pid": device,
                           "tid": stream, "ts": start / 1000, "dur": ns / 1000,
                           "args": {"correlation": correlation, "device": device, "stream": stream}})
            correlation += 1
# A kernel long before its launch has an impossible time, which counts nowhere.
events.append({"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 100_000, "dur": 1, "args": {"correlation": correlation}})
events.append({"ph": "X", "cat": "kernel", "name": "impossible", "pid": 0, "tid": 11, "ts": 1, "dur": 900, "args": {"correlation": correlation, "device": 0, "stream": 11}})
draw.shuffle(events)
with open(path, "w", encoding="utf-8") as file:
    json.dump({"traceEvents": events}, file)

wanted = {}
for device, intervals in work.items():
    moments = sorted({time for start, end, _ in intervals for time in (start, end)})
    sums = [0, 0, 0]
    for begin, end in zip(moments, moments[1:]):
        now = {collective for start, stop, collective in intervals if start <= begin and stop >= end}
        for i, counts in enumerate((bool(now), True in now, now == {True, False})):
            sums[i] += (end - begin) * counts
    wanted[device] = sums
window = max(end for all in work.values() for _, end, _ in all) - min(start for all in work.values() for start, _, _ in all)
json.dump({"window": window, "devices": wanted}, sys.stdout)

"""Writes Chrome traces in which a sentence of the report's verdict is right or wrong.

  verdict_traces.py FILE [NAME=VALUE]...

Each request of k experts has a decode of four tokens in which `kernels` + `per_k` * k kernels are launched, at even distances, and run for a share
`busy` of the token. What differs from trace to trace:

  ks=1,8           values of k, in turns
  ms=1,2           what a token takes at each of them
  n=8              requests at each
  noise=0.01       the share by which tokens of requests differ
  drift=0          the share by which the last request is slower than the first
  busy=0.2         the GPU's share
  kernels=30, per_k=5
  graph=0          1: one graph launch in place of all launches
  sync=0           the share of a token in which the host waits in a synchronizing call, behind the kernels
  active=          experts that run, in place of k
  experts=1        0: no ranges of experts
  phase=decode     or prefill: one range, without tokens
  gpu=1            0: no GPU work
"""
import json
import sys

path = sys.argv[1]
o = dict(ks="1,8", ms="1,2", n="8", noise="0.01", drift="0", busy="0.2", kernels="30", per_k="5", graph="0", sync="0", active="", experts="1",
         phase="decode", gpu="1")
for argument in sys.argv[2:]:
    name, value = argument.split("=")
    assert name in o, name
    o[name] = value
ks, ms = [int(k) for k in o["ks"].split(",")], [float(m) for m in o["ms"].split(",")]
n, busy, graph, sync = int(o["n"]), float(o["busy"]), int(o["graph"]), float(o["sync"])
events, correlation, now = [], 1, 10_000.0


def event(category, name, begin, us, thread=1, process=1, **args):
    events.append({"ph": "X", "cat": category, "name": name, "pid": process, "tid": thread, "ts": round(begin, 3), "dur": round(us, 3), "args": args})


def token(k, begin, us):
    """The ranges, calls and kernels of one token."""
    global correlation
    count = int(o["kernels"]) + int(o["per_k"]) * k
    active = int(o["active"] or k)
    if int(o["experts"]):
        for expert in range(active):
            event("user_annotation", f"expert.{expert}", begin + us * expert / active, us / active - 0.01)
    room = us * (1 - sync)
    if int(o["gpu"]):
        for i in range(count):
            at = begin + room * i / count
            if graph == 0 or i == 0:
                name = "cudaGraphLaunch" if graph else "cudaLaunchKernel"
                event("cuda_runtime", name, at, min(1, room / count / 4), correlation=correlation)
            event("kernel", "gemm", at + room / count / 2, us * busy / count, thread=7, process=0, device=0, stream=7, correlation=correlation)
            correlation += 0 if graph and i + 1 < count else 1
        if sync:
            event("cuda_runtime", "cudaStreamSynchronize", begin + room, us * sync - 1, correlation=correlation)
            correlation += 1


for i in range(n):
    for k, mean in zip(ks, ms):
        # Differences in turns, so that they are no drift.
        us = 1000 * mean * (1 + float(o["noise"]) * ((i * 5) % 8 - 3.5) / 3.5 + float(o["drift"]) * i / max(1, n - 1))
        begin = now
        tokens = 4 if o["phase"] == "decode" else 1
        for t in range(tokens):
            token(k, now + us * t, us - 1)
            if tokens > 1:
                event("user_annotation", f"decode.{t}", now + us * t, us)
        now += us * tokens
        event("user_annotation", o["phase"], begin, now - begin)
        event("user_annotation", f"sample.{i}", begin - 1, now - begin + 2)
        event("user_annotation", f"top_k={k}", begin - 2, now - begin + 4)
        now += 100
with open(path, "w", encoding="utf-8") as file:
    json.dump({"schemaVersion": 1, "traceEvents": events}, file)

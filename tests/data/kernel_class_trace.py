"""Writes a Chrome trace in which each kernel of kernel_classes.tsv runs in phases, in no phase and unattributed, and prints the sums that must come
out of it, as JSON: {"K": {"PHASE CLASS": [ns, count]}}, with "all" for all k.

  kernel_class_trace.py SEED FILE
"""
import json
import random
import sys
from collections import defaultdict

seed, path = int(sys.argv[1]), sys.argv[2]
draw = random.Random(seed)
golden = [line.rstrip("\n").split("\t") for line in open("tests/data/kernel_classes.tsv", encoding="utf-8") if not line.startswith("#")]
assert len(golden) >= 300 and all(len(pair) == 2 for pair in golden)
events, now, correlation = [], 1000, 1
sums = defaultdict(lambda: defaultdict(lambda: [0, 0]))


def add(k, phase, class_name, ns):
    for which in ("all", k) if k else ("all",):
        sums[which][f"{phase} {class_name}"][0] += ns
        sums[which][f"{phase} {class_name}"][1] += 1


def work(name, category, launched):
    global now, correlation
    ns = draw.randrange(1, 1 << 20)
    if launched:
        call = "cudaLaunchKernel" if category == "kernel" else "cudaMemcpyAsync"
        events.append({"ph": "X", "cat": "cuda_runtime", "name": call, "pid": 1, "tid": 1, "ts": now, "dur": 1, "args": {"correlation": correlation}})
    events.append({"ph": "X", "cat": category, "name": name, "pid": 0, "tid": 7, "ts": now + 2, "dur": ns / 1000,
                   "args": {"correlation": correlation, "device": 0, "stream": 7}})
    now += 3 + ns // 1000
    correlation += 1
    return ns


def annotate(name, begin):
    events.append({"ph": "X", "cat": "user_annotation", "name": name, "pid": 1, "tid": 1, "ts": begin, "dur": now - begin})


for k in ("2", "8"):
    outer = now
    now += 1
    for phase in ("prefill", "decode", "-"):
        begin = now
        now += 1
        for class_name, name in draw.sample(golden, len(golden)):
            if phase != "decode" or draw.random() < 0.5:
                add(k, phase, class_name, work(name, "kernel", True))
        for _ in range(5):
            add(k, phase, "memcpy", work("Memcpy DtoH (Device -> Pinned)", "gpu_memcpy", True))
        now += 1
        if phase != "-":
            annotate(phase, begin)
    annotate("top_k=" + k, outer)
    now += 1
for class_name, name in golden:
    add(None, "-", class_name, work(name, "kernel", False))
add(None, "-", "memcpy", work("Memcpy HtoD (Pinned -> Device)", "gpu_memcpy", False))
with open(path, "w", encoding="utf-8") as file:
    json.dump({"traceEvents": events}, file)
json.dump(sums, sys.stdout)

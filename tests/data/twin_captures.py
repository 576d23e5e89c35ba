#!/usr/bin/env python3
"""The same run as a Chrome trace and as an SQLite export of nsys: twin_captures.py SEED OUT.json OUT.sqlite

Ranges of two threads nest, touch and lie across each other; calls lie in them and across their ends.
"""
import json
import random
import sqlite3
import sys

rng = random.Random(int(sys.argv[1]))
PID, TIDS = 50, (51, 52)
NAMES = ["prefill", "decode", "layer.0", "layer.1", "expert.3", "request.1", "attn"]
ranges = [(tid, rng.choice(NAMES), rng.randrange(0, 900), rng.choice((0, 5, 20, 60, 200))) for tid in TIDS for _ in range(rng.randrange(1, 25))]
calls, work, now = [], [], 2000
for tid in TIDS:
    at = 1
    while at < 1000:
        took = rng.choice((1, 3, 9))
        calls.append((tid, at, took, len(calls) + 1))
        at += took + rng.randrange(0, 60)
for tid, at, took, n in calls:
    if rng.random() < 0.8:
        work.append((now, rng.randrange(1, 40), n))
        now += 50
ranges = list({(tid, at, dur): (tid, name, at, dur) for tid, name, at, dur in ranges}.values())  # of equal ones none is outside
ranges.sort(key=lambda r: (r[2], -r[3]))
calls.sort(key=lambda c: c[1])

events = [{"ph": "X", "cat": "user_annotation", "name": name, "pid": PID, "tid": tid, "ts": at, "dur": dur} for tid, name, at, dur in ranges]
events += [{"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": PID, "tid": tid, "ts": at, "dur": took,
            "args": {"correlation": n}} for tid, at, took, n in calls]
events += [{"ph": "X", "cat": "kernel", "name": "gemm", "pid": 0, "tid": 7, "ts": at, "dur": took,
            "args": {"correlation": n, "device": 0, "context": 1, "stream": 7}} for at, took, n in work]
rng.shuffle(events)
json.dump({"traceEvents": events}, open(sys.argv[2], "w"))

db = sqlite3.connect(sys.argv[3])
db.execute("CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT)")
db.executemany("INSERT INTO StringIds VALUES(?, ?)", [(1, "cudaLaunchKernel"), (2, "gemm")])
db.execute("CREATE TABLE NVTX_EVENTS(start INTEGER, end INTEGER, eventType INTEGER, text TEXT, globalTid INTEGER, domainId INTEGER)")
db.execute("CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start INTEGER, end INTEGER, globalTid INTEGER, correlationId INTEGER, nameId INTEGER)")
db.execute("CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER, streamId INTEGER, "
           "correlationId INTEGER, globalPid INTEGER, mangledName INTEGER)")
db.executemany("INSERT INTO NVTX_EVENTS VALUES(?, ?, 59, ?, ?, 0)",
               [(at * 1000, (at + dur) * 1000, name, PID << 24 | tid) for tid, name, at, dur in ranges])
db.executemany("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(?, ?, ?, ?, 1)",
               [(at * 1000, (at + took) * 1000, PID << 24 | tid, n) for tid, at, took, n in calls])
db.executemany("INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(?, ?, 0, 1, 7, ?, ?, 2)",
               [(at * 1000, (at + took) * 1000, n, PID << 24) for at, took, n in work])
db.commit()

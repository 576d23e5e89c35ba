#!/usr/bin/env python3
"""Traces with very many of one thing. What takes time in proportion to the square of their number does not end here.

  many_of_anything.py MOETRACE DIR SECONDS     reports on each, for at most so long
"""
import os
import subprocess
import sys

from analysis_oracle import (API, COUNTERS, END, MARK, META, POP, PUSH, START, STOP, Names, chunk, file_header, host_chunk,
                             text, varint)

MANY, DEEP, ZERO = 200_000, 60_000, 1_000_000


def put_records(kind, records):
    return b"".join(chunk(kind, records[i:i + 10_000]) for i in range(0, len(records), 10_000))


def put_meta(pairs):
    return put_records(META, [text(k) + text(v) for k, v in pairs])


def put_counters(pairs):
    return put_records(COUNTERS, [text(name) + varint(value) for name, value in pairs])


def put_events(*threads):
    names, out = Names(), b""
    for thread, events in enumerate(threads):
        for i in range(0, len(events), 50_000):
            out += host_chunk(names, thread, events[i:i + 50_000], ZERO)
    return out


def at(time, kind, **more):
    return {"time": ZERO + time, "kind": kind, **more}


def counters():
    return put_counters((f"counter.{i}", i) for i in range(MANY))


def devices():
    return put_meta((f"device.{i}.name", "NVIDIA H200") for i in range(MANY))


def keys():
    return put_meta((f"key.{i}", "value") for i in range(MANY))


def domains():
    return put_events([at(i, PUSH, name="range", domain=f"domain {i}") for i in range(MANY)])


def marks():
    """Each one before the last, as another thread's may be."""
    return put_events([at(MANY - i, MARK, name=("watch on", "watch off")[i % 2], domain="moetrace") for i in range(MANY)])


def marks_of_one_kind():
    """And phases over all of them."""
    phases = [at(0, PUSH, name=f"decode.{i}") for i in range(20_000)] + [at(MANY + 5, POP) for _ in range(20_000)]
    return put_events([at(i, MARK, name="watch on", domain="moetrace") for i in range(MANY)], phases)


def starts_and_pops():
    return put_events([at(i, PUSH, name="push") for i in range(DEEP // 2)] +
                      [at(DEEP + i, START, name="start", id=i + 1) for i in range(DEEP // 2)] +
                      [at(2 * DEEP + i, POP) for i in range(MANY)])


def starts_and_ends():
    """The one that was started first ends first."""
    return put_events([at(i, START, name="start", id=i + 1) for i in range(DEEP)] +
                      [at(DEEP + i, STOP, id=i + 1) for i in range(DEEP)])


def early_ends():
    """ENDs of another thread that stand before their START."""
    return put_events([at(2 * MANY + i, STOP, id=i + 1) for i in range(DEEP)],
                      [at(i, START, name="start", id=i + 1) for i in range(DEEP)] +
                      [at(DEEP + i // 2, (PUSH, POP)[i % 2], name="push") for i in range(MANY)])


def values_of_k():
    return put_events([at(i, (PUSH, POP)[i % 2], name=f"top_k={i // 2}") for i in range(2 * MANY)])


def names():
    return put_events([at(i, (PUSH, POP)[i % 2], name=f"aten::mm, op_id = {i // 2}x{i // 2}") for i in range(2 * MANY)])


def calls():
    return put_events([at(i, API, duration=1, name=f"cudaLaunchKernel_{i}", correlation=i * 4096 + 1) for i in range(MANY)])


if __name__ == "__main__":
    moetrace, folder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    bad = 0
    for make in (counters, devices, keys, domains, marks, marks_of_one_kind, starts_and_pops, starts_and_ends, early_ends,
                 values_of_k, names, calls):
        path = os.path.join(folder, "many.moetrace")
        with open(path, "wb") as f:
            f.write(file_header(0, ZERO, 42) + make() + chunk(END, [varint(5 * MANY) + text("exit")], base=ZERO))
        try:
            done = subprocess.run([moetrace, "report", path], capture_output=True, timeout=seconds, check=False)
            print(f"{make.__name__}: status {done.returncode}")
            bad += done.returncode != 0
        except subprocess.TimeoutExpired:
            print(f"{make.__name__}: not done after {seconds} s")
            bad += 1
    sys.exit(1 if bad else 0)

#!/usr/bin/env python3
"""Traces with very many of one thing. What takes time in proportion to the square of their number does not end here.

  many_of_anything.py MOETRACE DIR SECONDS [NAME...]   every command on each, for at most so long; prints the seconds
"""
import os
import subprocess
import sys
import time

from analysis_oracle import (API, COUNTERS, END, GPU, HOST, MARK, META, POP, PUSH, QUEUES, SHAPES, START, STOP, STRINGS, THREADS, Names, chunk,
                             file_header, gpu_chunk, host_chunk, text, varint, zigzag)

MANY, DEEP, ZERO = 200_000, 60_000, 1_000_000


def put_records(kind, records):
    return b"".join(chunk(kind, records[i:i + 10_000]) for i in range(0, len(records), 10_000))


def put_meta(pairs):
    return put_records(META, [text(k) + text(v) for k, v in pairs])


def put_counters(pairs):
    return put_records(COUNTERS, [text(name) + varint(value) for name, value in pairs])


def block(*numbers, rest=b""):
    """A definition: its fields as one block of bytes."""
    fields = b"".join(varint(n) for n in numbers) + rest
    return varint(len(fields)) + fields


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


def queues():
    return put_records(QUEUES, [block(i + 1, i, 1, 7) for i in range(MANY)])


def shapes():
    return put_records(SHAPES, [block(i + 1, 0, *[1] * 19) for i in range(MANY)])


def threads():
    """And a range in each tenth."""
    named = put_records(THREADS, [block(i, i + 1, rest=text(f"thread {i}")) for i in range(MANY)])
    return named + put_events(*[[at(i, PUSH, name="decode"), at(i + 5, POP)] for i in range(MANY // 10)])


def graph_nodes():
    """Each a copy of the one before it, launched at once."""
    nodes = [bytes([8]) + zigzag(1) + varint(i + 1) + varint(1) + varint(i) for i in range(DEEP)]
    work = [bytes([1 | 64 | (16 if i == 0 else 0)]) + (varint(1) if i == 0 else b"") + zigzag(0 if i else 7) +
            zigzag(10 * DEEP if i == 0 else 0) + varint(1) + varint(1) + varint(i + 1) + varint(1) for i in range(DEEP)]
    return (chunk(HOST, nodes, 0, ZERO) + put_events([at(5 * DEEP, API, duration=1, name="cudaGraphLaunch", correlation=7)]) +
            chunk(GPU, work, 0, ZERO))


def requests():
    """One name of a range, in very many requests."""
    return put_events([e for i in range(MANY // 4) for e in (
        at(8 * i, PUSH, name=f"sample.{i}"), at(8 * i + 1, PUSH, name="decode"), at(8 * i + 2, PUSH, name=f"decode.{i}"),
        at(8 * i + 3, POP), at(8 * i + 4, POP), at(8 * i + 5, POP))])


def work_of_each_k():
    """A request for each k, with two phases, a layer, an expert and their kernels, each of a name of its own."""
    host, work, now = [], [], 0
    for i in range(MANY // 20):
        host += [at(now, PUSH, name=f"top_k={i + 1}"), at(now + 1, PUSH, name=f"sample.{i}")]
        for phase in ("prefill", "decode"):
            host += [at(now + 2, PUSH, name=phase), at(now + 3, PUSH, name=f"layer{i}.expert{i}", payload=3),
                     at(now + 4, API, duration=1, name="cudaLaunchKernel", correlation=len(work) + 1), at(now + 6, POP), at(now + 7, POP)]
            work.append({"kind": 1, "queue": 1, "correlation": len(work) + 1, "timed": True, "start": ZERO + now + 4,
                         "end": ZERO + now + 6, "graph": 0, "shape": i + 1})
            now += 10
        host += [at(now, POP), at(now + 1, POP)]
        now += 10
    names = put_records(STRINGS, [varint(MANY + i) + text(f"kernel_{i}") for i in range(MANY // 20)])
    shapes = put_records(SHAPES, [block(i + 1, MANY + i, *[1] * 19) for i in range(MANY // 20)])
    return names + shapes + put_events(host) + b"".join(gpu_chunk(work[i:i + 10_000], ZERO) for i in range(0, len(work), 10_000))


def chrome(events):
    return "{\"traceEvents\": [" + ",\n".join(events) + "]}"


def chrome_processes():
    return chrome(f'{{"ph": "X", "cat": "user_annotation", "name": "decode", "pid": {i}, "tid": {i}, "ts": {i}, "dur": 5}}'
                  for i in range(MANY))


def chrome_threads():
    return chrome(f'{{"ph": "X", "cat": "user_annotation", "name": "n{i}", "pid": "p", "tid": "t{i}", "ts": {i}, "dur": 5}}'
                  for i in range(MANY))


def chrome_begins():
    return chrome([f'{{"ph": "B", "cat": "user_annotation", "name": "n{i}", "pid": 1, "tid": 1, "ts": {i}}}' for i in range(DEEP)] +
                  [f'{{"ph": "E", "cat": "user_annotation", "name": "n{i}", "pid": 1, "tid": 1, "ts": {MANY + i}}}' for i in range(DEEP)])


def chrome_async():
    return chrome([f'{{"ph": "b", "cat": "user_annotation", "name": "n", "id": "x{i}", "pid": 1, "tid": 1, "ts": {i}}}'
                   for i in range(DEEP)] +
                  [f'{{"ph": "e", "cat": "user_annotation", "name": "n", "id": "x{i}", "pid": 1, "tid": 1, "ts": {MANY + i}}}'
                   for i in range(DEEP)])


def chrome_crossing():
    return chrome(f'{{"ph": "X", "cat": "user_annotation", "name": "n", "pid": 1, "tid": 1, "ts": {i}, "dur": {MANY}}}'
                  for i in range(DEEP))


def chrome_devices():
    return chrome(f'{{"ph": "X", "cat": "kernel", "name": "k{i}", "pid": 1, "tid": {i}, "ts": {i}, "dur": 1, "args": '
                  f'{{"device": {i}, "context": {i}, "stream": {i}, "correlation": {i}}}}}' for i in range(MANY))


COMMANDS = (["report"], ["report", "--format", "json"], ["report", "--html"], ["verify"], ["dump"], ["diff"], ["export", "--format", "chrome"], ["export", "--format", "perfetto"], ["export", "--format", "nsys-sqlite"])


def run_command(moetrace, command, path, seconds):
    """The status and the seconds that it took; 2 is a refusal in one line."""
    arguments = [moetrace] + command
    out = path + (".html" if command[-1] == "--html" else ".sqlite")
    if command[-1] == "--html":
        arguments += [out, "--force", path]
    elif command[0] == "export":
        arguments += ["--force", "-o", out, path]
    else:
        arguments += [path] * (2 if command[0] == "diff" else 1)
    begin = time.monotonic()
    try:
        done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {seconds} s", time.monotonic() - begin
    lines = done.stderr.decode(errors="replace").splitlines()
    good = done.returncode in (0, 1) or (done.returncode == 2 and len(lines) == 1)
    return "" if good else f"status {done.returncode}: {lines[:2]}", time.monotonic() - begin


def main():
    moetrace, folder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    makers = (counters, devices, keys, domains, marks, marks_of_one_kind, starts_and_pops, starts_and_ends, early_ends, values_of_k,
              names, calls, queues, shapes, threads, graph_nodes, requests, work_of_each_k, chrome_processes, chrome_threads, chrome_begins,
              chrome_async, chrome_crossing, chrome_devices)
    bad = 0
    for make in makers:
        if sys.argv[4:] and make.__name__ not in sys.argv[4:]:
            continue
        made = make()
        path = os.path.join(folder, "many.json" if isinstance(made, str) else "many.moetrace")
        if not isinstance(made, str):
            made = file_header(0, ZERO, 42) + made + chunk(END, [varint(5 * MANY) + text("exit")], base=ZERO)
        with open(path, "wb") as f:
            f.write(made.encode() if isinstance(made, str) else made)
        times = []
        for command in COMMANDS:
            problem, took = run_command(moetrace, command, path, seconds)
            times.append(f"{command[-1].lstrip('-')} {took:.1f}")
            if problem:
                bad += 1
                print(f"{make.__name__}: {' '.join(command)}: {problem}")
        print(f"{make.__name__}: {', '.join(times)}", flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""An independent second opinion on `moetrace report`.

Writes a trace of a random sweep with its own encoder of the format (docs/trace-format.md), works out what the report
must say by another method (every launch against every range, by containment of times; numpy for the statistics), runs
the report and compares.

  analysis_oracle.py write FILE SEED           a random sweep
  analysis_oracle.py check MOETRACE FILE SEED  writes FILE, reports on it, compares; says what differs
"""
import json
import random
import re
import struct
import subprocess
import sys

import numpy as np

from report_tables import tables

META, STRINGS, THREADS, QUEUES, SHAPES, HOST, GPU, COUNTERS, END = range(1, 10)
PUSH, POP, START, STOP, MARK, API = range(1, 7)


# Kernels by mangled name, and how c++filt shows them, without return type and parameters.
KERNELS = {"_Z6matmulILi4EEvPKfPf": "matmul<4>", "_Z4addvPf": "addv", "_Z4silufPf": "silu",
           "gemm_plain": "gemm_plain", "_Z6matmulILi8EEvPKfPf": "matmul<8>"}


def crc_table():
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
        yield n


CRC = list(crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(n):
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n):
    return varint(n * 2 if n >= 0 else -n * 2 - 1)


def text(s):
    data = s.encode()
    return varint(len(data)) + data


def chunk(kind, records, stream=0, base=0):
    payload = b"".join(records)
    head = struct.pack("<IHHIIQI", 0x4B43544D, kind, 0, len(payload), len(records), base, stream)
    return head + struct.pack("<I", crc32c(head + payload)) + payload


def file_header(realtime, monotonic, pid):
    head = b"MOETRACE" + struct.pack("<HHIQQI", 1, 0, 64, realtime, monotonic, pid)
    head = head.ljust(60, b"\0")
    return head + struct.pack("<I", crc32c(head))


class Names:
    """String ids in order of first use, with the definitions that no chunk holds yet."""

    def __init__(self):
        self.ids, self.pending = {}, []

    def __call__(self, name):
        if name not in self.ids:
            self.ids[name] = len(self.ids) + 1
            self.pending.append(varint(self.ids[name]) + text(name))
        return self.ids[name]

    def chunk(self):
        records, self.pending = self.pending, []
        return chunk(STRINGS, records) if records else b""


def host_chunk(names, thread, events, base):
    records, cursor, correlation = [], base, 0
    for e in events:
        out = bytearray()
        if e["kind"] == API:
            out.append(API | (16 if e["correlation"] else 0))
            out += zigzag(e["time"] - cursor) + varint(e["duration"]) + varint(names(e["name"]))
            cursor = e["time"] + e["duration"]
            if e["correlation"]:
                out += zigzag(e["correlation"] - correlation)
                correlation = e["correlation"]
        else:
            payload, domain = e.get("payload"), e.get("domain")
            out.append(e["kind"] | (16 if domain else 0) | (32 if payload is not None else 0))
            out += zigzag(e["time"] - cursor)
            cursor = e["time"]
            if e["kind"] not in (POP, STOP):
                out += varint(names(e["name"]))
            if e["kind"] in (START, STOP):
                out += varint(e["id"])
            if domain:
                out += varint(names(domain))
            if payload is not None:
                out += b"\x01" + varint(payload)
        records.append(bytes(out))
    return names.chunk() + chunk(HOST, records, thread, base)


def gpu_chunk(records, base):
    out, cursor, correlation, queue = [], base, 0, None
    for g in records:
        flags = (16 if g["queue"] != queue else 0) | (0 if g["timed"] else 32) | (64 if g["graph"] else 0)
        r = bytearray([g["kind"] | flags])
        if g["queue"] != queue:
            r += varint(g["queue"])
            queue = g["queue"]
        r += zigzag(g["correlation"] - correlation)
        correlation = g["correlation"]
        if g["timed"]:
            r += zigzag(g["start"] - cursor) + varint(g["end"] - g["start"])
            cursor = g["end"]
        if g["graph"]:
            r += varint(g["graph"]) + varint(7)
        if g["kind"] == 1:
            r += varint(g["shape"])
        elif g["kind"] == 2:
            r += varint(4096) + bytes([3, 1, 1, 1])
        else:
            r += varint(4096) + bytes([3, 1]) + varint(0)
        out.append(bytes(r))
    return chunk(GPU, out, 0, base)


def event_chunks(names, events, gpu):
    """The events of thread 0, and GPU records, 500 in a chunk."""
    parts = [events[at:at + 500] for at in range(0, len(events), 500)]
    chunks = [host_chunk(names, 0, part, part[0]["time"]) for part in parts]
    parts = [gpu[at:at + 500] for at in range(0, len(gpu), 500)]
    return chunks + [gpu_chunk(part, part[0]["start"]) for part in parts]


class Run:
    """A simulated process: threads with a clock each, ranges, launches and a GPU with two queues."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.zero = 1_000_000_000 + seed
        self.clock = [self.zero, self.zero]
        self.events = [[], []]
        self.ranges = [[], []]  # closed: (start, end, name, payload)
        self.open = [[], []]
        self.launches = []  # (thread, start, end, [gpu records])
        self.gpu = []
        self.queue_end = [self.zero, self.zero]
        self.correlation = 0
        self.foreign = [0, 0]

    def tick(self, thread, most=3000):
        self.clock[thread] += self.random.randint(1, most)
        return self.clock[thread]

    def push(self, thread, name, payload=None):
        self.noise(thread)
        time = self.tick(thread)
        self.events[thread].append({"kind": PUSH, "time": time, "name": name, "payload": payload})
        self.open[thread].append((time, name, payload))

    def pop(self, thread):
        self.noise(thread)
        time = self.tick(thread)
        self.events[thread].append({"kind": POP, "time": time})
        start, name, payload = self.open[thread].pop()
        self.ranges[thread].append((start, time, name, payload))

    def noise(self, thread):
        """Another domain's ranges, which neither nest with the default domain's nor match its names."""
        if self.random.random() < 0.2:
            self.events[thread].append(
                {"kind": PUSH, "time": self.tick(thread), "name": "decode", "domain": "CCCL", "payload": 3})
            self.foreign[thread] += 1
        elif self.foreign[thread] and self.random.random() < 0.3:
            self.events[thread].append({"kind": POP, "time": self.tick(thread), "domain": "CCCL"})
            self.foreign[thread] -= 1

    def launch(self, thread, count=1):
        """One call; graphs issue several GPU records under its correlation id."""
        r = self.random
        start = self.tick(thread)
        duration = r.randint(500, 5000)
        self.clock[thread] = end = start + duration
        self.correlation += r.randint(1, 3)
        records = []
        for _ in range(count):
            queue = r.randint(0, 1)
            begin = max(self.queue_end[queue], start + r.randint(1000, 9000)) + r.choice([0, 0, 500])
            self.queue_end[queue] = begin + r.randint(500, 12000)
            kind = r.choice([1, 1, 1, 1, 2, 3])
            timed = r.random() > 0.003
            records.append({"kind": kind, "timed": timed, "start": begin, "end": self.queue_end[queue],
                            "correlation": self.correlation, "queue": queue, "shape": r.randint(0, 4),
                            "graph": 5 if count > 1 else 0})
        self.gpu += records
        if r.random() > 0.004:  # else the record of the launch is lost
            self.events[thread].append({"kind": API, "time": start, "duration": duration,
                                        "name": "cudaLaunchKernel", "correlation": self.correlation})
            self.launches.append((thread, start, end, records))

    def phase(self, name, k, steps):
        self.push(0, name)
        for step in range(max(steps, 1)):
            if steps:
                self.push(0, f"decode.{step}")
            for layer in range(2):
                self.push(0, f"layer.{layer}")
                self.push(0, "moe")
                self.launch(0)
                for expert in self.random.sample(range(8), k):
                    self.push(0, f"expert.{expert}", self.random.randint(1, 9))
                    for _ in range(self.random.randint(0, 2)):
                        self.launch(0, self.random.choice([1, 1, 1, 4]))
                    self.pop(0)
                self.pop(0)
                self.pop(0)
            if self.random.random() < 0.5:
                self.launch(1)  # a thread without ranges of this request
            if steps:
                self.pop(0)
        self.pop(0)

    def sweep(self):
        self.launch(0)
        for k in (1, 2, 5):
            self.push(0, f"top_k={k}")
            for number in range(10):
                self.push(0, f"warmup.{number}" if number < 2 else f"sample.{number - 2}")
                self.phase("vision", 1, 0)
                self.phase("prefill", k, 0)
                self.phase("decode", k, self.random.randint(1, 3))
                self.pop(0)
            self.pop(0)
        self.push(1, "prefill")  # outside any top_k
        self.launch(1)
        self.pop(1)
        self.push(0, "decode")  # never finished: no sample
        self.launch(0)
        self.events[1].append({"kind": POP, "time": self.tick(1)})  # of nothing

    def encode(self):
        r, names = self.random, Names()
        shapes = list(KERNELS)
        out = [file_header(1_700_000_000_000_000_000, self.zero, 4242)]
        out.append(chunk(META, [text(k) + text(v) for k, v in
                                (("program", "oracle"), ("device.0.name", "NVIDIA Oracle"), ("note.1", "made up"))]))
        out.append(chunk(THREADS, [bytes([len(d)]) + d for d in
                                   (varint(i) + varint(100 + i) + text(f"t{i}") for i in range(2))]))
        out.append(chunk(QUEUES, [bytes([len(d)]) + d for d in
                                  (varint(i) + varint(0) + varint(1) + varint(7 + i) for i in range(2))]))
        ids = [names(s) for s in shapes]
        out.append(names.chunk())
        defs = [varint(i) + varint(n) + varint(1) * 9 + varint(32) * 9 for i, n in enumerate(ids)]
        out.append(chunk(SHAPES, [bytes([len(d)]) + d for d in defs]))
        # Three streams of chunks, each in its own order, interleaved at random: GPU records come before and after
        # the calls that issued them.
        gpu = sorted(self.gpu, key=lambda g: g["end"] + r.randint(0, 20000))
        lists = [self.events[0], self.events[1], gpu]
        at = [0, 0, 0]
        while any(at[i] < len(lists[i]) for i in range(3)):
            i = r.choice([i for i in range(3) if at[i] < len(lists[i])])
            part = lists[i][at[i]:at[i] + r.randint(1, 150)]
            at[i] += len(part)
            base = part[0].get("time") or part[0].get("start")
            out.append(gpu_chunk(part, base) if i == 2 else host_chunk(names, i, part, base))
        out.append(chunk(COUNTERS, [text("host.dropped") + varint(0), text("odd.counter") + varint(77)]))
        self.last = max([g["end"] for g in self.gpu if g["timed"]] + self.clock)
        out.append(chunk(END, [varint(self.last) + text("exit")]))
        return b"".join(out), shapes

    # ---- What the report must say, from the lists above alone ----

    def owners(self, thread, start, end):
        """The closed ranges of the thread around a call, outermost first. Ranges of one thread nest."""
        return sorted((x for x in self.ranges[thread] if x[0] <= start and end <= x[1]), key=lambda x: x[0])

    def expected(self, shapes):
        work = {}  # range -> its GPU records
        experts, layer_experts = {}, {}
        kernels = {s: [0, 0] for s in shapes}
        sums = {"in": [0, 0], "outside": [0, 0], "lost": [0, 0]}
        known = set()
        still_open = {t: self.open[t][0][0] if self.open[t] else None for t in (0, 1)}
        for thread, start, end, records in self.launches:
            around = self.owners(thread, start, end)
            names = [x[2] for x in around]
            warm = any(n.startswith("warmup") for n in names)
            inside = bool(around) or (still_open[thread] is not None and start >= still_open[thread])
            for g in records:
                known.add(id(g))
                for x in around:
                    work.setdefault((thread,) + x, []).append(g)
                if g["kind"] != 1:
                    continue
                ns = g["end"] - g["start"] if g["timed"] else 0
                key = "in" if inside else "outside"
                sums[key][0] += 1
                sums[key][1] += ns
                if not warm:
                    kernels[shapes[g["shape"]]][0] += 1
                    kernels[shapes[g["shape"]]][1] += ns
        for g in self.gpu:
            if id(g) not in known and g["kind"] == 1:
                ns = g["end"] - g["start"] if g["timed"] else 0
                sums["lost"][0] += 1
                sums["lost"][1] += ns
                kernels[shapes[g["shape"]]][0] += 1
                kernels[shapes[g["shape"]]][1] += ns
        samples = {}
        for thread in (0, 1):
            for x in self.ranges[thread]:
                around = [y[2] for y in self.owners(thread, x[0], x[1])]
                if any(n.startswith("warmup") for n in around):
                    continue
                k = next((int(n[6:]) for n in around if n.startswith("top_k=")), None)
                gpu = work.get((thread,) + x, [])
                timed = [g for g in gpu if g["timed"]]
                if x[2] in ("vision", "prefill", "decode") and all(g["timed"] for g in gpu if g["kind"] == 1):
                    latency = (max([x[1]] + [g["end"] for g in timed]) - x[0]) / 1e6
                    samples.setdefault((k, x[2]), []).append(
                        (latency, union(timed) / 1e6, sum(g["kind"] == 1 for g in gpu)))
                    if x[2] == "decode":
                        steps = sum(y[2].startswith("decode.") and x[0] < y[0] < x[1] for y in self.ranges[thread])
                        samples.setdefault((k, "decode_per_token"), []).append(
                            tuple(v / steps for v in samples[k, "decode"][-1]))
                if x[2].startswith("expert."):
                    layer = next(int(n[6:]) for n in around if n.startswith("layer."))
                    ns = sum(g["end"] - g["start"] for g in timed if g["kind"] == 1)
                    for table, key in ((experts, (x[2][7:],)), (layer_experts, (str(layer), x[2][7:]))):
                        row = table.setdefault(key, [0, 0, 0, 0])
                        for i, v in enumerate((ns, sum(g["kind"] == 1 for g in gpu), 1, x[3])):
                            row[i] += v
        return samples, experts, layer_experts, kernels, sums


def union(records):
    total, edge = 0, 0
    for g in sorted(records, key=lambda g: g["start"]):
        total += max(0, g["end"] - max(edge, g["start"]))
        edge = max(edge, g["end"])
    return total


def statistics(values):
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    return {"P50": p50, "P95": p95, "P99": p99, "mean": np.mean(values), "std": np.std(values), "min": np.min(values),
            "max": np.max(values)}


def check(moetrace, path, seed):
    run = Run(seed)
    run.sweep()
    data, shapes = run.encode()
    with open(path, "wb") as f:
        f.write(data)
    samples, experts, layer_experts, kernels, sums = run.expected(shapes)
    report = subprocess.run([moetrace, "report", "--all", "--top", "1000", path], check=True, capture_output=True, text=True).stdout
    got = tables(subprocess.run([moetrace, "report", "--top", "1000", "--format", "json", "--json", path + ".json", path],
                                check=True, capture_output=True, text=True).stdout)
    wrong = []

    def same(what, got, want, tolerance=0.0):
        if got is None or abs(float(got) - float(want)) > tolerance:
            wrong.append(f"{what}: the report has {got}, expected {want}")

    with open(path + ".json") as f:
        listed = {entry.get("top_k"): entry for entry in json.load(f)}
    for (k, phase), values in samples.items():
        want = statistics([v[0] for v in values])
        written = listed.get(k, {}).get(phase, {})
        for key, value in want.items():
            same(f"k={k} {phase} {key}", written.get(key), value, 1e-9)
    have = {(k, phase) for k, entry in listed.items() for phase in entry if phase != "top_k"}
    if have != set(samples):
        wrong.append(f"phases: the report has {have}, expected {set(samples)}")
    for row in got["latency"].records():
        k, phase = row["k"], row["phase"]
        values = samples[k, phase.replace("/", "_per_")]
        same(f"k={k} {phase} n", row["n"], len(values))
        same(f"k={k} {phase} busy", row["gpu_busy_ms"], np.median([v[1] for v in values]), 0.0006)
        same(f"k={k} {phase} kernels", row["kernels"], np.median([v[2] for v in values]), 0.51)
    for table, want, keys in (("experts", experts, ("expert",)), ("layer_experts", layer_experts, ("layer", "expert"))):
        rows = got[table].records()
        same(f"{table} rows", len(rows), len(want))
        for row in rows:
            key = tuple("-" if row[name] is None else str(row[name]) for name in keys)
            ns, count, calls, tokens = want[key]
            same(f"{table} {key} ms", row["gpu_ms"], ns / 1e6, 1e-9)
            same(f"{table} {key} kernels", row["kernels"], count)
            same(f"{table} {key} calls", row["calls"], calls)
            same(f"{table} {key} tokens", row["tokens"], tokens)
    rows = {row["kernel"]: row for row in got["kernels"].records()}
    for name, (count, ns) in kernels.items():
        row = rows.get(KERNELS[name], {})
        same(f"kernel {name} ms", row.get("gpu_ms"), ns / 1e6, 1e-9)
        same(f"kernel {name} count", row.get("count"), count)
    counts, texts = got["completeness_counts"].facts(), got["completeness"].facts()
    for name, key in (("in_ranges", "in"), ("outside", "outside"), ("unattributed", "lost")):
        same(f"{name} count", counts[f"kernels.{name}.count"], sums[key][0])
        same(f"{name} ns", counts[f"kernels.{name}.ns"], sums[key][1])
    total = sum(g["end"] - g["start"] for g in run.gpu if g["timed"] and g["kind"] == 1)
    lost = sums["lost"][1]
    if re.findall(r"\d+", texts["kernels.ns"].replace(",", "")) != [str(n) for n in (total, total - lost, lost)]:
        wrong.append(f"the sum of kernel time is not shown as {total} ns, {lost} of them unattributed: {texts['kernels.ns']}")
    share = "100" if lost == 0 else f"{(total - lost) * 10000 // total / 100:.2f}"
    if not texts["kernels.attributed"].startswith(f"{share} %"):
        wrong.append(f"the share of kernel time that is attributed is not shown as {share} %")
    for name, want in (("ranges.left_open", len(run.open[0]) + sum(run.foreign)), ("ranges.pops_without_push", 1),
                       ("kernels.untimed", sum(not g["timed"] and g["kind"] == 1 for g in run.gpu))):
        same(name, counts[name], want)
    if any(len(line) > 100 for line in report.split("\n")):
        wrong.append("a line is wider than 100 columns")
    return wrong


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "write":
        run = Run(int(sys.argv[3]))
        run.sweep()
        with open(sys.argv[2], "wb") as f:
            f.write(run.encode()[0])
        return 0
    if len(sys.argv) == 5 and sys.argv[1] == "check":
        wrong = check(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        print("\n".join(wrong))
        return 1 if wrong else 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""An independent reading of captures, in exact decimals: which range owns each piece of GPU work, and what follows.

  capture_oracle.py check MOETRACE CAPTURE...       Chrome traces, and SQLite exports of Nsight Systems
  capture_oracle.py random MOETRACE DIR COUNT SEED  captures made at random, each as Chrome trace and as SQLite export:
                                                    both are right, and give the same tables

The rule: a piece of GPU work belongs to the range that was opened last of those that contain the call with its correlation
id, from start to end, on the thread of that call; only ranges of the default NVTX domain and of chosen ones count. A sample is
a range of a phase with no sample of the same phase open around its start; it lasts until it and the GPU work launched in it
have ended. Work that begins more than 10 ms before its call, and a kernel that went on for more than 100 ms after four later
ones of its stream had run one after another, or in which 128 began, have no time (docs/attribution.md).
"""
import csv
import fnmatch
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal

GPU = {"kernel": "kernel", "gpu_memcpy": "copy", "gpu_memset": "copy"}


class Capture:
    """Calls: (thread, start, end, correlation, name). Ranges: (thread, start, end, name, domain). Work: (kind, start, end,
    correlation, name, stream, device); what lacks a usable time has None. All times are ns. `streams` are those on which
    kernels run one after another: process, device, context and stream of each piece of work."""

    def __init__(self):
        self.calls, self.ranges, self.work = [], [], []


def nanoseconds(us):
    return int((Decimal(us) * 1000).to_integral_value())


def is_time(x):
    return isinstance(x, (int, Decimal)) and not isinstance(x, bool) and Decimal(x).is_finite()


def pairs_of(events):
    """Complete events of those that begin (B, b) and end (E, e)."""
    open_, out = defaultdict(list), []
    for e in sorted((e for e in events if e.get("ph") in ("B", "E", "b", "e")), key=lambda e: e["ts"]):
        key = (e["pid"], e["tid"]) if e["ph"] in "BE" else (e["pid"], e.get("id"))
        if e["ph"] in "Bb":
            open_[key].append(e)
        elif open_[key]:
            begin = open_[key].pop()
            out.append({**begin, "ph": "X", "dur": e["ts"] - begin["ts"]})
    return out


def read_chrome(path):
    with open(path, encoding="utf-8-sig") as f:
        events = json.load(f, parse_float=Decimal, parse_constant=Decimal, strict=False)
    capture = Capture()
    events = events["traceEvents"] if isinstance(events, dict) else events
    for e in events + pairs_of(events):
        if e.get("ph") != "X":
            continue
        category, timed = e.get("cat"), is_time(e.get("ts")) and is_time(e.get("dur")) and e["dur"] >= 0
        start = nanoseconds(e["ts"]) if timed else None
        end = start + nanoseconds(e["dur"]) if timed else None
        thread, correlation = (e["pid"], e["tid"]), e.get("args", {}).get("correlation")
        if category == "user_annotation" and timed:
            name = "null" if e["name"] is None else e["name"]
            capture.ranges.append((thread, start, end, name, e.get("args", {}).get("domain", "")))
        elif category in ("cuda_runtime", "cuda_driver", "xpu_runtime", "xpu_driver") and timed:
            capture.calls.append((thread, start, end, correlation, e["name"]))
        elif category in GPU:
            timed = timed and (start, end) != (0, 0)
            args = e.get("args", {})
            capture.work.append((GPU[category], start if timed else None, end if timed else None, correlation, e["name"],
                                 args.get("stream", 0), args.get("device", 0)))
    return capture


def read_sqlite(path):
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    names = dict(db.execute("SELECT id, value FROM StringIds"))
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    capture = Capture()
    for start, end, thread, correlation, name in db.execute(
            "SELECT start, end, globalTid, correlationId, nameId FROM CUPTI_ACTIVITY_KIND_RUNTIME"):
        capture.calls.append((thread, start, end, correlation, names.get(name, "")))
    domains = {0: "", **dict(db.execute("SELECT domainId, text FROM NVTX_EVENTS WHERE eventType = 75"))}
    for start, end, thread, text, text_id, domain in db.execute(
            "SELECT start, end, globalTid, text, textId, coalesce(domainId, 0) FROM NVTX_EVENTS WHERE eventType = 59"):
        capture.ranges.append((thread, start, end, text if text is not None else names[text_id], domains[domain]))
    for table, kind in (("KERNEL", "kernel"), ("MEMCPY", "copy"), ("MEMSET", "copy")):
        if f"CUPTI_ACTIVITY_KIND_{table}" in tables:
            column = "demangledName" if kind == "kernel" else "NULL"
            for start, end, correlation, name, stream, device in db.execute(
                    f"SELECT start, end, correlationId, {column}, streamId, deviceId FROM CUPTI_ACTIVITY_KIND_{table}"):
                capture.work.append((kind, start, end, correlation, names.get(name, ""), stream, device))
    if "CUPTI_ACTIVITY_KIND_GRAPH_TRACE" in tables:
        for start, end, correlation, stream, device in db.execute(
                "SELECT start, end, correlationId, streamId, deviceId FROM CUPTI_ACTIVITY_KIND_GRAPH_TRACE"):
            capture.work.append(("kernel", start, end, correlation, "graph", stream, device))
    return capture


def is_overrun(work, at):
    """Whether the kernel at this place, of all work by its start, went on long after four later ones of its stream, or 128 of
    them began before it ended; 256 pieces of work are compared at a time."""
    _, start, end, _, _, *stream = work[at]
    last, ran, began = start, 0, 0
    for kind, from_, to, _, _, *other in work[at + 1:at + 256]:
        if kind == "kernel" and other == stream:
            began += from_ < end
            if from_ >= last and to <= end and ran < 4:
                last, ran = to, ran + 1
    return (ran == 4 and end - last > 100_000_000) or began >= 128


def reject_times(capture, call_of):
    """Takes the times from work that has impossible ones; returns how much work that is, how much begins before its call by
    less, and how much, of none, before the first call."""
    counts = {"impossible": 0, "early": 0, "before": [0, 0]}
    timed = sorted((w for w in capture.work if w[1] is not None), key=lambda w: (w[1], w[1] - w[2]))
    wrong = {id(w) for at, w in enumerate(timed) if w[0] == "kernel" and is_overrun(timed, at)}
    first_call = min((c[1] for c in capture.calls), default=-(2**63))
    for w in timed:
        call = call_of.get(w[3])
        if call is None:
            if w[1] < first_call and id(w) not in wrong and w[0] == "kernel":
                counts["before"] = [counts["before"][0] + 1, counts["before"][1] + w[2] - w[1]]
        elif id(w) not in wrong and w[1] < call[1] - 10_000_000:
            wrong.add(id(w))
        elif id(w) not in wrong and w[1] < call[1]:
            counts["early"] += w[0] == "kernel"
    counts["impossible"] = sum(id(w) in wrong and w[0] == "kernel" for w in timed)
    capture.work = [(w[0], None, None) + w[3:] if id(w) in wrong else w for w in capture.work]
    return counts


def devices_of(capture):
    """Of each device: window, busy time, time of communication, and how much of it other work hides, in ns."""
    timed = [w for w in capture.work if w[1] is not None]
    rows = {}
    window = max((w[2] for w in timed), default=0) - min((w[1] for w in timed), default=0)
    for device in sorted({w[6] for w in timed}):
        of_device = [w for w in timed if w[6] == device]
        talk, other = (union((w[1], w[2]) for w in of_device if str(w[4]).startswith("ncclDevKernel") == is_talk) for is_talk in (True, False))
        both = length(union([tuple(i) for i in talk + other]))
        rows[str(device)] = [window, both, length(talk), length(talk) + length(other) - both]
    if len(rows) > 1:
        rows["all"] = [sum(column) for column in zip(*rows.values())]
    return rows


def evaluate(capture, chosen=()):
    """What the report must say: sums of kernels, and of each path of ranges, with the ranges of the chosen domains."""
    by_thread, others = defaultdict(list), defaultdict(list)
    ranges = [r for r in capture.ranges if not r[4] or any(fnmatch.fnmatchcase(r[4], pattern) for pattern in chosen)]
    for thread, start, end, name, _ in ranges:
        by_thread[thread].append((start, -end, end, name))
    for thread, start, end, _, _ in set(capture.ranges) - set(ranges):
        others[thread].append((start, end))
    call_of = {call[3]: call[:3] for call in capture.calls if call[3] is not None}
    counts = reject_times(capture, call_of)

    def open_at(thread, from_, to):
        """Names of the ranges around a call, from the outermost."""
        return [name for start, _, end, name in sorted(by_thread[thread]) if start <= from_ and to <= end]

    def path_of(names):
        return "/".join(re.sub(r"[0-9]+", "*", n) for n in names if not n.startswith("top_k="))

    paths = defaultdict(lambda: [0, 0, 0, 0])  # inclusive and exclusive ns, host ns, calls
    for thread, start, end, name, _ in ranges:
        around = [n for s, _, e, n in sorted(by_thread[thread]) if (s, -e) < (start, -end) and e >= end]
        row = paths[path_of(around + [name])]
        row[2] += end - start
        row[3] += 1
    kernels, total, lost, outside, elsewhere = 0, 0, [0, 0], [0, 0], [0, 0]
    for kind, start, end, correlation, *_ in capture.work:
        if kind != "kernel":
            continue
        kernels += 1
        start, end = (start, end) if start is not None else (0, 0)
        total += end - start
        if correlation not in call_of:
            lost[0] += 1
            lost[1] += end - start
            continue
        around = open_at(*call_of[correlation])
        if not around:
            outside[0] += 1
            outside[1] += end - start
            thread, from_, to = call_of[correlation]
            if any(s <= from_ and to <= e for s, e in others[thread]):
                elsewhere[0] += 1
                elsewhere[1] += end - start
            continue
        for depth in range(1, len(around) + 1):
            paths[path_of(around[:depth])][0] += end - start
        paths[path_of(around)][1] += end - start
    return {"kernels": kernels, "ns": total, "unattributed": lost, "outside": outside, "other_domains": elsewhere, **counts,
            "ranges": {p: r for p, r in paths.items() if p}, "samples": samples_of(capture, by_thread, call_of),
            "devices": devices_of(capture)}


def union(intervals):
    """The intervals without overlaps."""
    out = []
    for start, end in sorted(intervals):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([start, end])
    return out


def length(intervals):
    return sum(end - start for start, end in intervals)


def samples_of(capture, by_thread, call_of):
    """(phase, latency, busy, sum, kernels, idle in enqueue) of each sample, ns; the last is None where too much follows it."""
    samples = []
    for thread, ranges in by_thread.items():
        taken = []
        for start, _, end, name in sorted(ranges):
            if name in ("vision", "prefill", "decode") and not any(n == name and e > start for _, e, n in taken):
                taken.append((start, end, name))
        for start, end, name in taken:
            inside = [w for w in capture.work if w[3] in call_of and call_of[w[3]][0] == thread and
                      start <= call_of[w[3]][1] and call_of[w[3]][2] <= end]
            timed = [w for w in inside if w[1] is not None]
            last = max([w[2] for w in timed], default=0)
            ran = union((w[1], w[2]) for w in timed)
            enqueues = [c for c in capture.calls if c[0] == thread and "Launch" in c[4]]
            calls = [(c[1], c[2]) for c in enqueues if start <= c[1] and c[2] <= end]
            behind = [(c[1], min(c[2], last)) for c in enqueues if c[1] >= start and c[2] > end and c[1] < last]
            known = len(behind) <= 64 and not any(end < e < last for _, e, _ in taken)
            host = union(calls + behind)
            alone = length(union([tuple(i) for i in host + ran])) - length(ran)
            untimed, in_all = ([w[0] for w in list_].count("kernel") for list_ in ([w for w in inside if w[1] is None], inside))
            if untimed * 100 > in_all:  # too many times are missing
                samples.append((name, max(end, last) - start, 0, 0, 0, None))
            else:
                samples.append((name, max(end, last) - start, length(ran), sum(w[2] - w[1] for w in timed),
                                sum(w[0] == "kernel" for w in inside), alone if known else None))
    return sorted(samples, key=str)


def options_of(chosen):
    return [option for pattern in chosen for option in ("--domains", pattern)]


def tables_of(moetrace, path, chosen=()):
    out = subprocess.run([moetrace, "report", "--format", "json", "--top", "100000", *options_of(chosen), path], capture_output=True,
                         check=False)
    if out.returncode != 0:
        raise SystemExit(f"{path}: report ended with {out.returncode}: {out.stderr.decode()}")
    report = json.loads(out.stdout)["reports"][0]
    return {t["id"]: [dict(zip((c["name"] for c in t["columns"]), row)) for row in t["rows"]] for t in report["tables"]}


def differences(tables, wanted):
    """Lines that say where the report differs from what is right."""
    counts = {row["name"]: row["value"] for row in tables["completeness_counts"]}
    found = {"kernels": counts["kernels.count"] or 0, "ns": counts["kernels.ns"] or 0,
             "unattributed": [counts[f"kernels.unattributed.{c}"] or 0 for c in ("count", "ns")],
             **{key: counts[f"kernels.{key}"] or 0 for key in ("impossible", "early")},
             **{key: [counts[f"kernels.{key}.{c}"] or 0 for c in ("count", "ns")] for key in ("outside", "other_domains", "before")}}
    found["devices"] = {str(row["device"]): [round(row[c] * 1e6) for c in ("window_ms", "gpu_busy_ms", "communication_ms", "hidden_ms")]
                        for row in tables.get("devices", [])}
    lines = [f"{key}: {found[key]}, not {wanted[key]}" for key in found if found[key] != wanted[key]]
    rows = {row["range"]: row for row in tables.get("ranges", [])}
    for path in sorted(set(rows) | set(wanted["ranges"])):
        if path not in rows or path not in wanted["ranges"]:
            lines.append(f"range {path}: " + ("not reported" if path not in rows else "reported, but not in the capture"))
            continue
        row, right = rows[path], wanted["ranges"][path]
        values = [round((row[c] or 0) * 1e6) for c in ("inclusive_ms", "exclusive_ms", "host_ms")] + [row["calls"]]
        if values != right:
            lines.append(f"range {path}: {values}, not {right}")
        parent = rows.get(path.rpartition("/")[0])
        if parent and (row["inclusive_ms"] or 0) > (parent["inclusive_ms"] or 0) + 1e-9:
            lines.append(f"range {path}: more inclusive time than its parent")
    return lines


def sample_differences(moetrace, path, wanted, chosen):
    out = path + ".samples.csv" if os.access(os.path.dirname(path) or ".", os.W_OK) else "/dev/null"
    subprocess.run([moetrace, "report", "--force", "--samples", out, *options_of(chosen), path], stdout=subprocess.DEVNULL, check=True)
    with open(out, encoding="utf-8", newline="") as f:
        rows = [r for r in csv.DictReader(f) if not r["step"]]
    os.unlink(out)

    def ns(row, column):
        return round(float(row[column] or 0) * 1e6)

    found = sorted(((r["phase"], ns(r, "latency_ms"), ns(r, "gpu_busy_ms"), ns(r, "gpu_sum_ms"), round(float(r["kernels"] or 0)),
                     ns(r, "idle_in_enqueue_ms")) for r in rows), key=str)
    if [w[:5] for w in wanted] != [f[:5] for f in found]:
        return [f"samples: {[f[:5] for f in found]}, not {[w[:5] for w in wanted]}"]
    return [f"sample {f}: idle in enqueue is not {w[5]}" for w, f in zip(wanted, found) if w[5] is not None and w[5] != f[5]]


def check(moetrace, path, chosen=()):
    capture = read_sqlite(path) if path.endswith(".sqlite") else read_chrome(path)
    wanted = evaluate(capture, chosen)
    lines = differences(tables_of(moetrace, path, chosen), wanted) + sample_differences(moetrace, path, wanted["samples"], chosen)
    for line in lines:
        print(f"{path}: {line}")
    return not lines


# ---- Captures made at random ----


def make_capture(seed):
    r = random.Random(seed)
    capture, correlation = Capture(), r.choice((0, 1000, 2**31 - 50))
    streams = [(7, device) for device in range(r.choice((1, 1, 2, 4)))] + [(13, 0)] * r.randrange(2)
    gpu = {stream: 0 for stream in streams}
    domains = [""] * 8 + ["X", "Xylo", "other"] * r.randrange(2)
    begin_ns = 100_000_000
    phases = ["vision", "prefill", "decode", "layer.%d", "expert.%d", "attn", "moe", "aten::mm, op_id = %d"]

    def fill(thread, start, end, depth):
        """Ranges and calls one after the other inside of [start, end)."""
        nonlocal correlation
        now = start + r.randrange(1, 50)
        while now + 200 < end and r.random() < 0.9:
            until = min(end - 10, now + r.randrange(100, max(101, (end - start) // 2)))
            if depth < 6 and r.random() < 0.5 and until - now > 150:
                name = r.choice(phases)
                capture.ranges.append((thread, now, until, name % r.randrange(4) if "%" in name else name, r.choice(domains)))
                fill(thread, now, until, depth + 1)
            else:
                until = now + r.randrange(5, 40)
                correlation += 1
                capture.calls.append((thread, now, until, correlation, "cudaLaunchKernel"))
                kind = r.choices(("kernel", "copy", "none"), (8, 2, 1))[0]
                if kind != "none":
                    stream = r.choice(streams)
                    begin = max(until, gpu[stream] + 1) + r.randrange(300)
                    gpu[stream] = begin + r.choice((1, r.randrange(1, 2000), r.randrange(1, 100_000)))
                    name = r.choice(("gemm", "attention", "silu", "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)"))
                    capture.work.append((kind, begin, gpu[stream], correlation, name if kind == "kernel" else "", *stream))
            now = until + r.randrange(1, 60)

    for number in range(r.randrange(1, 4)):
        fill((10, 10 + number), begin_ns, begin_ns + r.randrange(1000, 60_000), 0)
    for _ in range(r.randrange(3)):  # work whose launch is not in the capture
        correlation += 1
        now = gpu[streams[0]] + r.randrange(1, 500) if r.random() < 0.5 else begin_ns - r.randrange(100, 20_000_000)
        capture.work.append(("kernel", now, now + 77, correlation, "orphan", *streams[0]))
        gpu[streams[0]] = max(gpu[streams[0]], now + 77)
    for at, w in enumerate(capture.work) if r.random() < 0.3 else []:  # impossible times, and some that are nearly so
        kind, start, end = w[:3]
        if r.random() < 0.05:
            end += r.choice((90_000_000, 200_000_000))
        elif r.random() < 0.05:
            start -= r.choice((1000, 1_000_000, 20_000_000))
        capture.work[at] = (kind, start, end) + w[3:]
    for thread, start, end, _, domain in list(capture.ranges) if r.random() < 0.5 else []:  # some that lie across others
        if r.random() < 0.2:
            from_ = r.randrange(start, end)
            name = r.choice(("request.%d" % r.randrange(9), "prefill", "decode"))
            capture.ranges.append((thread, from_, from_ + r.randrange(50, 5000), name, domain))
    for list_ in (capture.calls, capture.ranges, capture.work):
        list_.sort(key=lambda row: (row[1], -row[2]))
    return capture


def microseconds(ns):
    return Decimal(ns) / 1000


def write_chrome(capture, path):
    events = []

    def add(category, name, pid, tid, start, end, args):
        events.append('{"ph": "X", "cat": %s, "name": %s, "pid": %d, "tid": %d, "ts": %s, "dur": %s, "args": %s}' % (
            json.dumps(category), json.dumps(name), pid, tid, microseconds(start), microseconds(end - start), json.dumps(args)))

    for (pid, tid), start, end, name, domain in capture.ranges:
        add("user_annotation", name, pid, tid, start, end, {"domain": domain} if domain else {})
    for (pid, tid), start, end, correlation, _ in capture.calls:
        add("cuda_runtime", "cudaLaunchKernel", pid, tid, start, end, {"correlation": correlation})
    for kind, start, end, correlation, name, stream, device in capture.work:
        add("kernel" if kind == "kernel" else "gpu_memcpy", name, device, stream, start, end,
            {"correlation": correlation, "device": device, "context": device + 1, "stream": stream})
    with open(path, "w", encoding="utf-8") as f:
        f.write('{"traceEvents": [\n' + ",\n".join(events) + "\n]}\n")


def write_sqlite(capture, path):
    if os.path.exists(path):
        os.unlink(path)
    db = sqlite3.connect(path)
    names = {}

    def string(text):
        return names.setdefault(text, len(names))

    def thread_id(thread):
        return 1 << 48 | thread[0] << 24 | thread[1]

    db.executescript("""
        CREATE TABLE StringIds(id INTEGER PRIMARY KEY, value TEXT);
        CREATE TABLE META_DATA_EXPORT(name TEXT, value TEXT);
        INSERT INTO META_DATA_EXPORT VALUES('EXPORT_SCHEMA_VERSION', '3.20.3');
        CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME(start INTEGER, end INTEGER, eventClass INTEGER, globalTid INTEGER,
            correlationId INTEGER, nameId INTEGER, returnValue INTEGER);
        CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL(start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER,
            streamId INTEGER, correlationId INTEGER, globalPid INTEGER, demangledName INTEGER, shortName INTEGER,
            mangledName INTEGER, gridX INTEGER, gridY INTEGER, gridZ INTEGER, blockX INTEGER, blockY INTEGER, blockZ INTEGER);
        CREATE TABLE CUPTI_ACTIVITY_KIND_MEMCPY(start INTEGER, end INTEGER, deviceId INTEGER, contextId INTEGER,
            streamId INTEGER, correlationId INTEGER, globalPid INTEGER, bytes INTEGER, copyKind INTEGER);
        CREATE TABLE NVTX_EVENTS(start INTEGER, end INTEGER, eventType INTEGER, text TEXT, globalTid INTEGER, textId INTEGER,
            domainId INTEGER);""")
    domains = ["", *sorted({r[4] for r in capture.ranges} - {""})]
    for number, domain in enumerate(domains[1:], 1):
        db.execute("INSERT INTO NVTX_EVENTS VALUES(1, NULL, 75, ?, ?, NULL, ?)", (domain, thread_id((10, 10)), number))
    for thread, start, end, name, domain in capture.ranges:
        db.execute("INSERT INTO NVTX_EVENTS VALUES(?, ?, 59, ?, ?, NULL, ?)",
                   (start, end, name, thread_id(thread), domains.index(domain)))
    for thread, start, end, correlation, _ in capture.calls:
        db.execute("INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES(?, ?, 0, ?, ?, ?, 0)",
                   (start, end, thread_id(thread), correlation, string("cudaLaunchKernel_v7000")))
    for kind, start, end, correlation, name, stream, device in capture.work:
        place = (start, end, device, device + 1, stream, correlation, thread_id((10, 0)))
        if kind == "kernel":
            db.execute("INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 1, 1, 1, 32, 1, 1)",
                       place + (string(name), string(name)))
        else:
            db.execute("INSERT INTO CUPTI_ACTIVITY_KIND_MEMCPY VALUES(?, ?, ?, ?, ?, ?, ?, 4096, 1)", place)
    db.executemany("INSERT INTO StringIds VALUES(?, ?)", [(i, text) for text, i in names.items()])
    db.commit()
    db.close()


def compare_forms(moetrace, chrome, sqlite, chosen):
    """Tables of the same data as Chrome trace and as SQLite export are the same, but for what files are called, what they
    hold besides, and the order of rows that cost the same."""
    a, b = ({table: sorted(rows, key=str) for table, rows in tables_of(moetrace, path, chosen).items()} for path in (chrome, sqlite))
    apart = {"run", "completeness", "completeness_counts"}
    return [f"{chrome}: table {t} is {a.get(t)}, as SQLite {b.get(t)}"[:600]
            for t in sorted((set(a) | set(b)) - apart) if a.get(t) != b.get(t)]


def check_random(moetrace, folder, count, seed):
    print(f"seed {seed}")
    chrome, sqlite, good = os.path.join(folder, "random.json"), os.path.join(folder, "random.sqlite"), True
    for number in range(count):
        capture = make_capture(f"{seed} {number}")
        if not capture.work:
            continue
        write_chrome(capture, chrome)
        write_sqlite(capture, sqlite)
        chosen = (["X*"], ["o*r", "X"], [])[number % 3]
        good = check(moetrace, chrome, chosen) and good
        good = check(moetrace, sqlite, chosen) and good
        for line in compare_forms(moetrace, chrome, sqlite, chosen):
            print(line)
            good = False
        if not good:
            print(f"number {number}")
            break
    return good


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 3 else ""
    if command == "check":
        sys.exit(0 if all([check(sys.argv[2], path) for path in sys.argv[3:]]) else 1)
    if command == "random" and len(sys.argv) == 6:
        sys.exit(0 if check_random(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]) else 1)
    raise SystemExit(__doc__)

"""What other people's readers compute from exports of one trace, against what `moetrace report` says of it.

  readers.py READER REPORT.json FILE     compares; FILE is what the reader is given
  readers.py nsys REPORTS FILE BASE      stands in for `nsys stats -r REPORTS -f csv -o BASE FILE`, which nsys2prv calls, where
                                         the variable NSYS names no nsys

Run by an interpreter that has the readers; the report is that of `moetrace report --format json --top 1000000`.
"""
import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
import warnings
from collections import Counter, defaultdict

from report_tables import load

warnings.filterwarnings("ignore")
BIN = os.path.dirname(sys.executable)


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, (command, done.returncode, done.stdout[-1500:], done.stderr[-1500:])
    return done.stdout, done.stderr


class Report:
    """Kernels and their nanoseconds: of the whole run, and of each expert in the requests that are no warm-up."""

    def __init__(self, path):
        tables = load(path)
        facts = tables["completeness_counts"].facts()
        self.kernels, self.ns = facts["kernels.count"], facts["kernels.ns"]
        self.experts = {(layer, expert): (kernels, round(ms * 1e6))
                        for layer, expert, kernels, ms in tables["layer_experts"].select("layer", "expert", "kernels", "gpu_ms")}
        assert self.kernels > 1000 and len(self.experts) > 50

    def whole(self, count, ns):
        assert (count, ns) == (self.kernels, self.ns), (count, ns, self.kernels, self.ns)

    def each_expert(self, kernels):
        """`kernels`: pairs of the names of the ranges around a kernel, outermost first, and its nanoseconds."""
        sums = defaultdict(lambda: (0, 0))
        for path, ns in kernels:
            place = expert_of(path)
            if place:
                sums[place] = (sums[place][0] + 1, sums[place][1] + ns)
        assert dict(sums) == self.experts, (len(sums), len(self.experts), next(
            ((k, sums.get(k), self.experts.get(k)) for k in {*sums, *self.experts} if sums.get(k) != self.experts.get(k)), None))


def expert_of(path):
    """The layer and expert of a kernel in these ranges; None outside of experts and in warm-up requests."""
    numbers = [None, None]
    for name in path:
        if name.startswith("warmup."):
            return None
        for i, kind in enumerate(("layer", "expert")):
            found = re.fullmatch(kind + r"\.(\d+)", name)
            numbers[i] = int(found[1]) if found else numbers[i]
    return tuple(numbers) if None not in numbers else None


def flat(rows, report):
    """The kernels of nsys-tui's and nsys-ai's export-json."""
    report.whole(len(rows), sum(row["end_ns"] - row["start_ns"] for row in rows))
    report.each_expert((row["nvtx_path"].split(" > "), row["end_ns"] - row["start_ns"]) for row in rows)


def nsys_tui(report, path):
    info, _ = run(f"{BIN}/nsys-tui", "info", path)
    assert f"Kernels: {report.kernels} " in info, info
    run(f"{BIN}/nsys-tui", "export-json", path, "--gpu", "0", "--trim", "0", "100", "-o", path + ".tui.json")
    flat(json.load(open(path + ".tui.json")), report)
    summary, _ = run(f"{BIN}/nsys-tui", "summary", path)
    assert f"Compute: {report.ns / 1e6:.1f}ms" in summary, summary


def duckdb_extension():
    """DuckDB looks for its SQLite extension in the home folder; the wheel brings it elsewhere."""
    import duckdb
    import duckdb_extension_sqlite_scanner as wheel
    platform = duckdb.sql("PRAGMA platform").fetchone()[0]
    name = f"v{duckdb.__version__}"
    folder = os.path.join(os.environ["HOME"], ".duckdb", "extensions", name)
    os.makedirs(folder, exist_ok=True)
    source = os.path.join(os.path.dirname(wheel.__file__), "extensions", name)
    os.path.lexists(f"{folder}/{platform}") or os.symlink(source, f"{folder}/{platform}")


def nsys_ai(report, path):
    duckdb_extension()
    info, said = run(f"{BIN}/nsys-ai", "info", path)
    assert f"Kernels: {report.kernels} " in info and "unavailable" not in said, (info, said)
    run(f"{BIN}/nsys-ai", "export-json", path, "--gpu", "0", "--trim", "0", "100", "-o", path + ".ai.json")
    flat(json.load(open(path + ".ai.json")), report)
    skill = [f"{BIN}/nsys-ai", "skill", "run"]
    rows = json.loads(run(*skill, "nvtx_kernel_map", path, "--format", "json", "-p", "limit=1000000")[0])
    paths = Counter(expert_of(row["nvtx_path"].split(" > ")) for row in rows if "nvtx_path" in row)
    del paths[None]
    assert not paths or all(report.experts[place][0] >= count for place, count in paths.items())
    rows = json.loads(run(*skill, "stream_concurrency", path, "--format", "json")[0])
    assert sum(row["kernel_count"] for row in rows) == report.kernels
    rows = json.loads(run(*skill, "kernel_launch_overhead", path, "--format", "json")[0])
    assert rows and all(row["launch_count"] > 0 for row in rows)


def nsys2prv(report, path):
    """Paraver's format: pairs of events on the thread that stands for a stream, value and then 0."""
    folder, name = os.path.split(path.removesuffix(".sqlite"))
    os.makedirs(f"{folder}/nsys/bin", exist_ok=True)
    with open(f"{folder}/nsys/bin/nsys", "w") as script:
        stand_in = f'{sys.executable} {os.path.abspath(__file__)} nsys "$3" "${{10}}" "$9"'
        script.write("#!/bin/sh\nexec " + (f'{os.environ["NSYS"]} "$@"' if os.environ.get("NSYS", "no") != "no" else stand_in) + "\n")
    os.chmod(f"{folder}/nsys/bin/nsys", 0o755)
    said, _ = run(f"{BIN}/nsys2prv", "-t", "nvtx_pushpop_trace,cuda_api_trace,graphs", f"{name}.nsys-rep", f"{name}-prv", cwd=folder,
                  env={**os.environ, "NSYS_HOME": f"{folder}/nsys"})
    db = sqlite3.connect(path)
    replays = db.execute("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE graphNodeId IS NOT NULL").fetchone()[0]
    assert "correctly translated" in said and ("set to Node" in said) == (replays > 0), said
    count = ns = calls = ranges = 0
    begun = {}
    for line in open(f"{folder}/{name}-prv.prv"):
        kind, *rest = line.rstrip("\n").split(":")
        if kind != "2":
            continue
        thread, time = tuple(rest[:4]), int(rest[4])
        for event, value in zip(rest[5::2], map(int, rest[6::2])):
            calls += event == "63000000" and value > 0
            ranges += event in ("9600", "9700") and value > 0
            if event == "63000006" and value > 0:
                begun[thread] = time
            elif event == "63000006" and thread in begun:
                count, ns = count + 1, ns + time - begun.pop(thread)
    report.whole(count, ns)
    assert calls == db.execute("SELECT count(*) FROM CUPTI_ACTIVITY_KIND_RUNTIME").fetchone()[0]
    assert ranges == db.execute("SELECT count(*) FROM NVTX_EVENTS WHERE eventType = 59").fetchone()[0]


def nsys(reports, path, base):
    """The columns of nsys's cuda_api_trace."""
    db = sqlite3.connect(path)
    for wanted in filter(None, reports.split(",")):
        assert wanted == "cuda_api_trace", wanted
        with open(f"{base}_{wanted}.csv", "w", newline="") as file:
            out = csv.writer(file)
            out.writerow("Start (ns),Duration (ns),Name,Result,CorrID,Pid,Tid,T-Pri,Thread Name".split(","))
            out.writerows(db.execute(
                "SELECT r.start, r.end - r.start, s.value, r.returnValue, r.correlationId, (r.globalTid >> 24) & 0xffffff,"
                " r.globalTid & 0xffffff, t.priority, n.value FROM CUPTI_ACTIVITY_KIND_RUNTIME r JOIN StringIds s ON s.id = r.nameId"
                " LEFT JOIN ThreadNames t ON t.globalTid = r.globalTid LEFT JOIN StringIds n ON n.id = t.nameId ORDER BY r.start"))


def nsys2json(report, path):
    """A script of its own, named by the variable NSYS2JSON."""
    run(sys.executable, os.environ["NSYS2JSON"], "-f", path, "-o", path + ".json")
    events = json.load(open(path + ".json"))
    events = [e for e in events if e.get("cat") == "cuda"]
    ns = [round(e["dur"] * 1000) for e in events]
    report.whole(len(events), sum(ns))
    report.each_expert(zip((e["args"].get("NVTXRegions", []) for e in events), ns))


def hta(report, path):
    """HolisticTraceAnalysis takes times for whole microseconds (begin rounded up, end down) unless it is told not to."""
    from hta.trace_analysis import TraceAnalysis
    analysis = TraceAnalysis(trace_files={0: path}, trace_dir="")
    spans = sorted((e["ts"], e["ts"] + e["dur"], e["cat"]) for e in json.load(open(path))["traceEvents"]
                   if e["ph"] == "X" and e["cat"] in ("kernel", "gpu_memcpy", "gpu_memset"))
    kernels = [end - start for start, end, kind in spans if kind == "kernel"]
    report.whole(len(kernels), round(sum(kernels) * 1000))

    # The time of each kernel, and busy and idle time; here one stream does everything, so that nothing overlaps.
    assert all(a[1] <= b[0] + 1e-3 for a, b in zip(spans, spans[1:]))
    kinds, each = analysis.get_gpu_kernel_breakdown(visualize=False, num_kernels=100000, duration_ratio=1.0)
    assert set(kinds["kernel_type"]) == {"COMPUTATION", "MEMORY"}, kinds
    sums = each.groupby("kernel_type")["sum (us)"].sum()
    assert abs(sums["COMPUTATION"] - report.ns / 1000) < 0.1, (sums, report.ns)
    busy = analysis.get_temporal_breakdown(visualize=False).iloc[0]
    assert abs(busy["compute_time(us)"] - report.ns / 1000) < 1, busy
    whole = spans[-1][1] - spans[0][0]
    assert abs(busy["idle_time(us)"] - (whole - sum(end - start for start, end, _ in spans))) < 1, busy

    # Launches: the calls that HolisticTraceAnalysis knows, with the time on the GPU of what each one launched.
    launches = analysis.get_cuda_kernel_launch_stats(visualize=False)[0]
    events = [e for e in json.load(open(path))["traceEvents"] if e["ph"] == "X"]
    known = {e["args"]["correlation"]: e for e in events
             if e["name"] in ("cudaLaunchKernel", "cudaLaunchKernelExC", "cudaMemcpyAsync", "cudaMemsetAsync")}
    gpu = {e["args"]["correlation"]: e for e in events if e["cat"] in ("kernel", "gpu_memcpy", "gpu_memset")}
    assert len(known) > 0.7 * len(gpu) and set(launches["correlation"]) == set(known) & set(gpu)
    for correlation, ns in zip(launches["correlation"], launches["gpu_duration"]):
        assert abs(gpu[correlation]["dur"] - ns) < 0.01
    analysis.get_idle_time_breakdown(visualize=False)
    analysis.get_queue_length_summary()


def known_fields(message, path=""):
    """No field of the message, or of those in it, is one that the schema lacks."""
    from google.protobuf import unknown_fields
    assert len(unknown_fields.UnknownFieldSet(message)) == 0, path
    for field, value in message.ListFields():
        if field.message_type:
            for part in value if field.is_repeated else [value]:
                known_fields(part, f"{path}/{field.name}")


def perfetto(report, path):
    """The schema that Perfetto publishes, and the rules that its trace processor keeps."""
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace
    trace = Trace()
    trace.ParseFromString(open(path, "rb").read())
    known_fields(trace)
    kinds = {p.WhichOneof("data") for p in trace.packet}
    assert kinds <= {"track_event", "track_descriptor", None}, kinds
    names = {entry.iid: entry.name for p in trace.packet for entry in p.interned_data.event_names}
    tracks = {p.track_descriptor.uuid: p.track_descriptor for p in trace.packet if p.HasField("track_descriptor")}
    assert all(not t.parent_uuid or t.parent_uuid in tracks for t in tracks.values())
    events = sorted((p for p in trace.packet if p.HasField("track_event")), key=lambda p: p.timestamp)
    open_at, kernels, calls, work = defaultdict(list), [], {}, {}
    running = Counter()
    for p in events:
        e = p.track_event
        assert e.track_uuid in tracks
        if e.type == e.TYPE_SLICE_BEGIN:
            name = names[e.name_iid] if e.name_iid else e.name
            open_at[e.track_uuid].append((p.timestamp, [*e.categories], name))
            for flow in e.flow_ids:
                (calls if "cuda" in e.categories else work).setdefault(flow, []).append((p.timestamp, name))
        elif e.type == e.TYPE_SLICE_END:
            begin, category, name = open_at[e.track_uuid].pop()
            if category == ["gpu"] and not re.match("Mem(cpy|set) ", name):
                kernels.append(p.timestamp - begin)
        elif e.type == e.TYPE_COUNTER:
            assert tracks[e.track_uuid].HasField("counter") and e.counter_value >= 0
            running[e.track_uuid] = e.counter_value
    assert not any(open_at.values()) and running and not any(running.values())
    report.whole(len(kernels), sum(kernels))
    for flow, begins in work.items():
        assert len(calls[flow]) == 1 and all(calls[flow][0][0] <= begin for begin, _ in begins)
    assert sum(map(len, work.values())) >= report.kernels


def main():
    reader, *rest = sys.argv[1:]
    if reader == "nsys":
        nsys(*rest)
    else:
        globals()[reader](Report(rest[0]), rest[1])


if __name__ == "__main__":
    main()

"""NVIDIA's own reports on what moetrace exported, against what moetrace says itself.

    nsys_reports.py run NSYS FILE FOLDER         all reports and rules, as CSV files in FOLDER: none has anything to say but rows
    nsys_reports.py whole REPORT DUMP FOLDER     the sums of everything: kernels, copies, fills, calls
    nsys_reports.py ranges REPORT FOLDER         the ranges, parts, layers and experts of an export without warm-up
    nsys_reports.py latencies REPORT FOLDER      how long requests took, from the times of each range and of its work
    nsys_reports.py counts REPORT CSV            the ranges, by name
    nsys_reports.py same FOLDER FOLDER           the same bytes in every file

REPORT is that of `moetrace report --format json --top 1000000`, DUMP what `moetrace dump` printed. Exit status 1 after lines
that say what differs.
"""
import csv
import os
import re
import statistics
import subprocess
import sys
from collections import defaultdict

from report_tables import load

REPORTS = ("cuda_gpu_kern_sum cuda_gpu_kern_gb_sum cuda_gpu_trace cuda_gpu_sum cuda_api_sum cuda_api_trace cuda_api_gpu_sum "
           "cuda_kern_exec_sum cuda_kern_exec_trace cuda_gpu_mem_time_sum cuda_gpu_mem_size_sum nvtx_sum nvtx_pushpop_sum "
           "nvtx_pushpop_trace nvtx_startend_sum nvtx_kern_sum nvtx_gpu_proj_sum nvtx_gpu_proj_trace").split()
RULES = "cuda_api_sync cuda_memcpy_async cuda_memcpy_sync cuda_memset_sync gpu_gaps gpu_time_util".split()
MEGA = 1000000


def run(nsys, path, folder):
    """Without -q: only so does nsys say that it left a report out. Newer versions say of each that has no rows that it is empty."""
    os.makedirs(folder, exist_ok=True)
    wrong = []
    for command, names in (("stats", REPORTS), ("analyze", RULES)):
        done = subprocess.run([nsys, command, "-r", ",".join(names), "-f", "csv", "-o", os.path.join(folder, "r"), path],
                              capture_output=True, text=True)
        empty = sum(os.path.getsize(f"{folder}/r_{name}.csv") == 0 for name in names if os.path.exists(f"{folder}/r_{name}.csv"))
        said = re.sub(r"Processing \[[^]]*\] with \[[^]]*\] to \[[^]]*\]\.\.\. (PROCESSED)?|\s", "", done.stdout) + done.stderr
        if said == "(EMPTYRESULTS)" * empty:
            said = ""
        if done.returncode or said:
            wrong.append(f"nsys {command}: status {done.returncode}, {said[:2000]}")
    missing = [name for name in REPORTS + RULES if not os.path.exists(os.path.join(folder, f"r_{name}.csv"))]
    return wrong + ([f"no file of {missing}"] if missing else [])


def same(one, two):
    names = sorted(os.listdir(one))
    wrong = [] if names == sorted(os.listdir(two)) and len(names) == 24 else [f"{len(names)} files"]
    for name in names:
        a, b = (open(os.path.join(folder, name), "rb").read() for folder in (one, two))
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a.split(b"\n"), b.split(b"\n"))) if x != y), "the end")
            wrong.append(f"{name} differs at line {at}")
    return wrong


class Folder:
    def __init__(self, path):
        self.path = path

    def rows(self, name):
        with open(os.path.join(self.path, f"r_{name}.csv"), newline="") as file:
            return list(csv.DictReader(file))

    def sum(self, name, count, ns="Total Time (ns)", only=lambda row: True):
        rows = [row for row in self.rows(name) if only(row)]
        return sum(int(row[count]) for row in rows), sum(int(row[ns]) for row in rows)


class Report:
    def __init__(self, path):
        self.tables = load(path)
        self.facts = self.tables["completeness_counts"].facts()

    def rows(self, name):
        return self.tables[name].records() if name in self.tables else []

    def fact(self, name):
        """How many, and their nanoseconds."""
        return self.facts[name + ".count"], self.facts[name + ".ns"]


def ns(milliseconds):
    return round(milliseconds * MEGA)


def differ(what, nsys, ours):
    keys = [key for key in {*nsys, *ours} if nsys.get(key) != ours.get(key)]
    key = min(keys, key=str) if keys else None
    return [f"{what}: {len(keys)} differ, such as {key}: nsys has {nsys.get(key)}, moetrace {ours.get(key)}"] if keys else []


def calls_of(dump):
    """The calls of a dump by name: how many, and their nanoseconds."""
    out = defaultdict(lambda: (0, 0))
    for line in open(dump, encoding="utf-8", errors="replace"):
        found = re.match(r'api .* duration=(\d+) name="([^"]*)"', line)
        if found:
            name = found[2].removeprefix("__")  # CUDA 13's name of cudaLaunchKernel
            out[name] = out[name][0] + 1, out[name][1] + int(found[1])
    return dict(out)


def whole(report, dump, folder):
    report, out, wrong = Report(report), Folder(folder), []
    kernels = report.fact("kernels")
    copies = report.fact("transfers")
    is_kernel = lambda row: row["GrdX"] != ""
    none = lambda row: row["NVTX Range"] == "" and row["Style"] == ""
    place = lambda name: lambda row: row["Category"] == name
    wrong += differ("sums", {
        "cuda_gpu_kern_sum": out.sum("cuda_gpu_kern_sum", "Instances"),
        "cuda_gpu_kern_gb_sum": out.sum("cuda_gpu_kern_gb_sum", "Instances"),
        "cuda_gpu_sum, kernels": out.sum("cuda_gpu_sum", "Instances", only=place("CUDA_KERNEL")),
        "cuda_gpu_sum, memory": out.sum("cuda_gpu_sum", "Instances", only=place("MEMORY_OPER")),
        "cuda_api_gpu_sum, kernels": out.sum("cuda_api_gpu_sum", "Instances", only=place("CUDA_KERNEL")),
        "cuda_gpu_trace, kernels": tuple(map(sum, zip(*((1, int(r["Duration (ns)"])) for r in out.rows("cuda_gpu_trace") if is_kernel(r))))),
        "cuda_gpu_mem_time_sum": out.sum("cuda_gpu_mem_time_sum", "Count"),
        "cuda_kern_exec_trace": (len(out.rows("cuda_kern_exec_trace")), sum(int(r["Kernel Dur (ns)"]) for r in out.rows("cuda_kern_exec_trace"))),
        "nvtx_kern_sum, outside": out.sum("nvtx_kern_sum", "Kern Inst", only=none),
        "cuda_gpu_trace": len(out.rows("cuda_gpu_trace")),
    }, {
        "cuda_gpu_kern_sum": kernels, "cuda_gpu_kern_gb_sum": kernels, "cuda_gpu_sum, kernels": kernels,
        "cuda_gpu_sum, memory": copies, "cuda_api_gpu_sum, kernels": kernels, "cuda_gpu_trace, kernels": kernels,
        "cuda_gpu_mem_time_sum": copies, "cuda_kern_exec_trace": kernels, "nvtx_kern_sum, outside": report.fact("kernels.outside"),
        "cuda_gpu_trace": kernels[0] + copies[0],
    })
    calls = {row["Name"]: (int(row["Num Calls"]), int(row["Total Time (ns)"])) for row in out.rows("cuda_api_sum")}
    return wrong + differ("cuda_api_sum", calls, calls_of(dump))


def grouped(rows):
    """Sums of tuples by key."""
    out = defaultdict(lambda: None)
    for key, *values in rows:
        out[key] = tuple(a + b for a, b in zip(out[key], values)) if out[key] else tuple(values)
    return dict(out)


def star(name):
    return re.sub(r"\d+$", "*", name)


def ranges(report, folder):
    """By the last name of the path, in the program's own domain. What a graph's capture adds below a launch has no range of
    its own there; of unprofiled requests nothing is counted."""
    report, out = Report(report), Folder(folder)
    rows = [(row["range"].split("/")[-1], row) for row in report.rows("ranges") if row["calls"]]
    graphs = any(not row["calls"] for row in report.rows("ranges"))
    own = lambda name: name and ":" not in name[1:] and not name.lstrip(":").startswith("top_k=")  # 2025.3 has a colon before names
    profiled = {row["RangeId"] for row in out.rows("nvtx_gpu_proj_trace")}
    wrong = differ("nvtx_pushpop_trace", grouped((star(row["Name"].lstrip(":")), 1, int(row["Duration (ns)"])) for row in out.rows("nvtx_pushpop_trace")
                                                 if own(row["Name"]) and row["RangeId"] in profiled),
                   grouped((name, row["calls"], ns(row["host_ms"])) for name, row in rows))
    inside = grouped((row["NVTX Range"].lstrip(":"), int(row["Kern Inst"]), int(row["Total Time (ns)"])) for row in out.rows("nvtx_kern_sum")
                     if own(row["NVTX Range"]))
    wrong += differ("nvtx_kern_sum", grouped((star(name), time) for name, (_, time) in inside.items()),
                    grouped((name, ns(row["inclusive_ms"])) for name, row in rows))
    if report.rows("experts") and not graphs:
        wrong += differ("nvtx_kern_sum, experts", {key: value for key, value in inside.items() if key.startswith("expert.")},
                        {f"expert.{row['expert']}": (row["kernels"], ns(row["gpu_ms"])) for row in report.rows("experts")})
        layers = grouped((f"layer.{row['layer']}", ns(row["sum_ms"])) for row in report.rows("layer_parts")
                         if row["layer"] is not None and row["phase"] in ("prefill", "decode"))
        wrong += differ("nvtx_kern_sum, layers", {key: value[1:] for key, value in inside.items() if key.startswith("layer.")}, layers)
    return wrong if rows else ["no range"]


def latencies(report, folder):
    """Of each phase: until the range and the work that was launched in it are over. Where some requests were unprofiled, theirs."""
    report, out, phases = Report(report), Folder(folder), ("vision", "prefill", "decode")
    work = {row["RangeId"]: int(row["Projected Start (ns)"]) + int(row["Projected Duration (ns)"]) for row in out.rows("nvtx_gpu_proj_trace")}
    rows = {row["RangeId"]: row for row in out.rows("nvtx_pushpop_trace")}
    found = defaultdict(lambda: ([], []))
    for row in rows.values():
        above = [rows[number]["Name"].lstrip(":") for number in row["RangeStack"].split(":") if number]
        k = next((int(name[6:]) for name in above if name.startswith("top_k=")), None)
        if above[-1] in phases and not any(name.startswith("warmup.") for name in above):
            end = work.get(row["RangeId"])
            found[k, above[-1]][end is not None].append(max(int(row["End (ns)"]), end or 0) - int(row["Start (ns)"]))
    theirs = {key: unprofiled or profiled for key, (unprofiled, profiled) in found.items()}
    mine = {(row["k"], row["phase"]): (row["n"], ns(row["min_ms"]), ns(row["max_ms"]), row["p50_ms"] * MEGA) for row in report.rows("latency")
            if row["phase"] in phases}
    return differ("nvtx_gpu_proj_trace", {key: (len(v), min(v), max(v), statistics.median(v)) for key, v in theirs.items()}, mine) or (
        [] if mine else ["no latency"])


def counts(report, path):
    """All ranges of the program's own domain, where no request is warm-up: nsys's nvtx_sum in the file."""
    rows = [row for row in csv.DictReader(open(path, newline="")) if ":" not in row["Range"].lstrip(":")]
    theirs = grouped((star(row["Range"].lstrip(":")), int(row["Instances"]), int(row["Total Time (ns)"])) for row in rows)
    report = Report(report)
    mine = grouped((row["range"].split("/")[-1], row["calls"], ns(row["host_ms"])) for row in report.rows("ranges"))
    del theirs["left open" if "left open" in theirs else "top_k=*"]
    mine.pop("left open", None)
    return differ("nvtx_sum", theirs, mine) or ([] if mine else ["no range"])


def main():
    commands = {"run": (run, 3), "same": (same, 2), "whole": (whole, 3), "ranges": (ranges, 2), "latencies": (latencies, 2), "counts": (counts, 2)}
    if len(sys.argv) < 2 or sys.argv[1] not in commands or len(sys.argv) != 2 + commands[sys.argv[1]][1]:
        print(__doc__)
        return 2
    wrong = commands[sys.argv[1]][0](*sys.argv[2:])
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

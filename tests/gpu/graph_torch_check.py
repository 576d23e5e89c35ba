"""Checks a trace of graph_torch.py: graph_torch_check.py WAY COUNTS TRACE MOETRACE LEAST
Each recorded request has as many kernels as torch.profiler counted in a run of its own, and with `decode` each layer of a
replay has as many as the others. Prints the kernels by range."""
import collections
import json
import subprocess
import sys

from graph_kernels import SLACK, Trace, report_counts

way, counts, trace, moetrace, least = sys.argv[1], json.load(open(sys.argv[2])), sys.argv[3], sys.argv[4], int(sys.argv[5])
text = subprocess.run([moetrace, "dump", trace], capture_output=True, text=True, errors="replace").stdout
recorded = Trace(text)
per, ranges, unknown = collections.Counter(), collections.Counter(), 0
worst = 0
for k in recorded.kernels:
    time, launch = recorded.launch_of(k)
    sample = next((name for name in launch if name.startswith("sample.")), None)
    per[sample] += 1
    if sample and k["start"] != "-":
        begin, end, _ = recorded.windows.get(sample, (0, 0, ()))
        worst = max(worst, begin - int(k["start"]), int(k["start"]) + int(k["duration"]) - end)
    if sample:
        where = recorded.node_path(k["node"], time) if k["node"] != "-" else ""
        unknown += where == "?"
        ranges["/".join([*launch[2:], where] if where else launch[2:]), "graph" if k["node"] != "-" else "eager"] += 1
exclusive, completeness = report_counts(moetrace, trace)
print("torch.profiler:", [len(names) for names in counts], "recorded:", dict(per))
print("ranges:", dict(ranges))
print("paths:", exclusive)
print("completeness:", {k: v for k, v in completeness.items() if k.startswith(("kernels.", "graph", "complete"))})
print("outside by", worst, "ns; distinct names", len({k["name"] for k in recorded.kernels}), "missing names",
      sum(k["name"] == "-" for k in recorded.kernels))
requests = {s: n for s, n in per.items() if s}
problems = []
if len(requests) < least:
    problems.append(f"{len(requests)} requests recorded")
if len(set(map(len, counts))) == 1 and set(requests.values()) != {len(counts[0])}:
    problems.append("not as many kernels as torch.profiler counted")
if worst > SLACK or unknown:
    problems.append("times or ranges")
layers = [n for (where, how), n in ranges.items() if "layer." in where and how == "graph"]
if way in ("decode", "compile") and (len(set(layers)) != 1 or len(layers) != 3):
    problems.append("layers are not alike")
print("\n".join("WRONG " + p for p in problems))
sys.exit(bool(problems))

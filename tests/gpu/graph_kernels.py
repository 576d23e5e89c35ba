"""Checks a trace of graph_forms: graph_kernels.py EXPECTED TRACE MOETRACE LEAST

EXPECTED is what the program printed. Each request of which anything was recorded has all of its kernels, each under the
range around its node, as its dump says (read here, without the analyser) and as the report says; no kernel lies outside of
its request. At least LEAST requests were recorded (-LEAST: also where times are missing, as where a thread launches while
another one's request ends)."""
import collections
import csv
import io
import re
import subprocess
import sys

SLACK = 100_000  # ns between the clocks of the GPU and the host


def fields(line):
    return dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line))


class Trace:
    """Ranges, graphs and launches of a dump."""

    def __init__(self, text):
        self.begun, self.places, self.copies = {}, {}, collections.defaultdict(list)
        self.launches, self.kernels, self.windows = {}, [], {}
        stacks = collections.defaultdict(list)
        for line in text.splitlines():
            kind = line.split(" ", 1)[0]
            f = fields(line) if kind in ("push", "pop", "graph", "node", "api", "kernel") else {}
            if kind in ("push", "pop") and f["domain"] != "-":
                continue
            stack = stacks[f.get("thread")]
            names = tuple(name for name, _ in stack)
            if kind == "push":
                stack.append((f["name"].strip('"'), int(f["time"])))
            elif kind == "pop" and stack:
                name, begin = stack.pop()
                self.windows[name] = (begin, int(f["time"]), names)
            elif kind == "graph":
                self.begun[f["id"]] = names
            elif kind == "node" and f["copy_of"] == "-":
                self.places[f["id"]] = (f["graph"], names)
            elif kind == "node":
                self.places.setdefault(f["id"], (f["graph"], names))
                self.copies[f["id"]].append((int(f["time"]), f["copy_of"]))
            elif kind == "api" and f["correlation"] not in ("-", "0"):
                self.launches[f["correlation"]] = (int(f["time"]), names)
            elif kind == "kernel":
                self.kernels.append(f)
        for copies in self.copies.values():
            copies.sort(key=lambda copy: copy[0])

    def launch_of(self, kernel):
        """Time and ranges of its launch; kernels in loops and branches have no correlation id, and lie in their request."""
        if kernel["correlation"] != "-":
            return self.launches.get(kernel["correlation"], (0, ()))
        if kernel["graph"] != "-" and kernel["start"] != "-":
            for name, (begin, end, names) in self.windows.items():
                if name.startswith("sample.") and begin <= int(kernel["start"]) <= end:
                    return begin, names + ("decode",)
        return 0, ()

    def node_path(self, node, time):
        """The ranges in which the node was made, below the beginning of its graph, and those of what it is a copy of."""
        path, seen = [], set()
        if node not in self.places:
            return "?"
        while node in self.places and node not in seen:
            seen.add(node)
            graph, names = self.places[node]
            begun = self.begun.get(graph, names)
            common = 0
            while common < min(len(begun), len(names)) and begun[common] == names[common]:
                common += 1
            path += names[common:]
            copies = self.copies.get(node, [])
            made = [copy for when, copy in copies if when <= time] or [copy for _, copy in copies[:1]]
            node = made[-1] if made else None
        return "/".join(path)


def report_counts(moetrace, trace):
    """The exclusive GPU time of each range, as the report attributes it, and its counts."""
    out = subprocess.run([moetrace, "report", "--format", "csv", "-t", "100000", trace], capture_output=True, text=True, check=True)
    tables, name = {}, None
    for row in csv.reader(io.StringIO(out.stdout)):
        if row and row[0].startswith("# "):
            name = row[0][2:].split(":")[0]
            tables[name] = []
        elif row and name:
            tables[name].append(row)
    rows = tables.get("ranges", [[]])
    at = {column: i for i, column in enumerate(rows[0])}
    exclusive = {row[at["range"]]: float(row[at["exclusive_ms"]] or 0) for row in rows[1:]}
    completeness = {row[0]: row[1] for row in tables.get("completeness_counts", []) if len(row) > 1}
    return exclusive, completeness


def main():
    expected_path, trace, moetrace, least = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    wrong = []
    expected = collections.defaultdict(collections.Counter)
    for line in open(expected_path):
        sample, where, name, count = line.rstrip("\n").split("\t")
        expected[sample][where, name] += int(count)
    text = subprocess.run([moetrace, "dump", trace], capture_output=True, text=True, errors="replace").stdout
    trace_ = Trace(text)
    got = collections.defaultdict(collections.Counter)
    by_range = collections.Counter()
    late = early = untimed = 0
    for k in trace_.kernels:
        time, launch = trace_.launch_of(k)
        sample = next((name for name in launch if name.startswith("sample.")), None)
        name = k["name"].strip('"')
        if sample is None:
            wrong.append(f"{name}: launched in {launch}, node {k['node']}, correlation {k['correlation']}")
            continue
        where = trace_.node_path(k["node"], time)
        got[sample][where, name] += 1
        by_range["/".join([*launch[1:], *([where] if where else [])])] += int(k["duration"]) if k["duration"] != "-" else 0
        if k["start"] == "-":
            untimed += 1
            continue
        begin, end, _ = trace_.windows.get(sample, (0, 0, ()))
        early = max(early, begin - int(k["start"]))
        late = max(late, int(k["start"]) + int(k["duration"]) - end)
    for sample, want in expected.items():
        have = got.get(sample)
        if have and have != want:
            wrong.append(f"{sample}: missing {dict(want - have)}, too many {dict(have - want)}")
    for sample in got.keys() - expected.keys():
        wrong.append(f"{sample} is not expected")
    if len(got) < abs(least):
        wrong.append(f"{len(got)} requests recorded, expected at least {abs(least)}")
    if late > SLACK or early > SLACK:
        wrong.append(f"kernels begin up to {early} ns before, end up to {late} ns after their request")
    if untimed and least >= 0:
        wrong.append(f"{untimed} kernels have no times")
    exclusive, completeness = report_counts(moetrace, trace)
    reported, dumped = collections.Counter(exclusive), collections.Counter()
    for where, ns in by_range.items():
        dumped[re.sub(r"\.\d+(?=/|$)", ".*", where)] += ns / 1e6
    for where in dumped.keys() | reported.keys():
        if abs(dumped[where] - reported[where]) > 1e-4:
            wrong.append(f"report: {reported[where]:.6f} ms in {where}, the dump has {dumped[where]:.6f}")
    for what in ("kernels.unattributed.count", "kernels.impossible", "graph_nodes.unknown"):
        if completeness.get(what, "0") not in ("0", ""):
            wrong.append(f"report: {what} is {completeness[what]}")
    print(f"{len(trace_.kernels)} kernels of {len(got)} requests; begin at most {early} ns before, end at most {late} ns after theirs")
    print("paths: " + ", ".join(sorted(exclusive)))
    for line in wrong[:12]:
        print("WRONG", line)
    if len(wrong) > 12:
        print("WRONG and", len(wrong) - 12, "more")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# moetrace export from outside: the rows of every report, the other formats in their readers' eyes, the files, the errors.
# tests/data/analysis_nsys_k8.moetrace.gz is a real run; export_reports.py holds the joins of Nsight Systems' reports.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
reports=tests/data/export_reports.py

export_refuses() { # export_refuses PATTERN ARGUMENT...
    refuses "$1" "$moetrace" export "${@:2}"
}

unpack analysis_nsys_k8 k8
"$python" tests/data/analysis_oracle.py write "$work/one.moetrace" 42
ok "a real run is exported" "$moetrace" export "$work/k8.moetrace" -f nsys-sqlite -o "$work/k8.sqlite"
ok "a generated one, too" "$moetrace" export "$work/one.moetrace" -f nsys-sqlite -o "$work/one.sqlite"
ok "the file follows the layout" "$python" $reports check "$work/k8.sqlite"

# Sums over the ranges of the real run, against Nsight Systems' own.
sums() {
    "$python" - "$work/k8.sqlite" <<'PY'
import csv, sys
sys.path.insert(0, "tests/data")
import export_reports as r
c = r.Capture(sys.argv[1])
kernels, ranges = {}, r.nvtx_pushpop_sum(c)
for (name, *_), (_, count, ns, _, _) in r.nvtx_kern_sum(c).items():
    had = kernels.get(name, (0, 0))
    kernels[name] = (had[0] + count, had[1] + ns)
rows = {row["range"]: row for row in csv.DictReader(open("tests/data/analysis_nsys_k8.csv"))}
total = r.cuda_gpu_kern_sum(c)
assert sum(v[1] for v in total.values()) == int(rows.pop("ALL")["kernel_ns"])
assert len(rows) > 200
for name, row in rows.items():
    if ":" + name in ranges and row["kernel_ns"]:
        assert kernels[":" + name] == (int(row["kernels"]), int(row["kernel_ns"])), (name, kernels[":" + name], row)
        assert not row["ranges"] or ranges[":" + name][0] == int(row["ranges"]), (name, ranges[":" + name], row)
PY
}
ok "ranges have the kernels and times of Nsight Systems" sums

json() {
    "$moetrace" export "$work/one.moetrace" -f chrome -o "$work/one.json" && "$python" - "$work/one.json" "$work/one.sqlite" <<'PY'
import json, sys
from collections import Counter
sys.path.insert(0, "tests/data")
import export_reports as r
trace, c = json.load(open(sys.argv[1])), r.Capture(sys.argv[2])
events = trace["traceEvents"]
count = Counter(e.get("cat") for e in events if e["ph"] in "X")
assert count["kernel"] == len(c.kernels()) and count["user_annotation"] == len(list(c.ranges())), count
ns = sum(round(e["dur"] * 1000) for e in events if e.get("cat") == "kernel")
assert ns == sum(k[1] - k[0] for k in c.kernels())
calls = {e["args"]["correlation"]: e for e in events if e.get("cat") == "cuda_runtime"}
flows = Counter(e["id"] for e in events if e["ph"] == "s")
assert flows and set(flows.values()) == {1} and set(flows) <= set(calls)
for e in events:
    if e["ph"] == "f" and e["id"] in calls:
        assert e["ts"] >= calls[e["id"]]["ts"] and flows[e["id"]] == 1
names = {(e["name"], e["pid"]) for e in events if e["ph"] == "M"}
assert {("process_name", 4242), ("process_name", 0), ("thread_name", 0)} <= names, names
assert trace["baseTimeNanoseconds"] == 1700000000000000000 and trace["deviceProperties"][0]["name"] == "NVIDIA Oracle"
PY
}
ok "the Chrome trace has the same kernels, ranges and arrows" json

ok "Perfetto" "$moetrace" export "$work/one.moetrace" -f perfetto -o "$work/one.pftrace"
ok "the Perfetto trace has the same slices, on balanced tracks, with flows; counters say how much ran" \
    "$python" tests/data/export_perfetto.py check "$work/one.pftrace" "$work/one.sqlite" "$work/one.json"
ok "tracks of phases and experts have the ranges' times" "$python" tests/data/export_perfetto.py tracks "$work/one.pftrace" \
    "$work/one.sqlite"

# Kernels of a CUDA graph that was captured once and replayed, through the tables that say how graphs were made.
graphs() {
    unpack golden/small_graphs graphs
    "$moetrace" export "$work/graphs.moetrace" -f nsys-sqlite -o "$work/graphs.sqlite" &&
        "$moetrace" report --format json --top 1000000 "$work/graphs.moetrace" >"$work/graphs.json" &&
        "$python" $reports check "$work/graphs.sqlite" && "$python" tests/data/export_graphs.py "$work/graphs.json" "$work/graphs.sqlite"
}
ok "the tables of graphs lead from replayed kernels to their experts" graphs

several() {
    cp "$work/one.moetrace" "$work/two.moetrace"
    mkdir -p "$work/each"
    "$moetrace" export "$work/one.moetrace" "$work/two.moetrace" -f nsys-sqlite -o "$work/both.sqlite" &&
        "$python" $reports check "$work/both.sqlite" &&
        "$moetrace" export "$work/one.moetrace" "$work/two.moetrace" -f nsys-sqlite -o "$work/each" &&
        "$python" $reports compare "$work/one.sqlite" "$work/each/two.sqlite" &&
        "$python" - "$work" <<'PY'
import sys
sys.path.insert(0, "tests/data")
import export_reports as r
one, both = (r.cuda_gpu_kern_sum(r.Capture(f"{sys.argv[1]}/{name}.sqlite")) for name in ("one", "both"))
assert {k: (v[0] * 2, v[1] * 2) for k, v in one.items()} == {k: v[:2] for k, v in both.items()}
PY
}
ok "several traces go into one file, or into one each" several

selected() {
    "$moetrace" export "$work/one.moetrace" -f nsys-sqlite -o "$work/part.sqlite" --range 'sample.3' &&
        "$python" $reports check "$work/part.sqlite" && "$python" - "$work" <<'PY'
import sys
sys.path.insert(0, "tests/data")
import export_reports as r
whole, part = (r.nvtx_kern_sum(r.Capture(f"{sys.argv[1]}/{name}.sqlite")) for name in ("one", "part"))
pick = {k: v for k, v in whole.items() if k[0] == ":sample.3"}
assert pick and pick == {k: v for k, v in part.items() if k[0] == ":sample.3"}
assert not any(k[0] == ":sample.2" for k in part) and any(k[0] == ":top_k=2" for k in part)
PY
}
ok "--range selects the events inside a range, with its kernels" selected

# A part of the time: what overlaps it, and nothing else, in every format.
window() {
    local from=300us to=700us format
    for format in nsys-sqlite chrome perfetto; do
        "$moetrace" export "$work/one.moetrace" -f $format -o "$work/window.sqlite" --force --from $from --to $to >/dev/null &&
            mv "$work/window.sqlite" "$work/window-$format" || return 1
    done
    mv "$work/window-nsys-sqlite" "$work/window.sqlite"
    "$python" $reports check "$work/window.sqlite" && "$python" tests/data/export_perfetto.py window "$work/one.pftrace" \
        "$work/window-perfetto" "$work/one.sqlite" 300000 700000 && "$python" - "$work" 300000 700000 <<'PY'
import json, sqlite3, sys
work, low, high = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
whole, part = (sqlite3.connect(f"{work}/{name}.sqlite") for name in ("one", "window"))
for table, kinds in (("CUPTI_ACTIVITY_KIND_KERNEL", ""), ("CUPTI_ACTIVITY_KIND_MEMCPY", ""), ("CUPTI_ACTIVITY_KIND_RUNTIME", ""),
                     ("NVTX_EVENTS", "AND eventType IN (59, 60)")):
    want = whole.execute(f"SELECT start, end FROM {table} WHERE end >= {low} AND start <= {high} {kinds} ORDER BY 1, 2").fetchall()
    got = part.execute(f"SELECT start, end FROM {table} WHERE 1 {kinds} ORDER BY 1, 2").fetchall()
    assert want and want == got, (table, len(want), len(got), set(want) ^ set(got))
whole, part = (json.load(open(f"{work}/{name}"))["traceEvents"] for name in ("one.json", "window-chrome"))
zero = min(e["ts"] for e in whole if e["ph"] != "M")
begin = sqlite3.connect(f"{work}/one.sqlite").execute("SELECT min(start) FROM (SELECT start FROM CUPTI_ACTIVITY_KIND_RUNTIME UNION "
                                                      "SELECT start FROM NVTX_EVENTS WHERE eventType <> 75)").fetchone()[0]
low, high = ((t - begin) / 1000 + zero for t in (low, high))
spans = lambda events: sorted((e["cat"], e["name"], e["ts"], e["dur"]) for e in events if e["ph"] == "X")
want = [e for e in spans(whole) if e[2] + e[3] >= low - 1e-4 and e[2] <= high + 1e-4]
assert len(want) > 20 and want == spans(part), (len(want), len(spans(part)))
PY
}
ok "--from and --to select events that overlap a time, in every format" window

# One range, in the other formats: the same events as in the one that is checked above.
selected_others() {
    "$moetrace" export "$work/one.moetrace" -f chrome -o "$work/part.json" --range 'sample.3' &&
        "$moetrace" export "$work/one.moetrace" -f perfetto -o "$work/part.pftrace" --range 'sample.3' &&
        "$python" tests/data/export_perfetto.py count "$work/part.pftrace" "$work/part.sqlite" && "$python" - "$work" <<'PY'
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1] + "/part.sqlite")
count = lambda what, more="": db.execute(f"SELECT count(*) FROM {what} {more}").fetchone()[0]
events = [e for e in json.load(open(sys.argv[1] + "/part.json"))["traceEvents"] if e["ph"] == "X"]
cats = lambda *names: sum(e["cat"] in names for e in events)
assert 0 < cats("kernel") == count("CUPTI_ACTIVITY_KIND_KERNEL")
assert 0 < cats("cuda_runtime", "cuda_driver") == count("CUPTI_ACTIVITY_KIND_RUNTIME")
assert 0 < cats("user_annotation") == count("NVTX_EVENTS", "WHERE eventType = 59")
assert cats("gpu_memcpy", "gpu_memset") == count("CUPTI_ACTIVITY_KIND_MEMCPY") + count("CUPTI_ACTIVITY_KIND_MEMSET")
PY
}
ok "--range selects the same events in every format" selected_others

files() {
    echo precious >"$work/precious.sqlite"
    export_refuses 'precious.sqlite: exists and is not an export' -f nsys-sqlite -o "$work/precious.sqlite" "$work/one.moetrace" &&
        grep -q precious "$work/precious.sqlite" &&
        "$moetrace" export --force -f nsys-sqlite -o "$work/precious.sqlite" "$work/one.moetrace" &&
        "$moetrace" export -f nsys-sqlite -o "$work/precious.sqlite" "$work/one.moetrace" &&
        "$moetrace" export -f chrome -o "$work/one.json" "$work/one.moetrace" &&
        "$moetrace" export -f perfetto -o "$work/one.pftrace" "$work/one.moetrace" &&
        export_refuses 'one.moetrace: is an input' --force -f chrome -o "$work/one.moetrace" "$work/one.moetrace" &&
        export_refuses 'is not an export' -f chrome -o "$work/two.moetrace" "$work/one.moetrace" &&
        export_refuses 'one.sqlite: is an input' -f nsys-sqlite -o "$work/one.sqlite" "$work/one.sqlite" &&
        export_refuses 'no/such/x.sqlite: cannot be written' -f nsys-sqlite -o "$work/no/such/x.sqlite" "$work/one.moetrace" &&
        [ -z "$(find "$work" -name '*.sqlite.*')" ] && (umask 022 && "$moetrace" export -f chrome -o "$work/new.json" \
        "$work/one.moetrace") && [ "$(stat -c %a "$work/new.json")" = 644 ]
}
ok "only exports are replaced, and no partial file is left" files

usage() {
    export_refuses 'needs a trace' -f chrome -o x.json && export_refuses 'needs --format' -o x "$work/one.moetrace" &&
        export_refuses 'needs --output' -f chrome "$work/one.moetrace" && export_refuses 'format=xml' -f xml -o x "$work/one.moetrace" &&
        export_refuses 'ends in .sqlite' -f nsys-sqlite -o "$work/x.db" "$work/one.moetrace" &&
        export_refuses 'from=soon' --from soon -f chrome -o x "$work/one.moetrace" &&
        export_refuses 'before --from' --from 2s --to 1s -f chrome -o x "$work/one.moetrace" &&
        export_refuses 'missing' -f chrome -o "$work/x.json" "$work/missing" && [ ! -e "$work/x.json" ] &&
        "$moetrace" export --help | grep -q '^Usage: moetrace export '
}
ok "wrong usage is refused" usage

cut_trace() {
    head -c 20000 "$work/one.moetrace" >"$work/cut.moetrace"
    "$moetrace" export "$work/cut.moetrace" -f nsys-sqlite -o "$work/cut.sqlite" | grep -q 'not complete' &&
        "$python" $reports check "$work/cut.sqlite"
}
ok "a truncated trace is exported up to its end and reported as truncated" cut_trace

# Ids of processes are made of 8 bits of machine: more traces than that may be of one process id.
many_of_one_pid() {
    local i
    mkdir "$work/many"
    for ((i = 0; i < 300; i++)); do
        cp tests/data/cases/bom.json "$work/many/rank$i.trace.json"
    done
    timeout "$(time_limit 20)" "$moetrace" export -f nsys-sqlite -o "$work/many.sqlite" "$work/many" >"$work/out" &&
        "$python" - "$work/many.sqlite" <<'PY' && [ "$("$moetrace" report --format json "$work/many.sqlite" | grep -c '"trace":')" -eq 300 ]
import sqlite3, sys
ask = sqlite3.connect(sys.argv[1]).execute
kernels = "SELECT count(*), count(DISTINCT globalPid), count(DISTINCT (globalPid >> 24) & 0xffffff) FROM CUPTI_ACTIVITY_KIND_KERNEL"
assert ask(kernels).fetchone() == (600, 300, 1), ask(kernels).fetchone()
assert ask("SELECT count(DISTINCT globalTid >> 24) FROM NVTX_EVENTS WHERE eventType = 59").fetchone() == (300,)
PY
}
ok "300 traces of one process id" many_of_one_pid
done_testing

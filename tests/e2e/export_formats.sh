#!/usr/bin/env bash
# moetrace export from outside: the rows of every report, the other formats in their readers' eyes, the files, the errors.
# tests/data/analysis_nsys_k8.moetrace.gz is a real run; export_reports.py holds the joins of Nsight Systems' reports.
set -u
cd "$(dirname "$0")/../.." || exit
# shellcheck source=tests/tap.sh
. tests/tap.sh
moetrace=$BUILD/moetrace
python=build/deps/venv/bin/python3
reports=tests/data/export_reports.py
export PYTHONDONTWRITEBYTECODE=1

# refuses PATTERN ARGUMENT...: status 2, one line on stderr that matches, nothing on stdout.
refuses() {
    local pattern=$1 status
    shift
    "$moetrace" export "$@" >"$work/stdout" 2>"$work/stderr"
    status=$?
    cat "$work/stderr"
    [ $status -eq 2 ] && [ "$(wc -l <"$work/stderr")" -eq 1 ] && grep -q -- "$pattern" "$work/stderr" && [ ! -s "$work/stdout" ]
}

gzip -dc tests/data/analysis_nsys_k8.moetrace.gz >"$work/k8.moetrace"
"$python" tests/data/analysis_oracle.py write "$work/one.moetrace" 42
ok "a real run is exported" "$moetrace" export "$work/k8.moetrace" -f nsys-sqlite -o "$work/k8.sqlite"
ok "so is a made one" "$moetrace" export "$work/one.moetrace" -f nsys-sqlite -o "$work/one.sqlite"
ok "the file keeps the rules of the layout" "$python" $reports check "$work/k8.sqlite"

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
ok "ranges own the kernels and times that Nsight Systems gives them" sums

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

# A reader for the wire format, with the field numbers of the published schema.
proto() {
    "$moetrace" export "$work/one.moetrace" -f perfetto -o "$work/one.pftrace" &&
        "$python" - "$work/one.pftrace" "$work/one.sqlite" "$work/one.json" <<'PY'
import json, sys
from collections import Counter, defaultdict
sys.path.insert(0, "tests/data")
import export_reports as r
data, c = open(sys.argv[1], "rb").read(), r.Capture(sys.argv[2])


def varint(b, at):
    value = shift = 0
    while True:
        value |= (b[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if b[at - 1] < 128:
            return value, at


def fields(b):
    out, at = defaultdict(list), 0
    while at < len(b):
        key, at = varint(b, at)
        if key & 7 == 0:
            value, at = varint(b, at)
        else:
            size, at = (8, at) if key & 7 == 1 else varint(b, at)
            assert key & 7 in (1, 2) and at + size <= len(b)
            value, at = b[at:at + size], at + size
        out[key >> 3].append(value)
    return out


tracks, names, depth, slices, flows, high = {}, {}, Counter(), Counter(), Counter(), 0
events = []
for packet in map(fields, fields(data)[1]):
    for interned in packet[12]:
        for entry in map(fields, fields(interned)[2]):
            names[entry[1][0]] = entry[2][0].decode()
    for track in map(fields, packet[60]):
        tracks[track[1][0]] = track
    for event in map(fields, packet[11]):
        events.append((packet[8][0], event))
        assert event[11][0] in tracks and (not event[10] or event[10][0] in names)
for time, event in sorted(events, key=lambda e: e[0]):
    kind, track = event[9][0], event[11][0]
    if kind in (1, 2):
        depth[track] += 1 if kind == 1 else -1
        assert depth[track] >= 0
    if kind == 1:
        slices[event[22][0].decode()] += 1
        flows.update(event[47])
    if kind == 4:
        high = max(high, event[30][0])
assert not any(depth.values())
assert slices["gpu"] == len(c.gpu()) and slices["cuda"] == len(c.calls()), slices
linked = Counter(g[2].to_bytes(8, "little") for g in c.gpu() if g[2])
calls = sum("correlation" in e.get("args", {}) for e in json.load(open(sys.argv[3]))["traceEvents"]
            if e.get("cat") in ("cuda_runtime", "cuda_driver") and e["ph"] == "X")
assert calls and sum(flows.values()) == sum(linked.values()) + calls
labels = {t[2][0].decode() for t in tracks.values() if t[2]}
assert {"phases", "experts", "expert 3", "GPU 0 work running"} <= labels, labels
assert high >= 1
PY
}
ok "the Perfetto trace has the same slices on balanced tracks" proto

# Kernels of a CUDA graph that was captured once and replayed, through the tables that say how graphs were made.
graphs() {
    gzip -dc tests/data/golden/small_graphs.moetrace.gz >"$work/graphs.moetrace"
    "$moetrace" export "$work/graphs.moetrace" -f nsys-sqlite -o "$work/graphs.sqlite" &&
        "$moetrace" report --format json --top 1000000 "$work/graphs.moetrace" >"$work/graphs.json" &&
        "$python" $reports check "$work/graphs.sqlite" && "$python" tests/data/export_graphs.py "$work/graphs.json" "$work/graphs.sqlite"
}
ok "replayed kernels can be led back to their experts by the tables of graphs" graphs

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
ok "--range takes what lies in a range, with its kernels" selected

files() {
    echo precious >"$work/precious.sqlite"
    refuses 'precious.sqlite: exists and is no export' -f nsys-sqlite -o "$work/precious.sqlite" "$work/one.moetrace" &&
        grep -q precious "$work/precious.sqlite" &&
        "$moetrace" export --force -f nsys-sqlite -o "$work/precious.sqlite" "$work/one.moetrace" &&
        "$moetrace" export -f nsys-sqlite -o "$work/precious.sqlite" "$work/one.moetrace" &&
        "$moetrace" export -f chrome -o "$work/one.json" "$work/one.moetrace" &&
        "$moetrace" export -f perfetto -o "$work/one.pftrace" "$work/one.moetrace" &&
        refuses 'one.moetrace: is what is to be exported' --force -f chrome -o "$work/one.moetrace" "$work/one.moetrace" &&
        refuses 'no export' -f chrome -o "$work/two.moetrace" "$work/one.moetrace" &&
        refuses 'one.sqlite: is what is to be exported' -f nsys-sqlite -o "$work/one.sqlite" "$work/one.sqlite" &&
        refuses 'no/such/x.sqlite: cannot be written' -f nsys-sqlite -o "$work/no/such/x.sqlite" "$work/one.moetrace" &&
        [ -z "$(find "$work" -name '*.sqlite.*')" ] && (umask 022 && "$moetrace" export -f chrome -o "$work/new.json" \
        "$work/one.moetrace") && [ "$(stat -c %a "$work/new.json")" = 644 ]
}
ok "nothing that is no export is replaced, and nothing is left half-written" files

usage() {
    refuses 'needs a trace' -f chrome -o x.json && refuses 'needs --format' -o x "$work/one.moetrace" &&
        refuses 'needs --output' -f chrome "$work/one.moetrace" && refuses 'format=xml' -f xml -o x "$work/one.moetrace" &&
        refuses 'ends in .sqlite' -f nsys-sqlite -o "$work/x.db" "$work/one.moetrace" &&
        refuses 'from=soon' --from soon -f chrome -o x "$work/one.moetrace" &&
        refuses 'before --from' --from 2s --to 1s -f chrome -o x "$work/one.moetrace" &&
        refuses 'missing' -f chrome -o "$work/x.json" "$work/missing" && [ ! -e "$work/x.json" ] &&
        "$moetrace" export --help | grep -q '^Usage: moetrace export '
}
ok "wrong usage is refused" usage

cut_trace() {
    head -c 20000 "$work/one.moetrace" >"$work/cut.moetrace"
    "$moetrace" export "$work/cut.moetrace" -f nsys-sqlite -o "$work/cut.sqlite" | grep -q 'not complete' &&
        "$python" $reports check "$work/cut.sqlite"
}
ok "a cut trace is exported as far as it goes, and said to be cut" cut_trace

done_testing

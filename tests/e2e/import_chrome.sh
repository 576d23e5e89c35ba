#!/usr/bin/env bash
# Chrome traces of torch.profiler in place of traces: the same tables, and files that are cut, deep or no JSON.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

"$python" tests/data/analysis_oracle.py write "$work/one.moetrace" 11
unpack analysis_nsys_k8 k8
"$moetrace" export "$work/k8.moetrace" -f chrome -o "$work/k8.json" >/dev/null
"$moetrace" export "$work/one.moetrace" -f chrome -o "$work/one.json" >/dev/null

# As torch.profiler might write it: in no order, with operators, and without what moetrace adds.
"$python" - "$work" <<'PY'
import json, random, sys
trace = json.load(open(sys.argv[1] + "/one.json"))
events = [e for e in trace["traceEvents"] if e.get("cat") != "ac2g" and not e.get("args", {}).get("left open")]
for e in [e for e in events if e.get("cat") == "cuda_runtime"]:
    events.append({"ph": "X", "cat": "cpu_op", "name": "aten::mm \u20ac", "pid": e["pid"], "tid": e["tid"], "ts": e["ts"] - 1,
                   "dur": e["dur"] + 2, "args": {"Input Dims": [[1, 2], []], "x": {"y": [{}]}}})
random.Random(3).shuffle(events)
trace["traceEvents"] = events + [{"ph": "X", "cat": "Trace", "ts": 1, "dur": 5, "pid": "Spans", "tid": "x", "name": "PyTorch"}]
json.dump(trace, open(sys.argv[1] + "/torch.json", "w"), indent=1)
PY

same_tables() { # same_tables FILE FILE: in their reports
    "$moetrace" report --format json --top 1000 "$1" >"$work/wanted" && "$moetrace" report --format json --top 1000 "$2" >"$work/got" &&
        "$python" - "$work/wanted" "$work/got" <<'PY'
import sys
sys.path.insert(0, "tests/data")
from report_tables import load
a, b = (load(path) for path in sys.argv[1:3])
for table in ("latency", "experts", "layer_experts"):
    assert a[table].rows and a[table].rows == b[table].rows, table
PY
}
ok "the report of the Chrome trace is that of the trace" same_tables "$work/k8.moetrace" "$work/k8.json"
grep -v '"left open":true' "$work/one.json" >"$work/plain.json"
ok "in any order, among operators, too" same_tables "$work/plain.json" "$work/torch.json"

# Which requests were profiled is known from the recorder's marks, in the export, too.
for golden in small_alternate small_auto; do
    gunzip -c "tests/data/golden/$golden.moetrace.gz" >"$work/$golden.moetrace"
    "$moetrace" export "$work/$golden.moetrace" -f chrome -o "$work/$golden.json" >/dev/null
    profiled_as_before() {
        for file in "$golden.moetrace" "$golden.json"; do
            "$moetrace" report --format json "$work/$file" >"$work/$file.report" || return 1
        done
        "$python" - "$work/$golden.moetrace.report" "$work/$golden.json.report" <<'PY'
import json, sys
a, b = ({t["id"]: (t["rows"], t.get("notes")) for t in json.load(open(path))["reports"][0]["tables"]} for path in sys.argv[1:3])
for table in ("latency", "overhead", "gpu_time", "phase_parts"):
    assert a[table] == b[table], table
PY
    }
    ok "$golden: an export has the profiled requests" profiled_as_before
done
unprofiled() {
    "$python" - "$work/small_alternate.json" <<'PY'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
off = [(e["ts"], e["ts"] + e["dur"]) for e in events if e.get("cat") == "moetrace"]
kernels = [e["ts"] for e in events if e.get("cat") == "kernel"]
assert off and kernels and not any(a < ts < b for ts in kernels for a, b in off), (len(off), len(kernels))
PY
}
ok "and shows when profiling was off" unprofiled

# A call that ends where a range does lies in it; one that lies across its end does not, as in Nsight Systems' reports.
straddling() {
    "$python" - >"$work/straddle.json" <<'PY'
import json
events = [{"ph": "X", "cat": "user_annotation", "name": name, "pid": 7, "tid": 7, "ts": ts, "dur": dur}
          for name, ts, dur in (("prefill", 100, 100), ("layer.0", 110, 20))]
for n, (ts, dur, took) in enumerate(((112, 3, 5), (125, 5, 5), (129, 2, 7), (199, 2, 9)), 1):
    events += [{"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 7, "tid": 7, "ts": ts, "dur": dur,
                "args": {"correlation": n}},
               {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 300 + 10 * n, "dur": took,
                "args": {"correlation": n, "device": 0, "context": 1, "stream": 7}}]
print(json.dumps({"traceEvents": events}))
PY
    "$moetrace" dump "$work/straddle.json" | awk '/^(push|pop)/ {printf "%s ", $1} /^api/ {printf "%s ", $6}'
}
is "a call across the end of a range lies in the range around it" "$(straddling)" \
    "push push correlation=1 correlation=2 pop correlation=3 pop correlation=4 "

# The report of an import says what it misses; what recording cost is not in such a file, and is not made up.
completeness() {
    "$moetrace" report --all "$work/straddle.json" | sed -n '/^Completeness/,$p' >"$work/completeness.txt"
    grep -q 'kernel time  *26000 ns in total = 26000 ns attributed + 0 ns unattributed' "$work/completeness.txt" &&
        grep -qE 'outside  *1, 9000 ns' "$work/completeness.txt" &&
        grep -qE 'cost: host time  *-$' "$work/completeness.txt" && grep -qE 'GPU records dropped  *-$' "$work/completeness.txt"
}
ok "its report prints its completeness" completeness

# Two processes whose calls have the same ids: no kernel is given to the wrong one.
two_processes() {
    "$python" - >"$work/two.json" <<'PY'
import json
events = []
for pid, name in ((7, "prefill"), (8, "decode")):
    events.append({"ph": "X", "cat": "user_annotation", "name": name, "pid": pid, "tid": pid, "ts": 100, "dur": 100})
    for n in (1, 2) if pid == 7 else (2, 3):
        events += [{"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": pid, "tid": pid, "ts": 100 + 10 * n,
                    "dur": 3, "args": {"correlation": n}},
                   {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 300 + 10 * n + pid, "dur": 10 * n + pid - 7,
                    "args": {"correlation": n, "device": 0, "context": 1, "stream": 7}}]
print(json.dumps({"traceEvents": events}))
PY
    "$moetrace" report --format json "$work/two.json" >"$work/two.report" && "$python" - "$work/two.report" <<'PY'
import sys
sys.path.insert(0, "tests/data")
from report_tables import load
tables = load(sys.argv[1])
numbers = tables["completeness_counts"].facts()
assert (numbers["kernels.unattributed.count"], numbers["kernels.unattributed.ns"]) == (2, 41000), numbers
phases = dict(tables["phase_parts"].select("phase", "sum_ms"))
assert (phases["prefill"], phases["decode"]) == (0.010, 0.031), phases
assert any("several processes" in (value or "") for key, value in tables["completeness"].facts().items() if "chrome" in key), "no note"
PY
}
ok "ids that two processes share attribute nothing" two_processes

# refused FILE PATTERN: status 2 and one line, within 256 MiB
refused() {
    (ulimit -c 0 && if [ -z "$SAN" ]; then ulimit -v 262144; fi && timeout "$(time_limit 20)" "$moetrace" report "$1" >/dev/null 2>"$work/err")
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q -- "$2" "$work/err"
}
bad_files() {
    local size
    size=$(stat -c %s "$work/one.json")
    for at in 2 300; do # in front of the first event
        head -c "$at" "$work/one.json" >"$work/cut.json"
        refused "$work/cut.json" 'is cut or no JSON' || { echo "cut at $at" && return 1; }
    done
    for at in $((size / 2)) $((size - 4)); do
        head -c "$at" "$work/one.json" >"$work/cut.json"
        "$moetrace" report --format json "$work/cut.json" >"$work/cut.txt" && "$python" tests/data/case_numbers.py "$work/cut.txt" "n[\"trace.cut\"] == 1" || { echo "cut at $at" && return 1; }
    done
    "$python" - "$work" <<'PY'
import sys
d = sys.argv[1]
one = '{"ph":"X","cat":"nvtx","name":"%s","pid":1,"tid":1,"ts":1,"dur":1}'
open(d + "/deep.json", "w").write('{"traceEvents":[' + one % "x" + "," + "[" * 100000 + "]" * 100000 + "]}")
open(d + "/deeper.json", "w").write('{"x":' + '{"a":[' * 100000)
open(d + "/other.json", "w").write('{"a": 1, "b": [1, 2, {"c": null}]}')
open(d + "/long.json", "w").write('{"traceEvents":[' + one % ("x" * 50000000) + "]}")
PY
    "$moetrace" report "$work/deep.json" >/dev/null && "$moetrace" report "$work/long.json" >/dev/null &&
        refused "$work/deeper.json" 'is cut' && refused "$work/other.json" 'without traceEvents'
}
ok "files that are truncated, deep, long or of another kind" bad_files

random_bytes() {
    "$python" - "$moetrace" "$work" <<'PY'
import random, subprocess, sys
moetrace, work = sys.argv[1:]
data, rng = open(work + "/one.json", "rb").read()[:60000], random.Random(5)
for i in range(60):
    bad = bytearray(data)
    for _ in range(rng.choice([1, 5, 50])):
        bad[rng.randrange(1, len(bad))] = rng.choice(b'"{}[],:\\u0e9-.ntfx\xff\x00')
    open(work + "/random.json", "wb").write(bad + (b"" if i % 2 else b"]}"))
    done = subprocess.run([moetrace, "report", work + "/random.json"], capture_output=True, timeout=60)
    said = done.stderr.decode(errors="replace")
    assert (done.returncode, said.count("\n")) in ((0, 0), (2, 1)), (i, done.returncode, said[-500:])
PY
}
ok "random damage costs at most one line" random_bytes
done_testing

#!/usr/bin/env bash
# moetrace report and dump from outside: the numbers against an independent oracle, the files, the errors.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
tmp=$work

oracle() {
    local seed
    for seed in 1 2 3 4 5 6 7 8; do
        "$python" tests/data/analysis_oracle.py check "$moetrace" "$tmp/oracle.moetrace" "$seed" || return 1
    done
}

# The shape of the experiment's file: a list by k, each phase with the seven numbers; nothing else.
json_shape() {
    "$moetrace" report --json "$tmp/out.json" "$tmp/a/one.moetrace" >/dev/null &&
        "$python" - "$tmp/out.json" <<'PY'
import json, sys
entries = json.load(open(sys.argv[1]))
keys = ["P50", "P95", "P99", "mean", "std", "min", "max"]
assert [e.get("top_k") for e in entries] == [1, 2, 5, None], entries
for e in entries[:3]:
    assert list(e) == ["top_k", "vision", "prefill", "decode", "decode_per_token"], list(e)
    assert all(list(e[phase]) == keys for phase in list(e)[1:])
assert list(entries[3]) == ["prefill"]
PY
}

# The same with every request: its latencies are those of --samples, and their medians those of the summary.
json_samples() {
    "$moetrace" report --json "$tmp/list.json" "$tmp/a/one.moetrace" >/dev/null &&
        "$moetrace" report --json "$tmp/dict.json" --json-samples --samples "$tmp/dict.csv" "$tmp/a/one.moetrace" >/dev/null &&
        "$moetrace" report --json "$tmp/dict.json" "$tmp/a/one.moetrace" >/dev/null && # its own file
        "$moetrace" report --json "$tmp/dict.json" --json-samples "$tmp/a/one.moetrace" >/dev/null &&
        "$python" - "$tmp/list.json" "$tmp/dict.json" "$tmp/dict.csv" <<'PY'
import csv, json, sys
from statistics import median
summary, found = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
assert list(found) == ["summary", "all_samples"] and found["summary"] == summary
rows = [r for r in csv.DictReader(open(sys.argv[3])) if r["warmup"] == "0"]
fields = {"vision": "T_vision", "prefill": "T_LLM_prefill", "decode": "T_LLM_decode"}
for entry in summary:
    k = entry.get("top_k")
    requests = [s for s in found["all_samples"] if s.get("top_k") == k]
    assert [s["sample_id"] for s in requests] == list(range(len(requests)))
    for phase, field in fields.items():
        got = [s[field] for s in requests if field in s]
        want = [float(r["latency_ms"]) for r in rows
                if r["in_report"] == "1" and r["phase"] == phase and r["k"] == ("" if k is None else str(k))]
        assert len(got) == len(want) and all(abs(x - y) < 1e-6 for x, y in zip(got, want)), (k, phase, got, want)
        assert (phase in entry) == bool(got) and (not got or abs(median(got) - entry[phase]["P50"]) < 1e-6)
    for s in requests:
        steps = s.get("T_decode_per_step", [])
        assert s["T_total"] >= max(s.get(f, 0) for f in fields.values()) and all(len(x) == 1 for x in steps)
        assert s.get("T_vision") == s.get("T_vision_total") and ("T_LLM_decode" in s or not steps)
assert any(len(s["T_decode_per_step"]) > 1 for s in found["all_samples"] if "T_LLM_decode" in s)
PY
}

# The numbers for programs are those that people read.
completeness_counts() {
    "$moetrace" report --format json "$tmp/cut.moetrace" >"$tmp/cut.report" && "$python" - "$tmp/cut.report" <<'PY'
import re, sys
sys.path.insert(0, "tests/data")
from report_tables import load
got = load(sys.argv[1])
text, numbers = got["completeness"].facts(), got["completeness_counts"].facts()
read = lambda key: [int(n) for n in re.findall(r"\d+", text[key].replace(",", ""))]
for part in ("in_ranges", "outside", "unattributed"):
    assert read("kernels." + part)[:2] == [numbers[f"kernels.{part}.count"], numbers[f"kernels.{part}.ns"]], part
assert numbers["kernels.ns"] == sum(numbers[f"kernels.{p}.ns"] for p in ("in_ranges", "outside", "unattributed")) > 0
assert read("trace.bytes")[:2] == [numbers["trace.bytes_unreadable"], numbers["trace.bytes"]]
assert read("ranges.left_open") == [numbers["ranges.left_open"]]
assert (numbers["complete"], numbers["trace.ended_on_purpose"], numbers["host.dropped"]) == (0, 0, None), numbers
PY
}

json_is_readable() {
    (umask 022 && "$moetrace" report --json "$tmp/mode.json" "$tmp/a/one.moetrace" >/dev/null) &&
        [ "$(stat -c %a "$tmp/mode.json")" = 644 ] && [ -z "$(find "$tmp" -name 'mode.json.*')" ]
}

# Each input is refused by both subcommands, and --json leaves no file.
refuses_inputs() {
    local input
    for input in missing nothing.d empty.moetrace foreign.moetrace headless.moetrace; do
        refuses "$input" "$moetrace" report --json "$tmp/none.json" --samples "$tmp/none.csv" "$tmp/$input" || return 1
        ls "$tmp"/none.* 2>/dev/null && return 1
    done
    for input in missing nothing.d; do
        refuses "$input" "$moetrace" dump "$tmp/$input" || return 1
    done
}

refuses_usage() {
    refuses 'moetrace --help' "$moetrace" &&
        refuses 'unknown command: frob' "$moetrace" frob &&
        refuses 'unknown command: frob' "$moetrace" help frob &&
        refuses 'unknown option: --frob' "$moetrace" --frob &&
        refuses '--frob.*moetrace report --help' "$moetrace" report --frob "$tmp/a" &&
        refuses 'unknown option: --frob ' "$moetrace" report --top 3 --frob "$tmp/a" &&
        refuses 'unknown option: -x in -xj ' "$moetrace" report "$tmp/a" -xj &&
        refuses '--json needs a value: FILE ' "$moetrace" report "$tmp/a" --json &&
        refuses '--top=many' "$moetrace" report --top=many "$tmp/a" &&
        refuses '--top=-1' "$moetrace" report --top=-1 "$tmp/a" &&
        (cd "$tmp/nothing.d" && refuses 'needs a trace' "$moetrace" report) &&
        refuses 'needs a trace' "$moetrace" dump &&
        refuses 'takes one trace' "$moetrace" report "$tmp/a" "$tmp/a"
}

helps() {
    local sub
    "$moetrace" --version | grep -qx "moetrace $(cat VERSION)" || return 1
    "$moetrace" --help | grep -q '^  report ' || return 1
    for sub in record report verify diff dump; do
        cmp <("$moetrace" help $sub) <("$moetrace" $sub --help) || return 1
        "$moetrace" $sub --help | grep -q "^Usage: moetrace $sub " || return 1
        "$moetrace" $sub --version | grep -qx "moetrace $(cat VERSION)" || return 1
    done
}

cut_trace() {
    head -c 20000 "$tmp/a/one.moetrace" >"$tmp/cut.moetrace"
    "$moetrace" report --all --json "$tmp/cut.json" "$tmp/cut.moetrace" >"$tmp/cut.txt" || return 1
    grep -q 'This trace is not complete' "$tmp/cut.txt" && grep -q 'file cut: yes' "$tmp/cut.txt" &&
        grep -q 'end of recording *abrupt' "$tmp/cut.txt" && grep -q 'ns in total = ' "$tmp/cut.txt" &&
        [ -s "$tmp/cut.json" ]
}

directory() {
    mkdir "$tmp/two"
    cp "$tmp/a/one.moetrace" "$tmp/two/b.moetrace"
    head -c 64 "$tmp/a/one.moetrace" >"$tmp/two/a.moetrace" # a process that recorded nothing
    "$moetrace" report --all --json "$tmp/two.json" --samples "$tmp/two.csv" "$tmp/two" >"$tmp/two.txt" || return 1
    [ "$(cut -d, -f1 "$tmp/two.csv" | sort -u)" = "$tmp/two/b.moetrace
trace" ] || return 1
    [ "$(grep -c '^Run$' "$tmp/two.txt")" -eq 2 ] && [ -s "$tmp/two.json" ] || return 1
    cp "$tmp/a/one.moetrace" "$tmp/two/c.moetrace"
    "$moetrace" report --json "$tmp/three.json" "$tmp/two" >/dev/null 2>"$tmp/three.err"
    [ $? -eq 2 ] && [ ! -e "$tmp/three.json" ] && grep -q 'several traces with phases' "$tmp/three.err"
}

one_k() {
    "$moetrace" report --all --k 2 --top 3 "$tmp/a/one.moetrace" >"$tmp/k.txt" &&
        grep -q '^Experts, sums over all layers, 3 of 8 (k = 2, without warm-up)$' "$tmp/k.txt"
}

full_disk() {
    if [ -e /dev/full ]; then
        "$moetrace" report "$tmp/a/one.moetrace" >/dev/full 2>"$tmp/full.err"
        [ $? -eq 2 ] && grep -q 'could not be written' "$tmp/full.err" || return 1
    fi
    "$moetrace" report --json "$tmp/no/such/dir.json" "$tmp/a/one.moetrace" >/dev/null 2>"$tmp/full.err"
    [ $? -eq 2 ] && grep -q 'no/such/dir.json' "$tmp/full.err" || return 1
    "$moetrace" report --samples "$tmp/no/such/dir.csv" "$tmp/a/one.moetrace" >/dev/null 2>"$tmp/full.err"
    [ $? -eq 2 ] && grep -q 'no/such/dir.csv' "$tmp/full.err" || return 1
    mkdir "$tmp/taken.json" # cannot be replaced by a file: what was written beside it must go
    "$moetrace" report --json "$tmp/taken.json" "$tmp/a/one.moetrace" >/dev/null 2>"$tmp/full.err"
    [ $? -eq 2 ] && grep -q 'taken.json' "$tmp/full.err" && [ -z "$(find "$tmp" -name 'taken.json.*')" ]
}

# Every record is a line; names that would move the cursor are escaped; the last line says how the reading went.
dumps() {
    "$moetrace" dump "$tmp/a/one.moetrace" >"$tmp/dump.txt" || return 1
    head -1 "$tmp/dump.txt" | grep -q '^trace ".*one.moetrace"$' || return 1
    tail -1 "$tmp/dump.txt" | grep -q '^read chunks=.* damaged=0 .*skipped=0 cut=no ended=yes$' || return 1
    grep -q '^meta "program" "oracle"$' "$tmp/dump.txt" &&
        grep -q '^push thread=0 time=[0-9]* name="top_k=2" domain=- payload=- category=- color=-$' "$tmp/dump.txt" &&
        grep -q '^push thread=0 .* name="decode" domain="CCCL" payload=3 ' "$tmp/dump.txt" &&
        grep -q '^api thread=0 .* name="cudaLaunchKernel" correlation=[0-9]* result=0$' "$tmp/dump.txt" &&
        grep -q '^kernel queue=. start=[0-9]* .* graph=- node=- shape=. name="_Z' "$tmp/dump.txt" &&
        grep -q '^counter "odd.counter" 77$' "$tmp/dump.txt"
}

silent_in_a_pipe() {
    "$moetrace" report "$tmp/a/one.moetrace" 2>&1 >/dev/null | wc -c | grep -qx 0
}

mkdir "$tmp/a" "$tmp/nothing.d"
: >"$tmp/empty.moetrace"
head -c 300 Makefile >"$tmp/foreign.moetrace"
"$python" tests/data/analysis_oracle.py write "$tmp/a/one.moetrace" 42
head -c 63 "$tmp/a/one.moetrace" >"$tmp/headless.moetrace"

echo "# seeds 1 to 8"
ok "report agrees with the oracle on random sweeps" oracle
ok "--json has the experiment's shape" json_shape
ok "--json-samples has every request" json_samples
ok "--json is as readable as any new file" json_is_readable
ok "inputs that are not traces are refused" refuses_inputs
ok "wrong usage is refused" refuses_usage
ok "help and version are complete" helps
ok "a truncated trace is reported as truncated" cut_trace
ok "the counts of its completeness, for programs" completeness_counts
ok "a directory is reported process by process" directory
ok "--k and --top choose" one_k
ok "output that cannot be written is an error" full_disk
ok "dump prints every record" dumps
ok "only results in a pipe" silent_in_a_pipe
ok "dump and report read the same trace twice alike" cmp <("$moetrace" report --all "$tmp/a/one.moetrace") \
    <("$moetrace" report --all "$tmp/a/one.moetrace")
done_testing

#!/usr/bin/env bash
# Small captures, each of a kind that was once read wrongly: the right numbers of each.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
cases=tests/data/cases

# reads CASE EXPRESSION: the report is made, and the expression holds for it (tests/data/case_numbers.py)
reads() {
    "$moetrace" report --format json "$cases/$1" >"$work/report.json" && "$python" tests/data/case_numbers.py "$work/report.json" "$2"
}

ok "ranks whose ids are texts keep their work apart" reads merged_tp.json \
    'gpu == {"prefill": (0.03, 0.03), "decode": (0.3, 0.3)} and n["kernels.unattributed.count"] == 0 and n["complete"] == 1'
ok "threads whose ids are texts are not one thread" reads tid_names.json \
    'n["kernels.outside.count"] == 1 and gpu["loader"] == (0, 0) and gpu["forward"] == (0, 0)'

# Ids far apart, negative, beyond 32 bits and of texts, twice over the distance at which launches are forgotten.
far_ids() {
    "$python" - >"$work/far.json" <<'PY'
import json
events = []
for phase, at, ids in (("prefill", 100, [1, 1 + (1 << 22), 1 + (1 << 23), -1, -(1 << 40)]), ("decode", 300, [(1 << 32) + 1, 1 << 62, "a", "1b", 1.0e3])):
    events.append({"ph": "X", "cat": "user_annotation", "name": phase, "pid": 7, "tid": 7, "ts": at, "dur": 100})
    for i, n in enumerate(ids):
        events += [{"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 7, "tid": 7, "ts": at + 10 * i, "dur": 3,
                    "args": {"correlation": n}},
                   {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 500 + at + 10 * i, "dur": 10 if at == 100 else 1,
                    "args": {"correlation": n, "device": 0, "context": 1, "stream": 7}}]
print(json.dumps({"traceEvents": events}))
PY
    "$moetrace" report --format json "$work/far.json" >"$work/report.json" && "$python" tests/data/case_numbers.py "$work/report.json" \
        'gpu == {"prefill": (0.05, 0.05), "decode": (0.005, 0.005)} and n["kernels.unattributed.count"] == 0'
}
ok "correlation ids of any form" far_ids

# Not a trace: one line tells what was looked for and what was found.
for case in array_empty array_numbers array_other hatchet events_empty; do
    ok "$case is not a trace" refuses 'no event of torch.profiler: looked for user_annotation.*found no events at all' \
        "$moetrace" report --all "$cases/$case.json"
done
ok "jax is not a trace" refuses 'found 1 event without a category' "$moetrace" report "$cases/jax.json"
ok "legacy_autograd is not a trace" refuses 'found 2 events without a category' "$moetrace" report "$cases/legacy_autograd.json"
results() {
    "$moetrace" report --format json "$cases/bom.json" >"$work/results.json"
    refuses 'without traceEvents: its keys are schema, reports' "$moetrace" report "$work/results.json"
}
ok "its own results are not a trace" results
ok "an export without CUDA or NVTX" refuses 'without CUDA or NVTX events: profile with .nsys profile -t cuda,nvtx' \
    "$moetrace" report --all "$cases/nsys_cpu_only.sqlite"
ok "a report of nsys by its extension" refuses 'nsys export --type sqlite -o .*nsys_report.sqlite ' "$moetrace" report "$cases/nsys_report.qdrep"
ok "a report of nsys by its first bytes" refuses 'nsys export --type sqlite' "$moetrace" report "$cases/nsys_report.bin"

# What cannot be read is counted.
for case in no_dur null_dur nan_dur negative_dur ts0_dur0; do
    ok "$case: a kernel without a time" reads "$case.json" \
        'n["kernels.count"] == 2 and n["kernels.untimed"] == 1 and n["kernels.ns"] == 10000 and n["complete"] == 0'
done
ok "ts_ns: invalid times are counted" reads ts_ns.json \
    'n["host.dropped"] == 3 and n["kernels.untimed"] == 2 and n["complete"] == 0 and "3 ranges, marks or calls" in notes'
for case in ts_exp ts_exp16; do
    ok "$case: times with an exponent are read exactly" reads "$case.json" 'gpu == {"prefill": (0.03, 0.03)} and n["complete"] == 1'
done
ok "ts_exp16: to the nanosecond" reads ts_exp16.json 'latency == {"prefill": 0.14}'
for case in trailing_garbage two_objects; do
    ok "$case: the rest is reported as unread" reads "$case.json" \
        'n["kernels.count"] == 2 and n["trace.bytes_unreadable"] > 0 and n["complete"] == 0 and "were not read" in notes'
done
ok "B and E form a range" reads begin_end.json 'gpu == {"prefill": (0.01, 0.01)} and n["complete"] == 1'
ok "b and e form a start/end range" reads async_be.json 'gpu == {"prefill": (0.01, 0.01)} and n["complete"] == 1'
is "it is one" "$("$moetrace" dump "$cases/async_be.json" | grep -cE '^(start|end) ')" 2

# Ranges that lie across each other.
ok "a range that crosses the end of another keeps its work" reads crossing.json \
    'gpu == {"request.*": (0.05, 0.07), "request.*/request.*": (0.02, 0.02)} and n["kernels.outside.count"] == 0'
crossing() {
    sed 's/request\.1/first/; s/request\.2/second/' $cases/crossing.json >"$work/crossing.json"
    "$moetrace" report --format json "$work/crossing.json" >"$work/report.json" && "$python" tests/data/case_numbers.py "$work/report.json" \
        'gpu == {"first": (0.01, 0.03), "first/second": (0.02, 0.02), "second": (0.04, 0.04)}'
}
ok "and not that of one that has ended" crossing

# Waits right after a phase: the GPU is idle in them until the phase's last work.
waits_behind() {
    "$moetrace" report --all --force --samples "$work/samples.csv" "$cases/wait_behind.json" >"$work/out" &&
        "$python" - "$work/samples.csv" <<'PY'
import csv, sys
row, = csv.DictReader(open(sys.argv[1]))
found = [row[c] for c in ("latency_ms", "gpu_idle_ms", "idle_in_enqueue_ms", "idle_in_sync_ms", "idle_host_work_ms")]
assert [round(float(x), 6) for x in found] == [0.51, 0.5, 0.001, 0.48, 0.019], found
PY
}
ok "a wait after the range counts until the phase's last GPU work ended" waits_behind

# The same run as a Chrome trace and as an export of nsys gives the same tables, whatever lies across what.
twins() {
    for seed in 1 2 3 4 5 6 7 8 9 10 11 12 $RANDOM $RANDOM; do
        rm -f "$work"/twin.*
        "$python" tests/data/twin_captures.py "$seed" "$work/twin.json" "$work/twin.sqlite" || return 1
        for kind in json sqlite; do
            "$moetrace" report --top 1000 --format json "$work/twin.$kind" >"$work/twin.$kind.out" || return 1
        done
        "$python" - "$work" <<'PY' || { echo "seed $seed" && return 1; }
import json, sys
chrome, nsys = ({t["id"]: t["rows"] for t in json.load(open(f"{sys.argv[1]}/twin.{kind}.out"))["reports"][0]["tables"]} for kind in ("json", "sqlite"))
different = [i for i in chrome.keys() | nsys.keys() if i not in ("run", "completeness", "completeness_counts") and chrome.get(i) != nsys.get(i)]
assert not different, different
PY
    done
}
ok "the same run gives the same tables as a Chrome trace and as an export of nsys" twins

# Ranges of other domains own work when they are chosen.
domains() { # EXPRESSION OPTION...
    local expression=$1
    shift
    "$moetrace" report --format json "$@" $cases/nsys_domain.sqlite >"$work/report.json" &&
        "$python" tests/data/case_numbers.py "$work/report.json" "$expression"
}
ok "GPU time in ranges of another domain only is reported" domains \
    'n["kernels.outside.ns"] == n["kernels.other_domains.ns"] == 10000 and n["kernels.other_domains.count"] == 1 and not gpu'
ok "and its domain" grep -q 'with ranges: TensorRT-LLM' "$work/report.json"
ok "--domains lets it own work" domains \
    'gpu == {"prefill": (0, 0.01), "prefill/layer.*": (0.01, 0.01)} and n["kernels.other_domains.ns"] == n["kernels.outside.ns"] == 0' \
    --domains 'X*' --domains 'Tensor*'
ok "--domains of another name does not" domains 'n["kernels.other_domains.ns"] == 10000 and not gpu' --domains TensorRT

# nsys traces graphs as wholes unless it is told not to.
ok "the time of whole graphs is in latency and busy" reads nsys_graph_whole.sqlite \
    'latency == {"decode": 3.1} and busy == {"decode": 1.01} and n["complete"] == 0 and "traced as a whole" in notes'

# Times that cannot be, as a Chrome trace and as an export of nsys.
as_nsys() { # CASE: the numbers of the same capture, exported to SQLite
    "$moetrace" export --format nsys-sqlite --force -o "$work/as_nsys.sqlite" "$cases/$1" >"$work/out" &&
        "$moetrace" report --format json "$work/as_nsys.sqlite" >"$work/report.json" && "$python" tests/data/case_numbers.py "$work/report.json" "$2"
}
for how in reads as_nsys; do
    ok "$how: a kernel of two seconds over its successors is impossible" $how stream_overrun.json \
        'n["kernels.impossible"] == n["kernels.untimed"] == 1 and n["kernels.count"] == 10 and n["kernels.ns"] == 72000 and n["complete"] == 0 and latency == {"prefill": 0.198} and busy == {"prefill": None}'
    ok "$how: a kernel that begins before its launch is counted" $how before_launch.json \
        'n["kernels.early"] == 1 and n["kernels.impossible"] == 0 and n["kernels.ns"] == 10000'
done
# Processes number their streams alike: kernels of one are no successors of another's.
of_two_processes() {
    sed 's/"pid": 10, "tid": 10, \("ts": [0-9]*, "dur": 1, "args": {"correlation": 4}\)/"pid": 11, "tid": 11, \1/' \
        $cases/stream_overrun.json >"$work/two.json" && ! cmp -s $cases/stream_overrun.json "$work/two.json" &&
        "$moetrace" report --format json "$work/two.json" >"$work/report.json" && "$python" tests/data/case_numbers.py "$work/report.json" \
        'n["kernels.impossible"] == n["kernels.untimed"] == n["kernels.unattributed.count"] == 0 and n["kernels.ns"] == 2000072000'
}
ok "a kernel that lies over those of another process is possible" of_two_processes
launched_before() {
    sed 's/"correlation": 1,/"correlation": 99,/' $cases/before_launch.json >"$work/before.json" && ! cmp -s $cases/before_launch.json "$work/before.json" &&
        "$moetrace" report --format json "$work/before.json" >"$work/report.json" && "$python" tests/data/case_numbers.py "$work/report.json" \
        'n["kernels.unattributed.count"] == n["kernels.before.count"] == 1 and n["kernels.before.ns"] == 10000'
}
ok "a kernel that was launched before the capture began is counted as such" launched_before

# Other back ends, files that are cut, and what stands in front.
ok "calls of XPUs launch" reads xpu.json 'gpu == {"prefill": (0.03, 0.03)} and n["kernels.unattributed.count"] == 0'
ok "work of MTIA is reported as unsupported" reads mtia.json '"unsupported back ends: mtia_runtime (1), mtia_ccp_events (1)" in notes'
for case in no_bracket cut_object; do
    ok "$case: read up to the damage" reads "$case.json" 'gpu == {"prefill": (0.03, 0.03)} and n["trace.cut"] == 1 and n["complete"] == 0'
done
for case in bom blank_first; do
    ok "$case: read" reads "$case.json" 'gpu == {"prefill": (0.03, 0.03)} and n["complete"] == 1'
done
ok "GPU 9 has its name" grep -q 'meta "device.9.name" "GPU 9"' <("$moetrace" dump "$cases/device_9.json")
is "of ten GPUs the one in use is named" "$("$moetrace" dump "$cases/device_9.json" | grep -c 'meta "device\..*name')" 1
done_testing

#!/usr/bin/env bash
# The report of a real run, against what Nsight Systems says of the same run. tests/data/analysis_nsys_k8.moetrace.gz holds
# the events of MolmoE in PyTorch on an H100 at k = 8 (one request, two decoded tokens; ranges layerL.expertE and CUB's own
# domain); analysis_nsys_k8.csv the sums of Nsight's reports nvtx_pushpop_sum, nvtx_kern_sum, nvtx_gpu_proj_trace and
# cuda_gpu_kern_sum over it.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
unpack analysis_nsys_k8 k8
"$moetrace" report --format json --top 100000 --json "$work/k8.json" "$work/k8.moetrace" >"$work/k8.report" || echo "# report failed"

echo 1..3
"$python" - "$work/k8" <<'PY'
import csv, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "tests/data")
from report_tables import load

report = load(sys.argv[1] + ".report")
latencies = json.load(open(sys.argv[1] + ".json"))
rows = {row["range"]: row for row in csv.DictReader(open("tests/data/analysis_nsys_k8.csv"))}
number = 0


def test(name, wrong):
    global number
    number += 1
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong[:20]:
        print("#", line)


experts = {f"layer{r['layer']}.expert{r['expert']}": r for r in report["layer_experts"].records()}
wrong = []
for name, row in rows.items():
    if "expert" in name:
        got = experts.pop(name, None)
        if not got or abs(got["gpu_ms"] - int(row["kernel_ns"]) / 1e6) > 1e-9 or got["kernels"] != int(row["kernels"]) \
                or abs(got["host_ms"] - int(row["host_ns"]) / 1e6) > 1e-9 or got["calls"] != int(row["ranges"]):
            wrong.append(f"{row}: the report has {got}")
test("every expert of every layer costs what Nsight Systems says", wrong + list(experts))

wrong = [] if len(latencies) == 1 and latencies[0]["top_k"] == 8 else ["not one entry with k = 8"]
kernels = dict(report["latency"].select("phase", "kernels"))
for phase in ("vision", "prefill", "decode"):
    got = latencies[0].get(phase, {}).get("P50", 0)
    if abs(got - int(rows[phase]["latency_ns"]) / 1e6) > 1e-9 or kernels.get(phase) != int(rows[phase]["kernels"]):
        wrong.append(f"{rows[phase]}: the report has {got} ms, {kernels.get(phase)} kernels")
test("each phase lasts and launches what Nsight Systems says", wrong)

counts = report["completeness_counts"].facts()
test("the time of all kernels is Nsight Systems'",
     [] if (counts["kernels.ns"], counts["kernels.unattributed.ns"]) == (int(rows["ALL"]["kernel_ns"]), 0) else [f"it is not: {counts}"])
PY

#!/usr/bin/env bash
# The report of a real run, against what Nsight Systems says of the same run. tests/data/analysis_nsys_k8.moetrace.gz holds
# the events of MolmoE in PyTorch on an H100 at k = 8 (one request, two decoded tokens; ranges layerL.expertE and CUB's own
# domain); analysis_nsys_k8.csv the sums of Nsight's reports nvtx_pushpop_sum, nvtx_kern_sum, nvtx_gpu_proj_trace and
# cuda_gpu_kern_sum over it.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
unpack analysis_nsys_k8 k8
"$moetrace" report --top 100000 --json "$work/k8.json" "$work/k8.moetrace" >"$work/k8.txt" || echo "# report failed"

echo 1..3
"$python" - "$work/k8" <<'PY'
import csv, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, "tests/data")
from analysis_oracle import table

report = open(sys.argv[1] + ".txt").read()
latencies = json.load(open(sys.argv[1] + ".json"))
rows = {row["range"]: row for row in csv.DictReader(open("tests/data/analysis_nsys_k8.csv"))}
number = 0


def test(name, wrong):
    global number
    number += 1
    print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
    for line in wrong[:20]:
        print("#", line)


experts = {f"layer{r[0]}.expert{r[1]}": r for r in table(report, "Experts by layer")}
wrong = []
for name, row in rows.items():
    if "expert" in name:
        got = experts.pop(name, None)
        if not got or abs(float(got[2]) - int(row["kernel_ns"]) / 1e6) > 0.0006 or got[4] != row["kernels"] \
                or abs(float(got[5]) - int(row["host_ns"]) / 1e6) > 0.0006 or got[6] != row["ranges"]:
            wrong.append(f"{row}: the report has {got}")
test("every expert of every layer costs what Nsight Systems says", wrong + list(experts))

wrong = [] if len(latencies) == 1 and latencies[0]["top_k"] == 8 else ["not one entry with k = 8"]
kernels = {row[1]: row[11] for row in table(report, "Latency")}
for phase in ("vision", "prefill", "decode"):
    got = latencies[0].get(phase, {}).get("P50", 0)
    if abs(got - int(rows[phase]["latency_ns"]) / 1e6) > 1e-9 or kernels.get(phase) != rows[phase]["kernels"]:
        wrong.append(f"{rows[phase]}: the report has {got} ms, {kernels.get(phase)} kernels")
test("each phase lasts and launches what Nsight Systems says", wrong)

total = rows["ALL"]["kernel_ns"]
test("the time of all kernels is Nsight Systems'",
     [] if f" {total} ns in all = {total} ns attributed + 0 ns unattributed" in report else ["it is not"])
PY

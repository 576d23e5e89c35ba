#!/usr/bin/env bash
# Busy, idle and hidden communication of each device, of a capture without ranges.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

seed=$RANDOM
echo "# seed $seed"
as_computed() {
    "$python" tests/data/device_trace.py "$seed" "$work/devices.json" >"$work/wanted.json" &&
        "$moetrace" report --format json "$work/devices.json" >"$work/got.json" &&
        "$python" - "$work" <<'PY'
import json, sys
sys.path.insert(0, "tests/data")
from report_tables import load
wanted = json.load(open(sys.argv[1] + "/wanted.json", encoding="utf-8"))
rows = load(sys.argv[1] + "/got.json")["devices"].records()
COLUMNS = ["window_ms", "gpu_busy_ms", "gpu_idle_ms", "communication_ms", "hidden_ms", "exposed_ms"]
got = {str(row["device"]): [round(row[column] * 1e6) for column in COLUMNS] for row in rows}
expected = {device: [wanted["window"], any, wanted["window"] - any, communication, hidden, communication - hidden]
            for device, (any, communication, hidden) in wanted["devices"].items()}
assert all(0 < sums[4] < sums[3] for sums in expected.values()), expected
expected["all"] = [sum(values) for values in zip(*expected.values())]
assert got == expected, (got, expected)
for row in rows:
    assert abs(row["idle_percent"] - 100 * row["gpu_idle_ms"] / row["window_ms"]) < 1e-6, row
PY
}
ok "each device's busy time and communication are those of an independent sum" as_computed
ok "a capture without GPU work has no such table" eval '! "$moetrace" report --all tests/data/cases/nsys_cpu_only.sqlite 2>/dev/null | grep -q "whole capture"'
done_testing

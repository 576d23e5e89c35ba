#!/usr/bin/env bash
# Captures of serving engines: phases, layers and parts from what the engines emit, and steps by shape.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

seed=$RANDOM
echo "# seed $seed"
as_described() { # as_described ENGINE: the report's tables against what the generator printed
    "$python" tests/data/server_trace.py "$1" "$seed" 60 "$work/$1.trace.json" >"$work/wanted.json" &&
        "$moetrace" report --format json "$work/$1.trace.json" >"$work/got.json" &&
        "$python" - "$work" <<'PY'
import json, sys
import numpy
sys.path.insert(0, "tests/data")
from report_tables import load
wanted = json.load(open(sys.argv[1] + "/wanted.json", encoding="utf-8"))
tables = load(sys.argv[1] + "/got.json")

rows = {row["phase"]: row for row in tables["latency"].records()}
assert set(rows) == set(wanted["latency"]), (set(rows), set(wanted["latency"]))
for phase, values in wanted["latency"].items():
    row = rows[phase]
    assert row["n"] == len(values), (phase, row)
    for column, percentile in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99)):
        assert abs(row[column] - numpy.percentile(values, percentile)) < 1e-9, (phase, column, row)

parts = {}
for row in tables["layer_parts"].records():
    for column, value in row.items():
        if column.endswith("_ms") and column != "sum_ms" and value is not None:
            parts[f"{row['phase']} {row['layer']} {column[:-3]}"] = round(value * 1e6)
other = {key for key in wanted["parts"] if key.endswith(" other")}
assert parts.keys() - other == wanted["parts"].keys() - other, parts.keys() ^ wanted["parts"].keys()
for key in wanted["parts"].keys() - other:
    assert parts[key] == wanted["parts"][key], (key, parts[key], wanted["parts"][key])
whole = tables["phase_parts"].records()[-1]
assert round(whole["sum_ms"] * 1e6) == sum(wanted["parts"].values()), whole

def bucket(text):
    low, _, high = text.rsplit(" ", 1)[0].partition(" to ")
    return int(low), int(high or low)
counted = {}
for row in tables["step_shapes"].records():
    low, high = bucket(row["shape"])
    values = [v for key, list in wanted["shapes"].items() for v in list
              if key.split()[0] == row["phase"] and low <= int(key.split()[1]) <= high]
    assert high & (high - 1) == 0 and low == high // 2 + 1, row # 1, 2, 3 to 4, 5 to 8, ...
    assert row["n"] == len(values), (row, values)
    assert abs(row["p50_ms"] - numpy.percentile(values, 50)) < 1e-9, row
    assert abs(row["max_ms"] - max(values)) < 1e-9, row
    counted[row["phase"]] = counted.get(row["phase"], 0) + len(values)
assert counted == {phase: len(values) for phase, values in wanted["latency"].items()}, counted
PY
}
for engine in vllm sglang tensorrt; do
    ok "$engine: phases, layers, parts and shapes are as described" as_described "$engine"
done
paths() { # steps of one kind, and modules whatever their shapes, share a row
    "$moetrace" report --format json --top 1000 "$work/vllm.trace.json" >"$work/got.json" && "$python" - "$work/got.json" <<'PY'
import sys
sys.path.insert(0, "tests/data")
from report_tables import load
paths = [row["range"] for row in load(sys.argv[1])["ranges"].records()]
assert len(paths) == 1 + 2 * 6, paths # the steps, and each module's calls and outputs
assert "execute_context_*(*)_generation_*(*)/model.layers.*.mlp.experts" in paths, paths
PY
}
ok "steps that differ only in counts share a row" paths
done_testing

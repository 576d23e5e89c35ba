#!/usr/bin/env bash
# moetrace flops: its tables against what PyTorch's FlopCounterMode counts in the public model, in every format; and what it refuses.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
config=tests/data/native/tiny_a_config.json
flops=("$BUILD/moetrace" flops "$config" --top-k "1,2,3,4,8" --prompt-tokens 60 --new-tokens 6 --dtype fp32)

for format in text json csv markdown latex; do
    ok "format $format" "${flops[@]}" --format $format
    cp "$work/tap.out" "$work/flops.$format"
done
cat >"$work/agree.py" <<'E2'
"""The sum over five decode steps, and each part of each phase, are those of the counter; all formats hold the same numbers."""
import csv, json, sys
sys.path.insert(0, "tests/data")
from report_tables import load
counted = json.load(open("tests/data/analysis_flops.json"))
want = {}
for one in counted["counts"]:
    for part, flops in one["flops"].items():
        key = (one["k"], one["phase"], part)
        want[key] = want.get(key, 0) + flops
tables = load(sys.argv[1] + "/flops.json")
got = {(k, phase, "total"): round(gflop * 1e9) for k, phase, gflop in tables["flops_phases"].select("k", "phase", "gflop")
       if phase != "decode/token"}
got.update({(k, phase, part): round(gflop * 1e9) for k, phase, part, gflop in tables["flops_parts"].select("k", "phase", "part", "gflop")
            if gflop})
assert got == want, set(got.items()) ^ set(want.items())
weights = {part: round(mb * 1e6) for k, phase, part, mb in tables["flops_parts"].select("k", "phase", "part", "weights_mbyte")
           if k == 8 and phase in ("vision", "prefill") and part != "embedding"}
assert weights == {part: 4 * n for part, n in counted["parameters"].items() if part != "embedding"}, weights
rows = [row for row in csv.reader(open(sys.argv[1] + "/flops.csv")) if row and row[0].isdigit()]
numbers = [row for t in tables.values() for row in t.rows]
assert len(rows) == len(numbers)
for row, like in zip(rows, numbers):
    for x, y in zip(row, like):
        assert (x == "") if y is None else (x == y) if isinstance(y, str) else abs(float(x) - y) <= 1e-12 * abs(y), (row, like)
for name, mark in (("markdown", "| 1 | prefill |"), ("latex", "1 & prefill &"), ("text", "1  prefill ")):
    assert mark in open(f"{sys.argv[1]}/flops.{name}").read(), name
E2
ok "FLOPs are those that FlopCounterMode counts, weights are the parameters" "$python" "$work/agree.py" "$work"

refused() { # refused NAME PATTERN ARGUMENT...
    ok "$1" refuses "$2" "$moetrace" flops "${@:3}"
}
refused "no configuration" "needs a Molmo config.json"
refused "no prompt" "--prompt-tokens" "$config"
refused "too many experts" "has 8 experts" "$config" --prompt-tokens 60 --top-k 9
refused "no list" "--top-k" "$config" --prompt-tokens 60 --top-k 1,x
refused "an empty list" "--top-k" "$config" --prompt-tokens 60 --top-k ,
refused "no dtype" "--dtype" "$config" --prompt-tokens 60 --dtype int8
refused "no file" "none.json" none.json --prompt-tokens 60
refused "no model" "not a JSON object" tests/e2e/analysis_flops.sh --prompt-tokens 60
is "without --top-k: those that the model has" \
    "$("$BUILD/moetrace" flops "$config" -p 4 -n 1 --crops 0 --format csv | grep -c prefill)" 28 # k = 1, 2, 4, 8: the phase, and its six parts
done_testing

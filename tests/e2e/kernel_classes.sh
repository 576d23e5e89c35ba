#!/usr/bin/env bash
# Classes of kernels by name: a golden list, sums by phase and k, and tables from files.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

seed=$RANDOM
echo "# seed $seed"
sums() { # sums K OPTION...: the table against the generator's sums of K
    local k=$1
    shift
    "$moetrace" report --format json "$@" "$work/kernels.json" >"$work/got.json" && "$python" - "$work" "$k" <<'PY'
import json, sys
sys.path.insert(0, "tests/data")
from report_tables import load
wanted = json.load(open(sys.argv[1] + "/wanted.json", encoding="utf-8"))[sys.argv[2]]
tables = load(sys.argv[1] + "/got.json")
rows = tables["kernel_classes"].records()
got = {f"{row['phase']} {row['class']}": [round(row["gpu_ms"] * 1e6), row["count"]] for row in rows}
assert len(got) == len(rows), "a row stands twice"
whole = got.pop("all all")
for key in list(got):
    if key.startswith("all "):
        parts = [got[other] for other in got if other.split(" ", 1)[1] == key[4:] and not other.startswith("all ")]
        assert got.pop(key) == [sum(part[0] for part in parts), sum(part[1] for part in parts)], key
assert got.keys() == wanted.keys(), got.keys() ^ wanted.keys()
for key, value in wanted.items():
    assert got[key] == value, (key, got[key], value)
assert whole == [sum(value[0] for value in wanted.values()), sum(value[1] for value in wanted.values())], whole
assert any(row["class"] == "unclassified" for row in rows)
PY
}
describe() { "$python" tests/data/kernel_class_trace.py "$seed" "$work/kernels.json" >"$work/wanted.json"; }
ok "a trace of all kernels of the golden list" describe
ok "classes add up by phase, to the nanosecond" sums all
ok "and of one k" sums 8 --k 8

classes() { # classes FILE: the classes of all kernels but copies, sorted
    "$moetrace" report --format json --kernel-classes "$1" "$work/kernels.json" >"$work/got.json" && "$python" - "$work/got.json" <<'PY'
import sys
sys.path.insert(0, "tests/data")
from report_tables import load
print(*sorted({row["class"] for row in load(sys.argv[1])["kernel_classes"].records()} - {"all", "memcpy"}))
PY
}
echo '{"^(?:void )?vllm::moe::\\w+<\\d": "mine", "nobody_has_it": "never", "Cijk_|nvjet.*": "blas"}' >"$work/own.json"
classes "$work/own.json" >"$work/own.txt"
ok "expressions of a file come first" grep -qw mine "$work/own.txt"
ok "the built-in classes follow" grep -qw nccl_all_reduce "$work/own.txt"
is "an expression that matches nothing has no row" "$(grep -cw never "$work/own.txt")" 0
echo '{"engine": {"a": {"gemm|nvjet": "gemm_a", ".*": "misc"}, "b": {".*": "everything"}}}' >"$work/engine.json"
is "a table of an engine's tool, chosen by its model" "$(classes "$work/engine.json#b")" "everything"
is "or by engine and model" "$(classes "$work/engine.json#engine/a")" "gemm_a misc"

refused() { # refused TEXT FILE: one line that holds TEXT, and status 2
    local rc=0
    "$moetrace" report --all --kernel-classes "$2" "$work/kernels.json" >"$work/out.txt" 2>"$work/err.txt" || rc=$?
    [ "$rc" = 2 ] && [ ! -s "$work/out.txt" ] && [ "$(wc -l <"$work/err.txt")" = 1 ] && grep -qF -- "$1" "$work/err.txt"
}
ok "several tables need a choice" refused "holds 2 tables of classes" "$work/engine.json"
ok "a model that is missing in the file" refused "no table of classes has the name" "$work/engine.json#c"
ok "no file" refused "cannot be read" "$work/none.json"
write() { printf '%s' "$1" >"$work/bad.json"; }
while IFS=$'\t' read -r text said; do
    write "$text"
    ok "refused: ${text:0:40}" refused "$said" "$work/bad.json"
done <<'EOT'
[1]	not a JSON object of regular expressions
{}	not a JSON object of regular expressions
{"a": 1}	not a JSON object of regular expressions
{"(": "x"}	not usable
{"a(?=b)": "x"}	not usable
{"(a)\\1": "x"}	not usable
{"((a{250}){250}){250}": "x"}	not usable
{"a": ""}	its class is empty
EOT
done_testing

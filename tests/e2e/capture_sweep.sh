#!/usr/bin/env bash
# Several captures, each of a run with its own k, as one sweep: rows, slowdowns and fits against numpy, where k comes from, and what is refused.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

seed=$RANDOM
echo "# seed $seed"
for k in 1 2 4 6 8; do
    mkdir "$work/k$k"
    "$python" tests/data/server_trace.py vllm $((seed + k)) 40 "$work/k$k/rank.trace.json" $((37 * k)) >"$work/wanted$k.json"
    echo "{\"architectures\": [\"Any\"], \"text_config\": {\"num_experts_per_tok\": $k}}" >"$work/k$k/config.json"
done
agrees() { # agrees OPTION...: the tables against numpy on what the generator printed
    "$moetrace" report --format json --json "$work/latencies.json" --samples "$work/samples.csv" --force "$@" >"$work/got.json" &&
        "$python" - "$work" <<'PY'
import csv, json, sys
import numpy
sys.path.insert(0, "tests/data")
from report_tables import load
work = sys.argv[1]
ks = [1, 2, 4, 6, 8]
wanted = {k: json.load(open(f"{work}/wanted{k}.json", encoding="utf-8"))["latency"] for k in ks}
tables = load(work + "/got.json")
rows = {(row["k"], row["phase"]): row for row in tables["latency"].records()}
assert set(rows) == {(k, phase) for k in ks for phase in wanted[k]}, rows.keys()
for (k, phase), row in rows.items():
    values = wanted[k][phase]
    assert row["n"] == len(values), row
    for column, percentile in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99)):
        assert abs(row[column] - numpy.percentile(values, percentile)) < 1e-9, row
base = {phase: min(k for k in ks if phase in wanted[k]) for k in ks for phase in wanted[k]}
scaled = tables["scaling"].records()
assert len(scaled) == len(rows), scaled
for row in scaled:
    first = base[row["phase"]]
    slowdown = numpy.median(wanted[row["k"]][row["phase"]]) / numpy.median(wanted[first][row["phase"]])
    assert abs(row["slowdown"] - slowdown) < 1e-9, (row, slowdown)
    assert abs(row["efficiency"] - row["k"] / first / slowdown) < 1e-9, row
fitted = 0
for row in tables["fits"].records():
    x = [k for k in ks for _ in wanted[k].get(row["phase"], [])]
    y = [value for k in ks for value in wanted[k].get(row["phase"], [])]
    slope, fixed = numpy.polyfit(x, y, 1)
    assert abs(row["marginal_ms"] - slope) < 1e-6 and abs(row["fixed_ms"] - fixed) < 1e-6, (row, slope, fixed)
    fitted += 1
assert fitted >= 2, fitted
assert {(row["k"], row["phase"]) for row in tables["bottleneck"].records()} == set(rows)
assert all(row["bottleneck"] == "host" for row in tables["bottleneck"].records())
counts = {row["k"]: row for row in tables["captures"].records()}
assert list(counts) == ks and all(row["phases"] == 40 and row["kernels"] == 40 * 12 for row in counts.values()), counts
assert [one["top_k"] for one in json.load(open(work + "/latencies.json", encoding="utf-8"))] == ks
samples = list(csv.DictReader(open(work + "/samples.csv", encoding="utf-8")))
assert {(row["trace"].split("/")[-2], row["k"]) for row in samples} == {(f"k{k}", str(k)) for k in ks}
assert len(samples) == 40 * len(ks)
PY
}
runs=("k=8:$work/k8" "k=1:$work/k1/rank.trace.json" "k=4:$work/k4" "k=2:$work/k2" "k=6:$work/k6")
folders=("$work/k4" "$work/k1" "$work/k2" "$work/k8" "$work/k6")
ok "k=K: before each" agrees "${runs[@]}"
ok "k from names" agrees --k-from name "${folders[@]}"
ok "k from each config.json" agrees --k-from config "${folders[@]}"
screen() { # the screen names each capture once more
    "$moetrace" report "${runs[@]}" >"$work/screen.txt" && grep -q "^8  .*/k8" "$work/screen.txt" && grep -q "Median latency" "$work/screen.txt"
}
ok "one screen" screen
order() { # neither the order of the arguments nor threads change anything
    "$moetrace" report --all "${runs[@]}" >"$work/a.txt" && "$moetrace" report --all --jobs 1 --k-from name "${folders[@]}" >"$work/b.txt" &&
        sed 's#/rank.tra[^ ]*##g' "$work/a.txt" | tail -n +9 >"$work/a2.txt" && sed 's#/rank.tra[^ ]*##g' "$work/b.txt" | tail -n +9 >"$work/b2.txt" &&
        cmp "$work/a2.txt" "$work/b2.txt"
}
ok "in any order of the arguments" order

model='"d_model": 2048, "n_layers": 2, "n_heads": 16, "moe_num_experts": 64, "mlp_ratio": 1, "vocab_size": 50304'
for k in 2 4; do
    "$python" tests/data/server_trace.py vllm "$seed" 20 "$work/marked$k.json" $((37 * k)) "model={\"config\": {$model, \"moe_top_k\": $k}}" >/dev/null
done
column() { "$moetrace" report --format json "$@" | "$python" -c '
import json, sys
tables = {t["id"]: t for t in json.load(sys.stdin)["reports"][0]["tables"]}
print(*[row[0] for row in tables["captures"]["rows"]])'; }
is "k from the marks" "$(column --k-from mark "$work/marked4.json" "$work/marked2.json")" "2 4"
is "a single capture with its k" "$(column "k=3:$work/k2")" "3"
mkdir "$work/ranks" && cp "$work/k2/rank.trace.json" "$work/ranks/a-TP-0.trace.json" && cp "$work/k4/rank.trace.json" "$work/ranks/a-TP-1.trace.json"
first_rank() { "$moetrace" report --format markdown "k=2:$work/ranks" >"$work/out.txt" && grep -q 'TP-0' "$work/out.txt" && grep -q 'several traces with phases' "$work/out.txt"; }
ok "of several ranks the first" first_rank

refused() { # refused TEXT ARGUMENT...: one line that holds TEXT, and status 2
    local rc=0 text=$1
    shift
    "$moetrace" report "$@" >"$work/out.txt" 2>"$work/err.txt" || rc=$?
    [ "$rc" = 2 ] && [ ! -s "$work/out.txt" ] && [ "$(wc -l <"$work/err.txt")" = 1 ] && grep -qF -- "$text" "$work/err.txt" ||
        { cat "$work/err.txt"; false; }
}
ok "a mark with another k" refused "the model in its mark has k=4" "k=2:$work/marked2.json" "k=3:$work/marked4.json"
ok "a mark that is missing" refused "no mark in it gives its model's k" --k-from mark "$work/k2" "$work/k4"
unpack golden/small_auto small_auto
ok "ranges with another k" refused "it has requests in ranges top_k=" "k=77:$work/small_auto.moetrace"
ok "one k twice" refused "give one capture for each k" "k=2:$work/k2" "k=2:$work/k4"
ok "one k in two marks" refused "give one capture for each k" --k-from mark "$work/marked2.json" "$work/marked2.json"
ok "a capture without its k" refused "several captures need k=K:" "k=2:$work/k2" "$work/k4"
ok "k twice for a capture" refused "omit one of them" --k-from name "k=2:$work/k2"
cp -r "$work/k2" "$work/none"
rm "$work/none/config.json"
ok "a name without k" refused "its name has no k" --k-from name "$work/none/rank.trace.json"
ok "no config.json" refused "needs this file" --k-from config "$work/none"
echo '{"hidden_size": 4}' >"$work/none/config.json"
ok "a config.json without experts" refused "no number of experts per token" --k-from config "$work/none"
ok "a page" refused "--html is for one trace" --html "$work/page.html" "${runs[@]}"
ok "no trace at all" refused "--k-from needs traces" --k-from name
ok "a missing trace" refused "No such file" "k=2:$work/absent" "k=4:$work/k4"
not_input() { refused "" --samples "$work/k2/rank.trace.json" --force "${runs[@]}"; }
ok "no capture is overwritten" not_input
done_testing

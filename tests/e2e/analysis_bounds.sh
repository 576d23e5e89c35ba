#!/usr/bin/env bash
# The bottleneck of each phase, on traces of real runs on an H100: the verdicts that are known, rates against Nsight Systems' sums and
# moetrace flops, peaks from the data sheet and from a file; a run on the CPU that names its model; and what is refused.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
unpack analysis_nsys_k8 k8
for name in small_alternate small_graphs; do
    unpack "golden/$name" "$name"
done
cp tests/data/native/small_config.json "$work/small.json" # the shapes of run_native's configuration "small"
echo '{"device": "NVIDIA H100 80GB HBM3", "memory_bytes_per_s": 3e12, "flops": {"bf16": 7e14}}' >"$work/peaks.json"

report() { # report NAME OUTPUT OPTION...
    local trace=$work/$1.moetrace out=$work/$2
    shift 2
    "$BUILD/moetrace" report --format json "$@" "$trace" >"$out"
}
small=(--model "$work/small.json" --dtype bf16 --crops 2)
ok "MolmoE in PyTorch" report k8 k8.json --model molmoe-1b --dtype bf16 --crops 2 --prompt-tokens 326 --peaks "$work/peaks.json"
ok "run_native" report small_alternate alternate.json "${small[@]}"
ok "run_native, captured graphs" report small_graphs graphs.json "${small[@]}" --moe dense
ok "captured graphs without the number of experts" report small_graphs untold.json "${small[@]}"
ok "without shapes" report small_alternate bare.json
"$BUILD/moetrace" flops "$work/small.json" --prompt-tokens 326 --new-tokens 4 --top-k 1,8 --format json >"$work/flops.json"

cat >"$work/check.py" <<'E2'
import csv, math, sys
sys.path.insert(0, "tests/data")
from report_tables import load
folder, what = sys.argv[1:]


def table(name, id):
    return load(f"{folder}/{name}.json")[id].records()


def near(x, y):
    assert math.isclose(x, y, rel_tol=1e-9), (x, y)


def verdicts(name):
    return {(row["k"], row["phase"]): row["bottleneck"] for row in table(name, "bottleneck")}


if what == "verdicts":
    assert verdicts("k8") == {(8, p): "host" for p in ("vision", "prefill", "decode")}
    assert set(verdicts("alternate").values()) == {"host"}
    assert verdicts("bare") == verdicts("alternate")
    assert verdicts("untold") == {(k, p): {"prefill": "host", "vision": "neither", "decode": None}[p]
                                  for k in (2, 8) for p in ("vision", "prefill", "decode")}
    assert all(row["bandwidth_percent"] is None for row in table("untold", "bottleneck") if row["phase"] == "decode")
    assert verdicts("graphs") == {(k, p): "host" if p == "prefill" else "neither"
                                  for k in (2, 8) for p in ("vision", "prefill", "decode")}
elif what == "idle":
    latency = {(row["k"], row["phase"]): row for row in table("alternate", "latency")}
    for row in table("alternate", "bottleneck"):
        near(row["gpu_idle_percent"], 100 * (1 - latency[row["k"], row["phase"]]["gpu_busy_ms"] / row["latency_ms"]))
        near(row["latency_ms"], latency[row["k"], row["phase"]]["p50_ms"])
elif what == "nsight":
    rows = [row for row in csv.DictReader(open("tests/data/analysis_nsys_k8.csv")) if "expert" in row["range"]]
    points = {(row["phase"], row["part"]): row for row in table("k8", "roofline")}
    near(sum(points[p, "expert"]["gpu_ms"] for p in ("prefill", "decode")), sum(int(row["kernel_ns"]) for row in rows) / 1e6)
    # Two of three multiplications of an expert are d_model x 2 x 1024, one 1024 x d_model; 326 tokens with 8 experts in 16 layers.
    near(points["prefill", "expert"]["gflop"], 6 * 2048 * 1024 * 326 * 8 * 16 / 1e9)
    near(points["decode", "expert"]["mbyte"], 2 * 16 * 8 * 3 * 2048 * 1024 * 2 / 1e6)
    for row in points.values():
        seconds = row["gpu_ms"] / 1e3
        near(row["tflop_per_s"], row["gflop"] / 1e3 / seconds)
        near(row["flops_percent"], 100 * row["gflop"] * 1e9 / seconds / 7e14)
        near(row["bandwidth_percent"], 100 * row["mbyte"] * 1e6 / seconds / 3e12)
        near(row["flop_per_byte"], row["gflop"] * 1e3 / row["mbyte"])
        near(row["roof_percent"], max(row["flops_percent"], row["bandwidth_percent"]))
elif what == "flops":
    want = {(row["k"], row["phase"]): row for row in table("flops", "flops_phases")}
    seen = 0
    for row in table("alternate", "roofline"):
        if row["part"] == "all":
            near(row["gflop"], want[row["k"], row["phase"]]["gflop"])
            if row["phase"] != "prefill":  # there the active experts are counted, not those of chance
                near(row["mbyte"], want[row["k"], row["phase"]]["weights_mbyte"] + want[row["k"], row["phase"]]["kv_mbyte"])
            near(row["bandwidth_percent"], 100 * row["gbyte_per_s"] / 3350)
            near(row["flops_percent"], 100 * row["tflop_per_s"] / 989.4)
            seen += 1
    assert seen == 6
elif what == "bare":
    assert "roofline" not in load(f"{folder}/bare.json")
    assert all(row["flops_percent"] is None and row["bandwidth_percent"] is None for row in table("bare", "bottleneck"))
E2
ok "MolmoE at k = 8 is limited by the host; graphs remove the host's share" "$python" "$work/check.py" "$work" verdicts
ok "idle time is that of the latencies" "$python" "$work/check.py" "$work" idle
ok "experts' time is Nsight Systems', and rates follow from it" "$python" "$work/check.py" "$work" nsight
ok "costs are those of moetrace flops, peaks those of the data sheet" "$python" "$work/check.py" "$work" flops
ok "without shapes there are no shares of peaks" "$python" "$work/check.py" "$work" bare
for format in text csv markdown latex; do
    "$BUILD/moetrace" report --all --format $format "${small[@]}" "$work/small_alternate.moetrace" >"$work/out"
    is "format $format has both tables" "$(grep -cE "Bottleneck of each phase|Roofline: achieved" "$work/out")" 2
done
is "what people read fits 100 columns" \
    "$("$BUILD/moetrace" report --all "${small[@]}" "$work/small_graphs.moetrace" | sed -n '/^Bottleneck of/,/^Scaling/p' | awk 'length > 100' | wc -l)" 0
echo '{"device": "Another", "memory_bytes_per_s": 3e12}' >"$work/other.json"
is "peaks of another device are said to be" \
    "$("$BUILD/moetrace" report --all --peaks "$work/other.json" "$work/small_alternate.moetrace" | grep -c "^The peaks were measured on Another, but the trace is of")" 1

"$BUILD/moetrace" report --all --model molmoe-1b --dtype bf16 --crops 2 "$work/small_alternate.moetrace" >"$work/misfit.txt"
ok "a model that the trace contradicts is not used" grep -q "^The model that --model names does not fit this trace, and is not used: layers: 16 in" "$work/misfit.txt"
is "and gives no roofline" "$(grep -c "Roofline: achieved" "$work/misfit.txt")" 0

refused() { # refused NAME PATTERN OPTION...
    ok "$1" refuses "$2" "$moetrace" report "${@:3}" "$work/small_alternate.moetrace"
}
refused "no configuration" "not a JSON object" --model "$work/check.py"
refused "no file of peaks" "not a JSON object" --peaks "$work/check.py"
refused "no peaks in it" "memory_bytes_per_s" --peaks "$work/small.json"
refused "no dtype" "--dtype" --dtype int4
refused "no crops" "--crops" --crops 0

torch=$(ls -d "$PWD"/build/deps/venv/lib/python3*/site-packages/torch 2>/dev/null | head -n 1)
if [ -n "$SAN" ] || [ -z "$torch" ]; then
    skip "run_native names its model" "libtorch does not run under a sanitizer, or is not installed"
    skip "no GPU work, no verdict" "likewise"
else
    MOETRACE_OUTPUT=$work/cpu LD_PRELOAD=$(preload) "$BUILD/run_native" --torch "$torch" --device cpu --config small \
        --random-weights 1 --samples 1 --warmup 0 --top-k 2 --max-new-tokens 2 >/dev/null
    "$BUILD/moetrace" report --all "$work/cpu" >"$work/cpu.txt"
    is "run_native names its model" "$(awk '$1 == "model" {$1 = ""; print}' "$work/cpu.txt")" " small, fp32, 326 prompt tokens, 2 crops"
    is "no GPU work, no verdict" "$(sed -n '/^Bottleneck of/,/^$/p' "$work/cpu.txt" | awk '$1 == 2 {print $3}' | tr '\n' ' ')" "- - - "
fi
done_testing

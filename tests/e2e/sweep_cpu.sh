#!/usr/bin/env bash
# The main job on a machine with no GPU: run_native's sweep on the CPU under the recorder, and the report of it.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
if [ -n "$no_torch" ]; then
    skip "the sweep under the recorder" "$no_torch"
    done_testing
fi

run=("$BUILD/run_native" --torch "$torch" --device cpu --config small --random-weights 1 --samples 4 --warmup 1
    --top-k "1,8,64" --max-new-tokens 3)
"${run[@]}" --dump-logits "$work/plain.safetensors" >"$work/plain.out" 2>"$work/plain.err"
plain=$?
MOETRACE_OUTPUT=$work/trace LD_PRELOAD=$(preload) "${run[@]}" --dump-logits "$work/seen.safetensors" \
    --output-dir "$work/times" >"$work/seen.out" 2>"$work/seen.err"
is "the exit status is the program's own" "$?" "$plain"
is "nothing is said on standard error" "$(cat "$work/seen.err")" "$(cat "$work/plain.err")"
ok "the logits are the same, bit for bit" cmp "$work/plain.safetensors" "$work/seen.safetensors"
is "one process, one trace" "$(find "$work/trace" -name "*.moetrace" | wc -l)" 1
ok "the report is made" "$BUILD/moetrace" report --all "$work/trace" --json "$work/exp2.json"
cp "$work/tap.out" "$work/report.txt"
is "rows of vision, prefill, decode and decode/token for each k" \
    "$(sed -n '/^Latency, ms/,/^Confidence/p' "$work/report.txt" |
        grep -cE '^ *(1|8|64) +(vision|prefill|decode|decode/token) ')" 12

cat >"$work/agree.py" <<'E2'
"""run_native's own clock against the report's latencies, which are those of the first half, the unwatched ones:
medians within 1 %, or 20 us where the phase is that short."""
import json, statistics, sys
own = json.load(open(sys.argv[1]))["samples"]
report = {entry["top_k"]: entry for entry in json.load(open(sys.argv[2]))}
bad = 0
for k in (1, 8, 64):
    for phase in ("vision", "prefill", "decode"):
        mine = statistics.median(s[phase + "_ms"] for s in own if s["top_k"] == k and s["sample"] < 2)
        theirs = report[k][phase]["P50"]
        if abs(mine - theirs) > max(0.01 * mine, 0.02):
            print(f"k={k} {phase}: run_native {mine} ms, report {theirs} ms")
            bad = 1
        if list(report[k][phase])[:7] != ["P50", "P95", "P99", "mean", "std", "min", "max"]:
            print(f"k={k} {phase}: {list(report[k][phase])}")
            bad = 1
sys.exit(bad)
E2
ok "run_native's own clock agrees within 1 %" "$python" "$work/agree.py" "$work/times/run_native_times.json" "$work/exp2.json"
is "no range is left open" "$(awk '/ranges left open/ {print $4}' "$work/report.txt")" 0
done_testing

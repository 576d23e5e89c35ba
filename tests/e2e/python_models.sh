#!/usr/bin/env bash
# Unchanged Python programs on a CPU: tiny models of transformers under the recorder compute what they compute without, and their
# traces have phases, layers, experts, tokens and the k in force.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/python.sh
source "$(dirname "$0")/../python.sh"
names=(olmoe qwen3_moe qwen2_moe mixtral deepseek_v2 deepseek_v3 gpt_oss llama4 granite granite_shared phimoe dbrx glm4_moe qwen3_next ernie
    hunyuan minimax_m2 lfm2_moe qwen3_vl_moe olmoe:grouped_mm olmoe:batched_mm own_model mixtral:eager)
if [ -z "$have_torch" ]; then
    skip "models of transformers" "$why_no_torch"
    done_testing
    exit
fi

verified() { # verified NAME: k is that which was set, in profiled requests, and the other half is there for the latencies
    local trace out ks="1 2 4"
    [ "$1" != phimoe ] || ks="2" # whatever its attributes say, and so it is found
    trace=$(compgen -G "$work/traces/*-${process[$1]}.moetrace") || return
    out=$("$moetrace" verify --prompt-tokens 12 "$trace") || { echo "$out" && return 1; }
    [ "$(awk '$2 == "prefill" || $2 == "decode" {print $1}' <<<"$out" | uniq | xargs)" = "$ks" ] || return
    [ "$(awk '$2 == "decode" && $4 != $1' <<<"$out")" = "" ] || return
    # Two requests of each k: one for latencies, one for what happened in it.
    "$moetrace" report --format json "$trace" >"$work/report.json" || return
    "$python" - "$work/report.json" $ks <<'PY'
import json, sys
report, ks = json.load(open(sys.argv[1])), [int(k) for k in sys.argv[2:]]
latency = [t for r in report["reports"] for t in r["tables"] if t["id"] == "latency"][0]
rows = [dict(zip([c["name"] for c in latency["columns"]], row)) for row in latency["rows"]]
for k in ks:
    for phase in ("prefill", "decode"):
        n = [row["n"] for row in rows if row["k"] == k and row["phase"] == phase]
        assert n == [3 // len(ks)], (k, phase, n)
PY
}

torch_python tests/python/sweep.py "${names[@]}" >"$work/without" 2>"$work/without.err" &
record_python "$work/traces" -- tests/python/sweep.py "${names[@]}" >"$work/with" 2>"$work/with.err"
wait
ok "the programs run" grep -q '^# mixtral:eager [0-9]* 0' "$work/with"
is "what they compute is the same to the last bit" "$(grep -v '^#' "$work/with")" "$(grep -v '^#' "$work/without")"
is "nothing is said" "$(grep moetrace "$work/with.err" | grep -v '^moetrace record: ')" ""
declare -A process=()
while read -r _ name pid _; do
    process[$name]=$pid
done < <(grep '^#' "$work/with")
for name in "${names[@]}"; do
    ok "$name: phases, layers, experts and k" verified "$name"
done
done_testing

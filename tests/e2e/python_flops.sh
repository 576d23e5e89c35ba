#!/usr/bin/env bash
# The sizes of models as the Python helper finds them: the cost model computes from them what PyTorch's FlopCounterMode counts.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/python.sh
source "$(dirname "$0")/../python.sh"
if [ -z "$have_torch" ]; then
    skip "sizes of models" "$why_no_torch"
    done_testing
    exit
fi
names=(olmoe qwen3_moe mixtral granite phimoe minimax_m2 deepseek_v3 qwen2_moe)
mkdir "$work/sizes"
record_python "$work/traces" -- tests/python/flops.py "$work/sizes" "${names[@]}" >"$work/counted" 2>"$work/err"

computed() { # computed NAME: FLOPs of prefill and of a decode step, as moetrace flops says
    "$moetrace" flops "$work/sizes/$1.json" --crops 0 --prompt-tokens 12 --top-k 2 --new-tokens 2 --format json |
        "$python" -c '
import json, sys
table = json.load(sys.stdin)["reports"][0]["tables"][0]
names = [c["name"] for c in table["columns"]]
rows = [dict(zip(names, r)) for r in table["rows"]]
print(*(round(r["gflop"] * 1e9) for r in rows if r["phase"] in ("prefill", "decode")))'
}
for name in "${names[@]:0:6}"; do
    is "$name: FLOPs of prefill and decode" "$(computed "$name")" "$(sed -n "s/^$name //p" "$work/counted")"
done
# Shared experts, latent attention and dense layers are not in the cost model: no sizes are better than wrong ones.
is "models that the cost model does not describe have no sizes" "$(ls "$work/sizes")" "$(printf '%s.json\n' "${names[@]:0:6}" | sort)"
done_testing

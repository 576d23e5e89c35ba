#!/usr/bin/env bash
# The experiment as its authors run it: exp_moe_topk.py of the public repository molmo_hf, unmodified, on a CPU at a tiny size. The trace has
# phases, layers, experts, tokens and k, its times are those that the experiment's hooks measured, and its plot script reads the report.
# MOLMO_HF is a checkout; without it scripts/setup.sh fetches one.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
why=
if [ -n "$SAN" ]; then
    why="PyTorch is not built with sanitizers"
elif ! scripts/setup.sh try experiment >"$work/setup.log" 2>&1; then
    why="it cannot be had: $(tail -n 1 "$work/setup.log")"
fi
if [ -n "$why" ]; then
    skip "the experiment of molmo_hf" "$why"
    done_testing
    exit
fi
repository=$(realpath "${MOLMO_HF:-build/deps/molmo_hf}")
experiment=$PWD/build/deps/experiment/bin/python3
sources=$PWD/tests/python
export LD_LIBRARY_PATH=$PWD/build/deps/python/stubs OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 MPLBACKEND=agg MPLCONFIGDIR=$work/mpl
"$experiment" "$sources/experiment.py" prepare "$repository" "$work/run"

cd "$work/run" || exit
ok "the experiment runs under the recorder" env PYTHONPATH="$sources/missing:$repository" "$moetrace" record -o "$work/traces" -- "$experiment" \
    "$repository/experiments/profiling/knob2_topk/exp_moe_topk.py" --model_path checkpoints --output_dir "$work/results" --num_samples 3 --top_k_values 1 4
"$moetrace" dump "$work/traces" >"$work/dump"
ok "its times are the experiment's" "$experiment" "$sources/experiment.py" compare "$work/dump" "$work/results/exp2_moe_topk_results.json" 3
sed 's/^/# /' "$work/tap.out"
ok "tokens of 326 and k in force" "$moetrace" verify --prompt-tokens 326 "$work/traces"
is "... at each k, in both phases" "$(awk '$2 == "prefill" || $2 == "decode" {print $1, $2}' "$work/tap.out" | xargs)" "1 prefill 1 decode 4 prefill 4 decode"
ok "the report's file with every request" "$moetrace" report --json "$work/report.json" --json-samples "$work/traces"
ok "... is read by the experiment's plot script" "$experiment" "$repository/experiments/profiling/plots/plot_exp2_moe_topk.py" \
    --json_file "$work/report.json" --output_dir "$work/plots"
ok "... which draws it" test -s "$work/plots/figures/exp2_moe_topk_vs_latency_breakdown.png"
done_testing

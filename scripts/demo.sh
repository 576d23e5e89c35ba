#!/usr/bin/env bash
# The main job, end to end: the top-k sweep of run_native under the recorder, then its report.
# With a GPU: MolmoE-1B at full size with random weights. Without one: a small MolmoE on the CPU.
#   DEMO_SAMPLES=N requests per k (default 14: half of them are profiled, and fewer than 6 have no intervals); DEMO_OUTPUT=DIR (default build/demo)
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${BUILD:-build}")
out=${DEMO_OUTPUT:-$build/demo}

say() { printf 'demo: %s\n' "$*" >&2; }

# A python3 whose PyTorch sees a GPU.
cuda_torch() {
    [ -e /dev/nvidia0 ] && python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null
}

rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -e /dev/nvidia0 ] && ! cuda_torch; then
    say "a GPU is here, but the python3 on the PATH has no PyTorch that uses it; the demo runs on the CPU"
fi
if cuda_torch; then
    say "full-size MolmoE-1B with random weights on the GPU"
    args=(--random-weights 1 --samples "${DEMO_SAMPLES:-14}" --warmup 3)
else
    say "a small MolmoE on the CPU: its report has no GPU work"
    scripts/setup.sh torch
    torch=$(ls -d "$PWD"/build/deps/venv/lib/python3*/site-packages/torch)
    args=(--torch "$torch" --device cpu --config small --random-weights 1 --samples "${DEMO_SAMPLES:-14}" --warmup 2)
fi

export MOETRACE_OUTPUT=$out
LD_PRELOAD="$build/libmoetrace.so" "$build/run_native" "${args[@]}" --output-dir "$out"
unset MOETRACE_OUTPUT
"$build/moetrace" report "$out" --json "$out/exp2_moe_topk_results.json" --html "$out/report.html"
say "this is the report's screen; every table of it: $build/moetrace report --all $out"
say "the trace, run_native's own times, exp2_moe_topk_results.json and report.html, which has charts, are in $out"

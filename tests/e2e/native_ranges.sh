#!/usr/bin/env bash
# run_native's NVTX ranges: their grammar, and the numbers of routed tokens, as a listener sees them.
set -u
cd "$(dirname "$0")/../.." || exit
run=${BUILD:-build}/run_native
python=build/deps/venv/bin/python3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "1..2"

torch=${MOETRACE_TORCH:-$(ls -d build/deps/venv/lib/python3*/site-packages/torch 2>/dev/null | head -n 1)}
nvtx=$(ls -d build/deps/venv/lib/python3*/site-packages/nvidia/*/include/nvtx3 /usr/local/cuda/include/nvtx3 2>/dev/null | head -n 1)
why=
[ -n "$torch" ] || why="no PyTorch: scripts/setup.sh torch installs it"
[ -z "${SAN:-}" ] || why="libtorch does not run under a sanitizer"
if [ -n "$why" ]; then
    printf 'ok %d - the ranges of run_native # SKIP %s\n' 1 "$why" 2 "$why"
    exit 0
fi

gunzip -c tests/data/native/tiny_a.safetensors.gz >"$tmp/model.safetensors" &&
    gunzip -c tests/data/native/tiny_a_request.safetensors.gz >"$tmp/request.safetensors" &&
    cp tests/data/native/tiny_a_config.json "$tmp/config.json" &&
    ${CC:-cc} -shared -fPIC -isystem "${nvtx%/nvtx3}" -o "$tmp/listener.so" tests/data/native_nvtx.c || exit 1

n=0
for mode in active loop; do
    n=$((n + 1))
    if NATIVE_NVTX_LOG=$tmp/$mode.log NVTX_INJECTION64_PATH=$tmp/listener.so "$run" --torch "$torch" --device cpu \
        --checkpoint "$tmp" --request "$tmp/request.safetensors" --top-k 1,3 --warmup 1 --samples 2 --max-new-tokens 4 \
        --moe $mode >"$tmp/said" 2>&1 &&
        "$python" tests/data/native_ranges.py "$tmp/$mode.log" $mode 1,3 1 2 4 2 4 8 60 >"$tmp/said" 2>&1; then
        echo "ok $n - ranges nest and count as documented, --moe $mode"
    else
        echo "not ok $n - ranges nest and count as documented, --moe $mode"
        sed 's/^/# /' "$tmp/said"
    fi
done

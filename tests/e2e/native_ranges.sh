#!/usr/bin/env bash
# run_native's NVTX ranges: their grammar, and the numbers of routed tokens, as a listener sees them.
set -u
cd "$(dirname "$0")/../.." || exit
run=${BUILD:-build}/run_native
python=build/deps/venv/bin/python3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "1..3"

torch=${MOETRACE_TORCH:-$(ls -d build/deps/venv/lib/python3*/site-packages/torch 2>/dev/null | head -n 1)}
nvtx=$(ls -d build/deps/venv/lib/python3*/site-packages/nvidia/*/include/nvtx3 /usr/local/cuda/include/nvtx3 2>/dev/null | head -n 1)
why=
[ -n "$torch" ] || why="no PyTorch: scripts/setup.sh torch installs it"
[ -z "${SAN:-}" ] || why="libtorch does not run under a sanitizer"
if [ -n "$why" ]; then
    printf 'ok %d - the ranges of run_native # SKIP %s\n' 1 "$why" 2 "$why" 3 "$why"
    exit 0
fi

gunzip -c tests/data/native/tiny_a.safetensors.gz >"$tmp/model.safetensors" &&
    gunzip -c tests/data/native/tiny_a_request.safetensors.gz >"$tmp/request.safetensors" &&
    cp tests/data/native/tiny_a_config.json "$tmp/config.json" &&
    ${CC:-cc} -shared -fPIC -isystem "${nvtx%/nvtx3}" -o "$tmp/listener.so" tests/data/native_nvtx.c || exit 1

# In dense mode decoding visits all experts and gives no payload; prefill is as in active. This checks the former, and
# makes of the log $1 one of active, in which the token went to the first k experts: for each of
# 2 values of k, 5 requests of 3 decode steps, of 2 layers of 8 experts. (3 samples and, in both rounds, a warm-up.)
as_active() {
    awk '
        skip_pop { skip_pop = 0; next }
        $1 == "pop" { depth--; if (depth < decode) decode = 0; print; next }
        $1 == "mark" { print; next }
        { depth++ }
        depth == 1 { k = substr($2, 7) + 0 }
        $2 == "decode" { decode = depth }
        decode && $2 ~ /^expert\./ {
            visits++
            wrong += $3 != 0
            if (substr($2, 8) + 0 >= k) { depth--; skip_pop = 1; next }
            $3 = $4 = 1
        }
        { print }
        END { if (wrong || visits != 2 * 5 * 3 * 2 * 8) print "push", visits "_visits_" wrong "_payloads", 0, 0 }' "$1"
}

n=0
for mode in active loop dense; do
    n=$((n + 1))
    log=$tmp/$mode.log checked=$mode
    [ $mode != dense ] || log=$tmp/as_active.log checked=active
    if NATIVE_NVTX_LOG=$tmp/$mode.log NVTX_INJECTION64_PATH=$tmp/listener.so "$run" --torch "$torch" --device cpu \
        --checkpoint "$tmp" --request "$tmp/request.safetensors" --top-k 1,3 --warmup 1 --samples 3 --max-new-tokens 4 \
        --moe $mode >"$tmp/said" 2>&1 && as_active "$tmp/$mode.log" >"$tmp/as_active.log" &&
        "$python" tests/data/native_ranges.py "$log" $checked 1,3 1 3 4 2 4 8 60 >"$tmp/said" 2>&1; then
        echo "ok $n - ranges nest and count as documented, --moe $mode"
    else
        echo "not ok $n - ranges nest and count as documented, --moe $mode"
        sed 's/^/# /' "$tmp/said"
    fi
done

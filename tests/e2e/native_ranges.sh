#!/usr/bin/env bash
# run_native's NVTX ranges: their grammar, and the numbers of routed tokens, as a listener sees them.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
if [ -n "$no_torch" ]; then
    skip "the ranges of run_native" "$no_torch"
    done_testing
fi

tiny_model "$work" && tiny_tensors tiny_a_request "$work/request.safetensors" &&
    ${CC:-cc} -shared -fPIC -isystem build/deps/nvtx -o "$work/listener.so" tests/data/native_nvtx.c || exit 1

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

nests_and_counts() { # nests_and_counts MODE: one of --moe
    local log=$work/$1.log checked=$1
    if [ "$1" = dense ]; then
        log=$work/as_active.log checked=active
    fi
    NATIVE_NVTX_LOG=$work/$1.log NVTX_INJECTION64_PATH=$work/listener.so "$run" --torch "$torch" --device cpu \
        --checkpoint "$work" --request "$work/request.safetensors" --top-k 1,3 --warmup 1 --samples 3 --max-new-tokens 4 \
        --moe "$1" && as_active "$work/$1.log" >"$work/as_active.log" &&
        "$python" tests/data/native_ranges.py "$log" $checked 1,3 1 3 4 2 4 8 60
}
for mode in active loop dense; do
    ok "ranges nest and count as documented, --moe $mode" nests_and_counts $mode
done
done_testing

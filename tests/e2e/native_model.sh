#!/usr/bin/env bash
# run_native's numbers: a small random MolmoE against what the PyTorch implementation computes from it (float32, CPU), the
# two ways of visiting experts against each other, and the files that a run leaves.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
compare="$python tests/data/native_compare.py"
tmp=$work

if [ -n "$no_torch" ]; then
    skip "run_native on libtorch" "$no_torch"
    done_testing
fi
torch=$(realpath "$torch")
export MOETRACE_TORCH=$torch

tiny_model "$tmp/tiny" || exit 1
for name in tiny_a_request tiny_a_expected; do
    tiny_tensors $name "$tmp/$name.safetensors" || exit 1
done

# tiny NAME OPTION...: 6 new tokens, so that the last decode step is the one that the reference kept.
tiny() {
    local name=$1
    shift
    "$run" --checkpoint "$tmp/tiny" --request "${request:-$tmp/tiny_a_request.safetensors}" --top-k 1,2,3,4,8 --samples 1 --warmup 0 \
        --max-new-tokens 6 --device cpu --dump-logits "$tmp/$name.safetensors" "$@"
}

agrees() {
    tiny "$@" && $compare near "$tmp/$1.safetensors" "$tmp/tiny_a_expected.safetensors" 1e-4
}

same_numbers() {
    local dtype mode
    for dtype in fp32 bf16; do
        for mode in active loop; do
            small "$dtype-$mode" --dtype "$dtype" --moe "$mode" || return 1
        done
        $compare same "$tmp/$dtype-active.safetensors" "$tmp/$dtype-loop.safetensors" || return 1
    done
}

# Prefill is that of `active`; decoding sums in another order.
dense_is_near() {
    local dtype mode tolerance
    for dtype in fp32:1e-4 bf16:0.05; do
        tolerance=${dtype#*:} dtype=${dtype%:*}
        for mode in active dense; do
            small "near-$mode" --dtype "$dtype" --moe "$mode" || return 1
        done
        $compare near "$tmp/near-dense.safetensors" "$tmp/near-active.safetensors" "$tolerance" || return 1
    done
}

# Operators a decoded token: 5 and, in each of 2 layers, 18 besides 4 for each of 8 experts.
dense_operators() {
    tiny counted --moe dense --output-dir "$tmp/counted" || return 1
    "$python" - "$tmp/counted/run_native_times.json" <<'EOF'
import json, sys
t = json.load(open(sys.argv[1]))
assert (t["moe"], t["cuda_graph"]) == ("dense", False), t
for s in t["summary"]:
    assert s["operators"]["decode"] == 5 * (5 + 2 * (18 + 4 * 8)), s
EOF
}

# small NAME OPTION...: the built-in configuration for a CPU, with the default request.
small() {
    local name=$1
    shift
    "$run" --random-weights 7 --config small --device cpu --top-k 8 --samples 1 --warmup 0 --max-new-tokens 3 \
        --dump-logits "$tmp/$name.safetensors" "$@"
}

seeds() {
    small seed7 && small seed8 --random-weights 8 || return 1
    $compare same "$tmp/fp32-active.safetensors" "$tmp/seed7.safetensors" || return 1
    ! $compare same "$tmp/seed7.safetensors" "$tmp/seed8.safetensors"
}

half_precision() {
    tiny half --dtype bf16 && $compare near "$tmp/half.safetensors" "$tmp/tiny_a_expected.safetensors" 0.2
}

times() {
    tiny timed --output-dir "$tmp/out" --samples 2 --warmup 1 >"$tmp/table" || return 1
    [ "$(ls "$tmp/out")" = run_native_times.json ] || return 1
    [ "$(wc -l <"$tmp/table")" -eq 13 ] || return 1 # two of the head, a line for each k, and the generated tokens
    "$python" - "$tmp/out/run_native_times.json" <<'EOF'
import json, sys
t = json.load(open(sys.argv[1]))
assert (t["device"], t["dtype"], t["moe"], t["cuda_graph"]) == ("cpu", "fp32", "active", False), t
assert [(s["top_k"], s["sample"]) for s in t["samples"]] == [(k, i) for k in (1, 2, 3, 4, 8) for i in (0, 1)]
for s in t["samples"]:
    assert s["request"] == 0 and s["decode_tokens"] == 5 and min(s["vision_ms"], s["prefill_ms"], s["decode_ms"]) > 0, s
assert [(r["name"], r["prompt_tokens"], r["crops"], r["image_height"]) for r in t["requests"]] == [("tiny_a_request", 60, 2, None)]
assert all(len(r["tokens"]) == 6 for r in t["by_request"]) and not t["stop_at_eos"]
assert [s["top_k"] for s in t["summary"]] == [1, 2, 3, 4, 8]
# Operators a decoded token: 5 and, in each of 2 layers, 17 besides 4 for each expert.
for s in t["summary"]:
    assert s["operators"]["decode"] == 5 * (5 + 2 * (17 + 4 * s["top_k"])), s
EOF
}

# request NAME PROGRAM: a copy of the request whose tensors the Python program changes.
request() {
    "$python" - "$tmp/tiny_a_request.safetensors" "$tmp/$1.request" "$2" <<'EOF'
import json, struct, sys
import numpy as np
raw = bytearray(open(sys.argv[1], "rb").read())
(length,) = struct.unpack("<Q", raw[:8])
names = {}
for name, entry in json.loads(raw[8 : 8 + length]).items():
    dtype = {"F32": np.float32, "I64": np.int64}[entry["dtype"]]
    begin, end = (8 + length + o for o in entry["data_offsets"])
    names[name] = np.frombuffer(memoryview(raw)[begin:end], dtype).reshape(entry["shape"])
exec(sys.argv[3], names)
open(sys.argv[2], "wb").write(raw)
EOF
}

# A crop with a value of -1 anywhere counts as empty, whatever else it holds; positions beyond the prompt are dropped.
peculiar_requests() {
    request one 'images[0, 1, 7, 9] = -1' && request all 'images[0, 1] = -1' &&
        request beyond 'image_input_idx[image_input_idx < 0] = 60' || return 1
    local name
    for name in one all beyond; do
        request=$tmp/$name.request tiny "$name" || return 1
    done
    $compare same "$tmp/one.safetensors" "$tmp/all.safetensors" || return 1
    $compare same "$tmp/beyond.safetensors" "$tmp/active.safetensors" || return 1
    ! $compare same "$tmp/one.safetensors" "$tmp/active.safetensors"
}

quiet() {
    local said
    said=$(mkdir "$tmp/quiet" && cd "$tmp/quiet" && "$run" --checkpoint "$tmp/tiny" \
        --request "$tmp/tiny_a_request.safetensors" --top-k 2 --samples 1 --warmup 0 2>&1 >/dev/null)
    [ -z "$said" ] && [ -z "$(ls "$tmp/quiet")" ]
}

finds_torch() {
    # A python3 that says where torch is, without importing anything.
    mkdir "$tmp/bin" && printf '#!/bin/sh\nprintf %%s "%s"\n' "$torch" >"$tmp/bin/python3" &&
        chmod +x "$tmp/bin/python3" && MOETRACE_TORCH='' PATH="$tmp/bin:$PATH" tiny found
}

ok "logits, tokens and vision features agree with PyTorch's, visiting active experts" agrees active
ok "and visiting all experts" agrees loop --moe loop
ok "the two visits give the same bits in float32" $compare same "$tmp/active.safetensors" "$tmp/loop.safetensors"
ok "every expert computing each decoded token agrees with PyTorch's" agrees dense --moe dense
ok "and with the other visits, 64 experts, in float32 and bfloat16" dense_is_near
ok "and its operators are the same for each k" dense_operators
ok "and with 64 experts in float32 and bfloat16" same_numbers
ok "a seed is a model; another seed is another" seeds
ok "empty crops and positions beyond the prompt" peculiar_requests
ok "bfloat16 stays near float32" half_precision
ok "run_native_times.json and the table hold every sample; operators are as counted" times
ok "silent in a pipe, and no files unless requested" quiet
# One matrix of 2 GB, where 2.5 GB are left for everything: the rest is enough for libtorch to say so.
out_of_memory() {
    local status
    sed 's/"embedding_size": 256,/"embedding_size": 8000000,/' tests/data/native/tiny_a_config.json >"$tmp/wide.json"
    (ulimit -v 2500000 && "$run" --random-weights 1 --config "$tmp/wide.json" --device cpu --output-dir "$tmp/none" >"$tmp/none.out" 2>"$tmp/none.err")
    status=$?
    cat "$tmp/none.err"
    [ $status -eq 1 ] && [ "$(wc -l <"$tmp/none.err")" -eq 1 ] && grep -q 'out of memory on the cpu in aten::' "$tmp/none.err" &&
        [ ! -e "$tmp/none" ] && [ ! -s "$tmp/none.out" ]
}

ok "memory that runs out is one line with the operator, and leaves nothing" out_of_memory
ok "finds the PyTorch of the python3 on the PATH" finds_torch
done_testing

#!/usr/bin/env bash
# The forms of a checkpoint: whatever holds the same tensors gives the same bits; and random checkpoints that PyTorch saved in every
# form, against what PyTorch computes from them.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
# shellcheck source=tests/python.sh
source "$(dirname "$0")/../python.sh"
compare="$python tests/data/native_compare.py"
if [ -n "$no_torch" ]; then
    skip "checkpoints of run_native" "$no_torch"
    done_testing
fi
MOETRACE_TORCH=$(realpath "$torch")
export MOETRACE_TORCH
tiny_model "$work/tiny" && tiny_tensors tiny_a_request "$work/request.safetensors" || exit 1

# logits DIR: of one request with the checkpoint in DIR, into DIR/logits
logits() {
    "$run" --checkpoint "$1" --request "$work/request.safetensors" --top-k 2 --samples 1 --warmup 0 --max-new-tokens 3 --device cpu \
        --rounds 1 --dump-logits "$1/logits" "${@:2}"
}
# torch_file NAME PROGRAM: the checkpoint as NAME/pytorch_model.bin, with what the program does to it
torch_file() {
    mkdir "$work/$1" && cp "$work/tiny/config.json" "$work/$1" &&
        "$python" tests/data/native_torch_file.py "$work/tiny/model.safetensors" "$work/$1/pytorch_model.bin" "$2"
}
same_as_tiny() { # same_as_tiny NAME PROGRAM
    torch_file "$@" && logits "$work/$1" && $compare same "$work/$1/logits" "$work/tiny/logits"
}

ok "one safetensors file" logits "$work/tiny"
ok "a file of torch.save" same_as_tiny plain ''
ok "with zip64 fields and parameters" same_as_tiny zip64 'zip["force_zip64"] = True
for t in tensors.values(): t.parameter = True'
# Every matrix stands transposed in its storage, behind a number more, so that offsets and strides count.
ok "with strides and offsets" same_as_tiny strides 'for t in tensors.values():
    if len(t.size) == 2:
        rows, columns = t.size
        data = storages[t.storage]
        cells = [data[i : i + 4] for i in range(0, len(data), 4)]
        storages[t.storage] = bytes(4) + b"".join(cells[r * columns + c] for c in range(columns) for r in range(rows))
        t.offset, t.stride = 1, (1, rows)'
ok "with one storage for all" same_as_tiny shared 'all = b"".join(storages[t.storage] for t in tensors.values())
at = 0
for t in tensors.values():
    t.offset = at // 4
    at += len(storages.pop(t.storage))
    t.storage = "all"
storages["all"] = all'

# random_agrees FORM EXPECTED [OPTION...]: the checkpoint of that form, with an image and without
random_agrees() {
    local request
    for request in image text; do
        "$run" --checkpoint "$work/random/$1" --request "$work/random/$request.request" --top-k 1,2,5 --samples 1 --warmup 0 \
            --max-new-tokens 4 --device cpu --dtype fp32 --dump-logits "$work/random.logits" "${@:3}" >"$work/random.table" &&
            $compare near "$work/random.logits" "$work/random/$2.$request" 1e-4 || return 1
    done
    [ "$(awk '$1 == 5 { print $2 }' "$work/random.table")" = - ] # no image, no time
}
if [ -z "$have_torch" ]; then
    skip "checkpoints that PyTorch saved" "$why_no_torch"
    done_testing
fi
seed=${SEED:-3}
echo "# seed $seed"
mkdir "$work/random"
ok "random checkpoints are made" torch_python tests/data/native_checkpoints.py "$work/random" "$seed"
for form in one shards torch torch_shards; do
    ok "heads that share keys, padding, no image: form $form agrees with PyTorch" random_agrees $form one
done
ok "float16" random_agrees f16 f16
ok "bfloat16" random_agrees bf16 bf16
ok "bfloat16 parameters of torch.save" random_agrees torch_bf16 bf16
for moe in loop dense; do
    ok "float32, --moe $moe" random_agrees one one --moe $moe
done
done_testing

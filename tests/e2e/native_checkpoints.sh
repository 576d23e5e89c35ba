#!/usr/bin/env bash
# The forms of a checkpoint: whatever holds the same tensors gives the same bits.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
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
done_testing

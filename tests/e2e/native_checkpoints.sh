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
    [ "$(awk 'NR == 5 { print $1, $2 }' "$work/random.table")" = '5 -' ] # no image, no time
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
# Requests of a directory, by name, and of a file; each as if it were alone.
several() {
    mkdir "$work/requests" && cp "$work/random/text.request" "$work/requests/a.safetensors" &&
        cp "$work/random/image.request" "$work/requests/b.safetensors" && : >"$work/requests/.hidden.safetensors" || return 1
    "$run" --checkpoint "$work/random/one" --request "$work/requests" --request "$work/random/text.request" --top-k 1,2,5 --samples 3 \
        --warmup 1 --max-new-tokens 4 --device cpu --dump-logits "$work/several" --output-dir "$work/times" >"$work/table" || return 1
    $compare near "$work/several" "$work/random/one.text" 1e-4 r0. && $compare near "$work/several" "$work/random/one.image" 1e-4 r1. &&
        $compare near "$work/several" "$work/random/one.text" 1e-4 r2. || return 1
    cat "$work/table"
    "$python" - "$work/times/run_native_times.json" "$work/table" <<'EOF'
import json, statistics, sys
t = json.load(open(sys.argv[1]))
assert [(r["name"], r["prompt_tokens"], r["crops"]) for r in t["requests"]] == [("a", 11, 0), ("b", 20, 3), ("text", 11, 0)]
assert t["config"]["prompt_tokens"] is None
assert [(s["top_k"], s["request"], s["sample"]) for s in t["samples"]] == [(k, i // 3, i) for k in (1, 2, 5) for i in range(9)]
for line in t["by_request"] + t["summary"]:
    mine = [s for s in t["samples"] if s["top_k"] == line["top_k"] and line.get("request", s["request"]) == s["request"]]
    assert len(mine) == (3 if "request" in line else 9)
    for name in ("vision_ms", "prefill_ms", "decode_ms"):
        values = [s[name] for s in mine if s[name] is not None]
        assert line[name] == (statistics.median(values) if values else None), (line, name)
rows = [line.split() for line in open(sys.argv[2])]
assert [(r[0], r[-1]) for r in rows[2:14]] == [(str(k), n) for k in (1, 2, 5) for n in ("a", "b", "text", "(all)")], rows
tokens = [[int(n) for n in r[1:-1]] for r in rows[15:]]
assert tokens == [r["tokens"] for r in t["by_request"]], tokens
EOF
}
ok "several requests in one run" several
# The second token that the model generates is made its end of text.
stops() {
    cp -r "$work/random/one" "$work/stops" && "$python" - "$work/times/run_native_times.json" "$work/stops/config.json" <<'EOF' || return 1
import json, sys
first, second = next(r["tokens"][:2] for r in json.load(open(sys.argv[1]))["by_request"] if r["tokens"][0] != r["tokens"][1])
config = json.load(open(sys.argv[2]))
json.dump(dict(config, eos_token_id=second), open(sys.argv[2], "w"))
EOF
    "$run" --checkpoint "$work/stops" --request "$work/requests" --top-k 1,2,5 --samples 1 --warmup 0 --rounds 1 --max-new-tokens 4 \
        --device cpu --stop-at-eos --output-dir "$work/stopped" --dump-logits "$work/stopped.logits" >"$work/table" || return 1
    grep -q 'up to the end of the text, at most 4 new' "$work/table" || return 1
    "$python" - "$work/times/run_native_times.json" "$work/stopped/run_native_times.json" "$work/stops/config.json" <<'EOF'
import json, sys
full, cut, config = (json.load(open(path)) for path in sys.argv[1:])
end, shorter = config["eos_token_id"], 0
want = {(r["top_k"], r["request"]): r["tokens"] for r in full["by_request"]}
for line, sample in zip(cut["by_request"], cut["samples"]):
    tokens = want[line["top_k"], line["request"]]
    stop = tokens.index(end) + 1 if end in tokens else len(tokens)
    assert line["tokens"] == tokens[:stop] and sample["decode_tokens"] == stop - 1, (line, sample, tokens, end)
    shorter += stop < len(tokens)
assert shorter > 0 and cut["stop_at_eos"]
EOF
}
ok "--stop-at-eos ends a request at that token" stops
too_long() {
    "$run" --checkpoint "$work/random/one" --request "$work/requests" --max-new-tokens 50 --device cpu --output-dir "$work/none" 2>"$work/err"
    [ $? -eq 2 ] && grep -q "request b: 20 prompt tokens and 50 new ones do not fit into the model's 64 positions" "$work/err" && [ ! -e "$work/none" ]
}
ok "requests are checked before the first one runs" too_long
for moe in loop dense; do
    ok "float32, --moe $moe" random_agrees one one --moe $moe
done
done_testing

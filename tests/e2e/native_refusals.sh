#!/usr/bin/env bash
# What run_native refuses: one line on standard error that names the culprit, status 2, and nothing left behind.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
mkdir "$work/here"
tiny_model "$work/tiny" || exit 1

files() { find "$work" ! -path "$work/out" ! -path "$work/err" | sort; }
refuses_cleanly() { # refuses_cleanly WORD OPTION...: status 2, one line that holds WORD, no file anew
    local word=$1 status before
    shift
    before=$(files)
    (cd "$work/here" && "$run" "$@" >"$work/out" 2>"$work/err") 2>/dev/null
    status=$?
    echo "status $status, expected one line with: $word"
    cat "$work/err"
    [ $status -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -- "$word" "$work/err" && [ ! -s "$work/out" ] &&
        [ "$(files)" = "$before" ]
}
refused() { ok "$1" refuses_cleanly "${@:2}"; } # refused NAME WORD OPTION...

# edit PROGRAM: changes a copy of the checkpoint; in the Python program, `h` is the header and `data` the tensors' bytes.
edit() {
    rm -rf "$work/broken"
    cp -r "$work/tiny" "$work/broken"
    "$python" - "$work/broken/model.safetensors" "$1" <<'EOF'
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
names = {"h": json.loads(raw[8 : 8 + length]), "data": raw[8 + length :]}
exec(sys.argv[2], names)
text = json.dumps(names["h"]).encode()
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + names["data"])
EOF
}

seed=(--random-weights 1)
small=(--random-weights 1 --config small --device cpu)
no_torch_there=(--torch "$work/here") # reached only if what is tested did not stop the program before
refused "no model" "--checkpoint"
refused "two models" "either" "${seed[@]}" --checkpoint "$work/tiny"
refused "an unknown flag" "--bogus" "${seed[@]}" --bogus
refused "a flag without its value" "--samples" "${seed[@]}" --samples
refused "an argument too many" "surplus" "${seed[@]}" surplus
refused "no samples" "from 1" "${seed[@]}" --samples 0
refused "three rounds" "from 1 to 2" "${seed[@]}" --rounds 3
refused "a seed that is none" "--random-weights" --random-weights x
refused "k of 0" "from 1 to 64" "${seed[@]}" --top-k 0
refused "k of 65" "from 1 to 64" "${seed[@]}" --top-k 1,65
refused "k of 9 where there are 8 experts" "from 1 to 8" --checkpoint "$work/tiny" --top-k 9
refused "k that is a word" "from 1 to 64" "${seed[@]}" --top-k eight
refused "an unknown device" "auto, cpu, cuda" "${seed[@]}" --device tpu
refused "an unknown dtype" "bf16, fp16, fp32" "${seed[@]}" --dtype int8
refused "an unknown visit" "active, loop, dense" "${seed[@]}" --moe all
refused "graphs on the cpu" "--cuda-graph needs a GPU" "${small[@]}" --cuda-graph
refused "graphs of a loop" "--moe loop" "${seed[@]}" --cuda-graph --moe loop
# no_escapes OPTION...: names that move the cursor, that are not UTF-8 or that turn the direction of text are printed with '?'
no_escapes() {
    refuses_cleanly 'x?[31my?z?w' "$@" && ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f-\xff]' "$work/err"
}
odd=$'x\e[31my\xffz\xe2\x80\xaew'
ok "a name of a file is printed without its control characters" no_escapes "${seed[@]}" --config "/nonexistent/$odd"
ok "and that of a request" no_escapes "${seed[@]}" --request "/nonexistent/$odd"
ok "and a value of an option" no_escapes "${seed[@]}" --device "$odd"
refused "no configuration" "/nonexistent" "${seed[@]}" --config /nonexistent
refused "a configuration that is none" "JSON" "${seed[@]}" --config "$work/tiny/model.safetensors"
refused "no checkpoint" "/nonexistent" --checkpoint /nonexistent
refused "no request" "/nonexistent" "${seed[@]}" --request /nonexistent
refused "a request that is none" "config.json" "${seed[@]}" --request "$work/tiny/config.json"
refused "a request without its tensors" "input_ids" "${seed[@]}" --request "$work/tiny/model.safetensors"
refused "a dump into no folder" "/nonexistent/x" "${small[@]}" --dump-logits /nonexistent/x
refused "an output folder in no folder" "/nonexistent/x" "${small[@]}" --output-dir /nonexistent/x
refused "an output folder that is a file" "config.json" "${small[@]}" --output-dir "$work/tiny/config.json"
refused "no PyTorch where it is said to be" "libtorch_cpu.so" "${small[@]}" "${no_torch_there[@]}" --output-dir "$work/new"
MOETRACE_TORCH=/nonexistent refused "no PyTorch where the variable points" "MOETRACE_TORCH" "${small[@]}"
printf '#!/bin/sh\nexit 1\n' >"$work/here/python3" && chmod +x "$work/here/python3"
MOETRACE_TORCH='' PATH="$work/here:$PATH" refused "no PyTorch at all" "--torch DIR" "${small[@]}"
: >"$work/here/libtorch_cpu.so"
refused "a libtorch that is none" "cannot load libtorch" "${small[@]}" --torch "$work/here"
rm "$work/here/libtorch_cpu.so"

edit 'h["x\x1b[31my\u0085z\u202ew"] = {}'
ok "a name of a tensor is printed without its control characters" no_escapes --checkpoint "$work/broken"
edit 'data = data[:-1]'
refused "a checkpoint cut by one byte" "cut" --checkpoint "$work/broken"
: >"$work/broken/model.safetensors"
refused "an empty checkpoint" "not a whole safetensors file" --checkpoint "$work/broken"
rm "$work/broken/model.safetensors" && : >"$work/broken/pytorch_model.bin"
refused "a checkpoint of another kind" "pytorch_model.bin" --checkpoint "$work/broken"

# The tensors are only looked at once libtorch is there.
if [ -z "$no_torch" ]; then
    export MOETRACE_TORCH=$torch
    tiny=(--checkpoint "$work/broken" --device cpu)
    edit 'del h["model.transformer.ln_f.weight"]'
    refused "a tensor that is missing" "has no tensor model.transformer.ln_f.weight" "${tiny[@]}" --output-dir "$work/new"
    edit 'h["lm_head.weight"]["shape"] = [64, 256]'
    refused "a tensor of another shape" "lm_head.weight is [64, 256], but the configuration requires [256, 64]" "${tiny[@]}"
    edit 'h["lm_head.weight"]["dtype"] = "I32"'
    refused "a tensor of another kind" "lm_head.weight is I32" "${tiny[@]}"
    edit 'pass'
    sed -i 's/"max_position_embeddings": 512/"max_position_embeddings": 330/' "$work/broken/config.json"
    refused "more tokens than positions" "330 positions" "${tiny[@]}"
    sed -i 's/"n_layers": [0-9]*/"n_layers": 16000000/' "$work/broken/config.json"
    refused "a model that no memory holds" "this machine has" "${seed[@]}" --config "$work/broken/config.json" --device cpu
    if ! [ -e /dev/nvidia0 ]; then
        refused "graphs where there is no GPU" "--cuda-graph needs a GPU" "${seed[@]}" --config small --cuda-graph \
            --output-dir "$work/new"
        refused "a GPU where there is none" "--device cuda" "${seed[@]}" --config small --device cuda
    fi
fi
# prints WORD OPTION: status 0, WORD on standard output, silence on standard error.
prints() {
    "$run" "$2" >"$work/out" 2>"$work/err" && grep -qF -- "$1" "$work/out" && [ ! -s "$work/err" ]
}
ok "the version" prints "run_native $(cat VERSION)" --version
ok "every option in the help" prints "--dump-logits=FILE" --help
done_testing

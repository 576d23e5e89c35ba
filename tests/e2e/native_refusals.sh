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

# edit PROGRAM: changes a copy of the checkpoint. In the Python program, `t` holds [dtype, shape, bytes] of each tensor; the offsets
# follow from that. `h`, if it is set, is the header instead, and `data` the bytes after it.
edit() {
    rm -rf "$work/broken"
    cp -r "$work/tiny" "$work/broken"
    "$python" - "$work/broken/model.safetensors" "$1" <<'EOF'
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
header, data = json.loads(raw[8 : 8 + length]), raw[8 + length :]
header.pop("__metadata__", None)
t = {k: [v["dtype"], v["shape"], data[slice(*v["data_offsets"])]] for k, v in header.items()}
names = {"t": t, "json": json, "data": b"", "header": header, "whole": data}
exec(sys.argv[2], names)
if "h" not in names:
    names["h"], at = {}, 0
    for name, (dtype, shape, piece) in t.items():
        names["h"][name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(piece)]}
        at += len(piece)
        names["data"] += piece
text = names["h"] if isinstance(names["h"], bytes) else json.dumps(names["h"]).encode()
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + names["data"])
EOF
}

# lists_and_refuses LINES OPTION...: status 2, the last line is one of refusal, those before it are LINES in any order
lists_and_refuses() {
    local wanted=$1 before
    shift
    before=$(files)
    "$run" "$@" >"$work/out" 2>"$work/err"
    [ $? -eq 2 ] && [ ! -s "$work/out" ] && [ "$(files)" = "$before" ] && tail -n 1 "$work/err" | grep -q 'does not fit its configuration' &&
        diff <(head -n -1 "$work/err" | sort) <(echo "$wanted" | sort)
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
ok "and the range of a request" no_escapes "${seed[@]}" --request "/nonexistent/$odd"
ok "and a value of an option" no_escapes "${seed[@]}" --device "$odd"
refused "no configuration" "/nonexistent" "${seed[@]}" --config /nonexistent
refused "a configuration that is none" "JSON" "${seed[@]}" --config "$work/tiny/model.safetensors"
refused "no checkpoint" "/nonexistent" --checkpoint /nonexistent
refused "no request" "/nonexistent" "${seed[@]}" --request /nonexistent
refused "a request that is none" "config.json" "${seed[@]}" --request "$work/tiny/config.json"
mkdir "$work/no_requests"
refused "a directory without a request" "holds no request" "${seed[@]}" --request "$work/no_requests"
refused "an end of text that the model does not name" "names no eos_token_id" --checkpoint "$work/tiny" --stop-at-eos --max-new-tokens 2 \
    "${no_torch_there[@]}"
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

edit 't["x\x1b[31my\u0085z\u202ew"] = ["F31", [], b""]'
ok "a name of a tensor is printed without its control characters" no_escapes --checkpoint "$work/broken"
edit 'h, data = header, whole[:-1]'
refused "a checkpoint cut by one byte" "cut" --checkpoint "$work/broken"
edit 'h, data = header, whole + b"x"'
refused "a checkpoint with a byte more" "no tensor holds its last 1 bytes" --checkpoint "$work/broken"
edit 'h, data = header, whole; h.pop("lm_head.weight")'
refused "a checkpoint with a hole" "no tensor holds " --checkpoint "$work/broken"
edit 'h, data = header, whole; h["x"] = h["lm_head.weight"]'
refused "tensors that overlap" "overlaps tensor" --checkpoint "$work/broken"
: >"$work/broken/model.safetensors"
refused "an empty checkpoint" "not a whole safetensors file" --checkpoint "$work/broken"
rm "$work/broken/model.safetensors"
refused "a directory without a checkpoint" "it needs model.safetensors or pytorch_model.bin" --checkpoint "$work/broken"
for name in hf:allenai/MolmoE-1B-0924 https://example.org/model s3://bucket/model; do
    refused "$name is no checkpoint" "$name: a local directory is needed" --checkpoint "$name"
done

# Tensors are compared with the configuration before libtorch is needed.
broken=(--checkpoint "$work/broken" --device cpu "${no_torch_there[@]}")
edit 'del t["model.transformer.ln_f.weight"]; t["lm_head.weight"][1] = [64, 256]; t["extra"] = ["I64", [2], bytes(16)]
t["model.transformer.blocks.0.mlp.gate.weight"][0] = "I32"'
ok "all tensors that do not fit are listed" lists_and_refuses "run_native: missing: model.transformer.ln_f.weight [64]
run_native: wrong shape: lm_head.weight is [64, 256], but the configuration requires [256, 64]
run_native: wrong type: model.transformer.blocks.0.mlp.gate.weight is I32: it must be F32, BF16 or F16
run_native: unexpected: extra [2] in $work/broken/model.safetensors" "${broken[@]}" --output-dir "$work/new"
edit 'del t["model.transformer.blocks.1.mlp.experts.7.up_proj.weight"]'
ok "one tensor that is missing" lists_and_refuses \
    "run_native: missing: model.transformer.blocks.1.mlp.experts.7.up_proj.weight [32, 64]" "${broken[@]}"
edit 'pass'
sed -i 's/"n_layers": [0-9]*/"n_layers": 16000000/' "$work/broken/config.json"
many_missing() {
    "$run" "${broken[@]}" >"$work/out" 2>"$work/err"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -lt 110000 ] && tail -n 1 "$work/err" | grep -q '100000 are missing'
}
ok "a configuration of millions of layers" many_missing

# shard PROGRAM: the checkpoint in two files with an index `i`, which the program changes.
shard() {
    edit 'pass'
    "$python" - "$work/broken" "$1" <<'EOF'
import json, os, struct, sys
path = sys.argv[1] + "/model.safetensors"
raw = open(path, "rb").read()
os.remove(path)
(length,) = struct.unpack("<Q", raw[:8])
h, data = json.loads(raw[8 : 8 + length]), raw[8 + length :]
i = {"metadata": {"total_size": len(data), "x": [1.5, {"y": [None, True]}]}, "weight_map": {}}
for n in (1, 2):
    part, body, name = {}, b"", f"model-0000{n}-of-00002.safetensors"
    for k, key in enumerate(h):
        if k % 2 == n - 1:
            piece = data[slice(*h[key]["data_offsets"])]
            part[key] = dict(h[key], data_offsets=[len(body), len(body) + len(piece)])
            body += piece
            i["weight_map"][key] = name
    text = json.dumps(part).encode()
    open(f"{sys.argv[1]}/{name}", "wb").write(struct.pack("<Q", len(text)) + text + body)
names = {"i": i, "m": i["weight_map"], "json": json}
exec(sys.argv[2], names)
i = names["i"]
open(path + ".index.json", "wb").write(i if isinstance(i, bytes) else json.dumps(i).encode())
EOF
}
shard 'pass'
refused "no fault in shards" "libtorch_cpu.so" "${broken[@]}"
prefers() { # prefers FORM OTHER: both are there, and one line says which is read
    "$run" "${broken[@]}" 2>"$work/err"
    [ $? -eq 2 ] && grep -qxF "run_native: $work/broken holds $1 and $2: $1 is read" "$work/err" && [ "$(wc -l <"$work/err")" -eq 2 ]
}
cp "$work/tiny/model.safetensors" "$work/broken"
ok "one file is read where there are shards, too" prefers model.safetensors model.safetensors.index.json
head=lm_head.weight
shard "m['$head'] = m['$head'][:6] + '00003-of-00002.safetensors'"
refused "a shard that is missing" "model-00003-of-00002.safetensors" "${broken[@]}"
shard "m['$head'] = 'model-0000%d-of-00002.safetensors' % (3 - int(m['$head'][10]))"
refused "a tensor in another shard than the index says" "tensor $head is not in model-0000" "${broken[@]}"
shard "del m['$head']"
refused "a tensor that the index does not list" "does not list tensor $head" "${broken[@]}"
shard "m['$head'] = '../tiny/model.safetensors'"
refused "a shard in another directory" "no name of a file beside it" "${broken[@]}"
shard "m['$head'] = '/etc/passwd'"
refused "a shard anywhere" "no name of a file beside it" "${broken[@]}"
shard "i = json.dumps(i).encode()[:-2]"
refused "an index that is cut" "not an index of a checkpoint" "${broken[@]}"
shard "i = {'metadata': {}}"
refused "an index without a map" "weight_map is missing" "${broken[@]}"
shard "m.update({'model.extra': m['$head']})"
refused "a tensor of the index that no shard holds" "tensor model.extra is not in" "${broken[@]}"

# torch_file PROGRAM: the checkpoint as pytorch_model.bin; tests/data/native_torch_file.py says what the program may change.
torch_file() {
    rm -rf "$work/broken"
    mkdir "$work/broken" && cp "$work/tiny/config.json" "$work/broken" &&
        "$python" tests/data/native_torch_file.py "$work/tiny/model.safetensors" "$work/broken/pytorch_model.bin" "$1"
}
# refused_file NAME WORD PROGRAM: what such a file is refused for
refused_file() {
    torch_file "$3"
    refused "$1" "$2" "${broken[@]}"
}
refused_file "no fault in a file of torch.save" "libtorch_cpu.so" ''
refused_file "nor with zip64 fields" "libtorch_cpu.so" 'zip["force_zip64"] = True'
refused_file "nor with parameters, attributes and no byte order" "libtorch_cpu.so" 'byteorder = None
for t in tensors.values(): t.parameter = True
tensors._metadata = OrderedDict([("", {"version": 1})])'
refused_file "a class that runs a program" "it names posix.system, which is refused" 'class A:
    def __reduce__(self):
        import os
        return os.system, ("touch here/ran",)
state["x"] = A()'
refused_file "a class of PyTorch that no state dict needs" "torch.hub.load, which is refused" \
    'pickle = b"\x80\x02ctorch.hub\nload\n."'
refused_file "protocol 4" "pickle protocol 4 is not read" 'pickle = dump(state, 4)'
refused_file "an opcode of another protocol" "0x93 (STACK_GLOBAL) is refused" 'pickle = b"\x80\x02X\x01\0\0\0aX\x01\0\0\0b\x93."'
refused_file "an opcode that makes objects" "0x81 (NEWOBJ) is refused" 'class A: pass
state["x"] = A
pickle = b"\x80\x02ccollections\nOrderedDict\n)\x81."'
refused_file "a checkpoint of a training" '"model" is no tensor, but a dict' 'state = {"model": tensors, "epoch": 7}'
refused_file "a number in a state dict" '"epoch" is no tensor, but a number' 'state["epoch"] = 7'
refused_file "a list in a state dict" "EMPTY_LIST" 'state["x"] = [1]'
refused_file "a tensor alone" "holds a tensor: a state dict is needed" 'state = tensors["lm_head.weight"]'
refused_file "a key that is a number" "a key of its dict is no string" 'state[7] = tensors["lm_head.weight"]'
refused_file "big-endian numbers" "its numbers are big-endian" 'byteorder = b"big"'
refused_file "another byte order" "an unknown byte order" 'byteorder = b"middle"'
refused_file "the legacy form" "the legacy form of torch.save (before PyTorch 1.6) is not read" \
    'file = lambda data: bytes.fromhex("80028a0a6cfc9c46f9206aa850192e") + bytes(100)'
refused_file "a TorchScript program" "TorchScript" 'members["constants.pkl"] = b"."'
refused_file "a zip archive of something else" "it has no data.pkl" 'file = lambda data: data.replace(b"data.pkl", b"data.pk_")'
refused_file "a compressed archive" "is compressed, which torch.save does not do" 'zip["compression"] = 8'
refused_file "no zip archive" "not a file of torch.save" 'file = lambda data: b"hello"'
refused_file "an empty file" "not a file of torch.save" 'file = lambda data: b""'
refused_file "a file cut at its end" "or one that is cut" 'file = lambda data: data[:-1]'
refused_file "a file cut at its begin" "zip" 'file = lambda data: data[1000:]'
refused_file "an archive with a name twice" "occurs twice" 'file = lambda data: data.replace(b"model/data/11", b"model/data/10")'
refused_file "a directory and a header of different names" "has a header with another name" \
    'file = lambda data: data.replace(b"model/data/11", b"model/data/xx", 1)'
refused_file "a storage that is missing" "storage 3 is missing" 'pickle = dump(state); del storages["3"]'
refused_file "a storage that is too short" "has 16380 bytes, which are not the 4096 elements of torch.FloatStorage" \
    't = next(t for t in tensors.values() if len(storages[t.storage]) == 16384); t.elements = 4096
storages[t.storage] = storages[t.storage][:-4]'
beyond='a tensor beyond its storage'
refused_file "a tensor one element beyond its storage" "$beyond" 'tensors["lm_head.weight"].offset = 1'
refused_file "strides beyond the storage" "$beyond" 'tensors["lm_head.weight"].stride = (64, 2)'
refused_file "an offset beyond the storage" "$beyond" 'tensors["lm_head.weight"].offset = 1 << 40'
refused_file "a negative offset" "a number that is negative or too large" 'tensors["lm_head.weight"].offset = -1'
refused_file "a negative stride" "a number that is negative or too large" 'tensors["lm_head.weight"].stride = (-64, 1)'
refused_file "sizes that overflow" "a tensor of an impossible shape" 't = tensors["lm_head.weight"]
t.size, t.stride = (1 << 40, 1 << 40), (0, 0)'
torch_file 't = tensors["lm_head.weight"]
t.size, t.stride = (1 << 40, 64), (0, 1)'
ok "a huge tensor on a small storage" lists_and_refuses \
    "run_native: wrong shape: lm_head.weight is [1099511627776, 64], but the configuration requires [256, 64]" "${broken[@]}"
refused_file "more strides than sizes" "invalid sizes" 'tensors["lm_head.weight"].stride = (64, 1, 1)'
refused_file "a pickle that is cut" "it is cut" 'pickle = dump(state)[:-100]'
refused_file "a pickle with more behind it" "its end is not that of one value" 'pickle = dump(state) + b"."'
refused_file "a string longer than the file" "it is cut" 'pickle = b"\x80\x02X\xff\xff\xff\xff."'
refused_file "marks without end" "its stack is deeper than a state dict needs" 'pickle = b"\x80\x02" + b"(" * 1000000'
refused_file "tuples of tuples" "more tuples than a state dict needs" 'pickle = b"\x80\x02)" + b"\x85" * 1000000'
refused_file "items without end" "more items than a state dict needs" 'pickle = b"\x80\x02}" + b"NNs" * 100000'
refused_file "a memo far away" "a memo out of order" 'pickle = b"\x80\x02}r\xff\xff\xff\x7f."'
refused_file "a memo that was not set" "a memo that was not set" 'pickle = b"\x80\x02h\x07."'
refused_file "a dict that holds itself" '"a" is no tensor, but a dict' 'pickle = b"\x80\x02}q\0X\x01\0\0\0ah\0s."'
refused_file "an empty stack" "its stack is empty" 'pickle = b"\x80\x02R."'
[ ! -e "$work/here/ran" ]; ok "nothing was executed" test $? -eq 0

# The rest is only looked at once libtorch is there.
if [ -z "$no_torch" ]; then
    export MOETRACE_TORCH=$torch
    tiny=(--checkpoint "$work/broken" --device cpu)
    edit 'pass'
    sed -i 's/"max_position_embeddings": 512/"max_position_embeddings": 330/' "$work/broken/config.json"
    refused "more tokens than positions" "330 positions" "${tiny[@]}"
    sed -i 's/"n_layers": [0-9]*/"n_layers": 16000000/' "$work/broken/config.json"
    sed -i 's/"max_position_embeddings": 330/"max_position_embeddings": 512/' "$work/broken/config.json"
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

#!/usr/bin/env bash
# scripts/prepare_request.py: layouts and masks as the public processor makes them (by their digests), pixels against a resampling
# of its own in float64, and what run_native computes from a request that it made.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
# shellcheck source=tests/python.sh
source "$(dirname "$0")/../python.sh"
if [ -z "$have_torch" ] || ! torch_python -c 'import PIL, tokenizers' 2>/dev/null; then
    skip "requests of an image" "${why_no_torch:-there is no Pillow or no tokenizers}"
    done_testing
fi
compare="$python tests/data/native_compare.py"
prepare() { torch_python scripts/prepare_request.py --checkpoint "$work/model" "$@"; }
# shellcheck disable=SC2317
helper() { torch_python tests/data/native_prepare.py "$@"; }
mkdir "$work/model" && helper vocabulary "$work/model" || exit 1

ok "images of nine sizes" helper check "$work/model" {336x336,640x480,1200x300,300x1200,2000x1500,17x900,900x17,337x335,3000x200}.noise
ok "grey, with transparency, with an orientation (which the processor ignores)" helper check "$work/model" 640x480.{grey,rgba,turned}

# The blue image and its prompt are the default request.
is_default() {
    helper image "$work/blue.png" 336x336 blue && prepare --image "$work/blue.png" --prompt 'Desc ribe this image.' -o "$work/blue" || return 1
    "$python" - "$work/blue" <<'PY'
import json, struct, sys
raw = open(sys.argv[1], "rb").read()
(length,) = struct.unpack("<Q", raw[:8])
begin, end = json.loads(raw[8 : 8 + length])["input_ids"]["data_offsets"]
ids = struct.unpack(f"<{(end - begin) // 8}q", raw[8 + length + begin : 8 + length + end])
assert len(ids) == 326 and ids[0] == 50279, ids
assert ids[-9:] == (11447, 27, 3666, 19268, 436, 2460, 15, 17762, 27), ids[-9:]
PY
}
ok "the blue image is the default request" is_default
runs_as_default() {
    local request
    export MOETRACE_TORCH=$torch
    for request in "" "--request $work/blue"; do
        # shellcheck disable=SC2086
        "$run" --random-weights 7 --config small --device cpu --top-k 8 --samples 1 --warmup 0 --rounds 1 --max-new-tokens 2 \
            --dump-logits "$work/logits${request:+.blue}" $request >/dev/null || return 1
    done
    $compare same "$work/logits" "$work/logits.blue"
}
if [ -z "$no_torch" ]; then
    ok "and run_native computes the same from it" runs_as_default
fi

shows() { prepare --image "$work/blue.png" --prompt $'Desc ribe\e[31m this' --print >"$work/shown" && cat "$work/shown"; }
prints() {
    shows | grep -qF 'image   336x336 pixels, 1x1 crops and the whole: 316 tokens' && grep -qF '3666:" Desc" 19268:" ribe"' "$work/shown" &&
        ! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f]' "$work/shown"
}
ok "--print shows the tensors of image and prompt" prints
text_only() { prepare --prompt Desc -o "$work/text" --print | grep -qx 'all     6 tokens, the first is <|endoftext|>'; }
ok "without an image" text_only

refused() { # refused NAME WORD OPTION...: status 2, one line that holds WORD, and no output
    ok "refused: $1" refuses_cleanly "${@:2}"
}
refuses_cleanly() {
    rm -f "$work/none"
    torch_python scripts/prepare_request.py "${@:2}" --prompt x -o "${out:-$work/none}" >"$work/out" 2>"$work/err"
    [ $? -eq 2 ] && cat "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -- "$1" "$work/err" && [ ! -e "$work/none" ] &&
        [ ! -s "$work/out" ]
}
mkdir "$work/empty" "$work/other" "$work/plain"
refused "no tokenizer" "has no tokenizer.json" --checkpoint "$work/empty"
echo '{}' >"$work/plain/tokenizer.json"
refused "a tokenizer that is none" "is no tokenizer" --checkpoint "$work/plain"
sed 's/<im_col>/<im_other>/' "$work/model/tokenizer.json" >"$work/plain/tokenizer.json"
refused "a tokenizer of another model" "has no token <im_col>" --checkpoint "$work/plain"
cp "$work/model/tokenizer.json" "$work/other"
echo '{"max_crops": 8}' >"$work/other/preprocessor_config.json"
refused "another way to cut images" "field max_crops is 8: only 12 is computed" --checkpoint "$work/other"
refused "an image that is none" "cannot read the image" --checkpoint "$work/model" --image "$work/model/tokenizer.json"
refused "no image" "/nonexistent" --checkpoint "$work/model" --image $'/nonexistent\e'
helper image "$work/thin.png" 1x900 noise
refused "an image without width" "too narrow" --checkpoint "$work/model" --image "$work/thin.png"
echo precious >"$work/precious"
out=$work/precious refused "a file of something else" "exists and is no request" --checkpoint "$work/model"
out=/nonexistent/x refused "a folder that does not exist" "cannot write /nonexistent/x" --checkpoint "$work/model"
ok "existing content is kept" grep -qx precious "$work/precious"
done_testing

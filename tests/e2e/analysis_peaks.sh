#!/usr/bin/env bash
# moetrace peaks on the fake CUDA, whose kernels last as long as it is known; the PTX text by a real assembler; what is
# refused.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

peaks() { # peaks ARGUMENTS...: with the fake CUDA
    LD_LIBRARY_PATH="$BUILD/fake" "$moetrace" peaks "$@"
}
peaks_refuses() { # peaks_refuses PATTERN COMMAND...: and leaves no file
    refuses "$@" && [ -z "$(ls "$work"/none.json* 2>/dev/null)" ]
}

ok "peaks are measured" env FAKE_CUDA_MODULE="$work/kernels.ptx" LD_LIBRARY_PATH="$BUILD/fake" "$moetrace" peaks \
    -o "$work/peaks.json" --format json
cp "$work/tap.out" "$work/table.json"
ok "the numbers follow from the fake's durations" "$python" - "$work" <<'PY'
import json, sys
sys.path.insert(0, "tests/data")
from report_tables import load
folder = sys.argv[1]
peaks = json.load(open(folder + "/peaks.json"))
assert peaks["device"] == "Fake H100"
size, near = peaks["buffer_bytes"], lambda x, y: abs(x / y - 1) < 0.01
ways = peaks["memory_ways_bytes_per_s"]
assert 64 << 20 <= size <= 128 << 20, size  # a quarter of what is free
assert near(ways["kernel_read"], size / 200e-6) and near(ways["kernel_copy"], 2 * size / 200e-6)
assert near(ways["driver_copy"], 2 * size / (3e-6 + size // 1024 / 1e9))
assert peaks["memory_bytes_per_s"] == max(ways.values())
for name, value in peaks["flops"].items():
    assert near(value, 2 * 8192**3 / (8192 * 250e-9 * (4 if name == "fp32" else 1))), (name, value)
rows = load(folder + "/table.json")["peaks"].records()
assert len(rows) == 7 and rows[0]["quantity"] == "memory" and near(rows[0]["best"] * 1e9, ways["kernel_read"])
assert near(next(row for row in rows if row["quantity"] == "bf16")["median"] * 1e12, peaks["flops"]["bf16"])
PY
ptxas=$(ls build/deps/venv/lib/python3*/site-packages/torch/bin/ptxas 2>/dev/null || command -v ptxas)
for target in sm_75 sm_90; do
    if [ -n "$ptxas" ]; then
        ok "the kernels are PTX: ptxas for $target" "$ptxas" -arch $target -o "$work/kernels.cubin" "$work/kernels.ptx"
    else
        skip "the kernels are PTX: ptxas for $target" "no ptxas here"
    fi
done

missing() {
    peaks --cublas "$work/none.so" -o "$work/missing.json" >"$work/missing.txt" || return 1
    grep -q '^Missing: --cublas=.*none.so cannot be opened' "$work/missing.txt" && grep -qE '^bf16 +- +- +- ' "$work/missing.txt" &&
        "$python" -c 'import json, sys; p = json.load(open(sys.argv[1])); sys.exit(not p["memory_bytes_per_s"] > 0
            or set(p["flops"].values()) != {None})' "$work/missing.json"
}
ok "without cuBLAS only the products are missing" missing
one_type() {
    FAKE_CUBLAS_FAILS=14 peaks -o "$work/one.json" >"$work/one.txt" || return 1
    grep -q '^Missing: bf16 products of .*: cuBLAS status 15' "$work/one.txt" &&
        "$python" -c 'import json, sys; f = json.load(open(sys.argv[1]))["flops"]; sys.exit(f["bf16"] is not None or not f["fp16"] > 0)' \
            "$work/one.json"
}
ok "only a type that the device lacks is missing" one_type
if ldconfig -p | grep -q 'libcuda\.so\.1 '; then
    skip "no driver" "there is one"
else
    ok "no driver" peaks_refuses 'no NVIDIA driver here' env LD_LIBRARY_PATH= "$moetrace" peaks -o "$work/none.json"
fi
ok "no GPU" peaks_refuses 'no GPU can be used: .*CUDA_ERROR_NO_DEVICE' env FAKE_CUDA_NO_DEVICE=1 LD_LIBRARY_PATH="$BUILD/fake" \
    "$moetrace" peaks -o "$work/none.json"
ok "no such device" peaks_refuses '--device=3: there are 1 devices' peaks --device 3 -o "$work/none.json"
ok "too little memory" peaks_refuses 'only 100 MiB of its memory are free' env FAKE_CUDA_FREE_MIB=100 LD_LIBRARY_PATH="$BUILD/fake" \
    "$moetrace" peaks -o "$work/none.json"
ok "an argument" peaks_refuses 'takes no argument' peaks x
unwritable() {
    peaks -o "$work/no/such/dir.json" >/dev/null 2>"$work/err"
    [ $? -eq 2 ] && grep -q 'no/such/dir.json' "$work/err"
}
ok "a file that cannot be written is an error" unwritable
done_testing

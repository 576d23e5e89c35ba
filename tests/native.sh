# For run_native's end-to-end tests: tap.sh, run_native, the libtorch that it loads, and the small checkpoint.
# shellcheck shell=bash disable=SC2034
# shellcheck source=tests/tap.sh
source "$(dirname "${BASH_SOURCE[0]}")/tap.sh"
run=$BUILD/run_native
# Empty where there is no PyTorch; $no_torch says then, or where a sanitizer forbids it, why nothing can run.
torch=${MOETRACE_TORCH:-$(ls -d "$PWD"/build/deps/venv/lib/python3*/site-packages/torch 2>/dev/null | head -n 1)}
no_torch=
[ -n "$torch" ] || no_torch="no PyTorch: scripts/setup.sh torch installs it"
[ -z "$SAN" ] || no_torch="libtorch does not run under a sanitizer"

# tiny_model DIR: the checkpoint of a small random MolmoE; tests/data/native_compare.py says what it is compared with.
tiny_model() {
    mkdir -p "$1" && gunzip -c tests/data/native/tiny_a.safetensors.gz >"$1/model.safetensors" &&
        cp tests/data/native/tiny_a_config.json "$1/config.json"
}
# tiny_tensors NAME FILE: tensors that go with it, such as tiny_a_request.
tiny_tensors() { gunzip -c "tests/data/native/$1.safetensors.gz" >"$2"; }

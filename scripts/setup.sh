#!/usr/bin/env bash
# Installs what is missing on a Debian or Ubuntu machine, and says what it does.
#   setup.sh build   the packages and headers that compiling needs
#   setup.sh test    the same, and what the tests need (cmocka, clang's tools, numpy)
#   setup.sh torch   a Python environment with the torch wheel and the CUDA libraries it needs to load (for the CPU demo)
#   setup.sh stale   prints which of build and test were not run yet, or not as they are now
# Each step leaves a stamp in build/deps that holds what the step was: a second run does nothing, and a step that asks for
# more than the stamp knows of is run again.
set -euo pipefail
cd "$(dirname "$0")/.."
deps=build/deps
mkdir -p "$deps"

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

# Installs the Debian packages among "$@" that are not installed yet.
packages() {
    local missing=() p
    for p in "$@"; do
        [ "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" = "install ok installed" ] || missing+=("$p")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "needs the packages ${missing[*]}: install them as root, then run make again"
        sudo=(sudo)
    fi
    say "installing ${missing[*]}"
    "${sudo[@]}" apt-get update -qq >&2 || say "apt-get update failed; trying with the package lists at hand"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >"$deps/apt.log" 2>&1 || die "apt-get install failed: see $deps/apt.log"
}

# A Python environment of the project's own: nothing is installed outside build/.
venv() {
    [ -x "$deps/venv/bin/pip" ] || python3 -m venv "$deps/venv" || die "python3 -m venv failed: install python3-venv"
}

wheels() {
    venv
    say "fetching $*"
    "$deps/venv/bin/pip" install -q --disable-pip-version-check --no-deps "$@" >&2 || die "pip install $* failed"
}

# clang's libFuzzer, where the distribution keeps it apart from clang. Without it the fuzz targets are skipped.
fuzzer() {
    local version
    version=$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p' | head -n 1)
    if ! tests/fuzz/run.sh possible && apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1; then
        packages "libclang-rt-$version-dev"
    fi
}

step_build() {
    packages gcc make libc6-dev libcjson-dev libiberty-dev libsqlite3-dev python3 python3-venv
    if ! ls "$deps"/venv/lib/python3*/site-packages/nvidia/*/include/nvtx3/nvToolsExt.h >/dev/null 2>&1 &&
        [ ! -e /usr/local/cuda/include/nvtx3/nvToolsExt.h ]; then
        wheels 'nvidia-nvtx>=13.0,<14'
    fi
}

step_test() {
    step build
    packages clang clang-format clang-tidy libcmocka-dev shellcheck mandoc zsh fish
    fuzzer
    wheels 'numpy<3'
    step torch
}

step_torch() {
    step build
    wheels 'torch==2.11.0' 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
}

# What a step is: its text, and so the names of all that it installs. The stamp that it leaves holds this.
contents() { declare -f "step_$1" fuzzer; }

ready() { [ -e "$deps/.$1-ready" ] && [ "$(<"$deps/.$1-ready")" = "$(contents "$1")" ]; }

# Runs a step, unless it was run as it is now.
step() {
    if ! ready "$1"; then
        "step_$1"
        contents "$1" >"$deps/.$1-ready"
    fi
}

case "${1:-}" in
build | test | torch)
    exec 9>"$deps/.lock" # one at a time
    flock 9
    step "$1"
    ;;
stale)
    for s in build test; do
        ready "$s" || echo "$s"
    done
    ;;
*) die "usage: setup.sh build|test|torch|stale" ;;
esac

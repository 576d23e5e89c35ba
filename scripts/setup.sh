#!/usr/bin/env bash
# Installs what is missing on a Debian or Ubuntu machine, and says what it does.
#   setup.sh build   the packages and headers that compiling needs
#   setup.sh test    the same, and what the tests need (cmocka, clang's tools, numpy)
#   setup.sh torch   a Python environment with the torch wheel and the CUDA libraries it needs to load (for the CPU demo)
#   setup.sh readers  other people's readers of what moetrace exports, from PyPI, in an environment of their own (for one suite)
#   setup.sh nsys    NVIDIA's Nsight Systems, for the suites that run it on what moetrace exports, unless one is on the PATH
#   setup.sh cupti   NVIDIA's CUPTI of CUDA 11.7, 11.8 and 12.9, from PyPI, for one suite
#   setup.sh bench   pandas, which bench_analysis.sh compares with
#   setup.sh try readers|nsys|cupti  the same for a test that can be skipped: what failed is not tried again for ten hours
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
    # A fresh machine may still be at its own updates.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq \
        --no-install-recommends "${missing[@]}" \
        >"$deps/apt.log" 2>&1 || die "apt-get install failed: see $deps/apt.log"
}

# A Python environment of the project's own: nothing is installed outside build/.
venv() {
    [ -x "$deps/venv/bin/pip" ] || python3 -m venv "$deps/venv" || die "python3 -m venv failed: install python3-venv"
}

wheels() { # large ones show their progress on a terminal
    local quiet=-q
    [ ! -t 2 ] || quiet=
    venv
    say "fetching $*"
    "$deps/venv/bin/pip" install $quiet --disable-pip-version-check --no-deps "$@" >&2 || die "pip install $* failed"
}

# The library that draws the charts of `moetrace report --html`: one file out of its wheel, and its licence.
plotly() {
    local version=$1 sum=$2 work
    [ "$(cat "$deps/plotly/version" 2>/dev/null)" != "$version" ] || return 0
    venv
    say "fetching plotly $version"
    work=$(mktemp -d)
    echo "plotly==$version --hash=sha256:$sum" >"$work/requirements"
    "$deps/venv/bin/pip" download -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
        -d "$work" -r "$work/requirements" >&2 || die "pip download plotly==$version failed"
    mkdir -p "$deps/plotly"
    "$deps/venv/bin/python3" - "$work/plotly-$version-py3-none-any.whl" "$deps/plotly" "$version" <<'PY' || die "plotly $version: its wheel lacks a file"
import sys, zipfile
wheel, out, version = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    for name, member in (("plotly.min.js", "plotly/package_data/plotly.min.js"),
                         ("LICENSE.txt", f"plotly-{version}.dist-info/licenses/LICENSE.txt")):
        open(f"{out}/{name}", "wb").write(z.read(member))
open(f"{out}/version", "w").write(version + "\n")
PY
    rm -rf "$work"
}

# A browser for the test of the HTML report. Where the distribution has none (Ubuntu has a snap), that test is skipped.
browser() {
    command -v chromium-headless-shell chromium google-chrome >/dev/null && return 0
    if [ -n "$(apt-cache madison chromium-headless-shell 2>/dev/null)" ]; then
        packages chromium-headless-shell
    else
        say "no package chromium-headless-shell here: the HTML report is not tested in a browser"
    fi
}

# clang's libFuzzer, where the distribution keeps it apart from clang. Without it the fuzz targets are skipped.
fuzzer() {
    local version
    version=$(clang --version | sed -n 's/.*version \([0-9]*\).*/\1/p' | head -n 1)
    if ! tests/fuzz/run.sh possible && apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1; then
        packages "libclang-rt-$version-dev"
    fi
}

# build/deps/include leads to the headers of NVTX: those of a toolkit that is installed, or of the wheel.
nvtx() {
    local header=${CUDA_HOME:-/usr/local/cuda}/include/nvtx3/nvToolsExt.h
    if [ ! -e "$header" ]; then
        wheels 'nvidia-nvtx>=13.0,<14'
        header=$(cd "$deps" && ls venv/lib/python3*/site-packages/nvidia/*/include/nvtx3/nvToolsExt.h) ||
            die "the wheel nvidia-nvtx has no nvToolsExt.h"
    fi
    ln -sfn "${header%/nvtx3/*}" "$deps/include"
}

step_build() {
    packages gcc make libc6-dev libcjson-dev libiberty-dev libsqlite3-dev python3 python3-venv
    nvtx
    plotly 7.1.0 dbb7fa18afce40d0a8e80d1bf162eceb3faa0ce5a77fe741ad09a74cf78f53f3
}

step_test() {
    step build
    packages clang libcmocka-dev shellcheck mandoc zsh fish gnuplot-nox
    fuzzer
    browser
    # The headers of the CUDA runtime's wheel include those of crt. What clang-format and clang-tidy say depends on their version.
    wheels 'numpy<3' 'nvidia-cuda-crt==13.0.*' 'clang-format==14.0.6' 'clang-tidy==19.1.0'
    step torch
}

step_torch() {
    step build
    wheels 'torch==2.11.0' 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*'
}

# nsys-ai reads through DuckDB's SQLite extension, which DuckDB would fetch from elsewhere.
step_readers() {
    step build
    [ -x "$deps/readers/bin/pip" ] || python3 -m venv "$deps/readers" || die "python3 -m venv failed: install python3-venv"
    say "fetching readers of exports"
    timeout 400 "$deps/readers/bin/pip" install -q --disable-pip-version-check --retries 1 \
        'HolisticTraceAnalysis==0.5.0' 'perfetto==0.59.1' 'nsys-ai==0.3.0' 'nsys-tui==0.1.5' 'nsys2prv==0.5.8' \
        'duckdb==1.5.5' 'duckdb-extension-sqlite-scanner==1.5.5' >&2 || die "the readers of exports cannot be installed from PyPI"
}

# Libraries and headers only: none of them is installed into the environment.
step_cupti() {
    step build
    venv
    local wheel
    for wheel in nvidia-cuda-cupti-cu11==11.7.101 nvidia-cuda-cupti-cu11==11.8.87 nvidia-cuda-cupti-cu12==12.9.79; do
        say "fetching $wheel"
        "$deps/venv/bin/pip" install -q --disable-pip-version-check --no-deps --retries 1 --upgrade \
            --target "$deps/cupti/${wheel#*==}" "$wheel" >&2 || die "pip install $wheel failed"
    done
}

step_bench() {
    step build
    wheels 'numpy<3' 'pandas<3' python-dateutil pytz six tzdata
}

# shellcheck source=scripts/setup_nsys.sh
source scripts/setup_nsys.sh

# What a step is: its text, and so the names of all that it installs. The stamp that it leaves holds this.
contents() {
    local with="nvtx fuzzer browser"
    [ "$1" != nsys ] || with=$(compgen -A function nsys_)
    # shellcheck disable=SC2086
    declare -f "step_$1" $with
}

ready() { [ -e "$deps/.$1-ready" ] && [ "$(<"$deps/.$1-ready")" = "$(contents "$1")" ]; }

# Runs a step, unless it was run as it is now.
step() {
    if ! ready "$1"; then
        "step_$1"
        contents "$1" >"$deps/.$1-ready"
    fi
}

case "${1:-}" in
build | test | torch | readers | nsys | cupti | bench)
    if ready "$1"; then exit; fi
    exec 9>"$deps/.lock" # one at a time
    flock 9
    step "$1"
    ;;
try)
    failed=$deps/.$2-failed
    [ -z "$(find "$failed" -mmin -600 2>/dev/null)" ] || die "$2 could not be had some hours ago: remove $failed to try again"
    if ! "$0" "$2"; then
        touch "$failed"
        exit 2
    fi
    rm -f "$failed"
    ;;
stale)
    for s in build test; do
        ready "$s" || echo "$s"
    done
    ;;
*) die "usage: setup.sh build|test|torch|[try] readers|[try] nsys|[try] cupti|bench|stale" ;;
esac

#!/usr/bin/env bash
# Installs what is missing on a Debian or Ubuntu machine, and prints what it does.
#   setup.sh build    what compiling needs: packages, NVTX's headers, plotly.js
#   setup.sh test     the same, and what the tests need (cmocka, clang's tools, numpy, PyTorch)
#   setup.sh torch    a Python environment with the torch wheel and the CUDA libraries that it loads (for the demo on a CPU)
#   setup.sh readers  other people's readers of what moetrace exports, in an environment of their own (for one suite)
#   setup.sh python   transformers, and PyTorch without the 2 GB of CUDA's libraries that it never calls on a CPU (for the suites of Python)
#   setup.sh experiment  molmo_hf's experiment and its packages, for one suite; with MOLMO_HF=FOLDER, a checkout, only the packages
#   setup.sh nsys     NVIDIA's Nsight Systems, for the suites that run it on what moetrace exports, unless one is on the PATH
#   setup.sh cupti    NVIDIA's CUPTI of CUDA 11.7, 11.8 and 12.9, for one suite
#   setup.sh arm64    a cross compiler, qemu-user and libraries for aarch64 (for one suite)
#   setup.sh bench    pandas, which bench_analysis.sh compares with
#   setup.sh try readers|python|experiment|nsys|cupti|arm64  the same for a test that can be skipped: what failed is not tried again for ten hours
# What comes from PyPI is pinned and checked against the hashes in scripts/requirements; packages of Debian have the version that
# the distribution serves, and are checked by apt with its keys. Each step leaves a stamp in build/deps that holds what the step
# was: a second run does nothing, and a step that asks for more than the stamp knows of is run again.
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

pip() { # pip COMMAND NAME OPTION...: of wheels in scripts/requirements/NAME.txt
    local quiet=-q command=$1 name=$2
    shift 2
    [ ! -t 2 ] || quiet= # large ones show their progress on a terminal
    "${python:-$deps/venv/bin/python3}" -m pip "$command" $quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r "scripts/requirements/$name.txt" "$@" >&2 || die "pip $command of scripts/requirements/$name.txt failed"
}

wheels() { # wheels NAME
    venv
    say "fetching scripts/requirements/$1.txt"
    pip install "$1" --no-deps
}

# What is built in: NVTX's headers, and the library that draws the charts of `moetrace report --html`, each with its licence.
built_in() {
    local work
    venv
    say "fetching NVTX's headers and plotly.js"
    work=$(mktemp -d)
    pip download build --no-deps -d "$work"
    "$deps/venv/bin/python3" - "$work" "$deps" <<'PY' || die "the wheels of NVTX and plotly are laid out in another way"
import glob, os, re, sys, zipfile
work, deps = sys.argv[1:]
MEMBERS = {"plotly": r".*/package_data/(plotly\.min\.js)|.*\.dist-info/licenses/(LICENSE\.txt)",
           "nvtx": r".*/include/(nvtx3/.*)|.*\.dist-info/licenses/(License\.txt)"}
for name, members in MEMBERS.items():
    with zipfile.ZipFile(glob.glob(f"{work}/*{name}*.whl")[0]) as wheel:
        found = {m[1] or m[2]: member for member in wheel.namelist() if (m := re.fullmatch(members, member))}
        assert len(found) > 1, found
        for path, member in found.items():
            path = os.path.join(deps, name, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(wheel.read(member))
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

step_build() {
    packages gcc make libc6-dev pkg-config libcjson-dev libiberty-dev libsqlite3-dev zlib1g-dev python3 python3-venv
    built_in
}

step_test() {
    step build
    packages clang libcmocka-dev shellcheck mandoc zsh fish gnuplot-nox
    fuzzer
    browser
    # The headers of the CUDA runtime's wheel include those of crt. What clang-format and clang-tidy say depends on their version.
    wheels test
    step torch
}

step_torch() {
    step build
    wheels torch
}

# nsys-ai reads through DuckDB's SQLite extension, which DuckDB would fetch from elsewhere.
step_readers() {
    step build
    [ -x "$deps/readers/bin/pip" ] || python3 -m venv "$deps/readers" || die "python3 -m venv failed: install python3-venv"
    say "fetching readers of exports"
    python=$deps/readers/bin/python3 pip install readers --retries 1
}

# PyTorch's wheel is that of the other environment. It loads libraries of CUDA: those that are missing get stand-ins.
step_python() {
    step torch
    [ -x "$deps/python/bin/pip" ] || python3 -m venv "$deps/python" || die "python3 -m venv failed: install python3-venv"
    say "fetching transformers"
    python=$deps/python/bin/python3 pip install python --no-deps --retries 1
    local torch
    torch=$("$deps/venv/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    echo "$torch" >"$("$deps/python/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/torch.pth"
    tests/helpers/torch_stubs.sh "$torch/torch/lib" "$deps/python/stubs"
    LD_LIBRARY_PATH=$deps/python/stubs "$deps/python/bin/python3" -c 'import torch, transformers' || die "transformers cannot be imported"
}

# At the commit that the suite was written for.
step_experiment() {
    local commit=09bce1fc2ee4b58ac39f5920375f96ffb8bb5b5e
    if [ -z "${MOLMO_HF:-}" ]; then
        say "fetching molmo_hf"
        git init -q "$deps/molmo_hf"
        git -C "$deps/molmo_hf" fetch -q --depth 1 https://github.com/ChulanZhang/molmo_hf "$commit" >&2 || die "molmo_hf cannot be fetched from GitHub"
        git -C "$deps/molmo_hf" checkout -q "$commit"
    fi
    step python
    [ -x "$deps/experiment/bin/pip" ] || python3 -m venv "$deps/experiment" || die "python3 -m venv failed: install python3-venv"
    say "fetching the experiment's packages"
    python=$deps/experiment/bin/python3 pip install experiment --no-deps --retries 1
    cp "$deps"/python/lib/python3*/site-packages/torch.pth "$("$deps/experiment/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
}

# Libraries and headers only: none of them is installed into the environment.
step_cupti() {
    step build
    venv
    local version
    for version in 11.7.101 11.8.87 12.9.79; do
        say "fetching CUPTI $version"
        pip install "cupti-$version" --no-deps --retries 1 --upgrade --target "$deps/cupti/$version"
    done
}

step_bench() {
    step build
    wheels bench
}

# shellcheck source=scripts/setup_nsys.sh
source scripts/setup_nsys.sh
# shellcheck source=scripts/setup_arm64.sh
source scripts/setup_arm64.sh

# What a step is: its text and its list of wheels, and so the names of all that it installs. The stamp that it leaves holds this.
contents() {
    local with="built_in fuzzer browser"
    [ "$1" != experiment ] || echo "molmo_hf: ${MOLMO_HF:-fetched}"
    [ "$1" != nsys ] || with=$(compgen -A function nsys_)
    [ "$1" != arm64 ] || echo "${arm64_packages[@]}"
    # shellcheck disable=SC2086
    declare -f "step_$1" $with
    cat scripts/requirements/"$1"*.txt 2>/dev/null || true
}

ready() { [ -e "$deps/.ready-$1" ] && [ "$(<"$deps/.ready-$1")" = "$(contents "$1")" ]; }

# Runs a step, unless it was run as it is now.
step() {
    if ! ready "$1"; then
        "step_$1"
        contents "$1" >"$deps/.ready-$1"
    fi
}

case "${1:-}" in
build | test | torch | readers | python | experiment | nsys | cupti | arm64 | bench)
    if ready "$1"; then exit; fi
    exec 9>"$deps/.lock" # one at a time
    flock 9
    step "$1"
    ;;
try)
    failed=$deps/.failed-$2
    [ -z "$(find "$failed" -mmin -600 2>/dev/null)" ] || die "$2 could not be had some hours ago: remove $failed to try again"
    if ! timeout 400 "$0" "$2"; then
        touch "$failed"
        exit 2
    fi
    rm -f "$failed"
    ;;
*) die "usage: setup.sh build|test|torch|[try] readers|[try] python|[try] experiment|[try] nsys|[try] cupti|[try] arm64|bench" ;;
esac

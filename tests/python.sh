# For suites of Python programs: transformers and PyTorch on a CPU, as scripts/setup.sh python makes them. Source this after tap.sh.
# shellcheck shell=bash disable=SC2034,SC2154
if scripts/setup.sh try python >"$work/setup.log" 2>&1 && [ -x build/deps/python/bin/python3 ] && [ -z "$SAN" ]; then
    have_torch=yes
else
    have_torch=
    why_no_torch=${SAN:+"PyTorch is not built with sanitizers"}
    why_no_torch=${why_no_torch:-"transformers cannot be had: $(tail -n 1 "$work/setup.log")"}
fi
stubs=$PWD/build/deps/python/stubs
torch_python() { # torch_python [VARIABLE=VALUE...] SCRIPT ARGUMENT...: as the target's user runs it
    env LD_LIBRARY_PATH="$stubs" OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 build/deps/python/bin/python3 "$@"
}
record_python() { # record_python DIR [OPTION...] -- SCRIPT ARGUMENT...
    local out=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    env LD_LIBRARY_PATH="$stubs" OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 "$moetrace" record -o "$out" "${options[@]}" -- \
        build/deps/python/bin/python3 "$@"
}

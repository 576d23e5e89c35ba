#!/usr/bin/env bash
# CUPTI of other CUDA versions: those whose records are known are used, others are refused in one line; NVIDIA's own
# libraries, which find no GPU here, refuse. The target goes on in each case.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

goes_on() { # goes_on NAME [LINE]: output and status as without the recorder, which says this, or nothing
    bare "$1.bare" "$helpers/cuda_launches" 2 10 3
    run "$1" "$helpers/cuda_launches" 2 10 3
    is "$1: exit status" "$status" 3
    ok "$1: output" cmp "$work/$1.bare.out" "$work/$1.out"
    is "$1: what is said" "$(grep '^moetrace: ' "$work/$1.err")" "${2:+moetrace: kernels are not recorded: $2}"
    ok "$1: dump" dump "$1"
    ok "$1: report" "$moetrace" report "$work/$1"
    is "$1: nothing that no trace should have" "$(problems "$1")" ""
}
clusters() { sed -n 's/.* cluster=\([^ ]*\).*/\1/p' "$work/$1.dump" | sort -u | paste -sd ' '; }

# The fake, with the numbers of CUDA 11.6 and 11.7, 11.8, 12.9 and 13; then older, later and odd ones.
for version in 17 18 28 130001 130201; do
    FAKE_CUPTI_VERSION=$version goes_on "v$version"
    ok "version $version: kernels" test "$(number_of "v$version" kernel)" -ge 20
done
is "kernel records up to CUDA 11.7 end before the cluster's size" "$(clusters v17)" 0,0,0
is "later ones do not" "$(clusters v18)" "$(clusters v130001)"
for version in 0 16 140000 4294967295; do
    FAKE_CUPTI_VERSION=$version goes_on "v$version" \
        "libcupti has version $version; versions of CUDA 11.6 to 13 are supported"
    is "version $version: ranges, no kernels" "$(number_of "v$version" kernel),$(number_of "v$version" push)" "0,$(number_of v18 push)"
done
is "CUPTI was used as it is documented" "$(violations)" ""

# NVIDIA's own.
if ! scripts/setup.sh try cupti 2>"$work/setup.err"; then
    skip "libraries of CUDA 11 and 12" "$(tail -n 1 "$work/setup.err")"
    done_testing
    exit
fi
for cuda in 11.7.101:7:5 11.8.87:8:5 12.9.79:9:6; do
    IFS=: read -r number kernel memcpy <<<"$cuda"
    library=$(find "build/deps/cupti/$number" -name 'libcupti.so.*' | head -n 1)
    MOETRACE_CUPTI=$PWD/$library goes_on "$number" "CUPTI refuses with CUPTI_ERROR_NOT_INITIALIZED (15)"
    header=$(find "build/deps/cupti/$number" -name cupti.h | head -n 1)
    for cuda_h in "${CUDA_HOME:-/usr/local/cuda}/include" build/deps/venv/lib/python3*/site-packages/nvidia/cu13/include; do
        [ ! -e "$cuda_h/cuda.h" ] || break
    done
    if [ ! -e "$cuda_h/cuda.h" ]; then
        skip "$number: records have the layout of cupti_abi.h" "no cuda.h here"
    elif ok "$number: its headers" gcc -std=c11 -w -I. -I"$(dirname "$header")" -isystem "$cuda_h" \
        -DKERNEL="CUpti_ActivityKernel$kernel" -DMEMCPY="CUpti_ActivityMemcpy$memcpy" tests/unit/cupti/test_cupti_abi.c -lcmocka -o "$work/abi"; then
        ok "$number: records have the layout of cupti_abi.h" "$work/abi"
    fi
done
done_testing

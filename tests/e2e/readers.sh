#!/usr/bin/env bash
# Other people's readers on exports of one trace: what they compute is what moetrace reports. They come from PyPI into an
# environment of their own; where that cannot be had, the tests are skipped. nsys2json is on no registry: name a copy of its
# script by the variable NSYS2JSON.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/nsys.sh
source tests/nsys.sh
readers=build/deps/readers/bin/python
export NSYS=${nsys:-no} HTA_DISABLE_NS_ROUNDING=1

# Runs on an H100: requests that are warm-up, kernels outside of all ranges, two domains; and a CUDA graph that is replayed.
for name in all graphs; do
    unpack "golden/small_$name" "$name"
    "$moetrace" report --format json --top 1000000 "$work/$name.moetrace" >"$work/$name-report.json"
    ok "$name: nsys-sqlite" "$moetrace" export "$work/$name.moetrace" -f nsys-sqlite -o "$work/$name.sqlite"
done
ok "chrome" "$moetrace" export "$work/all.moetrace" -f chrome -o "$work/all.json"
ok "perfetto" "$moetrace" export "$work/all.moetrace" -f perfetto -o "$work/all.pftrace"

read_by() { # read_by READER FILE WHAT
    if [ -n "$have" ]; then
        ok "$3" "$readers" tests/data/readers.py "$1" "$work/${2%.*}-report.json" "$work/$2"
    else
        skip "$3" "it cannot be installed from PyPI here"
    fi
}
have=
scripts/setup.sh try readers >"$work/setup.log" 2>&1 && [ -x $readers ] && have=yes
read_by nsys_tui all.sqlite "nsys-tui: kernels, their times, and those of each expert"
read_by nsys_ai all.sqlite "nsys-ai: the same, through DuckDB"
read_by nsys2prv all.sqlite "nsys2prv: kernels, their times, calls and ranges in Paraver's format"
read_by nsys2prv graphs.sqlite "nsys2prv: the same, with CUDA graphs by node"
read_by hta all.json "HolisticTraceAnalysis: time of kernels, busy and idle time, launches"
read_by perfetto all.pftrace "Perfetto's schema: every field, balanced slices, flows, counters"
if [ -n "${NSYS2JSON:-}" ] && [ -n "$have" ]; then
    read_by nsys2json all.sqlite "nsys2json: kernels, their times, and those of each expert"
else
    skip "nsys2json: kernels, their times, and those of each expert" "NSYS2JSON does not name its script"
fi
done_testing

# For end-to-end tests: source this, use ok / is / skip, and end with `done_testing`. Each prints a line of TAP. The tests run in
# the repository's root; what they make lies in $work.
# shellcheck shell=bash disable=SC2034
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
BUILD=$(cd "${BUILD:-build}" && pwd)
moetrace=$BUILD/moetrace
python=$PWD/build/deps/venv/bin/python3
[ -x "$python" ] || python=$(command -v python3)
export PYTHONDONTWRITEBYTECODE=1
SAN=${SAN:-}
tap_count=0 tap_failed=0 tap_failures=0
# time_limit SECONDS: a limit for what takes a fraction of that here, longer under a sanitizer and on a machine that is busy.
time_scale=$(awk -v cores="$(nproc)" -v san="${SAN:-}" '{print int((san == "" ? 1 : 4) * (1 + $1 / cores))}' /proc/loadavg)
time_limit() { echo $(($1 * time_scale)); }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# EMULATOR runs programs of another processor, which are in BUILD then: tests/e2e/aarch64.sh sets it.
emulator=${EMULATOR:-}
if [ -n "$emulator" ]; then
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$emulator" "$moetrace" >"$work/moetrace"
    chmod +x "$work/moetrace"
    moetrace=$work/moetrace
fi

tap() { # tap RESULT NAME
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=1 tap_failures=$((tap_failures + 1))
        echo "not ok $tap_count - $2"
    fi
}
ok() { # ok NAME COMMAND...: the command succeeds
    local name=$1
    shift
    "$@" >"$work/tap.out" 2>&1
    local status=$?
    tap "$status" "$name"
    [ "$status" -eq 0 ] || sed 's/^/# /' "$work/tap.out"
}
is() { # is NAME GOT WANTED: equal strings
    [ "$2" = "$3" ]
    local status=$?
    tap "$status" "$1"
    [ "$status" -eq 0 ] || printf '# got:    %s\n# wanted: %s\n' "$2" "$3"
}
skip() { # skip NAME WHY
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}
refuses() { # refuses PATTERN COMMAND...: its status is 2, it says one line that matches on standard error, and nothing else
    local pattern=$1 status
    shift
    "$@" >"$work/refused.out" 2>"$work/refused.err"
    status=$?
    [ "$status" -eq 2 ] && [ "$(wc -l <"$work/refused.err")" -eq 1 ] && grep -q -- "$pattern" "$work/refused.err" &&
        [ ! -s "$work/refused.out" ] && return
    echo "status $status, expected one line with: $pattern"
    cat "$work/refused.out" "$work/refused.err"
    return 1
}
unpack() { # unpack NAME AS: the trace tests/data/NAME.moetrace.gz becomes $work/AS.moetrace
    gunzip -c "tests/data/$1.moetrace.gz" >"$work/$2.moetrace"
}
# The sanitizer's runtime must come first in a process that preloads code built with it.
preload() {
    local lib=$BUILD/libmoetrace.so
    case $SAN in
    *address*) lib=$(gcc -print-file-name=libasan.so):$lib ;;
    *thread*) lib=$(gcc -print-file-name=libtsan.so):$lib ;;
    esac
    echo "$lib"
}
done_testing() {
    echo "1..$tap_count"
    exit "$tap_failed"
}

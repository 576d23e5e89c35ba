#!/usr/bin/env bash
# moetrace record: the command's output, status and signals are its own, and the recorder finds its settings. A stub
# stands in for the recorder, so that only the launcher is tested.
set -u
cd "$(dirname "$0")/../.." || exit
build=${BUILD:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0

check() {
    local name=$1
    shift
    n=$((n + 1))
    if "$@" >"$tmp/said" 2>&1; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' "$tmp/said"
    fi
}

# As installed: PREFIX/bin/moetrace and PREFIX/lib/moetrace/libmoetrace.so.
mkdir -p "$tmp/p/bin" "$tmp/p/lib/moetrace"
cp "$build/moetrace" "$tmp/p/bin/"
[ ! -d "$build/lib" ] || cp -r "$build/lib" "$tmp/p/bin/lib"
echo 'int moetrace_stub;' | ${CC:-cc} -shared -fPIC -x c - -o "$tmp/p/lib/moetrace/libmoetrace.so"
stub=$(realpath "$tmp/p/lib/moetrace/libmoetrace.so")
moetrace=$tmp/p/bin/moetrace

is() {
    echo "got '$1', expected '$2'"
    [ "$1" = "$2" ]
}

statuses() {
    local s
    for s in 0 1 2 42 255; do
        "$moetrace" record -- sh -c "exit $s"
        is $? $s || return 1
    done
}

signals() {
    local s
    for s in TERM KILL SEGV; do
        bash -c 'ulimit -c 0; "$0" record -- sh -c "kill -$1 \$\$"' "$moetrace" $s
        is "$(kill -l $?)" $s || return 1
    done
}

output() {
    # shellcheck disable=SC2016 # for the command's shell
    printf 'in\n' | "$moetrace" record -- sh -c 'read x; echo "out $x $1"; echo err >&2' sh 'a  b' \
        >"$tmp/out" 2>"$tmp/err"
    is "$(cat "$tmp/out")" 'out in a  b' && is "$(cat "$tmp/err")" err
}

not_run() {
    "$moetrace" record -- "$tmp/missing" 2>"$tmp/err"
    is $? 127 && is "$(wc -l <"$tmp/err")" 1 && grep -q "$tmp/missing: No such file" "$tmp/err" || return 1
    : >"$tmp/plain"
    "$moetrace" record -- "$tmp/plain" 2>"$tmp/err"
    is $? 126 && grep -q "$tmp/plain: Permission denied" "$tmp/err"
}

# The variables that the command sees. The options are those of trace/settings.h: one missing here fails.
settings() {
    local option value variables
    mkdir -p "$tmp/sub" && : >"$tmp/sub/libcupti.so"
    (cd "$tmp" && "$moetrace" record -o traces --level full --memory 16 --cupti sub/libcupti.so -- env) >"$tmp/env"
    is "$(grep '^LD_PRELOAD=' "$tmp/env")" "LD_PRELOAD=$stub" &&
        is "$(grep '^MOETRACE_OUTPUT=' "$tmp/env")" "MOETRACE_OUTPUT=$(realpath "$tmp")/traces" &&
        is "$(grep '^MOETRACE_LEVEL=' "$tmp/env")" MOETRACE_LEVEL=full &&
        is "$(grep '^MOETRACE_MEMORY=' "$tmp/env")" MOETRACE_MEMORY=16 &&
        is "$(grep '^MOETRACE_CUPTI=' "$tmp/env")" "MOETRACE_CUPTI=$(realpath "$tmp")/sub/libcupti.so" || return 1
    variables=$(grep -o '"MOETRACE_[A-Z]*", "[a-z-]*"' trace/settings.h)
    [ -n "$variables" ] || return 1
    while read -r value option; do
        "$moetrace" record --help | tr -d '\n' | grep -q -- "--${option//\"/}=" || return 1
        "$moetrace" record --help | grep -q "${value//[\",]/}" || return 1
    done <<<"$variables"
}

only_what_was_asked() {
    env -u MOETRACE_OUTPUT MOETRACE_LEVEL=phases "$moetrace" record -- env >"$tmp/env"
    ! grep -q '^MOETRACE_OUTPUT=' "$tmp/env" && is "$(grep '^MOETRACE_LEVEL=' "$tmp/env")" MOETRACE_LEVEL=phases
}

existing_preload() {
    local other=$tmp/other.so
    cp "$stub" "$other"
    # A command that is built with a sanitizer would refuse to come behind another library.
    ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$other "$moetrace" record -- env >"$tmp/env"
    is "$(grep '^LD_PRELOAD=' "$tmp/env")" "LD_PRELOAD=$other:$stub"
}

# The command's options are its own, with and without the dashes in between.
command_line() {
    is "$("$moetrace" record echo -o --level x)" '-o --level x' &&
        is "$("$moetrace" record -- printf '%s' --help)" --help
}

refused() {
    local pattern=$1
    shift
    "$moetrace" record "$@" >"$tmp/out" 2>"$tmp/err"
    is $? 2 && is "$(wc -l <"$tmp/err")" 1 && grep -q -- "$pattern" "$tmp/err" && [ ! -s "$tmp/out" ]
}

mistakes() {
    refused 'needs a command' && refused 'needs a command' -o x && refused 'needs a command' -- &&
        refused '--level=all: give phases, kernels or full' --level all -- true &&
        refused '--memory=0' --memory 0 -- true && refused '--memory=lots' --memory lots -- true &&
        refused 'frob' --frob -- true && refused '--output needs a value' -o '' -- true
}

places() {
    mv "$tmp/p/lib/moetrace/libmoetrace.so" "$tmp/p/lib/" &&
        is "$("$moetrace" record -- printenv LD_PRELOAD)" "$(realpath "$tmp/p/lib/libmoetrace.so")" || return 1
    mv "$tmp/p/lib/libmoetrace.so" "$tmp/p/bin/" &&
        is "$("$moetrace" record -- printenv LD_PRELOAD)" "$(realpath "$tmp/p/bin/libmoetrace.so")" || return 1
    rm "$tmp/p/bin/libmoetrace.so"
    refused 'libmoetrace.so is not in' -- true
}

echo 1..10
check "exit statuses pass through" statuses
check "signals pass through" signals
check "input, output and arguments pass through" output
check "a command that cannot be run: 127 or 126" not_run
check "every setting is an option and reaches the command" settings
check "what was not asked for is left alone" only_what_was_asked
check "an LD_PRELOAD that is there stays" existing_preload
check "the command's own options are not touched" command_line
check "mistakes are refused" mistakes
check "the recorder is found beside it and in ../lib" places

#!/usr/bin/env bash
# moetrace record: the command's output, status and signals are its own, and the recorder finds its settings. A stub
# stands in for the recorder, so that only the launcher is tested.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
build=$BUILD
tmp=$work

# As installed: PREFIX/bin/moetrace and PREFIX/lib/moetrace/libmoetrace.so.
mkdir -p "$tmp/p/bin" "$tmp/p/lib/moetrace"
cp "$build/moetrace" "$tmp/p/bin/"
[ ! -d "$build/lib" ] || cp -r "$build/lib" "$tmp/p/bin/lib"
echo 'int moetrace_stub;' | ${CC:-cc} -shared -fPIC -x c - -o "$tmp/p/lib/moetrace/libmoetrace.so"
stub=$(realpath "$tmp/p/lib/moetrace/libmoetrace.so")
moetrace=$tmp/p/bin/moetrace

equals() {
    echo "got '$1', expected '$2'"
    [ "$1" = "$2" ]
}

statuses() {
    local s
    for s in 0 1 2 42 255; do
        "$moetrace" record -- sh -c "exit $s"
        equals $? $s || return 1
    done
}

signals() {
    local s
    for s in TERM KILL SEGV; do
        bash -c 'ulimit -c 0; "$0" record -- sh -c "kill -$1 \$\$"' "$moetrace" $s
        equals "$(kill -l $?)" $s || return 1
    done
}

output() {
    # shellcheck disable=SC2016 # for the command's shell
    printf 'in\n' | "$moetrace" record -- sh -c 'read x; echo "out $x $1"; echo err >&2' sh 'a  b' \
        >"$tmp/out" 2>"$tmp/err"
    equals "$(cat "$tmp/out")" 'out in a  b' && equals "$(grep -v '^moetrace record: ' "$tmp/err")" err
}

not_run() {
    "$moetrace" record -- "$tmp/missing" 2>"$tmp/err"
    equals $? 127 && equals "$(wc -l <"$tmp/err")" 1 && grep -q "$tmp/missing: No such file" "$tmp/err" || return 1
    : >"$tmp/plain"
    "$moetrace" record -- "$tmp/plain" 2>"$tmp/err"
    equals $? 126 && grep -q "$tmp/plain: Permission denied" "$tmp/err"
}

# The variables that the command sees. The options are those of trace/settings.h: one missing here fails.
settings() {
    local option value variables
    mkdir -p "$tmp/sub" && : >"$tmp/sub/libcupti.so"
    (cd "$tmp" && env -u WORLD_SIZE "$moetrace" record -o traces --level full --memory 16 --cupti sub/libcupti.so -- env) >"$tmp/env"
    equals "$(grep '^LD_PRELOAD=' "$tmp/env")" "LD_PRELOAD=$stub" &&
        equals "$(grep '^MOETRACE_OUTPUT=' "$tmp/env")" "MOETRACE_OUTPUT=$(realpath "$tmp")/traces" &&
        equals "$(grep '^MOETRACE_LEVEL=' "$tmp/env")" MOETRACE_LEVEL=full &&
        equals "$(grep '^MOETRACE_MEMORY=' "$tmp/env")" MOETRACE_MEMORY=16 &&
        equals "$(grep '^MOETRACE_CUPTI=' "$tmp/env")" "MOETRACE_CUPTI=$(realpath "$tmp")/sub/libcupti.so" || return 1
    variables=$(grep -o '"MOETRACE_[A-Z]*", "[a-z-]*"' trace/settings.h)
    [ -n "$variables" ] || return 1
    while read -r value option; do
        "$moetrace" record --help | tr -d '\n' | grep -q -- "--${option//\"/}=" || return 1
        "$moetrace" record --help | grep -q "${value//[\",]/}" || return 1
    done <<<"$variables"
}

only_what_was_asked() {
    env -u MOETRACE_OUTPUT MOETRACE_LEVEL=phases "$moetrace" record -- env >"$tmp/env"
    equals "$(grep '^MOETRACE_' "$tmp/env" | cut -d= -f1 | sort | paste -sd' ')" "MOETRACE_LEVEL MOETRACE_OUTPUT" &&
        equals "$(grep '^MOETRACE_LEVEL=' "$tmp/env")" MOETRACE_LEVEL=phases &&
        grep -qE "^MOETRACE_OUTPUT=$PWD/moetrace-env-[0-9]+\$" "$tmp/env" || return 1
    MOETRACE_OUTPUT=here "$moetrace" record -- env >"$tmp/env"
    equals "$(grep '^MOETRACE_OUTPUT=' "$tmp/env")" MOETRACE_OUTPUT=here
}

existing_preload() {
    local other=$tmp/other.so
    cp "$stub" "$other"
    # A command that is built with a sanitizer would refuse to come behind another library.
    ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$other "$moetrace" record -- env >"$tmp/env"
    equals "$(grep '^LD_PRELOAD=' "$tmp/env")" "LD_PRELOAD=$other:$stub"
}

# The command's options are its own, with and without the dashes in between.
# The arguments of a command may be secret: with --redact they are in no trace, and neither are directory and host.
redacts() {
    local host
    host=$(uname -n)
    (mkdir -p "$tmp/private-folder" && cd "$tmp/private-folder" || exit
        "$BUILD/moetrace" record -o ../open -- "$BUILD/tests/nvtx_requests" 1 token=s3cr3t 2>/dev/null
        "$BUILD/moetrace" record -o ../redacted --redact=on -- "$BUILD/tests/nvtx_requests" 1 token=s3cr3t 2>/dev/null) >"$tmp/log"
    "$moetrace" dump "$tmp/open" >"$tmp/open.dump" && "$moetrace" dump "$tmp/redacted" >"$tmp/redacted.dump" || return 1
    grep -q s3cr3t "$tmp/open.dump" && grep -q private-folder "$tmp/open.dump" && grep -qF "\"$host\"" "$tmp/open.dump" &&
        ! grep -q "s3cr3t\|private-folder" "$tmp/redacted.dump" && ! grep -qF "\"$host\"" "$tmp/redacted.dump"
}
ok "record --redact=on leaves out arguments, directory and host" redacts
# reports_without WHAT... -- ARGUMENT...: `open` was recorded with everything
reports_without() {
    "$moetrace" report --all --force "$@" "$tmp/open" >"$tmp/out" && ! grep -q "s3cr3t\|private-folder\|$tmp" "$tmp/out"
}
ok "report --redact leaves them out" reports_without --redact
ok "in every format" reports_without --redact --format json
page() {
    "$moetrace" report --all --force --html "$tmp/page.html" "$tmp/open" >"$tmp/out" && grep -q s3cr3t "$tmp/out" && ! grep -q s3cr3t "$tmp/page.html" &&
        grep -q private-folder "$tmp/page.html" && reports_without --redact --html "$tmp/page.html" && ! grep -q private-folder "$tmp/page.html"
}
ok "a page has no arguments; with --redact no directory either" page

command_line() {
    equals "$("$moetrace" record echo -o --level x)" '-o --level x' &&
        equals "$("$moetrace" record -- printf '%s' --help)" --help
}

record_refuses() { # record_refuses PATTERN ARGUMENT...
    refuses "$1" "$moetrace" record "${@:2}"
}

mistakes() {
    record_refuses 'needs a command' && record_refuses 'needs a command' -o x && record_refuses 'needs a command' -- &&
        record_refuses '--level=all: give phases, kernels or full' --level all -- true &&
        record_refuses '--memory=0' --memory 0 -- true && record_refuses '--memory=lots' --memory lots -- true &&
        record_refuses 'frob' --frob -- true && record_refuses '--output needs a value' -o '' -- true
}

places() {
    mv "$tmp/p/lib/moetrace/libmoetrace.so" "$tmp/p/lib/" &&
        equals "$("$moetrace" record -- printenv LD_PRELOAD)" "$(realpath "$tmp/p/lib/libmoetrace.so")" || return 1
    mv "$tmp/p/lib/libmoetrace.so" "$tmp/p/bin/" &&
        equals "$("$moetrace" record -- printenv LD_PRELOAD)" "$(realpath "$tmp/p/bin/libmoetrace.so")" || return 1
    rm "$tmp/p/bin/libmoetrace.so"
    record_refuses 'libmoetrace.so is not in' -- true
}

ok "exit statuses pass through" statuses
ok "signals pass through" signals
ok "input, output and arguments pass through" output
ok "a command that cannot be run: 127 or 126" not_run
ok "every setting is an option and reaches the command" settings
ok "files that were not named stay unchanged" only_what_was_asked
ok "an existing LD_PRELOAD is kept" existing_preload
ok "the command's own options are not touched" command_line
ok "mistakes are refused" mistakes
ok "the recorder is found beside it and in ../lib" places
done_testing

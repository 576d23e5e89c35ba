#!/usr/bin/env bash
# Files that are compressed by gzip, standard input, and directories of captures: the same reports as of the plain files, one
# temporary file that does not stay, and one line when it cannot be made.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
mkdir "$work/tmp" "$work/in"
export TMPDIR=$work/tmp
cp tests/data/cases/bom.json "$work/in/chrome"
cp tests/data/cases/nsys_domain.sqlite "$work/in/nsys"
gzip -dc tests/data/golden/small_all.moetrace.gz >"$work/in/trace"
for kind in chrome nsys trace; do
    gzip -c "$work/in/$kind" >"$work/in/$kind.packed" # a name tells nothing
done
left_nothing() { [ -z "$(ls -A "$work/tmp")" ]; }
without_path() { sed -e "s#$work/in/[a-z.]*##g; s#\"trace\": *\"-\"#\"trace\": \"\"#g; s#\"value\": *\"-\"#\"value\": \"\"#; s#\"-\"#\"\"#g"; }

same_report() { # same_report KIND ARGUMENT: what it prints is that of the plain file; more input comes from standard input
    "$moetrace" report --format json "$work/in/$1" | without_path >"$work/plain.json"
    "$moetrace" report --format json "$2" | without_path >"$work/packed.json"
    [ -s "$work/plain.json" ] && cmp "$work/plain.json" "$work/packed.json" && left_nothing
}
for kind in chrome nsys trace; do
    ok "$kind: compressed" same_report $kind "$work/in/$kind.packed"
    ok "$kind: from standard input" same_report $kind - <"$work/in/$kind"
    ok "$kind: compressed, from standard input" same_report $kind - <"$work/in/$kind.packed"
done
from_pipe() { gzip -c "$work/in/chrome" | same_report chrome -; }
ok "from a pipe" from_pipe
html() {
    "$moetrace" report --html "$work/page.html" "$work/in/trace.packed" >"$work/out" && "$moetrace" report --html "$work/plain.html" "$work/in/trace" >"$work/out" &&
        cmp <(without_path <"$work/page.html") <(without_path <"$work/plain.html") && left_nothing
}
ok "the page has its timelines" html
exports() {
    "$moetrace" export -f nsys-sqlite -o "$work/out.sqlite" "$work/in/trace.packed" >"$work/out" && gzip "$work/out.sqlite" &&
        [ "$("$moetrace" verify "$work/out.sqlite.gz")" = "$("$moetrace" verify "$work/in/trace")" ]
}
ok "an export of a compressed trace, compressed" exports

# The temporary file: of its owner alone, where TMPDIR says, gone at the end, also by a signal.
is_private() {
    local child i status=1
    mkfifo "$work/fifo"
    "$python" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$moetrace" report - <"$work/fifo" >"$work/out" 2>&1 &
    child=$!
    exec 7>"$work/fifo"
    for ((i = 0; i < 500; i++)); do
        [ -n "$(ls "$work/tmp")" ] && status=0 && break
        sleep 0.02
    done
    [ "$(stat -c %a "$work"/tmp/*)" = 600 ] || status=1
    kill -s "$1" $child
    wait $child
    exec 7>&-
    rm "$work/fifo"
    [ $status -eq 0 ] && left_nothing
}
ok "the temporary file is private, and SIGTERM leaves none" is_private TERM
ok "and neither does SIGINT" is_private INT
no_room() {
    TMPDIR=/nonexistent refuses "chrome.packed: cannot be unpacked into /nonexistent.*TMPDIR" "$moetrace" report "$work/in/chrome.packed"
}
ok "a full disk: one line" no_room
full() {
    (
        ulimit -f 0
        "$moetrace" report "$work/in/trace.packed" 2>&1
        echo "status $?"
    ) | cat >"$work/err"
    grep -q 'status 2' "$work/err" && grep -q 'trace.packed: cannot be unpacked into .*: File too large' "$work/err" && [ "$(wc -l <"$work/err")" -eq 2 ] && left_nothing
}
ok "a full disk: one line" full

# Damage.
cut_file() {
    head -c -30 "$work/in/chrome.packed" >"$work/cut"
    "$moetrace" report --format json "$work/cut" >"$work/cut.json" && "$python" tests/data/case_numbers.py "$work/cut.json" 'n["trace.cut"] == 1 and n["complete"] == 0'
}
ok "truncated: read up to its end" cut_file
damaged() {
    "$python" - "$work/in/trace.packed" "$work/damaged" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[-8] ^= 1  # of the checksum
open(sys.argv[2], "wb").write(data)
PY
    refuses "$work/damaged: cannot be unpacked: .*; copy or make it again" "$moetrace" report "$work/damaged" && left_nothing
}
ok "damaged: one line" damaged
of_the_original() {
    echo '{"name": 1}' | gzip -c >"$work/other.json.gz"
    refuses "^moetrace: $work/other.json.gz: is JSON without traceEvents" "$moetrace" report "$work/other.json.gz" &&
        refuses '^moetrace: -: is JSON without traceEvents' "$moetrace" report - <<<'{"name": 1}'
}
ok "errors name the file that was given" of_the_original
ok "never overwritten" refuses 'is an input of this command' "$moetrace" report --force --json "$work/in/chrome.packed" "$work/in/chrome.packed"

# Directories: a file for each rank, in the order of the numbers in their names.
order() { # order DIR NAME...: the traces that are reported
    local wanted
    wanted=$(printf "$1/%s\n" "${@:2}")
    [ "$("$moetrace" report --format json "$1" | "$python" -c 'import json, sys
print("\n".join(r["trace"] for r in json.load(sys.stdin)["reports"]))')" = "$wanted" ]
}
ranks() {
    mkdir "$work/ranks"
    local name
    for name in 1.5-TP-0-DP-1-EP-2.trace.json.gz 1.5-TP-0-DP-1-EP-10.trace.json.gz 1.5-TP-0-DP-1-EP-9.trace.json.gz; do
        gzip -c "$work/in/chrome" >"$work/ranks/$name"
    done
    order "$work/ranks" 1.5-TP-0-DP-1-EP-2.trace.json.gz 1.5-TP-0-DP-1-EP-9.trace.json.gz 1.5-TP-0-DP-1-EP-10.trace.json.gz
}
ok "ranks in compressed files, by number" ranks
mixed() {
    mkdir "$work/mixed"
    cp "$work/in/chrome" "$work/mixed/rank0.pt.trace.json"
    gzip -c "$work/in/chrome" >"$work/mixed/rank0.pt.trace.json.gz"
    gzip -c "$work/in/chrome" >"$work/mixed/rank1.pt.trace.json.gz"
    order "$work/mixed" rank0.pt.trace.json rank1.pt.trace.json.gz
}
ok "duplicates are read once" mixed
exported() {
    mkdir "$work/exported"
    cp "$work/in/nsys" "$work/exported/rank10.sqlite"
    gzip -c "$work/in/nsys" >"$work/exported/rank2.sqlite.gz"
    order "$work/exported" rank2.sqlite.gz rank10.sqlite
}
ok "exports of Nsight Systems" exported
done_testing

#!/usr/bin/env bash
# Every file that a subcommand writes: never onto an input, over nobody else's file without --force, whole or not at all, and
# no temporary when a run fails or is interrupted.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
unpack golden/small_all trace
mkdir "$work/out"
cp "$work/trace.moetrace" "$work/before"

# write KIND FILE ARGUMENT...: runs the subcommand that writes a file of this kind. A kind is as its output's option.
write() {
    local kind=$1 file=$2
    shift 2
    case $kind in
    --*) "$moetrace" report "$kind" "$file" "$@" "$work/trace.moetrace" ;;
    peaks) LD_LIBRARY_PATH="$BUILD/fake" "$moetrace" peaks -o "$file" "$@" ;;
    *) "$moetrace" export -f "$kind" -o "$file" "$@" "$work/trace.moetrace" ;;
    esac
}
reads_trace() { [ "$1" != peaks ]; }
kinds="--json --samples --html peaks nsys-sqlite chrome perfetto"
file_of() { # a name that the kind takes
    case $1 in
    nsys-sqlite) echo "$work/out/$1.sqlite" ;;
    *) echo "$work/out/x$1" ;;
    esac
}
no_temporary() { [ -z "$(find "$work" -name '*.??????' -newer "$work/before" ! -name '*.sqlite')" ]; }
refuses_one() { # refuses_one PATTERN KIND FILE ARGUMENT...: and leaves the trace and no temporary
    refuses "$1" write "${@:2}" && cmp "$work/trace.moetrace" "$work/before" && no_temporary
}

onto_input() { # onto_input KIND: whatever name the trace has
    local file
    rm -rf "$work/out" && mkdir "$work/out"
    file=$(file_of "$1")
    for link in "ln -s" ln; do
        $link "$work/trace.moetrace" "$file" && refuses_one 'is an input of this command' "$1" "$file" &&
            refuses_one 'is an input of this command' "$1" "$file" --force && rm "$file" || return 1
    done
    case $1 in nsys-sqlite) return ;; esac # takes no such name
    refuses_one 'trace.moetrace: is an input of this command' "$1" "$work/trace.moetrace" --force
}

onto_others() { # onto_others KIND: what somebody else wrote is replaced by --force only; what moetrace wrote, always
    local file
    rm -rf "$work/out" && mkdir "$work/out"
    file=$(file_of "$1")
    echo "made by hand, not by moetrace 1.0" >"$file"
    refuses_one 'exists and is not .* that moetrace wrote; .* --force' "$1" "$file" && grep -q 'by hand' "$file" || return 1
    write "$1" "$file" --force >"$work/log" && ! grep -q 'by hand' "$file" && write "$1" "$file" >"$work/log" && : >"$file" &&
        write "$1" "$file" >"$work/log" && [ -s "$file" ] || return 1
    rm "$file" && mkfifo "$file" && refuses_one 'is not a regular file' "$1" "$file" --force || return 1
    rm "$file" && ln -s /dev/null "$file" && refuses_one 'is not a regular file' "$1" "$file" --force
}

# The file of standard output cannot be another output, too: one of them would be lost.
onto_standard_output() {
    local file
    file=$work/out/standard.sqlite
    for kind in $kinds; do
        rm -f "$file"
        write "$kind" "$file" >"$file" 2>"$work/err"
        [ $? -eq 2 ] && grep -q 'is the file of standard output' "$work/err" && [ ! -s "$file" ] || return 1
    done
}

failed() { # failed KIND: with no room, the old file stays
    local file status
    rm -rf "$work/out" && mkdir "$work/out"
    file=$(file_of "$1")
    write "$1" "$file" >"$work/log" && cp "$file" "$work/old" || return 1
    (
        ulimit -f 0
        write "$1" "$file" 2>&1 >/dev/null
        echo "status $?"
    ) | cat >"$work/err"
    cat "$work/err"
    grep -q 'status 2' "$work/err" && grep -q 'cannot be written' "$work/err" && [ "$(wc -l <"$work/err")" -eq 2 ] &&
        cmp "$file" "$work/old" && no_temporary
}

# An export that is ended while its temporary is there; should it have finished before, there is nothing to see.
interrupted() {
    local i child signal
    for signal in INT TERM; do
        rm -rf "$work/out" && mkdir "$work/out"
        # A background process of a shell ignores SIGINT: not this one.
        "$python" -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$moetrace" export -f nsys-sqlite -o "$work/out/x.sqlite" "$work/trace.moetrace" >"$work/log" &
        child=$!
        for ((i = 0; i < 100000; i++)); do
            [ -n "$(ls "$work/out")" ] && break
        done
        kill -s $signal $child 2>/dev/null
        wait $child 2>/dev/null
        [ -z "$(find "$work/out" -name '*.sqlite.*')" ] || return 1
    done
}

options_are_inputs() {
    echo '{"rules": [{"name": "stage-prefill", "is": "prefill"}]}' >"$work/rules.json"
    cp tests/data/native/tiny_a_config.json "$work/model.json"
    local before
    before=$(cat "$work/rules.json" "$work/model.json")
    refuses 'rules.json: is an input' "$moetrace" report --rules "$work/rules.json" --json "$work/rules.json" --force \
        "$work/trace.moetrace" &&
        refuses 'model.json: is an input' "$moetrace" report --model "$work/model.json" --html "$work/model.json" --force \
            "$work/trace.moetrace" && [ "$(cat "$work/rules.json" "$work/model.json")" = "$before" ]
}

two_outputs() {
    refuses 'out/one: is the name of two outputs' "$moetrace" report --json "$work/out/one" --samples "$work/out/../out/one" \
        "$work/trace.moetrace" && [ ! -e "$work/out/one" ]
}

# What only looks like an output of moetrace: the same data of another program.
lookalikes() {
    rm -rf "$work/out" && mkdir "$work/out"
    write --json "$work/out/latencies.json" >/dev/null && write chrome "$work/out/chrome.json" >/dev/null || return 1
    "$python" - "$work/out" <<'PY'
import json, sqlite3, sys
folder = sys.argv[1]
for name in ("latencies", "chrome"):
    data = json.load(open(f"{folder}/{name}.json"))
    if name == "chrome":
        data["producer"] = "somebody who reads moetrace's files"
    json.dump(data, open(f"{folder}/{name}.json", "w"), indent=2)
db = sqlite3.connect(f"{folder}/nsys.sqlite")
db.execute("CREATE TABLE META_DATA_EXPORT (name TEXT, value TEXT)")
db.execute("INSERT INTO META_DATA_EXPORT VALUES ('EXPORT_PRODUCT_NAME', 'Nsight Systems')")
db.commit()
PY
    refuses_one 'is not a JSON file of latencies' --json "$work/out/latencies.json" &&
        refuses_one 'is not an export' chrome "$work/out/chrome.json" &&
        refuses_one 'is not an export' nsys-sqlite "$work/out/nsys.sqlite"
}

# Plots: the trace may lie in the folder under a plot's name; others' files there stay; an interrupted run leaves no folder.
plot_onto_input() {
    rm -rf "$work/out" && mkdir "$work/out" && ln "$work/trace.moetrace" "$work/out/phases.svg" || return 1
    refuses 'phases.svg: is an input' "$moetrace" plot --force -o "$work/out" "$work/trace.moetrace" &&
        cmp "$work/trace.moetrace" "$work/before" && [ "$(ls "$work/out")" = phases.svg ]
}
plot_interrupted() {
    local signal
    rm -rf "$work/out" && mkdir "$work/fake"
    for signal in INT TERM; do
        printf '#!/bin/sh\n[ "$1" = --version ] && exit 0\ntouch phases.svg phases.png; kill -%s $PPID; exec sleep 60\n' $signal \
            >"$work/fake/gnuplot"
        chmod +x "$work/fake/gnuplot"
        PATH=$work/fake:$PATH "$python" -c 'import signal, subprocess, sys
number = getattr(signal, "SIG" + sys.argv[1])
sys.exit(subprocess.run(sys.argv[2:]).returncode != -number)' $signal "$moetrace" plot -o "$work/out" "$work/trace.moetrace" || return 1
        [ ! -e "$work/out" ] && [ -z "$(find "$work" -name 'out.*')" ] || return 1
    done
}

for kind in $kinds; do
    reads_trace "$kind" && ok "$kind: an input is never overwritten, through any link" onto_input "$kind"
    ok "$kind: no foreign file is replaced without --force" onto_others "$kind"
    ok "$kind: on a full disk the old file stays and nothing is left" failed "$kind"
done
ok "no output file that is standard output" onto_standard_output
ok "an interrupted export leaves nothing" interrupted
ok "files of options are inputs" options_are_inputs
ok "two outputs of one name are refused" two_outputs
ok "foreign files of the same format are not replaced" lookalikes
if command -v gnuplot >/dev/null; then
    ok "plots: an input is never overwritten" plot_onto_input
    ok "plots: an interrupted run leaves nothing" plot_interrupted
else
    skip "plots" "no gnuplot"
fi
done_testing

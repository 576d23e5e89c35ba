#!/usr/bin/env bash
# Several threads read: the output is the same with any number of them, for one trace and for several, and errors stand in
# the order of the traces.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

mkdir "$work/traces"
for i in 1 2 3 4 5; do
    "$BUILD/tests/trace_generate" "$work/traces/t$i.moetrace" $((i * 20000)) "$i" >/dev/null
done
head -c 3000 "$work/traces/t5.moetrace" >"$work/traces/t3-cut.moetrace"
echo 'no trace' >"$work/traces/t2-none.moetrace"
unpack analysis_nsys_k8 k8
"$moetrace" export "$work/k8.moetrace" -f nsys-sqlite -o "$work/k8.sqlite" >/dev/null
"$moetrace" export "$work/k8.moetrace" -f chrome -o "$work/k8.json" >/dev/null

# same COMMAND...: standard output, standard error and status are those that one thread gives.
same() {
    local jobs status one
    "$moetrace" "$1" --jobs 1 "${@:2}" >"$work/one.out" 2>"$work/one.err"
    one=$?
    for jobs in 2 5; do
        "$moetrace" "$1" --jobs $jobs "${@:2}" >"$work/many.out" 2>"$work/many.err"
        status=$?
        [ "$status" -eq "$one" ] && cmp "$work/one.out" "$work/many.out" && cmp "$work/one.err" "$work/many.err" || return 1
    done
    [ -s "$work/one.out" ] || [ -s "$work/one.err" ]
}
ok "one trace" same report "$work/traces/t5.moetrace"
ok "a capture of Nsight Systems" same report "$work/k8.sqlite"
ok "a Chrome trace" same report "$work/k8.json"
ok "a directory with an invalid and a truncated file" same report --format json "$work/traces"
is "each of the others has its report" "$(grep -c '"trace":' "$work/many.out")" 6
ok "the invalid one causes one line" grep -q 't2-none.moetrace: not a moetrace trace' "$work/many.err"
ok "two traces compared" same diff "$work/traces/t4.moetrace" "$work/traces/t5.moetrace"
ok "two, the first of which is invalid" same diff "$work/traces/t2-none.moetrace" "$work/traces/t5.moetrace"

# All but the broken ones once more, so that the whole command succeeds; each process has its own report, in order of names.
rm "$work/traces/t2-none.moetrace"
ok "a directory of traces" same report "$work/traces"
is "is reported in order" "$(grep -oE 't[0-9](-cut)?\.moetrace' "$work/many.out" | uniq | tr '\n' ' ')" \
    "t1.moetrace t2.moetrace t3-cut.moetrace t3.moetrace t4.moetrace t5.moetrace "
is "and silent in a pipe" "$(cat "$work/many.err")" ""

# On a terminal long reading shows how far it is.
"$BUILD/tests/trace_generate" "$work/long.moetrace" 5000000 1 >/dev/null
for jobs in 1 2; do
    python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' "$moetrace" report --jobs $jobs "$work/long.moetrace" \
        >"$work/terminal" 2>&1 </dev/null
    ok "progress is shown on a terminal, --jobs $jobs" grep -qE 'reading .*long\.moetrace: +[0-9]+ %' "$work/terminal"
done
done_testing

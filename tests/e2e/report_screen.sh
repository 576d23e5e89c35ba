#!/usr/bin/env bash
# The report's screen at 80 and 120 columns against golden screens, sections, and what a terminal gets: width, colour, pager.
#   UPDATE=yes tests/e2e/report_screen.sh    writes the golden screens anew
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
golden=$PWD/tests/data/screens
unset COLUMNS NO_COLOR PAGER MOETRACE_PAGER LESS LINES
for name in small_alternate small_auto small_graphs; do
    unpack "golden/$name" "$name"
done
unpack analysis_nsys_k8 molmoe
"$python" tests/data/device_trace.py 3 "$work/devices.json" >"$work/devices.sums"
"$python" tests/data/server_trace.py vllm 3 80 "$work/server.json" >"$work/server.sums"
cd "$work" || exit
echo '{"traceEvents": [{"ph": "X", "cat": "user_annotation", "name": "forward", "pid": 1, "tid": 1, "ts": 1000, "dur": 500}]}' >forward.json

declare -A arguments=([sweep]=small_auto.moetrace [few]=small_alternate.moetrace [graphs]=small_graphs.moetrace
    [molmoe]="molmoe.moetrace --model molmoe-1b --dtype bf16 --crops 2 --prompt-tokens 326" [no-ranges]=devices.json
    [server]=server.json [no-gpu]=forward.json)
for name in sweep few graphs molmoe no-ranges server no-gpu; do
    for columns in 80 120; do
        # shellcheck disable=SC2086
        COLUMNS=$columns "$moetrace" report ${arguments[$name]} >screen 2>&1
        [ -z "${UPDATE:-}" ] || cp screen "$golden/$name.$columns.txt"
        ok "$name at $columns columns" diff "$golden/$name.$columns.txt" screen
        is "$name: no line is wider than $columns" "$(awk -v most=$columns 'length > most' screen | wc -l)" 0
        ok "$name: one screen" test "$(wc -l <screen)" -le 40
    done
done

"$moetrace" report --all small_auto.moetrace >all
ok "--all has every table" test "$(grep -c . all)" -gt 200
"$moetrace" report --section kernels small_auto.moetrace >section
is "--section: its tables, whose titles are" "$(grep -cE '^(Kernels,|GPU time by class)' section) $(grep -c '^Latency' section)" "2 0"
is "by the id of a table" "$("$moetrace" report --section overhead small_auto.moetrace | head -n 1 | cut -d: -f1)" "Profiling overhead"
is "several" "$("$moetrace" report -S devices -S run small_auto.moetrace | grep -cE '^(Run|GPU busy and idle)')" 2
is "in json, too" "$("$moetrace" report -S fits -f json small_auto.moetrace | grep -c '"id":')" 1
ok "an unknown one is refused with the closest" refuses 'no such section or table; did you mean kernels' "$moetrace" report --section kernel small_auto.moetrace
ok "each table that a report has is listed" cmp <("$moetrace" report -f csv small_auto.moetrace | sed -n 's/^# \([a-z_]*\):.*/\1/p' | sort -u) \
    <("$moetrace" report --list-sections -f csv | cut -d, -f2 | grep -xFf <("$moetrace" report -f csv small_auto.moetrace | sed -n 's/^# \([a-z_]*\):.*/\1/p') | sort)
mkdir two
cp small_auto.moetrace two/a.moetrace
cp small_alternate.moetrace two/b.moetrace
is "a directory of processes: a screen for each" "$("$moetrace" report two | grep -c '^more ')" 2

# Tables for programs.
"$moetrace" report -f json small_auto.moetrace >small_auto.json
single_tables() { # each table alone is that of json, with every row
    "$python" - "$moetrace" small_auto.moetrace small_auto.json <<'PY'
import csv, io, json, math, subprocess, sys
moetrace, trace, path = sys.argv[1:]
for table in json.load(open(path))["reports"][0]["tables"]:
    text = subprocess.run([moetrace, "report", "--table", table["id"], trace], check=True, capture_output=True, text=True).stdout
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [column["name"] for column in table["columns"]], rows[0]
    assert len(rows) - 1 == len(table["rows"]), (table["id"], len(rows))
    for got, wanted in zip(rows[1:], table["rows"]):
        for cell, value in zip(got, wanted):
            same = cell == "" if value is None else math.isclose(float(cell), value, rel_tol=1e-12) if isinstance(value, (int, float)) else cell.lstrip("'") == value.lstrip("'")
            assert same, (table["id"], cell, value)
    for column in table["columns"]:
        assert ("unit" in column) == column["name"].endswith(("_ms", "_us", "_ns", "_percent", "gflop", "mbyte", "_per_s", "_per_byte")), column
PY
}
ok "--table: plain CSV of each table, as json has it" single_tables
rows() { "$moetrace" report --table kernels "$@" | wc -l; }
is "every row, not ten" "$(rows small_auto.moetrace)" "$(($("$moetrace" report --all small_auto.moetrace | sed -n 's/^Kernels, [0-9]* of \([0-9]*\).*/\1/p') + 1))"
is "but --top, if given" "$(rows --top 4 small_auto.moetrace)" 5
is "of several processes: one header, and the trace first" "$("$moetrace" report --table latency two | cut -d, -f1 | LC_ALL=C sort | uniq -c | tr -s ' \n' ' ')" \
    " 1 trace 8 two/a.moetrace 8 two/b.moetrace "
is "in latex: with a label and booktabs" "$("$moetrace" report --table latency -f latex small_auto.moetrace | grep -cE '^.(label\{tab:latency\}|toprule|midrule|bottomrule)$')" 4
ok "an unknown table is refused" refuses 'no such table; did you mean kernels' "$moetrace" report --table kernals small_auto.moetrace
ok "one that the trace lacks, too" refuses 'has nothing for the table roofline' "$moetrace" report --table roofline small_graphs.moetrace
ok "two are refused" refuses '--section may be repeated' "$moetrace" report --table kernels --table latency small_auto.moetrace
ok "and --all" refuses 'neither --all nor --section' "$moetrace" report --table kernels --all small_auto.moetrace

# What a terminal gets: `terminal ROWS COLUMNS COMMAND...` prints what a command writes to one.
cat >terminal.py <<'PY'
import fcntl, os, pty, struct, sys, termios
rows, columns = int(sys.argv[1]), int(sys.argv[2])
child, end = pty.fork()
if child == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.execvp(sys.argv[3], sys.argv[3:])
while True:
    try:
        got = os.read(end, 65536)
    except OSError:
        break
    if not got:
        break
    sys.stdout.buffer.write(got.replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
PY
terminal() { TERM=${TERM_AS:-xterm} "$python" terminal.py "$@"; }
plain() { sed 's/\x1b\[[0-9;]*[mK]//g; s/^\r*//'; }
terminal 100 80 "$moetrace" report small_auto.moetrace >shown
is "the terminal's width" "$(plain <shown | grep -v small_auto | awk 'length > 80' | wc -l)" 0
is "which differs from that of a pipe" "$(plain <shown | wc -l)" "$(wc -l <"$golden/sweep.80.txt")"
ok "labels stand out" grep -q $'\x1b\\[1mbottleneck' shown
NO_COLOR=1 terminal 100 80 "$moetrace" report small_auto.moetrace >shown
ok "not with NO_COLOR" test -z "$(grep $'\x1b\\[1m' shown)"
TERM_AS=dumb terminal 100 80 "$moetrace" report small_auto.moetrace >shown
ok "nor on a dumb terminal" test -z "$(grep $'\x1b\\[1m' shown)"
ok "nor in a pipe" test -z "$("$moetrace" report small_auto.moetrace | grep $'\x1b')"
export PAGER='sed s/^/other:/' MOETRACE_PAGER='sed s/^/paged:/'
lines() { "$@" | grep -c '^paged:'; }
ok "long output is paged" test "$(lines terminal 50 80 "$moetrace" report --all small_auto.moetrace)" -gt 200
is "short output is not" "$(lines terminal 100 80 "$moetrace" report small_auto.moetrace)" 0
is "nor what goes into a pipe" "$(lines "$moetrace" report --all small_auto.moetrace)" 0
unset MOETRACE_PAGER
ok "PAGER is the second choice" test "$(terminal 50 80 "$moetrace" report --all small_auto.moetrace | grep -c '^other:')" -gt 200
MOETRACE_PAGER=no-such-pager terminal 50 80 "$moetrace" report --all small_auto.moetrace >shown 2>&1
ok "without the pager the output is printed" grep -q '^ *end of recording' <(plain <shown)
MOETRACE_PAGER='head -n 1' terminal 50 80 "$moetrace" report --all small_auto.moetrace >shown 2>&1
is "a pager that is left early ends it, and its status is 0" "$? $(wc -l <shown)" "0 1"
done_testing

#!/usr/bin/env bash
# Captures of other profilers in place of traces: every subcommand, several processes in one file, CUDA graphs, old layouts.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

for name in all graphs; do
    unpack "golden/small_$name" "$name"
    "$moetrace" export "$work/$name.moetrace" -f nsys-sqlite -o "$work/$name.sqlite" >/dev/null
    "$moetrace" export "$work/$name.moetrace" -f chrome -o "$work/$name.json" >/dev/null
done
"$python" tests/data/analysis_oracle.py write "$work/one.moetrace" 42

sqlite() { # sqlite FILE STATEMENT...: prints what they select
    "$python" -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for s in sys.argv[2:]:
    for row in db.execute(s): print(*row, sep="|")
db.commit()' "$@"
}

# ---- every subcommand ----

# The tables of a report but those on the file itself; without the lines on how it was read.
# An export of several processes numbers their GPUs apart: the number of a device is left out.
tables() { "$moetrace" report --format json --top 100000 "$1" | "$python" -c '
import json, sys
for process in json.load(sys.stdin)["reports"]:
    for table in process["tables"]:
        if table["id"] == "completeness_counts": print([row for row in table["rows"] if row[0].startswith("kernel")])
        elif table["id"] == "devices": print("devices", [row[1:] for row in table["rows"]])
        elif table["id"] not in ("run", "completeness"): print(json.dumps(table))'; }
capture_kind() { # capture_kind ENDING NAME
    local file=$work/all.$1
    "$moetrace" verify "$work/all.moetrace" >"$work/wanted"
    ok "verify: $2" diff "$work/wanted" <("$moetrace" verify "$file" 2>&1)
    "$moetrace" dump "$file" >"$work/dump.txt" 2>"$work/err"
    is "dump: $2: as many records of each kind" "$(grep -oE '^(push|pop|kernel|memcpy|memset|api)' "$work/dump.txt" | sort | uniq -c | xargs)" \
        "$("$moetrace" dump "$work/all.moetrace" | grep -oE '^(push|pop|kernel|memcpy|memset|api)' | sort | uniq -c | xargs)"
    "$moetrace" diff --format json "$work/all.moetrace" "$file" >"$work/diff.json" 2>"$work/err"
    ok "diff: $2 against the trace: no difference" "$python" - "$work/diff.json" "$1" <<'PY'
import sys
sys.path.insert(0, "tests/data")
from report_tables import load
tables = load(sys.argv[1])
if sys.argv[2] == "json":  # which has no mangled names, by which kernels are matched
    del tables["diff_kernels"]
ratios = [ratio for table in tables.values() for ratio, in table.select("ratio")]
assert len(ratios) > 8 and all(abs(ratio - 1) < 1e-9 for ratio in ratios), ratios
PY
    for format in nsys-sqlite chrome perfetto; do
        ok "export: $2 to $format" "$moetrace" export --force "$file" -f $format -o "$work/again.${1}.sqlite"
    done
}
tables "$work/all.moetrace" >"$work/wanted"
ok "report: an SQLite export of Nsight Systems" diff "$work/wanted" <(tables "$work/all.sqlite")
kernels() { "$moetrace" report --format json --top 1000 "$1" | "$python" -c '
import sys
sys.path.insert(0, "tests/data")
from report_tables import tables
print(tables(sys.stdin.read())["kernels"].rows)'; }
ok "report: kernels of a Chrome trace have the names that they have in the trace" diff <(kernels "$work/all.moetrace") \
    <(kernels "$work/all.json")
capture_kind sqlite "an SQLite export of Nsight Systems"
capture_kind json "a Chrome trace"

explains() { # explains COMMAND...: of a .nsys-rep, one line, status 2
    "$moetrace" "$@" >"$work/out" 2>"$work/err"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q 'nsys export --type sqlite -o .*capture.sqlite .*capture.nsys-rep' "$work/err"
}
printf 'QdstrmOrSuch%0100d' 0 >"$work/capture.nsys-rep"
for command in report verify dump "diff $work/all.moetrace" "export -f chrome -o $work/x.json"; do
    # shellcheck disable=SC2086
    ok "${command%% *}: a .nsys-rep is explained" explains $command "$work/capture.nsys-rep"
done

# ---- CUDA graphs ----
tables "$work/graphs.moetrace" >"$work/wanted"
ok "replayed kernels belong to the experts in which they were captured, as in the trace" diff "$work/wanted" \
    <(tables "$work/graphs.sqlite")
cp "$work/graphs.sqlite" "$work/whole.sqlite"
sqlite "$work/whole.sqlite" "DROP TABLE CUDA_GRAPH_NODE_EVENTS" "DROP TABLE CUDA_GRAPH_EVENTS"
"$moetrace" report --all "$work/whole.sqlite" | tr -s ' \n' ' ' >"$work/whole.txt"
ok "without nodes the report states that they belong to the launch" grep -q 'has no table CUDA_GRAPH_NODE_EVENTS' "$work/whole.txt"
sqlite "$work/whole.sqlite" "DELETE FROM CUPTI_ACTIVITY_KIND_KERNEL WHERE graphNodeId IS NOT NULL" \
    "CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE(start INTEGER, end INTEGER, graphId INTEGER)" \
    "INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE SELECT min(start), max(end), 1 FROM CUPTI_ACTIVITY_KIND_RUNTIME"
"$moetrace" report --all "$work/whole.sqlite" | tr -s ' \n' ' ' >"$work/whole.txt"
ok "graphs that were traced as a whole are reported as such" grep -q 'CUDA graphs were traced as a whole: each launch' "$work/whole.txt"

# ---- several processes ----
"$moetrace" export "$work/one.moetrace" "$work/all.moetrace" -f nsys-sqlite -o "$work/two.sqlite" >/dev/null
"$moetrace" export "$work/one.moetrace" -f nsys-sqlite -o "$work/one.sqlite" >/dev/null
{ tables "$work/one.sqlite" && tables "$work/all.sqlite"; } >"$work/wanted"
ok "each process of a capture has its own report" diff "$work/wanted" <(tables "$work/two.sqlite")
ok "one can be named" diff <(tables "$work/all.sqlite") <(tables "$work/two.sqlite#847")
ok "by every subcommand" diff <("$moetrace" verify "$work/all.moetrace") <("$moetrace" verify "$work/two.sqlite#847")
# One of which no row is among those that are looked at first.
hidden() {
    cp "$work/one.sqlite" "$work/hidden.sqlite"
    sqlite "$work/hidden.sqlite" "INSERT INTO PROCESSES SELECT 99 << 24, 99, 'other' FROM PROCESSES" \
        "UPDATE NVTX_EVENTS SET globalTid = 99 << 24 | 99 WHERE rowid = (SELECT min(rowid) + 3 FROM NVTX_EVENTS)" || return 1
    { tables "$work/hidden.sqlite#99" && tables "$work/hidden.sqlite#4242"; } >"$work/wanted"
    [ "$(grep -c '^\[\[' "$work/wanted")" -eq 2 ] && diff "$work/wanted" <(tables "$work/hidden.sqlite") &&
        "$moetrace" report -f json "$work/hidden.sqlite" | "$python" -c 'import json, sys; json.load(sys.stdin)' &&
        sqlite "$work/hidden.sqlite" "DROP TABLE TARGET_INFO_CUDA_CONTEXT_INFO" && diff "$work/wanted" <(tables "$work/hidden.sqlite")
}
ok "also for a late occurrence" hidden
no_such() {
    "$moetrace" report "$work/two.sqlite#1" 2>"$work/err"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q 'has no event of process 1; it has 4242 847' "$work/err"
}
ok "a missing one is refused, with a list of the existing ones" no_such
each() {
    mkdir "$work/each" && "$moetrace" export "$work/two.sqlite" -f nsys-sqlite -o "$work/each" >/dev/null &&
        diff <(tables "$work/all.sqlite") <(tables "$work/each/two-847.sqlite") &&
        diff <(tables "$work/one.sqlite") <(tables "$work/each/two-4242.sqlite")
}
ok "exported, each to its own file" each
together() {
    "$moetrace" export "$work/two.sqlite" -f nsys-sqlite -o "$work/two-back.sqlite" >/dev/null &&
        diff <(tables "$work/two.sqlite" | sort) <(tables "$work/two-back.sqlite" | sort)
}
ok "or all remain processes of one file" together
directory() {
    mkdir "$work/ranks" && cp "$work/all.sqlite" "$work/ranks/1.sqlite" && cp "$work/one.sqlite" "$work/ranks/0.sqlite" &&
        diff <(tables "$work/one.sqlite" && tables "$work/all.sqlite") <(tables "$work/ranks") &&
        cp "$work/graphs.moetrace" "$work/ranks" && diff <(tables "$work/graphs.moetrace") <(tables "$work/ranks")
}
ok "a directory of captures is read when it has no trace" directory
same_name() {
    mkdir "$work/a" "$work/b" && cp "$work/one.moetrace" "$work/a" && cp "$work/one.moetrace" "$work/b"
    "$moetrace" export "$work/a/one.moetrace" "$work/b/one.moetrace" -f chrome -o "$work/each" 2>"$work/err"
    [ $? -eq 2 ] && grep -q 'would both become' "$work/err" && [ ! -e "$work/each/one.json" ]
}
ok "two traces never become one file" same_name

# ---- what a trace has no room for ----
# Synchronisations, the profiler's own work, names of categories, places of copies, ids of ranges, local time: there and back.
extras() {
    local tid
    cp "$work/all.sqlite" "$work/extras.sqlite"
    tid=$(sqlite "$work/extras.sqlite" "SELECT globalTid FROM CUPTI_ACTIVITY_KIND_RUNTIME LIMIT 1")
    sqlite "$work/extras.sqlite" "CREATE TABLE CUPTI_ACTIVITY_KIND_SYNCHRONIZATION(start INTEGER NOT NULL, end INTEGER NOT NULL,
        deviceId INTEGER, contextId INTEGER, greenContextId INTEGER, streamId INTEGER, correlationId INTEGER, globalPid INTEGER,
        deprecatedSyncType INTEGER, syncType INTEGER, eventId INTEGER, eventSyncId INTEGER)" \
        "INSERT INTO CUPTI_ACTIVITY_KIND_SYNCHRONIZATION SELECT start, end, 0, 1, NULL, 7, correlationId, globalTid & ~0xffffff, NULL,
         3, 4294967295, NULL FROM CUPTI_ACTIVITY_KIND_RUNTIME JOIN StringIds ON id = nameId WHERE value = 'cudaStreamSynchronize'" \
        "CREATE TABLE PROFILER_OVERHEAD(start INTEGER NOT NULL, end INTEGER NOT NULL, globalTid INTEGER, nameId INTEGER NOT NULL,
         returnValue INTEGER)" \
        "INSERT INTO StringIds SELECT max(id) + 1, 'CUPTI Buffer flush' FROM StringIds" \
        "INSERT INTO PROFILER_OVERHEAD SELECT 5000000 * value, 5000000 * value + 77, $tid, (SELECT max(id) FROM StringIds), value - 1
         FROM (SELECT 1 AS value UNION SELECT 2)" \
        "INSERT INTO NVTX_EVENTS(start, eventType, category, text, globalTid, domainId) VALUES (1000, 33, 5, 'five', $tid, 0),
         (2000, 33, 6, 'six', $tid, 1)" \
        "INSERT INTO NVTX_EVENTS(start, end, eventType, rangeId, text, globalTid, domainId) VALUES (6000000, 7000000, 60, 41, 'a', $tid, 0),
         (6500000, 7500000, 60, 977, 'b', $tid, 0)" \
        "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET srcDeviceId = 1, srcContextId = 2, dstDeviceId = 3, dstContextId = 4, copyKind = 10
         WHERE rowid % 3 = 1" "UPDATE CUPTI_ACTIVITY_KIND_MEMCPY SET srcDeviceId = 0, dstDeviceId = 5 WHERE rowid % 3 = 2" \
        "UPDATE TARGET_INFO_SESSION_START_TIME SET localTime = '2026-11-23T03:20:43'"
    "$moetrace" export "$work/extras.sqlite" -f nsys-sqlite -o "$work/extras-back.sqlite" >/dev/null
}
extras
same_rows() { # same_rows SQL: in the capture and exported again
    sqlite "$work/extras.sqlite" "$1" >"$work/before"
    [ -s "$work/before" ] && diff "$work/before" <(sqlite "$work/extras-back.sqlite" "$1")
}
ok "synchronisations are restored" same_rows "SELECT * FROM CUPTI_ACTIVITY_KIND_SYNCHRONIZATION"
ok "the profiler's own work is attributed, too" same_rows \
    "SELECT start, end, globalTid, value, returnValue FROM PROFILER_OVERHEAD JOIN StringIds ON id = nameId"
ok "names of categories" same_rows "SELECT start, eventType, category, text, globalTid, domainId FROM NVTX_EVENTS WHERE eventType = 33"
ok "ids of start/end ranges" same_rows "SELECT start, end, rangeId, text FROM NVTX_EVENTS WHERE eventType = 60"
ok "devices and contexts of copies" same_rows \
    "SELECT start, copyKind, srcDeviceId, srcContextId, dstDeviceId, dstContextId FROM CUPTI_ACTIVITY_KIND_MEMCPY"
ok "the time of day" same_rows "SELECT * FROM TARGET_INFO_SESSION_START_TIME"
is "of which a trace does not know the local one" \
    "$(sqlite "$work/all.sqlite" "SELECT count(utcTime), count(localTime) FROM TARGET_INFO_SESSION_START_TIME")" "1|0"
"$moetrace" export "$work/extras.sqlite" --from 5000000ns --to 6000000ns -f nsys-sqlite -o "$work/extras-back.sqlite" >/dev/null
is "a selected time holds no others" "$(sqlite "$work/extras-back.sqlite" "SELECT count(*) FROM PROFILER_OVERHEAD")" 1

# ---- layouts of other versions ----
# As nsys wrote it in 2022: no registered names, no domains, none of the later columns and tables.
old() {
    cp "$work/all.sqlite" "$work/old.sqlite"
    local table column statements=("UPDATE NVTX_EVENTS SET textId = NULL")
    for column in domainId textId jsonTextId jsonText binaryData; do statements+=("ALTER TABLE NVTX_EVENTS DROP COLUMN $column"); done
    for column in greenContextId graphNodeId sharedMemoryLimitConfig launchType mangledName gridX gridY gridZ localMemoryTotal; do
        statements+=("ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN $column")
    done
    for table in PROCESSES META_DATA_EXPORT META_DATA_CAPTURE ANALYSIS_DETAILS TARGET_INFO_SESSION_START_TIME TARGET_INFO_CUDA_DEVICE \
        TARGET_INFO_CUDA_CONTEXT_INFO TARGET_INFO_CUDA_STREAM TARGET_INFO_SYSTEM_ENV TARGET_INFO_GPU; do
        statements+=("DROP TABLE $table")
    done
    sqlite "$work/old.sqlite" "DELETE FROM NVTX_EVENTS WHERE eventType = 75" "${statements[@]}"
}
old
latency() { "$moetrace" report --all "$1" | sed -n '/^Latency/,/^$/p'; }
ok "an old layout has the same latencies" diff <(latency "$work/all.sqlite") <(latency "$work/old.sqlite")
"$moetrace" report --all "$work/old.sqlite" | tr -s ' \n' ' ' >"$work/old.txt"
ok "and missing columns are listed" grep -q \
    'table CUPTI_ACTIVITY_KIND_KERNEL has no column graphNodeId mangledName gridX gridY gridZ launchType' "$work/old.txt"
"$moetrace" export "$work/old.sqlite" -f nsys-sqlite -o "$work/old-back.sqlite" >/dev/null
is "exported again, what was missing is missing" "$(sqlite "$work/old-back.sqlite" \
    "SELECT count(*), count(gridX), count(gridZ), count(launchType), count(localMemoryTotal), count(blockX) FROM CUPTI_ACTIVITY_KIND_KERNEL")" \
    "8640|0|0|0|0|8640"
"$moetrace" export "$work/old.sqlite" -f chrome -o "$work/old.json" >/dev/null
is "and in a Chrome trace" "$(grep -c '"grid"' "$work/old.json")" 0
done_testing

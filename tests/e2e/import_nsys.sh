#!/usr/bin/env bash
# SQLite exports of Nsight Systems in place of traces: the way there and back, files of other versions, hostile files.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
reports=tests/data/export_reports.py

unpack analysis_nsys_k8 k8
"$python" tests/data/analysis_oracle.py write "$work/one.moetrace" 7
ok "a capture of Nsight Systems' layout" "$moetrace" export "$work/k8.moetrace" -f nsys-sqlite -o "$work/k8.sqlite"
"$moetrace" export "$work/one.moetrace" -f nsys-sqlite -o "$work/one.sqlite" >/dev/null

ok "of a path that begins with two slashes" "$moetrace" report "/$work/k8.sqlite"

back() {
    local name
    for name in k8 one; do
        "$moetrace" export "$work/$name.sqlite" -f nsys-sqlite -o "$work/$name-back.sqlite" >/dev/null &&
            "$python" $reports compare "$work/$name.sqlite" "$work/$name-back.sqlite" || return 1
    done
}
ok "read and exported again, every report has the same rows" back

# The report of the capture has the tables of the trace's report.
same_report() {
    local name
    for name in k8 one; do
        "$moetrace" report --format json --top 100000 "$work/$name.moetrace" >"$work/$name.report" &&
            "$moetrace" report --format json --top 100000 "$work/$name.sqlite" >"$work/$name-sqlite.report" || return 1
        "$python" - "$work/$name.report" "$work/$name-sqlite.report" <<'PY' || return 1
import sys
sys.path.insert(0, "tests/data")
from report_tables import load
a, b = (load(path) for path in sys.argv[1:3])
for table in ("latency", "experts", "layer_experts"):
    assert a[table].rows == b[table].rows, table
assert a["latency"].rows
PY
    done
}
if "$moetrace" report "$work/k8.sqlite" >/dev/null 2>&1; then
    ok "the report of the capture is that of the trace" same_report
else
    skip "the report of the capture is that of the trace" "report does not take captures so far"
fi

# As other versions of nsys write it: names inline, or only by id; columns that came later are not there; rows in no order.
versions() {
    cp "$work/one.sqlite" "$work/old.sqlite"
    sqlite "$work/old.sqlite" \
        "UPDATE NVTX_EVENTS SET textId = NULL" \
        "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN greenContextId" \
        "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN graphNodeId" \
        "ALTER TABLE CUPTI_ACTIVITY_KIND_KERNEL DROP COLUMN sharedMemoryLimitConfig" \
        "ALTER TABLE CUPTI_ACTIVITY_KIND_MEMCPY DROP COLUMN copyCount" \
        "DROP TABLE META_DATA_EXPORT" "DROP TABLE ANALYSIS_DETAILS" "DROP TABLE TARGET_INFO_SESSION_START_TIME" &&
        "$moetrace" export "$work/old.sqlite" -f nsys-sqlite -o "$work/old-back.sqlite" &&
        "$python" $reports compare "$work/one.sqlite" "$work/old-back.sqlite" &&
        cp "$work/one.sqlite" "$work/new.sqlite" && sqlite "$work/new.sqlite" \
        "UPDATE NVTX_EVENTS SET text = NULL WHERE eventType <> 75" "ALTER TABLE NVTX_EVENTS ADD COLUMN later INTEGER" \
        "CREATE TABLE r AS SELECT * FROM CUPTI_ACTIVITY_KIND_RUNTIME ORDER BY correlationId DESC" \
        "DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME" "ALTER TABLE r RENAME TO CUPTI_ACTIVITY_KIND_RUNTIME" &&
        "$moetrace" export "$work/new.sqlite" -f nsys-sqlite -o "$work/new-back.sqlite" &&
        "$python" $reports compare "$work/one.sqlite" "$work/new-back.sqlite"
}
sqlite() { # sqlite FILE STATEMENT...
    "$python" -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for s in sys.argv[2:]: db.execute(s)
db.commit()' "$@"
}
ok "captures of older and newer versions are read" versions

# Rows that do not ascend are read in order all the same.
shuffled() {
    local table
    cp "$work/one.sqlite" "$work/shuffled.sqlite"
    for table in NVTX_EVENTS CUPTI_ACTIVITY_KIND_RUNTIME CUPTI_ACTIVITY_KIND_KERNEL; do
        sqlite "$work/shuffled.sqlite" "CREATE TABLE x AS SELECT * FROM $table ORDER BY start % 1009" "DROP TABLE $table" \
            "ALTER TABLE x RENAME TO $table" || return 1
    done
    diff <("$moetrace" report --all "$work/one.sqlite" | grep -vE '^  trace|sqlite') \
        <("$moetrace" report --all "$work/shuffled.sqlite" | grep -vE '^  trace|sqlite')
}
ok "captures with unsorted rows are read, too" shuffled

# Tables are read by their row ids, on several threads; where that cannot be, in another way. The rows are the same, also on
# one processor alone.
row_ids() {
    local make columns="start, end, globalTid, correlationId, nameId, returnValue"
    "$moetrace" dump "$work/one.sqlite" | grep -vE "^(note|trace|read) " >"$work/ids.wanted"
    [ "$(wc -l <"$work/ids.wanted")" -gt 1000 ] || return 1
    for make in "CREATE TABLE x AS SELECT * FROM CUPTI_ACTIVITY_KIND_RUNTIME" \
        "CREATE TABLE x($columns, eventClass, PRIMARY KEY(start, end, globalTid, correlationId)) WITHOUT ROWID" \
        "CREATE TABLE x($columns, eventClass, rowid)" \
        "CREATE TABLE x($columns, eventClass, n INTEGER PRIMARY KEY)"; do
        cp "$work/one.sqlite" "$work/ids.sqlite"
        sqlite "$work/ids.sqlite" "$make" "DELETE FROM x" \
            "INSERT INTO x($columns, eventClass) SELECT $columns, eventClass FROM CUPTI_ACTIVITY_KIND_RUNTIME" \
            "DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME" "ALTER TABLE x RENAME TO CUPTI_ACTIVITY_KIND_RUNTIME" || return 1
        case $make in *" n "*) sqlite "$work/ids.sqlite" "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET n = -n * 1000000007" \
            "UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET n = -n" || return 1 ;; esac
        diff "$work/ids.wanted" <("$moetrace" dump "$work/ids.sqlite" | grep -vE "^(note|trace|read) ") || return 1
        diff "$work/ids.wanted" <(taskset -c 0 "$moetrace" dump "$work/ids.sqlite" | grep -vE "^(note|trace|read) ") || return 1
    done
}
ok "any numbering of a table's rows gives the same rows" row_ids

# Rows whose times cannot be are counted, once each, and named by their table.
unusable() {
    cp "$work/one.sqlite" "$work/times.sqlite"
    sqlite "$work/times.sqlite" "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = 'soon' WHERE rowid IN (2, 5, 9)" &&
        "$moetrace" report --all "$work/times.sqlite" >"$work/times.txt" &&
        grep -q '3 rows of table CUPTI_ACTIVITY_KIND_KERNEL without a valid time' "$work/times.txt"
}
ok "rows without a usable time are counted" unusable

# The report says what the capture misses; what recording cost is not in such a file, and is not made up.
completeness() {
    "$moetrace" report --all "$work/one.sqlite" | sed -n '/^Completeness/,$p' >"$work/completeness.txt"
    grep -qE 'kernel time  *[0-9]+ ns in total = [0-9]+ ns attributed \+ [0-9]+ ns unattributed' "$work/completeness.txt" &&
        grep -qE 'cost: host time  *-$' "$work/completeness.txt" && grep -qE 'GPU records dropped  *-$' "$work/completeness.txt"
}
ok "the report of a capture prints its completeness" completeness

# Suffixes of calls and names of kernels that ours differ from survive the way back.
details() {
    cp "$work/one.sqlite" "$work/names.sqlite"
    sqlite "$work/names.sqlite" "UPDATE StringIds SET value = value || '_v7000' WHERE value LIKE 'cuda%'" \
        "UPDATE StringIds SET value = 'odd ' || value WHERE id IN (SELECT demangledName FROM CUPTI_ACTIVITY_KIND_KERNEL)
         AND id NOT IN (SELECT mangledName FROM CUPTI_ACTIVITY_KIND_KERNEL)" \
        "UPDATE ThreadNames SET priority = 20" "UPDATE NVTX_EVENTS SET start = -5 WHERE eventType = 75" &&
        "$moetrace" export "$work/names.sqlite" -f nsys-sqlite -o "$work/names-back.sqlite" &&
        "$python" $reports compare "$work/names.sqlite" "$work/names-back.sqlite"
}
ok "names and priorities that a trace cannot hold are restored" details

# The capture is never written to, and a report in nsys's own format is explained.
refused() {
    local before
    before=$(sha256sum <"$work/one.sqlite")
    chmod a-w "$work/one.sqlite"
    "$moetrace" export "$work/one.sqlite" -f chrome -o "$work/one.json" >/dev/null || return 1
    [ "$before" = "$(sha256sum <"$work/one.sqlite")" ] && [ -z "$(find "$work" -name 'one.sqlite-*')" ] || return 1
    printf 'QdstrmOrSuch%0100d' 0 >"$work/capture.nsys-rep"
    "$moetrace" export "$work/capture.nsys-rep" -f chrome -o "$work/rep.json" 2>"$work/err"
    [ $? -eq 2 ] && grep -q 'nsys export --type sqlite' "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ]
}
ok "a capture is only read; a .nsys-rep is explained" refused

mkdir "$work/hostile"
ok "hostile files cost one line" "$python" tests/data/export_hostile.py "$moetrace" "$work/one.sqlite" "$work/hostile" 24
done_testing

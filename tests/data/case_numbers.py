#!/usr/bin/env python3
"""What a report holds, for tests of small captures: case_numbers.py REPORT.json EXPRESSION

The expression is Python over `n` (the numbers of the completeness table by name), `gpu` (exclusive and inclusive GPU ms of each
range, by its path), `latency` and `busy` (median ms by phase) and `notes` (all notes of the capture in one text). Exit status 0
when it is true; else 1, with what the report holds on standard output.
"""
import json
import sys

n, gpu, latency, busy, notes = {}, {}, {}, {}, ""


def place(table, *names):
    """The place of the first column with one of these names, or None."""
    columns = [str(c).lower() for c in table.get("columns", [])]
    return next((columns.index(name) for name in names if name in columns), None)


for t in json.load(open(sys.argv[1]))[0]["tables"]:
    rows = t["rows"]
    path, phase, median = place(t, "range"), place(t, "phase"), place(t, "p50", "p50_ms")
    exclusive, inclusive = place(t, "exclusive ms", "exclusive_ms"), place(t, "inclusive ms", "inclusive_ms")
    gpu_busy = place(t, "gpu busy", "gpu_busy_ms")
    if any(row[0] == "complete" for row in rows if row):
        n = dict(row[:2] for row in rows)
    elif None not in (path, exclusive, inclusive):
        gpu = {row[path]: (row[exclusive], row[inclusive]) for row in rows}
    elif None not in (phase, median, gpu_busy):
        latency = {row[phase]: row[median] for row in rows}
        busy = {row[phase]: row[gpu_busy] for row in rows}
    notes += " ".join(str(row[1]) for row in rows if row and str(row[0]).startswith("note."))
if not eval(sys.argv[2]):
    print({"n": n, "gpu": gpu, "latency": latency, "busy": busy, "notes": notes})
    sys.exit(1)

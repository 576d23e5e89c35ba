#!/usr/bin/env python3
"""What a report holds, for tests of small captures: case_numbers.py REPORT.json EXPRESSION

The expression is Python over `n` (the completeness counts by name), `gpu` (exclusive and inclusive GPU ms of each
range, by its path), `latency` and `busy` (median ms by phase) and `notes` (all notes of the capture in one text). Exit status 0
when it is true; else 1, with what the report holds on standard output.
"""
import json
import sys

tables = {t["id"]: t for t in json.load(open(sys.argv[1]))["reports"][0]["tables"]}


def columns(table, *names):
    """The rows of a table as tuples of these columns; none when the report has no such table."""
    if table not in tables:
        return []
    at = [[c["name"] for c in tables[table]["columns"]].index(name) for name in names]
    return [tuple(row[i] for i in at) for row in tables[table]["rows"]]


n = dict(columns("completeness_counts", "name", "value"))
gpu = {path: (own, all_of_it) for path, own, all_of_it in columns("ranges", "range", "exclusive_ms", "inclusive_ms")}
latency = dict(columns("latency", "phase", "p50_ms"))
busy = dict(columns("latency", "phase", "gpu_busy_ms"))
notes = " ".join(str(value) for key, value in columns("completeness", "key", "value") if str(key).startswith("note."))
if not eval(sys.argv[2]):
    print({"n": n, "gpu": gpu, "latency": latency, "busy": busy, "notes": notes})
    sys.exit(1)

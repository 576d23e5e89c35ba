#!/usr/bin/env python3
"""What a report holds, for tests of small captures: case_numbers.py REPORT.json EXPRESSION

The expression is Python over `n` (the numbers of the completeness table by name), `gpu` (exclusive and inclusive GPU ms of each
range, by its path), `latency` and `busy` (median ms by phase) and `notes` (all notes of the capture in one text). Exit status 0
when it is true; else 1, with what the report holds on standard output.
"""
import sys

from report_tables import load

tables = load(sys.argv[1])


def select(table, *names):
    return tables[table].select(*names) if table in tables else []


n = tables["completeness_counts"].facts()
gpu = {path: (exclusive, inclusive) for path, exclusive, inclusive in select("ranges", "range", "exclusive_ms", "inclusive_ms")}
latency = dict(select("latency", "phase", "p50_ms"))
busy = dict(select("latency", "phase", "gpu_busy_ms"))
notes = " ".join(str(value) for key, value in tables["completeness"].facts().items() if key.startswith("note."))
if not eval(sys.argv[2]):
    print({"n": n, "gpu": gpu, "latency": latency, "busy": busy, "notes": notes})
    sys.exit(1)

"""Cuts an SQLite export of Nsight Systems down to what a test wants, so that what is left fits together.

    cut.py CAPTURE OUT [FROM-TO...]   stretches in ms; everything, if none is named

Kept are calls, ranges and events of graphs that lie in a stretch, ranges around one, and GPU work whose call is kept. What nsys notes of the machine, its
environment and its other processes goes, and so do names that nothing is left of; those that stay get dense ids, as nsys gives them.
"""
import os
import shutil
import sqlite3
import sys

GPU = ["CUPTI_ACTIVITY_KIND_" + kind for kind in ("KERNEL", "MEMCPY", "MEMSET", "SYNCHRONIZATION")]
KEPT = ["StringIds", "NVTX_EVENTS", "ANALYSIS_DETAILS", "TARGET_INFO_GPU", "TARGET_INFO_SESSION_START_TIME"]
CALLS = "CUPTI_ACTIVITY_KIND_RUNTIME"


def main():
    capture, out, *stretches = sys.argv[1:]
    shutil.copyfile(capture, out)
    os.chmod(out, 0o644)
    db = sqlite3.connect(out)
    tables = {name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    spans = [[round(float(t) * 1e6) for t in stretch.split("-")] for stretch in stretches]
    inside = " OR ".join(f"(start >= {a} AND end <= {b})" for a, b in spans)
    around = " OR ".join(f"(start <= {a} AND end >= {b})" for a, b in spans)
    if spans:
        db.execute(f"DELETE FROM {CALLS} WHERE NOT ({inside})")
        for table in tables.intersection(GPU):
            db.execute(f"DELETE FROM {table} WHERE correlationId NOT IN (SELECT correlationId FROM {CALLS})")
        for table in tables.intersection(["CUDA_GRAPH_NODE_EVENTS", "CUDA_GRAPH_EVENTS"]):
            db.execute(f"DELETE FROM {table} WHERE NOT ({inside})")
        db.execute(f"DELETE FROM NVTX_EVENTS WHERE end IS NOT NULL AND NOT ({inside} OR {around})")
    own = "SELECT DISTINCT globalTid >> 24 FROM NVTX_EVENTS"
    for table in tables:
        if table in ("ThreadNames", "PROCESSES", "PROFILER_OVERHEAD"):
            column = "globalPid" if table == "PROCESSES" else "globalTid"
            db.execute(f"DELETE FROM {table} WHERE {column} >> 24 NOT IN ({own})")
        elif table in ("META_DATA_EXPORT", "EXPORT_META_DATA"):
            db.execute(f"DELETE FROM {table} WHERE name NOT LIKE 'EXPORT_SCHEMA%' AND name NOT LIKE 'EXPORT_PRODUCT%'")
        elif table not in KEPT and not table.startswith(("ENUM_", "CUPTI_", "CUDA_", "TARGET_INFO_CUDA")):
            db.execute(f"DELETE FROM {table}")
    db.create_function("last_part", 1, os.path.basename)
    db.execute("UPDATE PROCESSES SET name = last_part(name)")
    users = [(table, column) for table in tables for _, column, *_ in db.execute(f"PRAGMA table_info({table})")
             if column in ("nameId", "textId", "jsonTextId", "demangledName", "shortName", "mangledName")]
    used = sorted({value for table, column in users for value, in db.execute(f"SELECT DISTINCT {column} FROM {table}") if value is not None})
    new = {old: i for i, old in enumerate(used)}
    db.create_function("new_id", 1, lambda old: new.get(old))
    for table, column in users:
        db.execute(f"UPDATE {table} SET {column} = new_id({column}) WHERE {column} IS NOT NULL")
    texts = [(new[i], value) for i, value in db.execute("SELECT id, value FROM StringIds") if i in new]
    db.execute("DELETE FROM StringIds")
    db.executemany("INSERT INTO StringIds VALUES (?, ?)", sorted(texts))
    db.commit()
    db.execute("VACUUM")
    for table in sorted(tables.intersection(GPU + [CALLS, "NVTX_EVENTS", "StringIds"])):
        print(table, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


main()

"""Makes small seeds for the fuzz targets: make_corpus.py trace|nsys|chrome FOLDER FILE...

Of a trace it keeps the header and the small chunks of each type, and META of its own in place of what tells of the
machine. Of an SQLite export it keeps a few rows of each table, in pages of 512 bytes; of a Chrome trace a few events of
each category. FILE may be compressed. The seeds of rules and of a model's files are written by hand.
"""
import gzip
import json
import os
import shutil
import sqlite3
import struct
import sys

HEADER, CHUNK, META = 64, 32, 1
MOST_CHUNK, MOST_OF_A_TYPE, ROWS, EVENTS = 1500, 2500, 3, 4


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def chunk(kind, payload, records):
    head = struct.pack("<IHHIIQI", 0x4B43544D, kind, 0, len(payload), records, 0, 0)
    return head + struct.pack("<I", crc32c(head + payload)) + payload


def small_trace(data):
    out, at, kept = data[:HEADER] + chunk(META, b"\x07program\x04seed\x05level\x04full", 2), HEADER, {}
    while at + CHUNK <= len(data):
        _, kind, _, length, _ = struct.unpack_from("<IHHII", data, at)
        whole = data[at : at + CHUNK + length]
        at += len(whole)
        if kind != META and length <= MOST_CHUNK and kept.get(kind, 0) + length <= MOST_OF_A_TYPE:
            kept[kind] = kept.get(kind, 0) + len(whole)
            out += whole
    return out


def small_export(source, target):
    shutil.copy(source, target)
    db = sqlite3.connect(target)
    tables = [name for name, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        db.execute(f'DELETE FROM "{table}" WHERE rowid NOT IN (SELECT rowid FROM "{table}" LIMIT {ROWS})')
        if not db.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]:
            db.execute(f'DROP TABLE "{table}"')
    db.commit()
    db.execute("PRAGMA page_size = 512")
    db.execute("VACUUM")
    db.close()


def small_chrome(data):
    trace, kept = json.loads(data), {}
    events = []
    for event in trace["traceEvents"]:
        kind = (event.get("ph"), event.get("cat"))
        kept[kind] = kept.get(kind, 0) + 1
        if kept[kind] <= EVENTS:
            events.append(event)
    return json.dumps({"traceEvents": events}).encode()


def main():
    kind, folder, *files = sys.argv[1:]
    for path in files:
        name = os.path.basename(path).split(".")[0]
        if kind == "nsys":
            small_export(path, os.path.join(folder, name + ".sqlite"))
            continue
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
            data = f.read()
        small, suffix = (small_chrome, ".json") if kind == "chrome" else (small_trace, ".moetrace")
        with open(os.path.join(folder, name + suffix), "wb") as f:
            f.write(small(data))


main()

"""SQLite files that are broken on purpose, and what a command must do with each: end with status 0, or with status 2 and
one line on standard error; within a time and a memory limit; and never change the file.

    export_hostile.py MOETRACE GOOD.sqlite FOLDER [ROUNDS]

Exit status 1 after lines that say what went wrong.
"""
import hashlib
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys

MEMORY = 1 << 30
SANITIZED = "SAN" in os.environ and os.environ["SAN"] != ""
EVENTS = ["CUPTI_ACTIVITY_KIND_KERNEL", "CUPTI_ACTIVITY_KIND_MEMCPY", "CUPTI_ACTIVITY_KIND_RUNTIME", "NVTX_EVENTS"]


def limits():
    if not SANITIZED:  # a sanitizer reserves more than there is
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run(command, path):
    """What is wrong with how the command took the file; None when nothing is."""
    before = hashlib.sha256(open(path, "rb").read()).digest()
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, preexec_fn=limits)
    except subprocess.TimeoutExpired:
        return "takes more than a minute"
    said = done.stderr.decode(errors="replace")
    if hashlib.sha256(open(path, "rb").read()).digest() != before:
        return "wrote to its input"
    if done.returncode == 0 and not said:
        return None
    if done.returncode == 2 and said.count("\n") == 1 and said.startswith("moetrace: "):
        return None
    return f"status {done.returncode}, said {said[-400:]!r}"


def rebuild(path, statements):
    """Changes a copy by SQL, also where that breaks its schema."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA writable_schema = ON")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def crafted():
    """(name, status that is wanted or None for either, statements)"""
    for table in EVENTS + ["StringIds", "META_DATA_EXPORT", "ThreadNames"]:
        yield f"{table} is a view", 2, [f"ALTER TABLE {table} RENAME TO hidden", f"CREATE VIEW {table} AS SELECT * FROM hidden"]
        yield f"{table} has a column that is computed", 2, [f"ALTER TABLE {table} ADD COLUMN computed AS (randomblob(9))"]
        yield f"{table} is empty", 0, [f"DELETE FROM {table}"]
        yield f"{table} is missing", 0, [f"DROP TABLE {table}"]
        yield f"{table} has one column of another name", None, [f"DROP TABLE {table}", f"CREATE TABLE {table}(x)",
                                                               f"INSERT INTO {table} VALUES(1)"]
    for table in EVENTS:
        columns = "start, end" if table != "NVTX_EVENTS" else "start, end, eventType"
        for what, value in (("NULL", "NULL"), ("text", "'nine'"), ("a blob", "zeroblob(9)"), ("a fraction", "1.5"),
                            ("huge", "9223372036854775807"), ("least", "-9223372036854775808")):
            make = [f"CREATE TABLE copy_{table} AS SELECT * FROM {table}", f"DROP TABLE {table}",
                    f"ALTER TABLE copy_{table} RENAME TO {table}"]
            yield f"{table}: times are {what}", 0, make + [f"UPDATE {table} SET start = {value}, end = {value}"]
            names = {"CUPTI_ACTIVITY_KIND_KERNEL": "deviceId contextId streamId correlationId globalPid demangledName shortName "
                                                   "mangledName gridX blockX registersPerThread localMemoryTotal graphNodeId",
                     "CUPTI_ACTIVITY_KIND_MEMCPY": "deviceId correlationId globalPid bytes copyKind srcKind dstKind",
                     "CUPTI_ACTIVITY_KIND_RUNTIME": "globalTid correlationId nameId returnValue",
                     "NVTX_EVENTS": "text globalTid endGlobalTid textId domainId rangeId uint64Value floatValue"}[table].split()
            yield f"{table}: all else is {what}", 0, make + [f"UPDATE {table} SET " +
                                                            ", ".join(f"{name} = {value}" for name in names)]
        yield f"{table}: only {columns}", 0, [f"CREATE TABLE copy_{table} AS SELECT {columns} FROM {table}",
                                              f"DROP TABLE {table}", f"ALTER TABLE copy_{table} RENAME TO {table}"]
        yield f"{table}: in no order", 0, [f"CREATE TABLE copy_{table} AS SELECT * FROM {table} ORDER BY random()",
                                           f"DROP TABLE {table}", f"ALTER TABLE copy_{table} RENAME TO {table}"]
        yield f"{table}: a trigger that writes", 0, [f"CREATE TRIGGER t AFTER INSERT ON {table} BEGIN DELETE FROM StringIds; END"]
    yield "a name of 200 MB", None, ["UPDATE NVTX_EVENTS SET text = CAST(zeroblob(200000000) AS TEXT), textId = NULL WHERE rowid = "
                                     "(SELECT max(rowid) FROM NVTX_EVENTS)"]
    yield "ranges all open at once", 0, ["UPDATE NVTX_EVENTS SET end = 9000000000"]
    yield "ends before starts", 0, ["UPDATE NVTX_EVENTS SET end = start - 5"]
    yield "names that are no text", None, ["CREATE TABLE s AS SELECT * FROM StringIds", "DROP TABLE StringIds",
                                           "ALTER TABLE s RENAME TO StringIds", "UPDATE StringIds SET value = x'ff00fe'"]
    yield "a table that contains itself", None, ["UPDATE sqlite_master SET rootpage = 1 WHERE name = 'NVTX_EVENTS'"]
    yield "one root for two tables", None, ["UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = "
                                            "'StringIds') WHERE name = 'CUPTI_ACTIVITY_KIND_KERNEL'"]
    yield "a schema that is no SQL", None, ["UPDATE sqlite_master SET sql = 'CREATE TABLE ' || sql WHERE name = 'NVTX_EVENTS'"]


def main():
    moetrace, good, folder = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 60
    path, out = os.path.join(folder, "hostile.sqlite"), os.path.join(folder, "out.sqlite")
    commands = [[moetrace, "export", "--force", "-f", "nsys-sqlite", "-o", out, path]]
    wrong, count = [], 0

    def try_all(name, status):
        nonlocal count
        for command in commands:
            count += 1
            problem = run(command, path)
            if problem is None and status is not None:
                got = subprocess.run(command, capture_output=True).returncode
                problem = None if got == status else f"status {got}, not {status}"
            if problem:
                wrong.append(f"{name}: {problem}")
            for leftover in os.listdir(folder):
                if leftover.startswith("out.sqlite."):
                    wrong.append(f"{name}: {leftover} was left behind")
                    os.unlink(os.path.join(folder, leftover))

    for name, status, statements in crafted():
        shutil.copyfile(good, path)  # not its mode, which may be read-only
        try:
            rebuild(path, statements)
        except sqlite3.Error as e:
            wrong.append(f"{name}: cannot be made: {e}")
            continue
        try_all(name, status)
    data = open(good, "rb").read()
    rng = random.Random(7)
    for i in range(rounds):
        bad = bytearray(data)
        if i % 3 == 0:
            bad = bad[:rng.randrange(16, len(bad))]
        for _ in range(rng.choice([1, 4, 64])):
            at = rng.randrange(len(bad)) if i % 2 else rng.randrange(16, min(len(bad), 8192))
            bad[at] = rng.randrange(256)
        with open(path, "wb") as f:
            f.write(bad)
        try_all(f"random {i}", None)
    for name, content in (("only a header", data[:16]), ("a header and zeros", data[:100] + bytes(10000)),
                          ("a foreign database", None)):
        if content is None:
            os.unlink(path)
            rebuild(path, ["CREATE TABLE t(x)", "INSERT INTO t VALUES(1)"])
        else:
            with open(path, "wb") as f:
                f.write(content)
        try_all(name, 2)
    print("\n".join(wrong))
    print(f"{count} runs")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

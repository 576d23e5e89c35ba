#!/usr/bin/env python3
"""Whether reports say the same of traces that say the same (tests/helpers/trace_morph.c).

  analysis_morph.py same MOETRACE A B [LEFT OUT...]   all tables and samples are equal, but tables whose titles begin so
  analysis_morph.py parts MOETRACE WHOLE A B          A and B add up to WHOLE, each having values of k of its own
  analysis_morph.py threads MOETRACE WHOLE A B        A and B add up to WHOLE, each having threads of its own
"""
import csv
import json
import math
import subprocess
import sys

# What is about the file, or its clock, rather than what was recorded.
FILE = ("trace", "trace bytes", "trace.bytes", "process", "duration", "cost: file")


def report(moetrace, path):
    samples = path + ".csv"
    out = subprocess.run([moetrace, "report", "--format", "json", "--top", "100000", "--samples", samples, path], check=True,
                         capture_output=True, text=True).stdout
    with open(samples, newline="") as f:
        lines = [{k: v for k, v in line.items() if k != "trace"} for line in csv.DictReader(f)]
    return json.loads(out)[0]["tables"], lines


def near(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
    return a == b


def order(row):
    return [f"{v:.6g}" if isinstance(v, (int, float)) else str(v) for v in row]


def rows_differ(a, b):
    """Rows that are as great as each other may stand in either order."""
    if len(a) != len(b):
        return f"{len(a)} rows, {len(b)} rows"
    if all(near(x, y) for r, s in zip(a, b) for x, y in zip(r, s)):
        return None
    for r, s in zip(sorted(a, key=order), sorted(b, key=order)):
        if not all(near(x, y) for x, y in zip(r, s)):
            return f"{r}, {s}"
    return None


def same(moetrace, a, b, left_out):
    (tables_a, samples_a), (tables_b, samples_b) = report(moetrace, a), report(moetrace, b)
    if [t["title"] for t in tables_a] != [t["title"] for t in tables_b]:
        yield f"other tables: {[t['title'] for t in tables_a]} {[t['title'] for t in tables_b]}"
    for t, u in zip(tables_a, tables_b):
        if any(t["title"].startswith(title) for title in left_out):
            continue
        rows = [[r for r in table["rows"] if r[0] not in FILE] for table in (t, u)]
        wrong = rows_differ(*rows)
        if wrong:
            yield f"{t['title']}: {wrong}"
    if len(samples_a) < 3:
        yield "hardly any samples"
    if not left_out and samples_a != samples_b:
        yield "other samples: " + str(next((x, y) for x, y in zip(samples_a, samples_b) if x != y))


def integrity(tables):
    """The counts of kernels, and their times, by where they belong."""
    facts = dict(next(t for t in tables if t["title"] == "Integrity in numbers")["rows"])
    return {name: value for name, value in facts.items() if name.startswith(("kernels.", "ranges."))}


def adds_up(whole, a, b):
    for label, value in integrity(whole).items():
        parts = integrity(a)[label] + integrity(b)[label]
        if value != parts:
            yield f"{label}: {value}, but the parts have {parts}"


def table(tables, title):
    return next((t["rows"] for t in tables if t["title"].startswith(title)), [])


def parts(moetrace, whole, a, b):
    (all_, samples), (first, samples_a), (second, samples_b) = (report(moetrace, path) for path in (whole, a, b))
    yield from adds_up(all_, first, second)
    for title in ("Latency", "How sure", "What watching cost", "GPU time", "Tails: the slowest",
                  "Tails: where", "Experts by k"):
        rows = [[list(r) for r in table(t, title)] for t in (all_, first, second)]
        if title.startswith("Experts by k"):
            for r in (row for part in rows for row in part):
                del r[7]  # the share is of another whole
        wrong = rows_differ(rows[0], rows[1] + rows[2])
        if not rows[0] or wrong:
            yield f"{title}: {wrong}"
    if samples != samples_a + samples_b:
        yield "other samples"


def threads(moetrace, whole, a, b):
    (all_, samples), (first, samples_a), (second, samples_b) = (report(moetrace, path) for path in (whole, a, b))
    yield from adds_up(all_, first, second)
    for title in ("Kernels", "Experts, all", "Ranges"):
        sums = [{}, {}]
        number = 0 if title == "Kernels" else 1
        for i, rows in ((0, table(all_, title)), (1, table(first, title)), (1, table(second, title))):
            for r in rows:
                name = r[-1] if title != "Experts, all" else r[0]
                sums[i][name] = sums[i].get(name, 0) + (r[number] or 0)
        if not sums[0] or set(sums[0]) != set(sums[1]) or any(not math.isclose(v, sums[1][k], abs_tol=1e-9)
                                                               for k, v in sums[0].items()):
            yield f"{title}: {sums}"
    key = lambda s: (float(s["start_ms"]), s["phase"])
    if sorted(samples, key=key) != sorted(samples_a + samples_b, key=key):
        yield "other samples"


def main():
    if len(sys.argv) < 5 or sys.argv[1] not in ("same", "parts", "threads"):
        print(__doc__)
        return 2
    if sys.argv[1] == "same":
        wrong = list(same(*sys.argv[2:5], sys.argv[5:]))
    else:
        wrong = list((parts if sys.argv[1] == "parts" else threads)(*sys.argv[2:6]))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Whether reports say the same of traces that say the same (tests/helpers/trace_morph.c).

  analysis_morph.py same MOETRACE A B [LEFT OUT...]   all tables and samples are equal, but tables whose ids begin so
  analysis_morph.py parts MOETRACE WHOLE A B          A and B add up to WHOLE, each having values of k of its own
  analysis_morph.py threads MOETRACE WHOLE A B        A and B add up to WHOLE, each having threads of its own
"""
import csv
import math
import subprocess
import sys

from report_tables import tables

# What is about the file, or its clock, rather than what was recorded.
FILE = ("trace", "trace.bytes", "process", "duration", "cost.file_bytes")


def report(moetrace, path):
    samples = path + ".csv"
    out = subprocess.run([moetrace, "report", "--format", "json", "--top", "100000", "--samples", samples, path], check=True,
                         capture_output=True, text=True).stdout
    with open(samples, newline="") as f:
        lines = [{k: v for k, v in line.items() if k != "trace"} for line in csv.DictReader(f)]
    return tables(out), lines


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
    if list(tables_a) != list(tables_b):
        yield f"other tables: {list(tables_a)} {list(tables_b)}"
    for name in set(tables_a) & set(tables_b):
        if any(name.startswith(prefix) for prefix in left_out):
            continue
        rows = [[r for r in of[name].rows if r[0] not in FILE] for of in (tables_a, tables_b)]
        wrong = rows_differ(*rows)
        if wrong:
            yield f"{name}: {wrong}"
    if len(samples_a) < 3:
        yield "hardly any samples"
    if not left_out and samples_a != samples_b:
        yield "other samples: " + str(next((x, y) for x, y in zip(samples_a, samples_b) if x != y))


def integrity(of):
    """The counts of kernels, and their times, by where they belong."""
    return {name: value for name, value in of["completeness_counts"].facts().items() if name.startswith(("kernels.", "ranges."))}


def adds_up(whole, a, b):
    for label, value in integrity(whole).items():
        parts = integrity(a)[label] + integrity(b)[label]
        if value != parts:
            yield f"{label}: {value}, but the parts have {parts}"


def parts(moetrace, whole, a, b):
    (all_, samples), (first, samples_a), (second, samples_b) = (report(moetrace, path) for path in (whole, a, b))
    yield from adds_up(all_, first, second)
    for name in ("latency", "confidence", "overhead", "gpu_time", "tails", "tail_breakdown", "expert_costs"):
        columns = [c for c in all_[name].columns if c != "share_percent"]  # that is of another whole
        rows = [of[name].select(*columns) if name in of else [] for of in (all_, first, second)]
        wrong = rows_differ(rows[0], rows[1] + rows[2])
        if not rows[0] or wrong:
            yield f"{name}: {wrong}"
    if samples != samples_a + samples_b:
        yield "other samples"


def threads(moetrace, whole, a, b):
    (all_, samples), (first, samples_a), (second, samples_b) = (report(moetrace, path) for path in (whole, a, b))
    yield from adds_up(all_, first, second)
    for name, key, number in (("kernels", "kernel", "gpu_ms"), ("experts", "expert", "gpu_ms"), ("ranges", "range", "exclusive_ms")):
        sums = [{}, {}]
        for i, of in ((0, all_), (1, first), (1, second)):
            for what, value in of[name].select(key, number) if name in of else []:
                sums[i][what] = sums[i].get(what, 0) + (value or 0)
        if not sums[0] or set(sums[0]) != set(sums[1]) or any(not math.isclose(v, sums[1][k], abs_tol=1e-9)
                                                               for k, v in sums[0].items()):
            yield f"{name}: {sums}"
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

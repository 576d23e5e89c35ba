#!/usr/bin/env python3
"""`moetrace diff` on captures without phases, in which the launch is what varies: how often two runs of the same program
are called different, and how often a change of 10 % is found. The ratio and its interval are computed here again.

  diff_launches.py MOETRACE DIR PAIRS [SEED]
"""
import json
import math
import os
import subprocess
import sys

import numpy as np

from report_tables import tables

LAUNCHES, START = 48, 1000


def write_capture(path, random, mean_us, deviation, once, clusters):
    """A Chrome trace: LAUNCHES launches of one kernel, in ranges of which each has its own name (`once`) or all have
    the same, `clusters` launches in a range. Launches of a range share a part of their deviation. Returns the durations,
    a list for each range."""
    events, all_us, correlation = [], [], 0
    for number in range(LAUNCHES // clusters):
        at = START + 200 * number
        shared = random.standard_normal() * deviation if clusters > 1 else 0
        events.append({"ph": "X", "cat": "user_annotation", "name": f"aten::mm, op_id = {number}" if once else "mm",
                       "pid": 10, "tid": 10, "ts": at, "dur": 100})
        inside = []
        for launch in range(clusters):
            correlation += 1
            us = round(mean_us * max(0.05, 1 + shared + random.standard_normal() * deviation), 3)
            inside.append(us)
            events.append({"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 10, "tid": 10,
                           "ts": at + 5 + 10 * launch, "dur": 1, "args": {"correlation": correlation}})
            events.append({"ph": "X", "cat": "kernel", "name": "one_kernel", "pid": 0, "tid": 7,
                           "ts": 50_000 + 5_000 * correlation, "dur": us,
                           "args": {"correlation": correlation, "device": 0, "context": 1, "stream": 7}})
        all_us.append(inside)
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"traceEvents": events}, f)
    return all_us


def estimate(ranges, once):
    """Mean of a launch, and the variance of that mean."""
    us = np.array([x for inside in ranges for x in inside])
    if not once:
        return us.mean(), us.var(ddof=1) / len(us)
    sums, counts = np.array([sum(r) for r in ranges]), np.array([len(r) for r in ranges])
    residuals = sums - us.mean() * counts
    m = len(ranges)
    return us.mean(), m / (m - 1) * (residuals**2).sum() / counts.sum() ** 2


def compare(moetrace, a, b):
    """The row of the one kernel: column -> value."""
    out = subprocess.run([moetrace, "diff", "--format", "json", a, b], check=True, capture_output=True, text=True).stdout
    return next(row for row in tables(out)["diff_kernels"].records() if row["kernel"] == "one_kernel")


def main(moetrace, folder, pairs, seed):
    a, b = os.path.join(folder, "a.json"), os.path.join(folder, "b.json")
    print(f"seed {seed}")
    failed = False
    for once, clusters in ((True, 1), (True, 3), (False, 1)):
        alarms = found = 0
        for pair in range(pairs):
            random = np.random.default_rng((seed, pair, once, clusters))
            write_capture(a, random, 100, 0.2, once, clusters)
            write_capture(b, random, 100, 0.2, once, clusters)
            alarms += compare(moetrace, a, b)["verdict"] in ("slower", "faster")
            of_a = write_capture(a, random, 100, 0.04, once, clusters)
            of_b = write_capture(b, random, 110, 0.04, once, clusters)
            row = compare(moetrace, a, b)
            found += row["verdict"] == "slower"
            (mean_a, variance_a), (mean_b, variance_b) = estimate(of_a, once), estimate(of_b, once)
            ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
            if low is None:
                raise SystemExit(f"pair {pair}: no interval, but {LAUNCHES} launches on each side")
            spread = math.sqrt(variance_a / mean_a**2 + variance_b / mean_b**2)
            width = math.log(high / low) / 2 / spread  # Student's t of the degrees of freedom: 1.96 and a little more
            if abs(ratio / (mean_b / mean_a) - 1) > 1e-6 or not 1.95 < width < 2.2:
                failed = True
                print(f"pair {pair}: ratio {ratio}, numpy {mean_b / mean_a}; half width {width} standard errors")
        # Of 1,000 pairs without a difference 50 may be called different; four standard deviations are chance.
        limit = 0.05 * pairs + 4 * math.sqrt(0.05 * 0.95 * pairs)
        print(f"once={once} clusters={clusters}: {alarms} of {pairs} false verdicts, {found} of {pairs} found")
        failed = failed or alarms > limit or found < 0.95 * pairs
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else 1))

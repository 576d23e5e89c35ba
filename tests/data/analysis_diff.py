#!/usr/bin/env python3
"""Pairs of runs whose kernels are slower or faster by whole requests, as those of a GPU are whose clock moves, and
numpy's word on what `moetrace diff` concludes from them.

  analysis_diff.py write FILE SEED [OPTION...]      slow=X: attention takes X times as long; samples=N; names=demangled
  analysis_diff.py intervals MOETRACE A B           ratios, intervals and p-values are those of sums over requests
  analysis_diff.py alarms MOETRACE DIR              runs of the same thing hardly ever differ
"""
import math
import os
import subprocess
import sys

import numpy as np

from analysis_oracle import (API, COUNTERS, END, META, POP, PUSH, SHAPES, Names, chunk, file_header, gpu_chunk, host_chunk,
                             text, varint)
from report_tables import tables

KS, EXPERTS, STEPS = (1, 4), 6, 3
MANGLED = ("_Z4attnIfEvPT_", "_Z4gemmPf", "_Z4siluPf")
DEMANGLED = ("void attn<float>(float*)", "gemm(float*)", "silu(float*)")


class Run:
    def __init__(self, seed, slow=1.0, samples=16, names="mangled"):
        self.random, self.slow, self.samples = np.random.default_rng(seed), slow, samples
        self.names = DEMANGLED if names == "demangled" else MANGLED
        self.now, self.events, self.gpu = 1_000_000_000, [], []
        self.sums = {}  # kernel, or expert -> {k: {request: [count, ns]}}
        for k in KS:
            self.push(f"top_k={k}")
            for sample in range(samples):
                self.request(k, sample)
            self.pop()

    def push(self, name, payload=None):
        self.events.append({"kind": PUSH, "time": self.now, "name": name, "payload": payload})

    def pop(self):
        self.events.append({"kind": POP, "time": self.now})

    def launch(self, kernel, ns, k, sample, *others):
        correlation = len(self.gpu) + 1
        self.events.append({"kind": API, "time": self.now, "duration": 1000, "name": "cudaLaunchKernel",
                            "correlation": correlation})
        ns = int(ns * self.clock * math.exp(0.05 * self.random.standard_normal()))
        self.gpu.append({"kind": 1, "timed": True, "start": self.now + 500, "end": self.now + 500 + ns,
                         "correlation": correlation, "queue": 0, "shape": kernel, "graph": 0})
        self.now += 10_000
        for what in (kernel, *others):
            sums = self.sums.setdefault(what, {}).setdefault(k, {}).setdefault(sample, [0, 0])
            sums[0] += what == kernel
            sums[1] += ns

    def step(self, k, sample, tokens):
        self.launch(0, 4000 * self.slow, k, sample)
        self.push("layer.0")
        for expert in self.random.permutation(EXPERTS)[:k]:
            self.push(f"expert.{expert}", tokens)
            self.launch(1, 3000, k, sample, f"expert {expert}")
            self.launch(2, 1000, k, sample, f"expert {expert}")
            self.sums[f"expert {expert}"][k][sample][0] += 1
            self.pop()
        self.pop()

    def request(self, k, sample):
        self.clock = math.exp(0.03 * self.random.standard_normal())
        self.push(f"sample.{sample}")
        self.push("prefill")
        self.step(k, sample, 5)
        self.pop()
        self.push("decode")
        for i in range(STEPS):
            self.push(f"decode.{i}")
            self.step(k, sample, 1)
            self.pop()
        self.now += int(20_000 * self.random.random())
        self.pop()
        self.pop()
        self.now += 1000

    def write(self, path):
        names = Names()
        shapes = [varint(i) + varint(names(name)) + varint(1) * 9 + varint(32) * 9 for i, name in enumerate(self.names)]
        out = [file_header(1_700_000_000_000_000_000, 1_000_000_000, 7), chunk(META, [text("program") + text("pair")]),
               names.chunk(), chunk(SHAPES, [bytes([len(s)]) + s for s in shapes])]
        for at in range(0, len(self.events), 500):
            out.append(host_chunk(names, 0, self.events[at:at + 500], self.events[at]["time"]))
            gpu = self.gpu[at:at + 500]
            out.append(gpu_chunk(gpu, gpu[0]["start"]) if gpu else b"")
        out += [chunk(COUNTERS, [text("host.dropped") + varint(0)]), chunk(END, [varint(self.now) + text("exit")])]
        with open(path, "wb") as f:
            f.write(b"".join(out))
        return self


def diff(moetrace, a, b):
    out = subprocess.run([moetrace, "diff", "--top", "1000", "--format", "json", a, b], check=True, capture_output=True,
                         text=True).stdout
    return tables(out)


def estimate(run, what):
    """The mean, its variance and degrees of freedom, from the sums of the requests of each k."""
    sums = {k: np.array([of.get(s, (0, 0)) for s in range(run.samples)], float) for k, of in run.sums[what].items()}
    count, ns = np.sum([s.sum(axis=0) for s in sums.values()], axis=0)
    variances = [len(s) * np.var(s[:, 1] - ns / count * s[:, 0], ddof=1) for s in sums.values()]
    degrees = sum(variances) ** 2 / sum(v * v / (len(s) - 1) for v, s in zip(variances, sums.values()))
    return ns / count, sum(variances) / count ** 2, degrees


def student_p(t, degrees):
    """Two-sided, by the integral of Student's density."""
    x = np.linspace(0, abs(t), 20001)
    density = np.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi) * \
        (1 + x * x / degrees) ** (-(degrees + 1) / 2)
    return 1 - 2 * np.sum((density[1:] + density[:-1]) / 2 * np.diff(x))


def student_quantile(degrees):
    low, high = 0, 100
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_p(middle, degrees) > 0.05 else (low, middle)
    return low


def holm(p):
    least, out = 0, [0] * len(p)
    for rank, i in enumerate(np.argsort(p, kind="stable")):
        least = max(least, min(1, p[i] * (len(p) - rank)))
        out[i] = least
    return out


def intervals(moetrace, path_a, path_b):
    a, b = Run(1, samples=12).write(path_a), Run(2, slow=1.1, samples=9).write(path_b)
    got = diff(moetrace, path_a, path_b)
    numbers = ("a_us", "b_us", "ratio", "ratio_low", "ratio_high", "p")
    experts, kernels = got["diff_experts"].select("expert", *numbers), got["diff_kernels"].select("kernel", *numbers)
    compared = {"diff_experts": {f"expert {expert}": row for expert, *row in experts},
                "diff_kernels": {("attn<float>", "gemm", "silu").index(kernel): row for kernel, *row in kernels}}
    for title, rows in compared.items():
        assert len(rows) == (EXPERTS if title == "diff_experts" else 3), rows
        want = {}
        for what in rows:
            (x, vx, dx), (y, vy, dy) = estimate(b, what), estimate(a, what)
            rx, ry = vx / x ** 2, vy / y ** 2
            degrees = (rx + ry) ** 2 / (rx ** 2 / dx + ry ** 2 / dy)
            t = math.log(x / y) / math.sqrt(rx + ry)
            away = math.exp(student_quantile(int(degrees)) * math.sqrt(rx + ry))
            want[what] = [y / 1e3, x / 1e3, x / y, x / y / away, x / y * away, student_p(t, degrees)]
        for what, p in zip(want, holm([w[5] for w in want.values()])):
            want[what][5] = p
        for what, row in rows.items():
            for name, value, expected, near in zip(("A", "B", "ratio", "from", "to", "p"), row, want[what],
                                                   (1e-9, 1e-9, 1e-9, 3e-4, 3e-4, 1e-6)):
                if not abs(value - expected) <= near:
                    yield f"{title}: {what}: {name} is {value}, expected {expected}"


def alarms(moetrace, folder):
    """Tables of runs of the same thing in which anything is slower or faster: about one of twenty is to be expected."""
    pairs, found = 20, {}
    for i in range(pairs):
        a, b = (os.path.join(folder, name) for name in ("same_a.moetrace", "same_b.moetrace"))
        Run(100 + 2 * i).write(a)
        Run(101 + 2 * i).write(b)
        for name, table in diff(moetrace, a, b).items():
            found[name] = found.get(name, 0) + any(row["verdict"] in ("slower", "faster") for row in table.records())
    print("  tables with a difference, of", pairs, "pairs:", found)
    for title, count in found.items():
        if count > 3:
            yield f"{title}: {count} of {pairs} pairs of the same thing differ"


def main():
    if len(sys.argv) > 3 and sys.argv[1] == "write":
        options = dict(option.split("=") for option in sys.argv[4:])
        for name, of in (("slow", float), ("samples", int)):
            options[name] = of(options.get(name, 1 if name == "slow" else 16))
        Run(int(sys.argv[3]), **options).write(sys.argv[2])
        return 0
    wrong = list((intervals if sys.argv[1] == "intervals" else alarms)(*sys.argv[2:]))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

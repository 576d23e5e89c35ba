#!/usr/bin/env python3
"""Traces of sweeps whose every number is chosen, and numpy's word on what `moetrace report` says of them.

  analysis_sweep.py write FILE KIND    KIND: plain, again, slower, alternate, drift, wrong-k, odd, greedy, foreign,
                                       straight, bend, flat, absent, cut
  analysis_sweep.py check MOETRACE FILE KIND   writes FILE, reports on it, compares; says what differs
"""
import csv
import subprocess
import sys
from statistics import NormalDist

import numpy as np

from analysis_oracle import (API, COUNTERS, END, META, POP, PUSH, SHAPES, MARK, Names, chunk, event_chunks,
                             file_header, text, varint)
from report_tables import tables

LAYERS, EXPERTS, PROMPT, STEPS = 2, 16, 10, 3
KS = (1, 2, 4, 8)
SAMPLES = 24


class Sweep:
    """One thread. The prefill of k takes about 20 + 3 N ms, N being the active experts of a layer, and a decode step
    5 + k ms; with kind bend, half as much for each k beyond 7."""

    def __init__(self, kind):
        self.kind = kind
        self.ks = (1, 2, 4, 6, 8, 12, 16) if kind in ("straight", "bend") else KS
        self.random = np.random.default_rng(8 if kind == "again" else 7)
        self.now = 1_000_000_000
        self.events, self.gpu = [], []
        self.correlation = 0
        self.watching = kind != "alternate"
        self.rows = {}  # (k, phase) -> [(ms, active experts, profiled)]
        self.cells = {}  # (k, phase, layer, expert) -> [calls, tokens, ns], of measured requests that were profiled
        foreign = kind == "foreign"
        self.names = {"phase": "stage-{}" if foreign else "{}", "layer": "blk{}" if foreign else "layer.{}",
                      "expert": "ffn[{}]" if foreign else "expert.{}", "k": "K{}" if foreign else "top_k={}"}

    def push(self, name, payload=None):
        self.events.append({"kind": PUSH, "time": self.now, "name": name, "payload": payload})

    def pop(self):
        self.events.append({"kind": POP, "time": self.now})

    def launch(self):
        if self.watching:
            self.correlation += 1
            self.events.append({"kind": API, "time": self.now + 100, "duration": 300, "name": "cudaLaunchKernel",
                                "correlation": self.correlation})
            self.gpu.append({"kind": 1, "timed": True, "start": self.now + 200, "end": self.now + 900 + self.correlation % 7 * 10,
                             "correlation": self.correlation, "queue": 0, "shape": 0, "graph": 0})

    def layers(self, k, tokens, spread, measured):
        """The expert ranges of all layers; returns how many are active in each. `spread` over more than k."""
        halved = self.kind == "wrong-k" or (self.kind == "flat" and tokens > 1)
        slots = (k // 2 if halved and k == 4 else k) * tokens
        active = min(EXPERTS, slots, k * spread)
        for layer in range(LAYERS):
            self.push(self.names["layer"].format(layer))
            if self.kind == "absent" and tokens == 1 and k == 2 and layer == 1 and self.at == (5, 1):
                self.pop()
                continue
            shares = [slots // active + (i < slots % active) for i in range(active)]
            if self.kind == "greedy" and tokens > 1 and k == 2:
                for i in range(tokens + 1 - shares[0]):
                    shares[0] += 1
                    shares[1 + i % (active - 1)] -= 1
            if self.kind == "odd" and tokens > 1 and k == 8 and layer == 1:
                shares[0] += 1
            for expert, share in enumerate(shares):
                self.push(self.names["expert"].format(expert), share)
                self.launch()
                if measured and self.watching:
                    cell = self.cells.setdefault((k, "prefill" if tokens > 1 else "decode", layer, expert), [0, 0, 0])
                    for i, v in enumerate((1, share, self.gpu[-1]["end"] - self.gpu[-1]["start"])):
                        cell[i] += v
                self.now += 1000
                self.pop()
            self.pop()
        return active

    def phase(self, name, k, sample):
        start = self.now
        self.push(self.names["phase"].format(name))
        if name == "prefill":
            active = self.layers(k, PROMPT, 1 + sample // 2 % 2, sample >= 0)
            length = 20e6 + 3e6 * active
        else:
            length = 0
            for step in range(STEPS):
                self.push(f"decode.{step}")
                self.at = sample, step
                active = self.layers(k, 1, 1, sample >= 0)
                self.pop()
                length += 5e6 + 1e6 * (k - max(0, k - 7) / 2 if self.kind == "bend" else k)
        if self.kind == "slower" and name == "decode" and k == 8:
            length *= 1.2
        if self.kind == "drift" and name == "prefill" and k == 1:
            length *= 1 + sample / 40
        if self.kind == "drift" and name == "decode" and k == 2 and sample == 5:
            length *= 10
        if self.watching and self.kind == "alternate":
            length *= 1.1
        length = int(length * (1 + 0.01 * self.random.standard_normal()))
        self.now = start + max(length, self.now - start + 10)
        self.pop()
        if sample >= 0:
            row = ((self.now - start) / 1e6, active, self.watching)
            self.rows.setdefault((k, name), []).append(row)
            if name == "decode":
                self.rows.setdefault((k, "decode/token"), []).append((row[0] / STEPS,) + row[1:])

    def run(self):
        for k in self.ks:
            self.push(self.names["k"].format(k))
            for sample in range(-1, SAMPLES):
                if self.kind == "alternate" and sample >= 0 and self.watching != bool(sample % 2):
                    self.watching = bool(sample % 2)
                    self.events.append({"kind": MARK, "time": self.now, "domain": "moetrace",
                                        "name": "watch on" if self.watching else "watch off"})
                self.now += 1000
                self.push(f"sample.{sample}" if sample >= 0 else "warmup.0")
                self.phase("prefill", k, sample)
                self.phase("decode", k, sample)
                self.pop()
                self.now += 1000
            self.pop()

    def write(self, path):
        self.run()
        if self.kind == "cut":  # in the last visit, after the first of its experts
            last = max(i for i, e in enumerate(self.events) if e["kind"] == PUSH and e["name"] == "expert.1")
            del self.events[last:]
        names = Names()
        kernel = names("_Z4siluPf")
        shape = varint(0) + varint(kernel) + varint(1) * 9 + varint(32) * 9
        meta = {"program": "sweep", "command": "sweep \"1, 2\" | a_b & 5% {x} #\\", "[first]": "second"}
        out = [file_header(1_700_000_000_000_000_000, 1_000_000_000, 7),
               chunk(META, [text(key) + text(value) for key, value in meta.items()]),
               names.chunk(), chunk(SHAPES, [bytes([len(shape)]) + shape])]
        out += event_chunks(names, self.events, self.gpu)
        out.append(chunk(COUNTERS, [text("host.dropped") + varint(0)]))
        if self.kind != "cut":
            out.append(chunk(END, [varint(self.now) + text("exit")]))
        with open(path, "wb") as f:
            f.write(b"".join(out))


def bootstrap(values, statistic, rounds=20000):
    values = np.asarray(values)
    drawn = values[np.random.default_rng(1).integers(0, len(values), (rounds, len(values)))]
    return np.percentile(statistic(drawn, axis=1), [2.5, 97.5])


def expanded_bca(values, rounds=20000):
    """The bootstrap's interval of the mean: BCa, at the levels of Student's t for so few values."""
    normal, values = NormalDist(), np.asarray(values)
    n, away = len(values), values - values.mean()
    drawn = values[np.random.default_rng(1).integers(0, n, (rounds, n))].mean(axis=1)
    bias = normal.inv_cdf(np.mean(drawn < values.mean()) + np.mean(drawn == values.mean()) / 2)
    acceleration = np.sum(away ** 3) / 6 / np.sum(away ** 2) ** 1.5
    t = {23: 2.068658, 11: 2.200985}[n - 1] * np.sqrt(n / (n - 1))  # of scipy.stats.t.ppf
    levels = [normal.cdf(bias + (bias + z) / (1 - acceleration * (bias + z))) for z in (-t, t)]
    return np.quantile(drawn, levels)


def check_load(sweep, got, same):
    """The imbalance of tokens and of time, and what time an expert's calls and tokens take, as numpy has them."""
    experts = {key[3] for key in sweep.cells}
    rows = got["expert_load"].rows + got["layer_load"].rows
    named = {}
    for k, phase, layer, expert, *values in got["expert_costs"].rows:
        named[k, phase, layer, expert] = values
    for key, (calls, tokens, ns) in sweep.cells.items():
        values = named.pop(key, [None] * 8)
        for what, value, want in zip(("calls", "tokens", "ms", "us/call", "us/token"), (*values[:3], *values[5:7]),
                                     (calls, tokens, ns / 1e6, ns / 1e3 / calls, ns / 1e3 / tokens)):
            same(f"expert {key} {what}", value, want)
    same("experts without a range", len(named), 0)
    pooled = len(got["expert_load"].rows)
    same("rows of load", len(rows), len({key[:2] for key in sweep.cells}) + len({key[:3] for key in sweep.cells}))
    for at, (k, phase, x, *values) in enumerate(rows):
        if at < pooled:
            active, of, tok_max, tok_cv, time_max, time_cv, r, at_layer, at_expert, slow = x, *values
        else:
            active, of, tok_max, tok_cv, time_max, time_cv, r, at_expert, slow = values
        cells = {key: v for key, v in sweep.cells.items() if key[:2] == (k, phase) and (at < pooled or key[2] == x)}
        layers = {key[2] for key in cells}
        points = np.array(list(cells.values()), float)
        everyone = np.array([cells.get((k, phase, layer, e), (0, 0, 0)) for layer in layers for e in experts], float)
        what = f"load {k} {phase} {x}"
        same(f"{what} active", active, len(cells))
        same(f"{what} of", of, len(everyone))
        for name, value, of in (("tokens", (tok_max, tok_cv), everyone[:, 1]), ("time", (time_max, time_cv), everyone[:, 2])):
            same(f"{what} {name} max / mean", value[0], of.max() / of.mean())
            same(f"{what} {name} CV", value[1], of.std() / of.mean())
        vary = len(points) > 2 and np.ptp(points[:, 1]) > 0
        same(f"{what} r", r, np.corrcoef(points[:, 1], points[:, 2])[0, 1] if vary else None)
        whole = np.array([v for key, v in sweep.cells.items() if key[:2] == (k, phase)], float)
        if len(whole) < 4:
            same(f"{what} x expected", slow, None)
            continue
        fits = [np.linalg.lstsq(whole[:, :2] * on, whole[:, 2], rcond=None)[0] * on for on in ((1, 1), (0, 1), (1, 0))]
        fit = min((f for f in fits if min(f) >= -1e-9), key=lambda f: np.sum((whole[:, :2] @ f - whole[:, 2]) ** 2))
        same(f"{what} x expected", slow, (points[:, 2] / (points[:, :2] @ fit)).max())


def two_pieces(x, y, weights, knots):
    """The best least-squares fit of two lines that meet at one of the knots: (RSS, knot, slope before, slope after)."""
    found = None
    root = np.sqrt(weights)
    for knot in knots:
        basis = np.stack([np.ones_like(x), np.minimum(x - knot, 0), np.maximum(x - knot, 0)], axis=1)
        fit = np.linalg.lstsq(basis * root[:, None], y * root, rcond=None)[0]
        rss = np.sum(weights * (y - basis @ fit) ** 2)
        if found is None or rss < found[0]:
            found = (rss, knot, fit[1], fit[2])
    return found


def check_bends(sweep, rows, got, same):
    ks = np.array(sweep.ks, float)
    for phase, n, *values in got["slope_change"].rows:
        numbers, verdict = values[:10], values[10]
        same(f"{phase} ks", n, len(ks))
        if len(ks) < 5:
            if verdict != "-" or any(v is not None for v in numbers):
                yield f"{phase}: a change of slope is told from {len(ks)} values of k"
            continue
        samples = [np.array([r[0] for r in rows[k, phase]]) for k in sweep.ks]
        x, y = np.concatenate([np.full(len(s), k) for k, s in zip(ks, samples)]), np.concatenate(samples)
        rough = two_pieces(x, y, np.ones_like(x), np.linspace(ks[1], ks[-2], 201))[1]
        near = np.clip(np.linspace(rough - 0.06, rough + 0.06, 2001), ks[1], ks[-2])
        rss, at, before, after = two_pieces(x, y, np.ones_like(x), near)
        line = np.sum((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2)
        bic = len(y) * np.log(line / len(y)) + 2 * np.log(len(y)) - len(y) * np.log(rss / len(y)) - 4 * np.log(len(y))
        same(f"{phase} BIC", numbers[9], bic, 1e-3)
        wanted = "no change" if sweep.kind == "straight" and phase != "prefill" else "changes"
        if verdict != wanted:
            yield f"{phase}: the verdict on a change of slope is {verdict}"
        if wanted == "no change":
            continue
        rng = np.random.default_rng(4)
        drawn = np.array([two_pieces(ks, np.array([s[rng.integers(0, len(s), len(s))].mean() for s in samples]),
                                     np.full(len(ks), len(samples[0])), np.linspace(ks[1], ks[-2], 121))[1:]
                          for _ in range(300)])
        for i, (name, want, tolerance) in enumerate((("at", at, 1e-3), ("before", before, 1e-3), ("after", after, 1e-3))):
            same(f"{phase} {name}", numbers[3 * i], want, tolerance)
            for value, expected in zip(numbers[3 * i + 1:3 * i + 3], np.percentile(drawn[:, i], [2.5, 97.5])):
                same(f"{phase} {name} interval", value, expected, np.std(drawn[:, i]) / 2 + 0.02)


def report(moetrace, path, *options):
    return tables(subprocess.run([moetrace, "report", "--format", "json", "--top", "1000", *options, path], check=True,
                                 capture_output=True, text=True).stdout)


def check_tails(lines, got, same):
    """So few samples that all are kept: the slowest, and the quarter that is nearest to the median."""
    rows = got["tails"].rows
    for k, phase, profiled, n, p50, slow_n, slow, typical_n, typical, more, request, step in rows:
        mine = [s for s in lines if s["k"] == str(k) and s["phase"] == phase and s["warmup"] == "0" and
                s["profiling"] == ("profiled" if profiled == "yes" else "unprofiled")]
        what = f"tail {k} {phase} {profiled}"
        x = np.sort([float(s["latency_ms"]) for s in mine])[::-1]
        same(f"{what} n", n, len(x))
        same(f"{what} P50", p50, np.median(x))
        slowest = -(-len(x) // 100)
        same(f"{what} slowest", slow_n, slowest)
        same(f"{what} slow ms", slow, x[:slowest].mean())
        same(f"{what} typical", typical_n, min(16, len(x) // 4))
        if len(x) <= 48:
            rest = x[slowest:]
            near = rest[np.argsort(np.abs(rest - np.median(x)), kind="stable")][:typical_n]
            # two may be as near as each other, on either side
            same(f"{what} typical ms", typical, near.mean(), 1e-6 + np.abs(near - np.median(x)).max())
        else:
            same(f"{what} typical ms", typical, np.median(x), 1e-9 + np.std(x) / 2)
        same(f"{what} more", more, slow - typical)
        top = max(mine, key=lambda s: float(s["latency_ms"]))
        same(f"{what} which", float(top["latency_ms"]), x[0])
        same(f"{what} request", any(s["request"] == str(request) and s["step"] == ("" if step is None else str(step)) and
                                    float(s["latency_ms"]) == x[0] for s in mine), True)
    kinds = {(s["k"], s["phase"], s["profiling"]) for s in lines}
    same("rows of tails", len(rows), len(kinds))


def check_samples(moetrace, path, sweep, got, same):
    """From the samples' file numpy makes the tables of the report."""
    out = path + ".csv"
    subprocess.run([moetrace, "report", "--samples", out, path], check=True, stdout=subprocess.DEVNULL)
    with open(out, newline="") as f:
        lines = list(csv.DictReader(f))
    phases = len(sweep.ks) * (SAMPLES + 1)
    same("lines of samples", len(lines), phases * 2 + phases * STEPS)
    for k, phase, n, p50, p95, p99, *_ in got["latency"].rows:
        used = [s for s in lines if s["in_report"] == "1" and s["k"] == str(k) and s["phase"] == phase.split("/")[0]]
        x = [float(s["latency_ms"]) / (int(s["steps"]) if "/" in phase else 1) for s in used]
        same(f"{k} {phase} samples in the file", len(x), n)
        for value, want in zip((p50, p95, p99), np.percentile(x, [50, 95, 99])):
            same(f"{k} {phase} quantile of the file's samples", value, want)
        want = sweep.rows[k, phase] if sweep.kind != "alternate" else [r for r in sweep.rows[k, phase] if not r[2]]
        for s, (ms, active, profiled) in zip(used, want):
            same(f"{k} {phase} active in the file", float(s["experts_per_layer"]), active)
            same(f"{k} {phase} profiled in the file", s["profiling"] == "profiled", profiled)
    for k, phase, busy, total, idle, launches, waits, work, rate in got["gpu_time"].rows if "gpu_time" in got else []:
        mine = [s for s in lines if s["profiling"] == "profiled" and s["warmup"] == "0" and s["k"] == str(k) and
                s["phase"] == phase]
        columns = ("gpu_busy_ms", "gpu_sum_ms", "gpu_idle_ms", "idle_in_enqueue_ms", "idle_in_sync_ms",
                   "idle_host_work_ms")
        for column, value in zip(columns, (busy, total, idle, launches, waits, work)):
            if mine:  # not of a token
                same(f"{k} {phase} {column}", value, np.median([float(s[column]) for s in mine]))
    check_tails(lines, got, same)
    decodes = {(s["k"], s["request"], s["warmup"]): s for s in lines if s["phase"] == "decode"}
    steps = {}
    for s in lines:
        if s["phase"] == "step":
            steps.setdefault((s["k"], s["request"], s["warmup"]), []).append(s)
    for key, decode in decodes.items():
        mine = steps[key]
        same(f"steps of {key}", [s["step"] for s in mine] == [str(i) for i in range(STEPS)], True)
        same(f"profiling of the steps of {key}", {s["profiling"] for s in mine} == {decode["profiling"]}, True)
        if decode["profiling"] == "profiled":
            same(f"kernels of the steps of {key}", sum(int(s["kernels"]) for s in mine), int(decode["kernels"]))
        elif decode["kernels"] or mine[0]["gpu_busy_ms"]:
            same(f"GPU work of unprofiled {key}", 1, 0)


def check(moetrace, path, kind):
    sweep = Sweep(kind)
    sweep.write(path)
    got = report(moetrace, path)
    wrong = []

    def same(what, value, want, tolerance=1e-9):
        if (value is None) != (want is None) or (value is not None and not abs(value - want) <= tolerance):
            wrong.append(f"{what}: the report has {value}, expected {want}")

    rows = {key: [r for r in values if kind != "alternate" or not r[2]] for key, values in sweep.rows.items()}
    for k, phase, n, p50, p95, p99, mean, std, low, high, *_ in got["latency"].rows:
        x = [r[0] for r in rows[k, phase]]
        want = [len(x), *np.percentile(x, [50, 95, 99]), np.mean(x), np.std(x), min(x), max(x)]
        for name, value, expected in zip("n p50 p95 p99 mean std min max".split(),
                                         (n, p50, p95, p99, mean, std, low, high), want):
            same(f"{k} {phase} {name}", value, expected)
    if len(got["latency"].rows) != len(rows):
        wrong.append("latency rows are missing")
    for k, phase, n, p50, p50_low, p50_high, mean, mean_low, mean_high, drift, outliers in got["confidence"].rows:
        x = [r[0] for r in rows[k, phase]]
        near = np.std(x) / 4  # where one of them is far from all others, the mean's takes two draws of it, or three
        for name, value, want in zip(("P50 low", "P50 high", "mean low", "mean high"),
                                     (p50_low, p50_high, mean_low, mean_high),
                                     (*bootstrap(x, np.median), *expanded_bca(x))):
            same(f"{k} {phase} {name}", value, want, near)
        third = len(x) // 3
        same(f"{k} {phase} drift", drift, np.median(x[-third:]) / np.median(x[:third]))
        away = np.abs(x - np.median(x))
        same(f"{k} {phase} outliers", outliers, int(np.sum(away > 5 * 1.4826 * np.median(away))))
    for k, phase, p50, ratio, efficiency, active in got["scaling"].rows:
        x, base = [r[0] for r in rows[k, phase]], [r[0] for r in rows[1, phase]]
        same(f"{k} {phase} ratio", ratio, np.median(x) / np.median(base))
        same(f"{k} {phase} efficiency", efficiency, k / (np.median(x) / np.median(base)))
        same(f"{k} {phase} active", active, np.mean([r[1] for r in rows[k, phase]]))
    for phase, model, a, a_low, a_high, b, b_low, b_high, r2, verdict in got["fits"].rows:
        points = [(k if model == "a + b k" else r[1], r[0]) for (k, p), list_ in rows.items() if p == phase for r in list_]
        x, y = np.array(points).T
        slope, fixed = np.polyfit(x, y, 1)
        same(f"{phase} {model} a", a, fixed, 1e-6)
        same(f"{phase} {model} b", b, slope, 1e-6)
        same(f"{phase} {model} R2", r2, np.corrcoef(x, y)[0, 1] ** 2, 1e-6)
        strata = [np.array([(key if model == "a + b k" else r[1], r[0]) for r in rows[key, phase]]) for key in sweep.ks]
        rng = np.random.default_rng(2)
        drawn = [np.polyfit(*np.concatenate([s[rng.integers(0, len(s), len(s))] for s in strata]).T, 1)
                 for _ in range(2000)]
        for name, values, want in (("b", (b_low, b_high), [d[0] for d in drawn]),
                                   ("a", (a_low, a_high), [d[1] for d in drawn])):
            for value, expected in zip(values, np.percentile(want, [2.5, 97.5])):
                same(f"{phase} {model} {name} interval", value, expected, np.std(want) / 2.5)
        if phase == "prefill" and verdict != ("better" if model == "a + b N" else ""):
            wrong.append(f"{phase} {model}: the verdict is '{verdict}'")
        if phase == "decode" and verdict != "same":
            wrong.append(f"{phase} {model}: N is k, but the verdict is '{verdict}'")
    for k, prefill, token, ratio, share in got["prefill_decode"].rows:
        x, y, z = (np.median([r[0] for r in rows[k, p]]) for p in ("prefill", "decode/token", "decode"))
        same(f"{k} prefill/token", ratio, x / y)
        same(f"{k} prefill share", share, 100 * x / (x + z))
    check_load(sweep, got, same)
    check_samples(moetrace, path, sweep, got, same)
    wrong.extend(check_bends(sweep, rows, got, same))
    notes = got["confidence"].notes
    for warning, wanted in (("Drift in 1 of 12 rows (prefill at k = 1):", kind == "drift"), ("Outliers in ", kind == "drift"),
                            ("decode at k = 2", kind == "drift"),
                            ("P99 of fewer", True)):
        if (warning in notes) != wanted:
            wrong.append(f"'{warning}' is {'missing' if wanted else 'said'}")
    if kind == "alternate":
        for k, phase, n_off, off, n_on, on, ratio, low, high in got["overhead"].rows:
            x, y = ([r[0] for r in sweep.rows[k, phase] if r[2] == w] for w in (True, False))
            same(f"{k} {phase} ratio", ratio, np.median(x) / np.median(y))
            rng, x, y = np.random.default_rng(3), np.array(x), np.array(y)
            drawn = np.divide(*(np.median(v[rng.integers(0, len(v), (5000, len(v)))], axis=1) for v in (x, y)))
            for value, want in zip((low, high), np.percentile(drawn, [2.5, 97.5])):
                same(f"{k} {phase} ratio's interval", value, want, np.std(drawn) / 3)
        if len(got["overhead"].rows) != len(rows):
            wrong.append("rows of the overhead are missing")
        if any(row[-1] is None for row in got["latency"].rows):
            wrong.append("kernels of the profiled requests are missing")
    elif "overhead" in got:
        wrong.append("the overhead is shown of a trace without unprofiled requests")
    return wrong


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "write":
        Sweep(sys.argv[3]).write(sys.argv[2])
        return 0
    if len(sys.argv) == 5 and sys.argv[1] == "check":
        wrong = check(sys.argv[2], sys.argv[3], sys.argv[4])
        print("\n".join(wrong))
        return 1 if wrong else 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())

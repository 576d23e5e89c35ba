"""The tables of bench.sh, from what its rounds printed:
    bench_tables.py launch FILE              lines `door observer median least`
    bench_tables.py added FILE               lines `door observer unprofiled profiled added low high`
    bench_tables.py stay FILE                lines `door way: what ns what ns ...`
    bench_tables.py requests NAME TIMES.json run_native's times, pairs of neighbours"""

import collections
import json
import random
import statistics
import sys

median = statistics.median


def rows(path):
    """The numbers of each door and observer, a tuple a round."""
    found = collections.defaultdict(list)
    for line in open(path, encoding="utf-8"):
        door, observer, *numbers = line.split()
        try:
            found[door, observer].append([float(n) for n in numbers])
        except ValueError:
            continue  # a warning of the observer's
    return found


def launch(path):
    found = rows(path)
    print(f"{'door':8}  {'observer':12}  {'median':>8}  {'least':>8}  {'added':>8}  {'added, least':>12}")
    for (door, observer), v in found.items():
        none = found[door, "none"]
        m, least = median(x[0] for x in v), min(x[1] for x in v)
        m0, least0 = median(x[0] for x in none), min(x[1] for x in none)
        print(f"{door:8}  {observer:12}  {m:8.0f}  {least:8.0f}  {m - m0:8.0f}  {least - least0:12.0f}")


def added(path):
    print(f"{'door':8}  {'observer':14}  {'unprofiled':>10}  {'profiled':>8}  {'added':>8}  {'least':>8}  {'most':>8}")
    for (door, observer), v in rows(path).items():
        each = [x[2] for x in v]
        print(f"{door:8}  {observer:14}  {median(x[0] for x in v):10.0f}  {median(x[1] for x in v):8.0f}"
              f"  {median(each):8.0f}  {min(each):8.0f}  {max(each):8.0f}")


def stay(path):
    found = collections.defaultdict(list)
    for line in open(path, encoding="utf-8"):
        head, _, tail = line.partition(":")
        words = tail.split()
        found[head].append(list(zip(words[0::2], map(float, words[1::2]))))
    for head, v in found.items():
        text = "  ".join(f"{what} {median(x[i][1] for x in v):.0f}" for i, (what, _) in enumerate(v[0]))
        stays = [x[-1][1] - x[0][1] for x in v]
        print(f"{head:18}  {text}  last - before: {median(stays):+.0f} ({min(stays):+.0f} to {max(stays):+.0f})")


def requests(name, path):
    """The median ratio of profiled over unprofiled, and its 95 % interval by the bootstrap."""
    random.seed(1)
    samples = json.load(open(path, encoding="utf-8"))["samples"]
    for k in sorted({s["top_k"] for s in samples}):
        mine = sorted((s for s in samples if s["top_k"] == k), key=lambda s: s["sample"])
        for phase in ("vision_ms", "prefill_ms", "decode_ms"):
            v = [s[phase] for s in mine]
            pairs = [w / u for u, w in zip(v[0::2], v[1::2])]
            boots = sorted(median(random.choices(pairs, k=len(pairs))) for _ in range(2000))
            print(f"{name:8}  k={k:<3} {phase[:-3]:8}  unprofiled {median(v[0::2]):8.2f} ms"
                  f"  profiled {median(v[1::2]):8.2f} ms  ratio {median(pairs):.3f}"
                  f" ({boots[50]:.3f} to {boots[-51]:.3f})  of minima {min(v[1::2]) / min(v[0::2]):.3f}")


if __name__ == "__main__":
    {"launch": launch, "added": added, "stay": stay, "requests": requests}[sys.argv[1]](*sys.argv[2:])

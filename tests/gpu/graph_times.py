"""Checks a dump of replay_graph.py: graph_times.py DUMP LAUNCHES
Each launch of the graph that was recorded has 60 kernels, which do not overlap and take at most 20 us each."""
import re, sys

launches = {}
for line in open(sys.argv[1]):
    found = re.match(r"kernel .*start=(\d+) duration=(\d+) correlation=(\d+) graph=\d", line)
    if found:
        start, duration, correlation = map(int, found.groups())
        launches.setdefault(correlation, []).append((start, start + duration))
for correlation, kernels in launches.items():
    kernels.sort()
    total = sum(end - start for start, end in kernels)
    over = sum(a[1] > b[0] for a, b in zip(kernels, kernels[1:]))
    print(f"launch {correlation}: {len(kernels)} kernels, {total / 1e3:.1f} us, {over} overlap")
    assert len(kernels) == 60 and total < 60 * 20000 and over <= 2
print(len(launches), "launches")
assert len(launches) == int(sys.argv[2])

"""Kernels of CUDA graphs in an export in the layout of Nsight Systems, led back to where they were captured: by the join that
readers of such exports make (kernel's node, the node that it was copied from, the ranges in which that one was made), against
the experts of `moetrace report --format json --top 1000000`.

  export_graphs.py REPORT.json EXPORT.sqlite
"""
import re
import sqlite3
import sys
from collections import defaultdict

from report_tables import load


def around(ranges, tid, at):
    """Names of the ranges on the thread that are open at a time."""
    return [name for start, end, name in ranges[tid] if start <= at <= end]


def main():
    rows = load(sys.argv[1])["layer_experts"].select("layer", "expert", "kernels", "gpu_ms")
    experts = {(layer, expert): (kernels, round(ms * 1e6)) for layer, expert, kernels, ms in rows}
    db = sqlite3.connect(f"file:{sys.argv[2]}?mode=ro", uri=True)
    ranges = defaultdict(list)
    for tid, start, end, name in db.execute("SELECT globalTid, start, end, coalesce(text, value) FROM NVTX_EVENTS LEFT JOIN StringIds"
                                            " ON id = textId WHERE eventType = 59 ORDER BY start"):
        ranges[tid].append((start, end, name))
    made = {}
    copies = {}
    for tid, start, node, original in db.execute("SELECT globalTid, start, graphNodeId, originalGraphNodeId FROM CUDA_GRAPH_NODE_EVENTS"):
        if original is None:
            made[node] = (tid, start)
        else:
            copies[node] = original
    sums, replayed, places = defaultdict(lambda: [0, 0]), 0, {}
    for tid, call, node, ns in db.execute(
            "SELECT r.globalTid, r.start, k.graphNodeId, k.end - k.start FROM CUPTI_ACTIVITY_KIND_KERNEL k JOIN"
            " CUPTI_ACTIVITY_KIND_RUNTIME r ON r.correlationId = k.correlationId"):
        if (tid, call) not in places:
            places[tid, call] = around(ranges, tid, call)
        path = places[tid, call]
        if any(name.startswith("warmup.") for name in path):
            continue
        if node is not None:
            replayed += 1
            assert node in copies, node
            if node not in places:
                places[node] = around(ranges, *made[copies[node]])
            path = path + places[node]
        found = [re.fullmatch(kind + r"\.(\d+)", name) for kind in ("layer", "expert") for name in path]
        numbers = [int(match[1]) for match in found if match]
        if len(numbers) == 2:
            sums[tuple(numbers)][0] += 1
            sums[tuple(numbers)][1] += ns
    got = {key: tuple(value) for key, value in sums.items()}
    wrong = [(key, got.get(key), experts.get(key)) for key in {*got, *experts} if got.get(key) != experts.get(key)]
    assert replayed > 1000 and not wrong, (replayed, len(wrong), wrong[:3])


main()

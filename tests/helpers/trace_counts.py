"""What a trace says, counted from `moetrace dump` with no help from the analyser's attribution.

trace_counts.py ranges FILE    a line per thread and innermost range: the kernels, copies and fills issued in it
trace_counts.py calls FILE     a line per name: the CUDA calls recorded
trace_counts.py last FILE      host time (CLOCK_MONOTONIC, ns) of the last call or range, and of the last GPU record
trace_counts.py problems FILE  a line per thing that no trace should have
trace_counts.py nesting FILE   for each mark which ranges are open there, by domain; what is open at the end; ends of none
FILE is what dump printed of one trace.
"""
import collections
import re
import sys

FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)')


def records(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            kind, _, rest = line.rstrip("\n").partition(" ")
            yield kind, {k: v.strip('"') for k, v in FIELD.findall(rest)}


def read(path):
    threads, stacks, owner, gpu = {}, collections.defaultdict(list), {}, []
    calls, last_host = collections.Counter(), 0
    for kind, f in records(path):
        if kind == "thread":
            threads[f["index"]] = f["name"]
        elif kind == "push":
            stacks[f["thread"], f["domain"]].append(f["name"])
        elif kind == "pop":
            if stacks[f["thread"], f["domain"]]:
                stacks[f["thread"], f["domain"]].pop()
        elif kind == "api":
            calls[f["name"]] += 1
            stack = stacks[f["thread"], "-"]
            if f["correlation"] != "-":
                owner.setdefault(f["correlation"], []).append((f["thread"], stack[-1] if stack else "-"))
        elif kind in ("kernel", "memcpy", "memset"):
            gpu.append((kind, f))
        if kind in ("push", "pop", "api"):
            last_host = max(last_host, int(f["time"]) + int(f.get("duration", 0)))
    return threads, owner, gpu, calls, last_host


def ranges(path):
    threads, owner, gpu, _, _ = read(path)
    counts = collections.defaultdict(collections.Counter)
    for kind, f in gpu:
        thread, name = owner.get(f["correlation"], [("?", "?")])[0]
        counts[threads.get(thread, "?"), name][kind] += 1
    for (thread, name), c in sorted(counts.items()):
        print(f"range {thread} {name} kernels={c['kernel']} copies={c['memcpy']} fills={c['memset']}")


def problems(path):
    _, owner, gpu, _, _ = read(path)
    busy = collections.defaultdict(list)
    for correlation, owners in owner.items():
        if len(owners) > 1:
            print(f"correlation {correlation} belongs to {len(owners)} calls")
    for kind, f in gpu:
        if f["correlation"] not in owner:
            print(f"a {kind} of no call: correlation {f['correlation']}")
        if f["duration"] == "0":
            print(f"a {kind} of 0 ns: correlation {f['correlation']}")
        if f["start"] != "-":
            busy[f["queue"]].append((int(f["start"]), int(f["start"]) + int(f["duration"])))
    for queue, spans in busy.items():
        spans.sort()
        for (_, end), (start, _) in zip(spans, spans[1:]):
            if start < end:
                print(f"overlap on queue {queue} at {start}")


def nesting(path):
    stacks, spans, unpaired = collections.defaultdict(list), {}, 0
    def state():
        ranges = [name if domain == "-" else f"{domain}:{name}" for (_, domain), s in stacks.items() for name in s]
        return ", ".join(ranges + list(spans.values()))
    for kind, f in records(path):
        stack = stacks[f["thread"], f["domain"]] if kind in ("push", "pop") else None
        if kind == "push":
            stack.append(f["name"])
        elif kind == "pop":
            unpaired += not stack
            stack[-1:] = []
        elif kind == "start":
            spans[f["id"]] = f["name"]
        elif kind == "end":
            unpaired += spans.pop(f["id"], None) is None
        elif kind == "mark" and f["domain"] == "-" and f["name"] not in ("filler", "waiting"):
            print(f"{f['name']}: {state()}".rstrip())
    print(f"open at the end: {state()}".rstrip())
    if unpaired:
        print(f"unpaired: {unpaired}")


def main():
    command, path = sys.argv[1:]
    if command == "ranges":
        ranges(path)
    elif command == "problems":
        problems(path)
    elif command == "nesting":
        nesting(path)
    elif command == "calls":
        for name, count in sorted(read(path)[3].items()):
            print(f"{name} {count}")
    elif command == "last":
        _, _, gpu, _, host = read(path)
        print(host, max((int(f["start"]) for _, f in gpu if f["start"] != "-"), default=0))


main()

"""Counts of a trace against Nsight Systems' reports on another run of the same program, seed and request.

    compare.py DUMP GPU_PROJ_CSV KERN_SUM_CSV

DUMP is what `moetrace dump` printed. GPU operations are counted inside each range of the default domain by replaying the
threads' own event streams, without the analyser's help. Prints one line for each disagreement; exits 1 if there is any."""
import collections
import csv
import re
import sys


def fields(line):
    return dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', line))


def read_dump(path):
    stacks = collections.defaultdict(list)
    ranges_of = {}  # correlation -> the names open at the launch
    gpu = []
    instances = collections.Counter()
    for line in open(path, encoding="utf-8", errors="replace"):
        kind = line.split(" ", 1)[0]
        if kind not in ("push", "pop", "api", "kernel", "memcpy", "memset", "copy", "fill"):
            continue
        f = fields(line)
        if kind == "push" and f["domain"] == "-":
            name = f["name"].strip('"')
            stacks[f["thread"]].append(name)
            instances[name] += 1
        elif kind == "pop" and f["domain"] == "-":
            stacks[f["thread"]].pop()
        elif kind == "api":
            if f["correlation"] != "-":
                ranges_of[f["correlation"]] = tuple(stacks[f["thread"]])
        elif kind in ("kernel", "memcpy", "memset", "copy", "fill"):
            gpu.append((kind, f["correlation"]))
    return ranges_of, gpu, instances


def main():
    ranges_of, gpu, instances = read_dump(sys.argv[1])
    wrong = []
    ops = collections.Counter()
    for kind, correlation in gpu:
        if correlation not in ranges_of:
            wrong.append(f"{kind} with correlation {correlation} has no launch")
            continue
        for name in set(ranges_of[correlation]):
            ops[name] += 1
    for row in csv.DictReader(open(sys.argv[2], newline="")):
        name = row["Range"].lstrip(":")
        if row["Style"] == "PushPop" and row["Range"].startswith(":"):
            if ops[name] != int(row["Total GPU Ops"]):
                wrong.append(f"{name}: {ops[name]} GPU operations, nsys counts {row['Total GPU Ops']}")
            if instances[name] != int(row["Range Instances"]):
                wrong.append(f"{name}: {instances[name]} ranges, nsys counts {row['Range Instances']}")
    kernels = sum(1 for kind, _ in gpu if kind == "kernel")
    theirs = sum(int(row["Instances"]) for row in csv.DictReader(open(sys.argv[3], newline="")))
    if kernels != theirs:
        wrong.append(f"{kernels} kernels, nsys counts {theirs}")
    print("\n".join(wrong) or f"{kernels} kernels and {len(gpu)} GPU operations agree")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

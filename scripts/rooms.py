#!/usr/bin/env python3
"""Checks and draws how modules include each other.

  rooms.py check            an include that points up, or includes in a circle, are errors
  rooms.py check PATH LINE  the same, as if the file PATH had the line LINE too
  rooms.py calls BUILD      files of one module that call each other in a circle, by the symbols of the objects in BUILD, and
                            two file-local functions with one name, are errors
  rooms.py calls BUILD PATH TEXT  the same, as if the file PATH had the text TEXT too
  rooms.py draw             the modules and what each includes, as text (docs/architecture.md holds it)
"""
import os
import re
import subprocess
import sys
from collections import defaultdict

# Floors of analysis/: a module includes what stands on lower floors, itself, and trace/.
FLOORS = [
    ["base"],
    ["names", "stats"],
    ["attribution", "costmodel", "input"],
    ["metrics", "events", "peakbench"],
    ["report", "export"],
    ["charts"],
    ["cli"],
]
# Outside of analysis/: what each module may include besides itself.
OTHERS = {"preload": {"cupti", "trace"}, "cupti": {"trace"}, "trace": set(), "native": set()}
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
STATIC = re.compile(r"^static [^=;{}()]*?(\w+)\([^;{}]*\) *\{", re.M)
FOREIGN = re.compile(r"^\s*#\s*include\s+[<\"](cupti|cuda|cuda_runtime)[\w/]*\.h")


def module_of(path):
    """analysis/input/nsys/x.c -> input; preload/x.c -> preload."""
    parts = path.split("/")
    return parts[1] if parts[0] == "analysis" else parts[0]


def read_includes(extra=None):
    """{file: [(line number, included file)]} of every source and header of the modules."""
    graph = {}
    for top in ["analysis", *OTHERS]:
        for folder, _, files in os.walk(top):
            for name in sorted(files):
                if not name.endswith((".c", ".h")):
                    continue
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8", errors="replace") as f:
                    lines = f.read().splitlines()
                if extra and extra[0] == path:
                    lines.append(extra[1])
                graph[path] = [(n, m[1]) for n, line in enumerate(lines, 1) if (m := INCLUDE.match(line))]
                if top == "analysis":
                    graph[path] += [(n, "<cuda>") for n, line in enumerate(lines, 1) if FOREIGN.match(line)]
    return graph


def is_allowed(path, included):
    """Whether a file may include another."""
    if included.startswith("tests/") or "/" not in included or included == "<cuda>":
        return False
    source, target = module_of(path), module_of(included)
    if source == target or (path.startswith("analysis/") and included.startswith("trace/")):
        return True
    if path.startswith("analysis/"):
        return included.startswith("analysis/") and FLOOR_OF.get(target, 99) < FLOOR_OF.get(source, -1)
    return target in OTHERS[source]


def unit(path):
    """A header and the source of the same name are one unit."""
    return os.path.splitext(path)[0]


def find_circles(edges):
    """Circles in {unit: units that it includes or calls}: each as the list of its members (Tarjan)."""
    index, low, on_stack, stack, circles = {}, {}, set(), [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for after in sorted(edges[node]):
            if after not in index:
                visit(after)
                low[node] = min(low[node], low[after])
            elif after in on_stack:
                low[node] = min(low[node], index[after])
        if low[node] == index[node]:
            members = []
            while not members or members[-1] != node:
                members.append(stack.pop())
                on_stack.discard(members[-1])
            if len(members) > 1:
                circles.append(sorted(members))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return circles


def edges_of_includes(graph):
    edges = {unit(path): set() for path in graph}
    for path, includes in graph.items():
        edges[unit(path)] |= {unit(i) for _, i in includes if i in graph and unit(i) != unit(path)}
    return edges


def edges_of_calls(build):
    """Between files of one module, by the symbols that an object defines and those that it needs."""
    defined, needed = {}, defaultdict(set)
    sources = [path[:-2] for path in read_includes() if path.endswith(".c") and module_of(path) not in ("native", "trace")]
    for source in sources:
        object_file = f"{build}/obj/{'exe' if source.startswith('analysis/') else 'pic'}/{source}.o"
        if not os.path.exists(object_file):
            continue
        for line in subprocess.run(["nm", object_file], capture_output=True, text=True, check=True).stdout.splitlines():
            *_, kind, name = line.split()
            if kind == "U":
                needed[source].add(name)
            elif kind in "TDBRVC" and (source.startswith("analysis/") or name.startswith(module_of(source) + "_")):
                defined[name] = source  # not what the recorder interposes, such as getenv
    edges = {source: set() for source in sources}
    for source, names in needed.items():
        edges[source] |= {defined[n] for n in names if n in defined and module_of(defined[n]) == module_of(source)}
    return edges


def find_shared_names(extra=None):
    """{name: files} of file-local functions that several files define; native/ is a program of its own."""
    files = defaultdict(set)
    for path in read_includes():
        if module_of(path) != "native":
            with open(path, encoding="utf-8") as f:
                text = f.read() + (extra[1] if extra and extra[0] == path else "")
                for name in STATIC.findall(text):
                    files[name].add(path)
    return {name: sorted(paths) for name, paths in files.items() if len(paths) > 1}


def check_calls(build, extra=None):
    errors = ["circle of calls: " + ", ".join(members) for members in find_circles(edges_of_calls(build))]
    errors += [f"{name}() is a file-local function in {', '.join(paths)}" for name, paths in sorted(find_shared_names(extra).items())]
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


def check(graph):
    errors = []
    for path, includes in sorted(graph.items()):
        if path.startswith("analysis/") and module_of(path) not in FLOOR_OF:
            errors.append(f"{path}: {module_of(path)} is no module of analysis/")
            continue
        for line, included in includes:
            if not is_allowed(path, included):
                errors.append(f"{path}:{line}: {module_of(path)} may not include {included}")
    for members in find_circles(edges_of_includes(graph)):
        errors.append("circle: " + ", ".join(members))
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


def draw(graph):
    uses = defaultdict(set)
    for path, includes in graph.items():
        for _, included in includes:
            if "/" in included and module_of(included) != module_of(path):
                uses[module_of(path)].add(module_of(included))
    floors = [["trace"], *FLOORS]
    rows = [(str(floor + 1), module) for floor in reversed(range(len(floors))) for module in floors[floor]]
    for floor, module in rows + [(" ", module) for module in ("cupti", "preload", "native")]:
        print(f"{floor}  {module:<12} -> {' '.join(sorted(uses[module])) or '-'}")


if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command == "check" and len(sys.argv) in (2, 4):
        sys.exit(check(read_includes(tuple(sys.argv[2:4]) or None)))
    if command == "calls" and len(sys.argv) in (3, 5):
        sys.exit(check_calls(sys.argv[2], tuple(sys.argv[3:5]) or None))
    if command == "draw" and len(sys.argv) == 2:
        draw(read_includes())
        sys.exit()
    print(__doc__, file=sys.stderr)
    sys.exit(2)

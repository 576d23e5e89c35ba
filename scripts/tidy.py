#!/usr/bin/env python3
"""Runs clang-tidy, with clang's warnings, on every source: tidy.py CACHE [FILE...].

A source that passed is remembered in the folder CACHE by a hash of all that its result depends on (its text, the headers of the project
that it includes, the settings), so that only what changed is checked again. JOBS is how many run at a time (all cores).
"""
import concurrent.futures
import glob
import hashlib
import os
import re
import subprocess
import sys

TOOL = "build/deps/venv/bin/clang-tidy"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-I.", '-DMOETRACE_VERSION="0"', "-isystem", "build/deps/nvtx",
         "-Wall", "-Wextra", "-Wshadow", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wpointer-arith",
         # The analyzer's states per function (225,000 by default): a third of the time, as few functions have more.
         "-Xclang", "-analyzer-config", "-Xclang", "max-nodes=30000"]
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.M)
FOLDERS = ["preload", "cupti", "trace", "analysis", "native", "tests"]
texts = {}


def text_of(path):
    if path not in texts:
        with open(path, "rb") as f:
            texts[path] = f.read()
    return texts[path]


def hash_of(source, common):
    """Of the source and of every header that it reaches."""
    seen, todo = set(), [source]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in INCLUDE.findall(text_of(path)):
            name = name.decode()
            todo += [p for p in (name, os.path.join(os.path.dirname(path), name)) if os.path.isfile(p)]
    digest = hashlib.sha256(common)
    for path in sorted(seen):
        digest.update(path.encode() + b"\0" + text_of(path) + b"\0")
    return digest.hexdigest()


def run_tidy(source):
    done = subprocess.run([TOOL, "--quiet", source, "--", *FLAGS], capture_output=True, text=True)
    return done.returncode, done.stdout


def main(cache, sources):
    os.makedirs(cache, exist_ok=True)
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    common = version + " ".join(FLAGS).encode() + text_of(".clang-tidy") + text_of("tests/.clang-tidy")
    marks = {source: os.path.join(cache, hash_of(source, common)) for source in sources}
    todo = [source for source in sources if not os.path.exists(marks[source])]
    failed = 0
    # The largest first, so that none of them is left for the end.
    todo.sort(key=lambda source: -len(text_of(source)))
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count())) as pool:
        for source, (status, out) in zip(todo, pool.map(run_tidy, todo)):
            if status == 0:
                open(marks[source], "w").close()
            else:
                failed += 1
                print(out or f"{source}: clang-tidy ended with status {status}")
    for mark in set(os.listdir(cache)) - {os.path.basename(m) for m in marks.values()}:
        if len(sys.argv) == 2:
            os.unlink(os.path.join(cache, mark))
    print(f"{len(todo)} of {len(sources)} files were checked, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    found = [p for d in FOLDERS for p in sorted(glob.glob(f"{d}/**/*.c", recursive=True))]
    sys.exit(main(sys.argv[1], sys.argv[2:] or found))

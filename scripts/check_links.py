#!/usr/bin/env python3
"""Checks the pages of documentation: every relative link leads to a file of the repository, every anchor to a heading,
and every path of a source file in backticks exists.

  check_links.py [PAGE...]    default: *.md and docs/*.md
"""
import glob
import os
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:analysis|cupti|docs|native|preload|scripts|tests|trace)/[\w./-]+\.(?:[chS]|js|json|md|py|sh|supp))`")
TARGET = re.compile(r"[a-z][a-z0-9+.-]*:|//")


def lines_outside_code(path):
    """(line number, text) of every line that stands in no code block."""
    fenced = False
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.startswith("```"):
                fenced = not fenced
            elif not fenced and not line.startswith("    "):
                yield number, line.rstrip("\n")


def anchor_of(heading, used):
    """The anchor that GitHub gives a heading: lower case, no punctuation, hyphens for spaces, -1, -2, ... when it repeats."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    count = used.get(text, 0)
    used[text] = count + 1
    return f"{text}-{count}" if count else text


def anchors_of(path):
    used = {}
    return {anchor_of(m[1], used) for _, line in lines_outside_code(path) if (m := re.match(r"#{1,6}\s+(.*)", line))}


def check(path):
    errors = []
    for number, line in lines_outside_code(path):
        for target in LINK.findall(line):
            if TARGET.match(target):
                continue
            name, _, anchor = target.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if not os.path.exists(file):
                errors.append(f"{path}:{number}: {target}: there is no {file}")
            elif anchor and (not file.endswith(".md") or anchor not in anchors_of(file)):
                errors.append(f"{path}:{number}: {target}: {file} has no heading #{anchor}")
        errors += [f"{path}:{number}: there is no {name}" for name in PATH.findall(line) if not os.path.exists(name)]
    return errors


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    pages = sys.argv[1:] or sorted(glob.glob("*.md") + glob.glob("docs/*.md"))
    found = [error for page in pages for error in check(page)]
    if found:
        print("\n".join(found))
        sys.exit(1)

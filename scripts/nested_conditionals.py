#!/usr/bin/env python3
"""Prints every conditional operator of C sources that is an operand of another: nested_conditionals.py FILE...

An if, a switch or a table can be read from top to bottom; `a ? b : c ? d : e` cannot.
"""
import re
import sys

# Comments, texts and characters; brackets; separators; comparisons, which assign nothing; words.
TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[](){}[,;?:]|[=!<>]=|\w+|[^\s\w]", re.S)
SKIPPED = re.compile(r"/[*/]")


def find_nested(text):
    """Positions of the inner operators."""
    found, before = [], ""
    stack = [[0, ""]]  # for every open bracket: operators `?` of its expression, what stood before it
    for token in TOKEN.finditer(text):
        t = token[0]
        if SKIPPED.match(t):
            continue
        if t in "([{":
            stack.append([0, before])
        elif t in ")]}":
            count, opener = stack.pop() if len(stack) > 1 else (0, "")
            if t == ")" and count and opener in ("?", ":"):
                found.append(token.start())
        elif t in ",;=" or t in ("return", "case"):
            stack[-1][0] = 0
        elif t == "?":
            stack[-1][0] += 1
            if stack[-1][0] > 1:
                found.append(token.start())
        before = t
    return found


def main(paths):
    errors = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        errors += [f"{path}:{text.count(chr(10), 0, at) + 1}: a conditional operator inside of another" for at in find_nested(text)]
    print("\n".join(errors), end="\n" if errors else "")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

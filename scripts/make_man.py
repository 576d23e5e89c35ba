#!/usr/bin/env python3
"""Writes the man pages from the programs' own --help: make_man.py BUILD OUTPUT makes OUTPUT/man1 and OUTPUT/man7."""

import datetime
import os
import re
import sys
import textwrap

import help_text

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION_FILE = os.path.join(HERE, "..", "VERSION")

LIBRARY = """libmoetrace.so is preloaded into a program, and records what it does on a GPU: NVTX ranges, CUDA calls and, through
CUPTI, kernels, copies and fills. It writes one trace file *.moetrace for each process. `moetrace record` preloads it, and so
does `LD_PRELOAD`. It prints nothing on standard output and leaves the exit status of the program alone; one line on standard
error says so when it cannot record."""


def words(text):
    """Text as roff has it: options with real minus signs, `code` in bold."""
    text = text.replace("\\", "\\e")
    text = re.sub(r"(?<![\w\\])-+\w[\w-]*", lambda m: m[0].replace("-", "\\-"), text)
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)


def paragraph(text):
    lines = textwrap.wrap(words(text), 78, break_long_words=False, break_on_hyphens=False)
    return [("\\&" if line[0] in ".'" else "") + line for line in lines]


def option_lines(option):
    name = ", ".join(f"\\fB{s}\\fR".replace("-", "\\-") for s in option.spellings)
    if option.argument:
        name += "=" + re.sub(r"[^|]+", r"\\fI\g<0>\\fR", option.argument).replace("-", "\\-")
    return [".TP", name, *paragraph(option.text)]


def section(name, paragraphs):
    lines = [f".SH {name}"]
    for i, text in enumerate(paragraphs):
        lines += [".PP"] * (i > 0) + paragraph(text)
    return lines if paragraphs else []


def examples(lines):
    body = []
    for line in lines:
        body += [".PP"] * bool(body) + [".nf", ".RS 4", line.replace("\\", "\\e").replace("-", "\\-"), ".RE", ".fi"]
    return [".SH EXAMPLES", *body] if lines else []


def see_also(pages, name):
    others = [f".BR {p} ({s})" for p, s in pages if p != name]
    return [".SH SEE ALSO", *(line + "," for line in others[:-1]), others[-1]]


def head(name, number, summary, version, date):
    return [f'.TH {name.upper()} {number} {date} "moetrace {version}" "moetrace manual"', ".SH NAME",
            f"{name} \\- {words(summary)}"]


def program_page(name, summary, text, stamp, pages):
    """`name` is that of the page; the usage begins with the program, in one word or two."""
    called = name.replace("moetrace-", "moetrace ", 1)
    rest = text.usage[len(called):].strip()
    page = head(name, 1, summary, *stamp)
    page += [".SH SYNOPSIS", f".B {called}", words(rest)]
    page += section("DESCRIPTION", text.description + text.notes)
    if text.commands:
        page.append(".SH COMMANDS")
        for command, what in text.commands:
            page += [".TP", f".BR moetrace\\-{command} (1)", *paragraph(what)]
    page.append(".SH OPTIONS")
    for heading, group in text.groups:
        page += [f".SS {words(heading)}"] * bool(heading)
        for option in group:
            page += option_lines(option)
    page += examples(text.examples) + section("EXIT STATUS", [text.exit_status] if text.exit_status else [])
    return page + see_also(pages, name)


def library_page(record, stamp, pages):
    page = head("libmoetrace", 7, "the recorder of moetrace, preloaded into a program", *stamp)
    page += [".SH SYNOPSIS", "\\fBLD_PRELOAD=libmoetrace.so\\fR \\fICMD\\fR [\\fIARG\\fR...]"]
    page += section("DESCRIPTION", [LIBRARY]) + [".SH ENVIRONMENT"]
    for option in record.options:
        found = re.match(r"(.*) \[(MOETRACE_\w+)\]$", option.text)
        if found:
            argument = re.sub(r"[^|]+", r"\\fI\g<0>\\fR", option.argument)
            page += [".TP", f"\\fB{found[2]}\\fR={argument}", *paragraph(found[1])]
    return page + see_also(pages, "libmoetrace")


def write(folder, name, number, lines):
    os.makedirs(os.path.join(folder, f"man{number}"), exist_ok=True)
    with open(os.path.join(folder, f"man{number}", f"{name}.{number}"), "w") as f:
        f.write("\n".join(lines) + "\n")


def main(build, folder):
    with open(VERSION_FILE) as f:
        version = f.read().strip()
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", os.stat(VERSION_FILE).st_mtime))
    stamp = (version, datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d"))
    moetrace, commands = help_text.read_all(f"{build}/moetrace")
    native = help_text.read(f"{build}/run_native")
    summaries = {f"moetrace-{name}": what for name, what in moetrace.commands}
    pages = [("moetrace", 1), *((name, 1) for name in summaries), ("run_native", 1), ("libmoetrace", 7)]
    write(folder, "moetrace", 1,
          program_page("moetrace", "what mixture-of-experts inference costs on a GPU", moetrace, stamp, pages))
    for name, text in commands.items():
        page = f"moetrace-{name}"
        write(folder, page, 1, program_page(page, summaries[page], text, stamp, pages))
    write(folder, "run_native", 1,
          program_page("run_native", "MolmoE in C, a workload for moetrace", native, stamp, pages))
    write(folder, "libmoetrace", 7, library_page(commands["record"], stamp, pages))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_man.py BUILD OUTPUT")
    main(sys.argv[1], sys.argv[2])

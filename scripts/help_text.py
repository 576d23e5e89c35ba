"""What a program's --help says, in parts: make_man.py and make_completions.py are made from it, so that there is one text.

argp prints its tables, and wraps them at a width that ARGP_HELP_FMT gives (glibc's argp prints texts of a few hundred bytes
wrong when it may not wrap them); lines that belong together are joined here. Conventions of the tables: an argument a|b|c lists the
values of an option, FILE and DIR are paths; [VARIABLE] at the end of a text is the variable that the option sets.
"""

import os
import re
import subprocess

FORMAT = "rmargin=120,short-opt-col=2,long-opt-col=6,opt-doc-col=29,header-col=1,usage-indent=12,no-dup-args-note"
OPTION = re.compile(r" {2,6}(?:-(\w), )?--([\w-]+)(?:=(\S+))?(?: +(\S.*))?$")
COMMAND = re.compile(r"  ([a-z][\w-]*) +(\S.*)$")
CONTINUED = " " * 20


class Option:
    def __init__(self, short, name, argument, text):
        self.short, self.name, self.argument, self.text = short, name, argument, text or ""

    @property
    def words(self):
        """The values that it takes, where the table lists them."""
        return self.argument.split("|") if self.argument and "|" in self.argument else []

    @property
    def spellings(self):
        return ([f"-{self.short}"] if self.short else []) + [f"--{self.name}"]


class Help:
    def __init__(self, text):
        self.usage = ""
        self.description = []  # paragraphs: before the tables ...
        self.notes = []  # ... and after them
        self.commands = []  # (name, summary)
        self.groups = []  # (heading or "", [Option])
        self.examples = []  # lines
        self.exit_status = ""
        for block in text.strip("\n").split("\n\n"):
            self._block(block.split("\n"))

    @property
    def options(self):
        return [option for _, group in self.groups for option in group]

    def _block(self, lines):
        if lines[0].startswith("Usage: "):
            self.usage = lines.pop(0)[len("Usage: "):].strip()
            self.description.append(" ".join(line.strip() for line in lines))
        elif lines[0] == "Commands:":
            self.commands = [COMMAND.match(line).groups() for line in lines[1:]]
        elif lines[0] == "Examples:":
            self.examples = [line.strip() for line in lines[1:]]
        elif lines[0].startswith("Exit status: "):
            self.exit_status = " ".join(lines)[len("Exit status: "):]
        elif lines[0].startswith(" "):
            self._options(lines)
        else:
            (self.notes if self.groups else self.description).append(" ".join(lines))

    def _options(self, lines):
        heading = ""
        if not OPTION.match(lines[0]):
            heading = lines.pop(0).strip(" :")
        group = []
        for line in lines:
            if line.startswith(CONTINUED):
                group[-1].text = (group[-1].text + " " + line.strip()).strip()
            else:
                found = OPTION.match(line)
                if not found:
                    raise ValueError(f"this line of a --help is not understood: {line!r}")
                group.append(Option(*found.groups()))
        self.groups.append((heading, group))


def read(program, *command):
    done = subprocess.run([program, *command, "--help"], env=dict(os.environ, ARGP_HELP_FMT=FORMAT), text=True,
                          stdout=subprocess.PIPE, check=True)
    return Help(done.stdout)


def read_all(program):
    """The help of a program, and those of its commands by their names (without `help` itself)."""
    whole = read(program)
    return whole, {name: read(program, name) for name, _ in whole.commands}

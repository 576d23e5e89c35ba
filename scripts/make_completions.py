#!/usr/bin/env python3
"""Writes the shells' completions from the programs' own --help: make_completions.py BUILD OUTPUT makes
OUTPUT/bash/PROGRAM, OUTPUT/zsh/_PROGRAM and OUTPUT/fish/PROGRAM.fish for moetrace and run_native."""

import os
import re
import string
import sys

import help_text

TRACES = ("moetrace", "sqlite", "json", "json.gz", "sqlite.gz")  # endings of what can be read


def kind(argument):
    """What an argument of an option stands for: files, directories, or something that nobody can guess."""
    return {"FILE": "files", "DIR": "directories"}.get(argument, "nothing")


def operands(text):
    """What a program takes beside options, as its usage says."""
    rest = re.sub(r"\[OPTION\.\.\.\]|\[--\]", "", text.usage).split()
    upper = {word.strip(".[]") for word in rest if word.strip(".[]").isupper()}
    if "CMD" in upper:
        return "command"
    return "traces" if upper & {"TRACE", "A", "B"} else "files" if upper else "nothing"


# ---- bash ----

BASH = string.Template(r"""# bash completion for $program; scripts/make_completions.py makes it from the help of $program
_${program}_options() { # of a command: --name, or --name= where it takes a value
    case $$1 in
$options
    esac
}
_${program}_takes() { # sets `takes` to what an option takes (COMMAND OPTION), or a command beside options (COMMAND)
    case $$* in
$takes
    *) takes='' ;;
    esac
}
# A command and its own arguments, which begin at word `begin`: those are files, or what bash-completion knows of it.
_${program}_command() {
    if ((begin == 0 || begin == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -f -- "$$cur" | sort -u)
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$$begin"
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$$cur")
    fi
}
_${program}_traces() {
    local ending
    mapfile -t COMPREPLY < <(compgen -d -- "$$cur")
    for ending in $traces; do
        mapfile -t -O "$${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -X "!*.$$ending" -- "$$cur")
    done
}
_${program}_complete() { # completes what `takes` says
    [[ $$takes == words* || $$takes == nothing ]] || compopt -o filenames 2>/dev/null
    case $$takes in
    words*) mapfile -t COMPREPLY < <(compgen -W "$${takes#words}" -- "$$cur") ;;
    files) mapfile -t COMPREPLY < <(compgen -f -- "$$cur") ;;
    directories) mapfile -t COMPREPLY < <(compgen -d -- "$$cur") ;;
    traces | command) "_${program}_$$takes" ;;
    esac
}
_$program() {
    local cur=$${COMP_WORDS[COMP_CWORD]} previous=$${COMP_WORDS[COMP_CWORD - 1]} first=$first command=$command
    local takes='' operands begin=0 i # begin: the word after which there are no options
    COMPREPLY=()
$subcommand
    _${program}_takes "$$command"
    operands=$$takes
    for ((i = first; i < COMP_CWORD && begin == 0; i++)); do
        _${program}_takes "$$command" "$${COMP_WORDS[i]}"
        if [[ $${COMP_WORDS[i]} == -- ]]; then
            begin=$$((i + 1))
        elif [[ $${COMP_WORDS[i]} != -* && $$operands == command ]]; then
            begin=$$i
        elif [[ $$takes && $${COMP_WORDS[i + 1]} == = ]]; then
            i=$$((i + 2)) # `--name=value` is three words
        elif [[ $$takes ]]; then
            i=$$((i + 1))
        fi
    done
    if [[ $$cur == = ]]; then
        cur=''
    elif [[ $$previous == = ]]; then
        previous=$${COMP_WORDS[COMP_CWORD - 2]}
    fi
    takes=''
    ((begin > 0)) || _${program}_takes "$$command" "$$previous"
    if ((begin == 0)) && [[ ! $$takes && $$cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$$(_${program}_options "$$command")" -- "$$cur")
        [[ $${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
    else
        takes=$${takes:-$$operands}
        _${program}_complete
    fi
}
complete -F _$program $program
""")

BASH_SUBCOMMAND = string.Template(r"""    if ((COMP_CWORD == 1)) || { ((COMP_CWORD == 2)) && [[ $$command == help ]]; }; then
        takes='words $names'
        _${program}_complete
        return
    fi""")


def bash(program, whole, commands):
    options, takes = [], []
    for name, text in commands.items():
        spelled = [f"--{o.name}{'=' if o.argument else ''}" for o in text.options]
        options.append(f"    {name or repr('')}) echo '{' '.join(spelled)}' ;;")
        takes.append(f"    {name or repr('')}) takes='{operands(text)}' ;;")
        for option in text.options:
            if option.argument:
                what = f"words {' '.join(option.words)}" if option.words else kind(option.argument)
                takes.append(f"    {' | '.join(repr(f'{name} {s}') for s in option.spellings)}) takes='{what}' ;;")
    subcommand = "    :"
    if whole.commands:
        top = [name for name, _ in whole.commands] + ["help", "--help", "--version"]
        subcommand = BASH_SUBCOMMAND.substitute(program=program, names=" ".join(top))
    return BASH.substitute(program=program, options="\n".join(options), takes="\n".join(takes), traces=" ".join(TRACES),
                           first=2 if whole.commands else 1, subcommand=subcommand,
                           command="${COMP_WORDS[1]}" if whole.commands else "''")


# ---- zsh ----


def zsh_quoted(text):
    return text.replace("'", "'\\''")


def zsh_option(option):
    text = re.sub(r"([\[\]:\\])", r"\\\1", option.text)
    takes = ""
    if option.argument:
        action = {"files": "_files", "directories": "_files -/", "nothing": " "}[kind(option.argument)]
        takes = f":{option.name}:" + (f"({' '.join(option.words)})" if option.words else action)
    names = [s + (("=" if s.startswith("--") else "+") if option.argument else "") for s in option.spellings]
    text = zsh_quoted(f"[{text}]{takes}")
    if len(names) == 1:
        return f"'{names[0]}{text}'"
    return f"'({' '.join(option.spellings)})'{{{','.join(names)}}}'{text}'"


def zsh_arguments(text):
    rest = {"traces": f"""'*:trace:_files -g "*.({'|'.join(TRACES)})"'""", "files": "'*:file:_files'", "nothing": "",
            "command": "'(-)1:command:_command_names -e' '*::argument:_normal'"}[operands(text)]
    specs = [zsh_option(option) for option in text.options] + [rest] * bool(rest)
    return "_arguments -s -S " + " \\\n            ".join(specs)


def zsh(program, whole, commands):
    lines = [f"#compdef {program}", f"# zsh completion for {program}; scripts/make_completions.py makes it from its help"]
    if not whole.commands:
        return "\n".join([*lines, zsh_arguments(whole), ""])
    top = [f"'{name}:{zsh_quoted(what)}'" for name, what in [*whole.commands, ("help", "what a command takes")]]
    lines += ["local context state state_descr", "local -a commands line", "typeset -A opt_args", f"commands=({' '.join(top)})",
              "_arguments -C '(-h --help)'{-h,--help}'[show this help]' '(-V --version)'{-V,--version}'[show the version]' \\",
              "    '1:command:->command' '*::argument:->argument'", "case $state in",
              f"command) _describe -t commands '{program} command' commands ;;", "argument)", "    case $line[1] in",
              f"    help) _describe -t commands '{program} command' commands ;;"]
    for name, text in commands.items():
        lines += [f"    {name})", f"        {zsh_arguments(text)} ;;"]
    return "\n".join([*lines, "    esac ;;", "esac", ""])


# ---- fish ----


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(program, condition, option):
    words = ["complete", "-c", program, *condition]
    words += ["-s", option.short] * bool(option.short) + ["-l", option.name]
    if option.words:
        words += ["-x", "-a", fish_quoted(" ".join(option.words))]
    elif option.argument:
        takes = kind(option.argument)
        words += {"files": ["-r", "-F"], "directories": ["-x", "-a", "'(__fish_complete_directories)'"],
                  "nothing": ["-x"]}[takes]
    return " ".join([*words, "-d", fish_quoted(option.text)])


def fish(program, whole, commands):
    lines = [f"# fish completion for {program}; scripts/make_completions.py makes it from its help", f"complete -c {program} -f"]
    for name, what in whole.commands:
        lines.append(f"complete -c {program} -n __fish_use_subcommand -a {name} -d {fish_quoted(what)}")
    if whole.commands:
        lines += [f"complete -c {program} -n __fish_use_subcommand -a help -d 'what a command takes'",
                  f"complete -c {program} -n __fish_use_subcommand -s h -l help -d 'show this help'",
                  f"complete -c {program} -n __fish_use_subcommand -s V -l version -d 'show the version'",
                  f"complete -c {program} -n '__fish_seen_subcommand_from help' -a '{' '.join(n for n, _ in whole.commands)}'"]
    for name, text in commands.items():
        condition = ["-n", f"'__fish_seen_subcommand_from {name}'"] if name else []
        lines += [fish_option(program, condition, option) for option in text.options]
        suffixes = "".join(f"(__fish_complete_suffix .{ending})" for ending in reversed(TRACES))
        takes = {"traces": f"-k -a '{suffixes}'".replace(")(", ") ("),
                 "command": "-x -a '(__fish_complete_subcommand)'", "files": "-F", "nothing": ""}[operands(text)]
        if takes:
            lines.append(" ".join(["complete", "-c", program, *condition, takes]))
    return "\n".join([*lines, ""])


def write(folder, shell, name, text):
    os.makedirs(os.path.join(folder, shell), exist_ok=True)
    with open(os.path.join(folder, shell, name), "w") as f:
        f.write(text)


def main(build, folder):
    for program in ("moetrace", "run_native"):
        whole, commands = help_text.read_all(f"{build}/{program}")
        commands = commands or {"": whole}
        write(folder, "bash", program, bash(program, whole, commands))
        write(folder, "zsh", f"_{program}", zsh(program, whole, commands))
        write(folder, "fish", f"{program}.fish", fish(program, whole, commands))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_completions.py BUILD OUTPUT")
    main(sys.argv[1], sys.argv[2])

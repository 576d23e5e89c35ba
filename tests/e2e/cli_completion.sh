#!/usr/bin/env bash
# Completion: what a shell offers on a command line. bash is driven as readline drives it, and once through a real terminal;
# fish and zsh by themselves.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
completions=$BUILD/completions
mkdir -p "$work/here/traces" "$work/here/empty folder"
touch "$work/here/run.moetrace" "$work/here/my run.moetrace" "$work/here/capture.sqlite" "$work/here/notes.txt"

cat >"$work/drive.sh" <<'SH'
# drive.sh LINE: what bash offers at the end of LINE, a candidate a line, through the function that `complete -p` names.
. "$1/moetrace" && . "$1/run_native" || exit
line=$2
# Words as readline splits them: at blanks, and = is a word.
read -ra COMP_WORDS <<<"${line//=/ = }"
[[ $line != *' ' && $line != *= ]] || COMP_WORDS+=('')
[[ $line != *= ]] || unset 'COMP_WORDS[-1]'
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line}
function=$(complete -p "${COMP_WORDS[0]}" | sed 's/.*-F \([^ ]*\) .*/\1/')
"$function" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
SH
offers() { (cd "$work/here" && bash --norc "$work/drive.sh" "$completions/bash" "$1") | sort | paste -sd' '; }
offer() { # offer LINE CANDIDATES: exactly these, sorted
    is "bash: $1" "$(offers "$1")" "$2"
}
all=$("$BUILD/moetrace" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' | sort)

is "bash: every subcommand" "$(offers 'moetrace ' | tr ' ' '\n' | grep -v '^-' | paste -sd' ')" \
    "$(printf '%s\n' "$all" help | sort | paste -sd' ')"
offer "moetrace rep" "report"
offer "moetrace nonsense " ""
offer "moetrace help ver" "verify"
options() { # every long option of every subcommand, and of run_native
    local command wanted got
    for command in $(sed 's/^/moetrace=/' <<<"$all") run_native; do
        read -ra words <<<"${command/=/ }"
        wanted=$("$BUILD/${words[0]}" "${words[@]:1}" --help | grep -oE '^ {2,6}(-., )?--[a-z-]+=?' |
            grep -oE -- '--.*' | sort -u | paste -sd' ')
        got=$(offers "${words[*]} --" | tr ' ' '\n' | sort -u | paste -sd' ')
        if [ -z "$wanted" ] || [ "$got" != "$wanted" ]; then
            echo "$command: $got; the help has $wanted"
            return 1
        fi
    done
}
ok "bash: every option of every subcommand" options
offer "moetrace report --form" "--format="
offer "moetrace report --format=" "csv json latex markdown text"
offer "moetrace report --format=j" "json"
offer "moetrace report --format la" "latex"
offer "moetrace report -f c" "csv"
offer "moetrace export -f " "chrome nsys-sqlite perfetto"
offer "moetrace record --level=" "full kernels phases"
offer "moetrace report --k " ""
traces="capture.sqlite empty folder my run.moetrace run.moetrace traces"
offer "moetrace report " "$traces"
offer "moetrace report --top 5 " "$traces"
offer "moetrace report --format=csv ru" "run.moetrace"
offer "moetrace diff run.moetrace ca" "capture.sqlite"
offer "moetrace report -- --x" ""
offer "moetrace report --rules no" "notes.txt"
offer "moetrace record -o " "empty folder traces"
offer "moetrace record --output=tr" "traces"
offer "moetrace record ./no" "./notes.txt"
offer "moetrace record -- python3 no" "notes.txt"
offer "moetrace record --level=full python3 --le" ""
offer "moetrace record -o traces python3 no" "notes.txt"
offer "run_native --device " "auto cpu cuda"
offer "run_native --config ca" "capture.sqlite"
offer "run_native x" ""
offer "moetrace flops no" "notes.txt"
ok "bash: record offers commands" grep -qw printf <<<"$(offers 'moetrace record print')"

# A real terminal: what tab types.
cat >"$work/terminal.py" <<'PY'
# terminal.py START KEYS WANTED SHELL...: whether the shell, after START, shows WANTED when KEYS are typed.
import os, pty, select, sys, time
start, keys, wanted, *shell = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(PS1="$ ", TERM="dumb", INPUTRC="/dev/null", HISTFILE="/dev/null")
    os.execvp(shell[0], shell)
def read_until(text, seconds):
    got, end = "", time.monotonic() + seconds
    while text not in got and time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            got += os.read(fd, 4096).decode(errors="replace")
    return got
os.write(fd, f"{start}; echo rea''dy\n".encode())
read_until("\r\nready", 30)
os.write(fd, keys.replace("TAB", "\t").encode())
got = read_until(wanted, 20)
os.write(fd, b"\x03exit\n")
os.close(fd)
os.waitpid(pid, 0)
print(repr(got))
sys.exit(wanted not in got)
PY
types() { (cd "$work/here" && python3 "$work/terminal.py" ". $completions/bash/moetrace" "$@" bash --norc --noprofile -i); }
ok "bash in a terminal: --form becomes --format=, with no blank" types 'moetrace report --formTABlaTAB' 'moetrace report --format=latex '
ok "bash in a terminal: a file name with a blank is quoted" types 'moetrace verify myTAB' 'moetrace verify my\ run.moetrace '

if command -v fish >/dev/null; then
    mkdir -p "$work/fish"
    fishes() {
        (cd "$work/here" && HOME=$work XDG_CONFIG_HOME=$work/fish PATH=$BUILD:$PATH fish --no-config -c \
            "source $completions/fish/moetrace.fish; source $completions/fish/run_native.fish; complete -C '$1'") |
            cut -f1 | sort | paste -sd' '
    }
    fish_is() { is "fish: $1" "$(fishes "$1")" "$2"; }
    fish_is "moetrace rep" "report"
    fish_is "moetrace report --form" "--format"
    fish_is "moetrace report --format " "csv json latex markdown text"
    fish_is "moetrace diff run.m" "run.moetrace"
    fish_is "moetrace record --output " "empty folder/ traces/"
    fish_is "run_native --moe " "active dense loop"
else
    skip "fish" "no fish: scripts/setup.sh test installs it"
fi

if command -v zsh >/dev/null; then
    start="PS1='\$ '; fpath=($completions/zsh \$fpath); autoload -U compinit; compinit -D -u"
    zshes() { (cd "$work/here" && HOME=$work python3 "$work/terminal.py" "$start" "$@" zsh -f -i); }
    ok "zsh: a subcommand" zshes 'moetrace expTAB' 'export'
    ok "zsh: an option and its value" zshes 'moetrace report --formTABlaTAB' 'latex'
    ok "zsh: a trace" zshes 'moetrace verify ruTAB' 'run.moetrace'
    ok "zsh: run_native" zshes 'run_native --moe=deTAB' 'dense'
else
    skip "zsh" "no zsh: scripts/setup.sh test installs it"
fi
done_testing

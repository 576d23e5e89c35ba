#!/usr/bin/env bash
# Command lines that are wrong: every one gets one line on standard error that says what, where and how to mend it, status 2,
# nothing on standard output, and no file. First what holds for every subcommand and option there is, from their own help;
# then a table of what is particular.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
mkdir -p "$work/here/empty" "$work/here/dir"
unpack analysis_nsys_k8 here/k8
cd "$work/here" || exit
cp k8.moetrace dir/
mkdir two && cp k8.moetrace two/a.moetrace && cp k8.moetrace two/b.moetrace
head -c 3000 k8.moetrace >hopeless.moetrace
: >zero.moetrace
echo 'no trace' >text.moetrace
printf 'SQLite format 3\0nothing of it' >broken.sqlite
echo '{"no": "trace"}' >other.json
mkfifo pipe.moetrace
ln -s loop.moetrace loop.moetrace

mapfile -t commands < <("$moetrace" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')

# refusal PATTERN ARGUMENT...: refused as it must be, with a line that holds PATTERN.
refusal() {
    local pattern=$1 status before
    shift
    before=$(find . | sort)
    timeout "$(time_limit 20)" "$moetrace" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    [ "$status" -eq 2 ] || echo "status $status: moetrace $*"
    [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q '^moetrace: ' "$work/err" || echo "not one line: moetrace $*"
    grep -qF -- "$pattern" "$work/err" || echo "no \"$pattern\": moetrace $*: $(cat "$work/err")"
    [ ! -s "$work/out" ] || echo "standard output: moetrace $*"
    [ "$(find . | sort)" = "$before" ] || echo "left a file: moetrace $*"
}
none() { # none NAME COMMAND...: prints nothing
    local name=$1 out
    shift
    out=$("$@" 2>&1)
    is "$name" "$out" ""
}

# --name=ARG of every option of a subcommand, one a line; of those without a value, --name.
options_of() { "$moetrace" "$1" --help | sed -n 's/^ \{2,6\}\(-., \)\{0,1\}\(--[a-z-]*\(=[^ ]*\)\{0,1\}\).*/\2/p'; }

of_every_command() {
    local c option name value
    for c in "${commands[@]}"; do
        refusal "unknown option: --frobnicate (see moetrace $c --help)" "$c" --frobnicate
        refusal "unknown option: --frobnicate=3 (see moetrace $c --help)" "$c" --frobnicate=3
        refusal "unknown option: -Z in -Z (see moetrace $c --help)" "$c" -Z
        refusal "see moetrace $c --help" "$c" ""
        for option in $(options_of "$c"); do
            name=${option%%=*} value=${option#*=}
            if [ "$name" = "$option" ]; then
                refusal "$name takes no value, and got 3 (see moetrace $c --help)" "$c" "$name=3"
                continue
            fi
            refusal "$name needs a value: $value (see moetrace $c --help)" "$c" "$name"
            refusal "$name needs a value: $value (see moetrace $c --help)" "$c" "$name="
            if [[ $value == *'|'* ]]; then
                refusal "$name=nonsense: give ${value%%|*}" "$c" "$name=nonsense"
                refusal "$name=${value%%|*}x: give " "$c" "$name=${value%%|*}x"
            fi
            if [[ $value =~ ^[A-Z]$ ]]; then # a number
                refusal "$name=many: give a whole number from " "$c" "$name=many"
                refusal "$name=-1: give a whole number from " "$c" "$name=-1"
                refusal "$name=1.5: give a whole number from " "$c" "$name=1.5"
                refusal "$name=99999999999999999999: give a whole number from " "$c" "$name=99999999999999999999"
            fi
        done
    done
}
none "every subcommand and option refuses what it does not know, a missing value and a wrong one" of_every_command

# What reads a trace refuses each of these, in the same way.
inputs() {
    local c before rest
    for c in report verify dump diff export; do
        before=() rest=()
        [ "$c" != diff ] || before=(k8.moetrace)
        [ "$c" != export ] || rest=(-f chrome -o out.json)
        for input in missing.moetrace zero.moetrace text.moetrace pipe.moetrace loop.moetrace k8.moetrace/x broken.sqlite \
            other.json empty; do
            # dump has begun to print when it meets the file
            if [ "$c" = dump ] && [ -e "$input" ] && [ ! -d "$input" ]; then
                continue
            fi
            refusal "$input: " "$c" "${before[@]}" "$input" "${rest[@]}"
        done
    done
}
none "every subcommand that reads a trace refuses what is none" inputs
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
chmod 700 dir && chmod 600 text.moetrace && chmod 755 "$work" .
if [ "$(id -u)" -eq 0 ] && "${nobody[@]}" "$moetrace" --version >/dev/null 2>&1; then
    locked() {
        local c
        for c in "report text.moetrace" "report dir" "verify text.moetrace" "diff text.moetrace text.moetrace" "dump dir"; do
            # shellcheck disable=SC2086
            "${nobody[@]}" "$moetrace" $c >"$work/out" 2>"$work/err"
            [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qE '^moetrace: (dir|text.moetrace): .*Permission denied' "$work/err" ||
                echo "$c: $(cat "$work/err")"
        done
    }
    none "files and directories that may not be read" locked
else
    skip "files and directories that may not be read" "needs root, to become nobody"
fi

# A table: what the line must hold, then the command line.
refused() { none "$1: ${*:2}" refusal "$@"; }
refused "give a command, such as report"
refused "unknown command: frob" frob
refused "unknown option: --frob" --frob
refused "unknown command: frob" help frob
refused "unknown command: reprot; did you mean report? (see moetrace --help)" reprot
refused "unknown command: exp; did you mean export? (see moetrace --help)" help exp
refused "unknown command: r (see moetrace --help)" r
refused "unknown command: $(printf 'x%.0s' {1..300})" "$(printf 'x%.0s' {1..300})"
refused "unknown option: --fromat=csv; did you mean --format? (see moetrace report --help)" report --fromat=csv k8.moetrace
refused "unknown option: --ouptut; did you mean --output? (see moetrace record --help)" record --ouptut x -- true
refused "unknown option: --capturerange; did you mean --capture-range? (see moetrace record --help)" record --capturerange x -- true
refused "unknown option: --tops; did you mean --top? (see moetrace report --help)" report --tops 3 k8.moetrace
refused "help takes one command, and got report and diff" help report diff
refused "--fo is short for 2 options (see moetrace export --help)" export --fo x k8.moetrace
refused "unknown option: -x in -xj" report k8.moetrace -xj
refused "--json needs a value: FILE" report k8.moetrace --json
refused "--top=-1: give a whole number from 0 to 1000000" report -t -1 k8.moetrace
refused "report takes one trace or directory, and got k8.moetrace and dir" report k8.moetrace dir
mkdir "$work/nothing"
nothing_here() { (cd "$work/nothing" && refusal "report needs a trace, or the directory that" "$@"); }
none "report, where there is no trace" nothing_here report
none "report --format csv, where there is no trace" nothing_here report --format csv
mkdir -p runs/run-2 && cp k8.moetrace runs/a.moetrace && cp k8.moetrace runs/run-2/b.moetrace
refused "runs: holds 2 runs; give one of them, such as runs/run-" verify runs
refused "runs: holds 2 runs; give one of them, such as runs/run-" diff runs k8.moetrace
refused "runs: holds 2 runs, and a file is of one: give one of them, such as runs/run-" report --json x.json runs
refused "--k=7: no request of k8.moetrace has this k; it has 8" report --k 7 k8.moetrace
refused "--k=0: no request of dir/k8.moetrace has this k; it has 8" report --k 0 dir
refused "no *.moetrace file in this directory" report empty
refused "no-rules: the rules cannot be read" report --rules no-rules k8.moetrace
refused "dir: the rules cannot be read" verify --rules dir k8.moetrace
refused "verify takes one trace or directory, and got k8.moetrace and dir" verify k8.moetrace dir
refused "verify needs a trace" verify
refused "dir: no expert's range with a number of tokens" verify dir
refused "diff needs two traces" diff
refused "diff needs two traces" diff k8.moetrace
refused "diff takes two traces, and got c as a third" diff k8.moetrace k8.moetrace c
refused "two: holds the traces of 2 processes; give one of them, such as two/a.moetrace" diff two k8.moetrace
refused "--fail-above=few: give a percentage, such as 5%" diff --fail-above few k8.moetrace k8.moetrace
refused "--fail-above=-5: give a percentage, such as 5%" diff --fail-above=-5 k8.moetrace k8.moetrace
refused "--k=3: no request of k8.moetrace has this k; it has 8" diff --k 3 k8.moetrace k8.moetrace
refused "dump takes one trace or directory, and got k8.moetrace and dir" dump k8.moetrace dir
refused "export needs --format" export -o x.json k8.moetrace
refused "export needs --output" export -f chrome k8.moetrace
refused "--from=soon: give a time from the start of the trace" export --from soon -f chrome -o x.json k8.moetrace
refused "--to is before --from" export --from 2s --to 1s -f chrome -o x.json k8.moetrace
refused "x.txt: give a name that ends in .sqlite" export -f nsys-sqlite -o x.txt k8.moetrace
refused "k8.moetrace: is an input of this command" export -f chrome -o k8.moetrace k8.moetrace
refused "no/x.json: cannot be written" export -f chrome -o no/x.json k8.moetrace
refused "record needs a command" record
refused "record needs a command" record --level full --
refused "--memory=7: give a whole number from 8 to 65536" record --memory 7 true
refused "--time-limit=soon: give a number of seconds" record --time-limit soon true
refused "--cupti=no.so: No such file or directory; give a libcupti.so" record --cupti no.so true

# ---- Where nothing can be written to ----

unwritable() {
    local c
    for c in --help --version help "${commands[@]/%/ --help}" "${commands[@]/%/ --version}" "report k8.moetrace" "dump k8.moetrace" \
        "report --format json k8.moetrace" "diff k8.moetrace k8.moetrace" "export -f chrome -o x.json --force k8.moetrace"; do
        # shellcheck disable=SC2086
        "$moetrace" $c >/dev/full 2>"$work/err"
        [ $? -eq 2 ] && [ "$(cat "$work/err")" = "moetrace: standard output could not be written: No space left on device" ] ||
            echo "$c: $(cat "$work/err")"
        # shellcheck disable=SC2086
        "$moetrace" $c >&- 2>"$work/err"
        [ $? -eq 2 ] && grep -q "standard output could not be written" "$work/err" && [ "$(wc -l <"$work/err")" -eq 1 ] ||
            echo "$c, closed: $(cat "$work/err")"
        # A pipe that nobody reads: the signal ends it; where that is ignored, the line says so.
        # shellcheck disable=SC2086
        (trap '' PIPE && { sleep 0.05 && "$moetrace" $c 2>"$work/err"; echo $? >"$work/status"; } | true)
        [ "$(cat "$work/status")" -eq 2 ] && grep -q "could not be written: Broken pipe" "$work/err" &&
            [ "$(wc -l <"$work/err")" -eq 1 ] || echo "$c, nobody reads: $(cat "$work/err")"
    done
}
if [ -e /dev/full ]; then
    none "a full disk, a closed output and a pipe that nobody reads" unwritable
else
    skip "a full disk, a closed output and a pipe that nobody reads" "no /dev/full on this machine"
fi
"$BUILD/run_native" --help >/dev/full 2>"$work/err"
is "run_native --help on a full disk ends with status 1" $? 1
is "and one line" "$(cat "$work/err")" "run_native: standard output could not be written: No space left on device"

# ---- What is not wrong ----

same() { cmp <("$moetrace" "${@:2}" 2>&1) <(eval "$moetrace $1" 2>&1); }
ok "an abbreviated option" same "report --form=csv k8.moetrace" report --format csv k8.moetrace
ok "short options in one word" same "report -t3 -fcsv k8.moetrace" report --top=3 --format=csv k8.moetrace
ok "options after the trace" same "report k8.moetrace --top 3" report --top 3 k8.moetrace
ok "a trace whose name begins with a dash" same "report -- ./k8.moetrace" report ./k8.moetrace
ok "--k lists the available requests" "$moetrace" report --k 8 k8.moetrace
cp k8.moetrace -- -k8.moetrace
ok "behind --" "$moetrace" report -- -k8.moetrace
done_testing

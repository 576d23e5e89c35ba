#!/usr/bin/env bash
# Where the system or the target leaves no room: the target goes on as without the recorder, what is lost is said or
# counted, and what was written reads.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

limited() { # limited NAME COMMAND...: output and status are as without the recorder; standard error may have one line
    local name=$1
    same_as_bare "$@"
    ok "$name: at most one line is printed" test "$(grep -vc '^done$' "$work/$name.err")" -le 1
    ok "$name: lines are the recorder's only" test -z "$(grep -v '^moetrace: ' "$work/$name.err" | grep -v '^done$')"
}
await() { # await NAME: its trace is there
    for _ in $(seq 100); do
        [ "$(trace_count "$1")" = 0 ] || return 0
        sleep 0.05
    done
}
reads() { ok "$1: dump" dump "$1"; }
last_line() { tail -n 1 "$work/$1.dump"; }
odd=$helpers/odd_ranges

# NVTX.
limited huge "$odd" huge && reads huge
is "huge: pushes and pops" "$(number_of huge push),$(number_of huge pop)" 3,3
is "huge: the cut name is counted" "$(counter huge string.cut)" 1
limited invalid "$odd" invalid && reads invalid
is "invalid: pushes" "$(number_of invalid push)" 4
ok "invalid: report" "$moetrace" report "$work/invalid"
limited unbalanced "$odd" unbalanced && reads unbalanced
is "unbalanced: pushes and pops" "$(number_of unbalanced push),$(number_of unbalanced pop)" 2,4
ok "unbalanced: report" "$moetrace" report "$work/unbalanced"
limited nested "$odd" nested && reads nested
is "nested: pushes, pops, lost" "$(number_of nested push),$(number_of nested pop),$(counter nested host.dropped)" \
    100000,100000,0
ok "nested: report" "$moetrace" report "$work/nested"
MOETRACE_MEMORY=8 run little "$odd" nested && reads little
is "little: exit status" "$status" 6
is "little: the recorder names the setting when anything is lost" "$(grep -c 'used up.*MOETRACE_MEMORY' "$work/little.err")" \
    "$(($(counter little host.dropped) > 0))"
is "little memory: what is there and what was lost" \
    $(($(number_of little push) + $(number_of little pop) + $(counter little host.dropped))) 200000

# Ranges in a signal handler that interrupts everything, the recorder too.
if [ -n "$SAN" ]; then
    skip "handlers" "a sanitizer holds signals back"
else
    run handlers "$odd" handlers
    is "handlers: exit status" "$status" 6
    ok "handlers: dump" dump handlers
    made=$(sed -n 's/ ranges$//p' "$work/handlers.err")
    is "handlers: pushes and pops, there and lost" \
        "$(($(number_of handlers push) + $(number_of handlers pop) + $(counter handlers host.dropped)))" $((2 * made))
    is "handlers: as many pops as pushes" "$(number_of handlers pop)" "$(number_of handlers push)"
    is "handlers: nothing is open, no end without a beginning" "$(python3 "$counts" nesting "$work/handlers.dump")" "open at the end:"
fi

# Descriptors.
limited close-all "$odd" close-all && reads close-all
is "close-all: marks" "$(number_of close-all mark)" 2
(
    ulimit -n 64
    limited descriptors "$odd" descriptors
    echo "$tap_count $tap_failed" >"$work/tap.counts"
)
read -r tap_count tap_failed <"$work/tap.counts"
ok "descriptors: the loss is reported" grep -q 'Too many open files' "$work/descriptors.err"

# No memory from the system, for the target and the recorder alike.
if [ -n "$SAN" ]; then
    skip "no memory" "a sanitizer's own runtime takes more address space than any limit leaves"
else
    bare memory.bare "$odd" nested
    for kib in 12000 20000 40000; do
        (
            ulimit -v $kib
            LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/memory$kib exec timeout -k 2 "$(time_limit 20)" "$odd" nested
        ) >"$work/memory$kib.out" 2>"$work/memory$kib.err"
        is "$kib KiB: exit status" $? 6
        ok "$kib KiB: output" cmp "$work/memory.bare.out" "$work/memory$kib.out"
        ok "$kib KiB: the recorder prints one line, and nothing else is printed" test "$(wc -l <"$work/memory$kib.err")" -le 1
        if [ "$(trace_count memory$kib)" != 0 ]; then
            ok "$kib KiB: dump" dump memory$kib
            is "$kib KiB: what is there and what was lost" \
                $(($(number_of memory$kib push) + $(number_of memory$kib pop) + $(counter memory$kib host.dropped))) 200000
        fi
    done
fi

# Who may read the trace, and where it lies.
(
    umask 0
    run mode "$odd" huge
)
is "the trace is the owner's alone" "$(stat -c %a "$(traces mode)")" 600
echo precious >"$work/precious"
mkdir "$work/links"
bash -c 'ln -s "$1/precious" "$1/links/odd_ranges-$$.moetrace"; export LD_PRELOAD=$2 MOETRACE_OUTPUT=$1/links; exec "$3" huge' \
    - "$work" "$(preload)" "$odd" >/dev/null 2>&1
is "a link in the trace's place is not followed" "$(cat "$work/precious")" precious
is "a link in the trace's place: the trace lies beside it" "$(find "$work/links" -type f -name 'odd_ranges-*-2.moetrace' | wc -l)" 1
bash -c 'export LD_PRELOAD=$2 MOETRACE_OUTPUT=$1/named/inside; exec -a ../../evil/.. "$3" huge' - "$work" "$(preload)" "$odd" >/dev/null 2>&1
is "no program's name leads out of the directory" "$(cd "$work/named" && find . -type f | sed 's/[0-9][0-9]*/N/')" "./inside/_.-N.moetrace"

# The output directory.
unwritable() { # unwritable NAME DIRECTORY WHY
    bare "$1.bare" "$helpers/cuda_launches" 4 400 5
    run ignored true
    status=0
    LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$2 timeout -k 2 "$(time_limit 20)" "$helpers/cuda_launches" 4 400 5 >"$work/$1.out" \
        2>"$work/$1.err" || status=$?
    is "$1: exit status" "$status" 5
    ok "$1: output" cmp "$work/$1.bare.out" "$work/$1.out"
    is "$1: one line is said" "$(grep -c '^moetrace: ' "$work/$1.err")" 1
    ok "$1: the warning states the reason" grep -q "$3" "$work/$1.err"
}
touch "$work/file"
unwritable not_a_directory "$work/file" "Not a directory"
unwritable below_a_file "$work/file/deeper" "Not a directory"
unwritable proc /proc/moetrace "No such file"
unwritable long "$work/$(printf 'x%.0s' {1..300})" "too long"
ok "a directory that is missing is made" run made/a/b "$odd" huge || true

LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/removed timeout -k 2 "$(time_limit 20)" "$odd" lasting >"$work/removed.out" 2>"$work/removed.err" &
await removed
rm -rf "$work/removed"
status=0
wait $! || status=$?
is "removed: exit status" "$status,$(cat "$work/removed.out")" 6,lasting
is "removed: one line is said" "$(grep -c '^moetrace: ' "$work/removed.err")" 1
ok "removed: the file is not created again" test ! -e "$work/removed"

LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/replaced timeout -k 2 "$(time_limit 20)" "$odd" lasting >/dev/null 2>"$work/replaced.err" &
await replaced
trace=$(traces replaced)
rm -f "$trace"
echo "somebody's" >"$trace"
wait $!
is "replaced: another file in its place is left alone" "$(tr -d '\0' <"$trace" | head -c 100)" "somebody's"

# Opening a FIFO waits for its reader, who never comes.
LD_PRELOAD=$(preload) MOETRACE_OUTPUT=$work/fifo timeout -k 2 "$(time_limit 20)" "$odd" lasting >"$work/fifo.out" 2>"$work/fifo.err" &
await fifo
trace=$(traces fifo)
rm -f "$trace"
mkfifo "$trace"
status=0
wait $! || status=$?
is "a FIFO in its place: exit status" "$status,$(cat "$work/fifo.out")" 6,lasting
is "a FIFO in its place: one line is said" "$(grep -c '^moetrace: ' "$work/fifo.err")" 1

# A full disk, as a limit on file size: the signal that comes with it must not reach the target.
full() { # full NAME BLOCKS COMMAND...
    local name=$1 blocks=$2 library
    library=$(preload)
    shift 2
    (
        ulimit -f "$blocks"
        LD_PRELOAD=$library MOETRACE_OUTPUT=$work/$name exec timeout -k 2 "$(time_limit 20)" "$@" 2>&1
    ) | cat >"$work/$name.out"
    status=${PIPESTATUS[0]}
}
# Slow launches, so that the first of what is written fits.
FAKE_CUDA_LAUNCH_NS=100000 full full 100 "$helpers/cuda_launches" 4 400 5
is "full: exit status" "$status" 5
is "full: output" "$(grep -c '^range' "$work/full.out")" 24
is "full: one line is said" "$(grep -c '^moetrace: .*File too large' "$work/full.out")" 1
reads full
is "full: nothing torn" "$(last_line full | grep -c ' damaged=0 ')" 1
ok "full: the part that fitted is there" test "$(number_of full api)" -gt 100
ok "full: report" "$moetrace" report "$work/full"
if [[ $SAN == *thread* ]]; then
    skip "none" "the thread sanitizer's own runtime does not start where no file may grow"
else
    full none 0 "$odd" huge
    is "none: exit status" "$status" 6
    is "none: no empty trace is left" "$(find "$work/none" -type f 2>/dev/null | wc -l)" 0
fi
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

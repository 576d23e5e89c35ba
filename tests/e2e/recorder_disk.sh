#!/usr/bin/env bash
# A disk that stalls or is full. While it stalls memory gives out; the target never waits for it, ranges stay paired, and
# what is lost is counted. What fits on a full one is there, whole, with the trace's end.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
odd=$helpers/odd_disk
preload() { # with the disk behind all else
    local lib=$BUILD/libmoetrace.so
    case $SAN in
    *address*) lib=$(gcc -print-file-name=libasan.so):$lib ;;
    *thread*) lib=$(gcc -print-file-name=libtsan.so):$lib ;;
    esac
    echo "$lib:$fake/libdisk.so"
}
nesting() { python3 "$counts" nesting "$work/$1.dump"; }
events() { grep -cE '^(push|pop|start|end|mark) ' "$work/$1.dump"; }

stalled() { # stalled NAME ARGUMENTS...
    local name=$1
    shift
    FAKE_DISK_GATE=$work/$name.gate run "$name" "$odd" "$@"
    is "$name: exit status" "$status" 6
    is "$name: output" "$(cat "$work/$name.out")" "$1"
    is "$name: standard error" "$(cat "$work/$name.err")" \
        "${MOETRACE_MEMORY:+moetrace: the memory limit of 8 MiB is used up, and events are lost; raise MOETRACE_MEMORY (--memory)}"
    ok "$name: dump" dump "$name"
    is "$name: all finished" "$(grep -c ' ended=no$' "$work/$name.dump")" 0
}
MOETRACE_MEMORY=8 stalled starved starved
ok "starved: something was lost, as the test needs" test "$(counter starved host.dropped)" -gt 1000
is "starved: what is open" "$(nesting starved | grep -E '^(after|last|open)')" "after: kept, span 2
last:
open at the end:"
is "starved: no end without a beginning" "$(nesting starved | grep unpaired)" ""
is "starved: pairs" "$(number_of starved push),$(number_of starved pop),$(number_of starved start),$(number_of starved end)" 3,3,2,2
waits=$(grep -c 'name="waiting"' "$work/starved.dump")
is "starved: what is there and what was lost" $(($(events starved) - waits + $(counter starved host.dropped))) $((300000 + 18))
MOETRACE_MEMORY=8 stalled deep deep
ok "deep: something was lost, as the test needs" test "$(counter deep host.dropped)" -gt 1000
is "deep: ranges that are open" "$(nesting deep | sed -n 's/^after: //p' | tr , '\n' | grep -c .)" 90
is "deep: the outer ones by name" "$(nesting deep | sed -n 's/^after: //p' | cut -d, -f38-41)" " a37, a38, a39, b0"
is "deep: all are closed" "$(nesting deep | grep -E '^(last|open|unpaired)')" "last:
open at the end:"
stalled fork fork
is "fork does not wait for the disk: both have a trace" "$(trace_count fork)" 2
is "fork: marks" "$(grep '^mark ' "$work/fork.dump" | grep -o 'name="[^w"]*"' | sort | paste -sd ' ')" 'name="before" name="child" name="parent"'

# A disk with so much room.
for bytes in 64 600 2000 20000 60000; do
    name=room$bytes
    FAKE_DISK_BYTES=$bytes run "$name" "$odd" lasting
    is "$name: exit status" "$status" 6
    is "$name: output" "$(cat "$work/$name.out")" lasting
    is "$name: one line is said" "$(grep -c '^moetrace: .*No space left' "$work/$name.err")" 1
    size=$(stat -c %s "$(traces "$name")")
    ok "$name: memory stays within the limit" test "$size" -le "$bytes"
    ok "$name: dump" dump "$name"
    is "$name: nothing torn" "$(grep -c '^read .* damaged=0 ' "$work/$name.dump")" 1
done
for bytes in 20000 60000; do
    name=room$bytes
    size=$(stat -c %s "$(traces "$name")")
    # A chunk of host events is some 3 KiB: one that does not fit, and one that made room for the end.
    ok "$name: the memory is used" test "$size" -ge $((bytes - 12000))
    is "$name: the trace has its end" "$(grep -c ' ended=yes$' "$work/$name.dump")" 1
    ok "$name: losses are counted" test "$(counter "$name" file.lost_bytes)" -gt 1000
    ok "$name: the program is named" grep -q '^meta "program" "odd_disk"' "$work/$name.dump"
    ok "$name: the report states it" grep -q 'This trace is not complete' <("$moetrace" report --all "$work/$name")
done

# A disk that is full for a while: what has no room in memory is lost as whole ranges, and counted.
MOETRACE_MEMORY=16 FAKE_DISK_FULL=$work/is-full run again "$odd" full
is "full for a while: exit status" "$status" 6
is "full for a while: one line is said" "$(grep -c '^moetrace: .*No space left' "$work/again.err")" 1
ok "full for a while: dump" dump again
ok "full for a while: something was lost, as the test needs" test "$(counter again host.dropped)" -gt 1000
is "full for a while: what is there and what was lost" $(($(events again) + $(counter again host.dropped))) $((1200000 + 13))
is "full for a while: nothing was given up behind the counting" "$(counter again file.lost_bytes)" 0
is "full for a while: pairs" "$(grep -cE '^meta "(program|recorder|level|clock|note.file)"' "$work/again.dump")" 5
is "full for a while: late events, by name" "$(grep -oE '^push .*name="(late|on another thread)"' "$work/again.dump" | grep -c .)" 2
ok "full for a while: every thread is known" test "$(grep -c '^thread ' "$work/again.dump")" -ge 2
is "full for a while: no name is missing" "$(grep -cE '^(push|mark) .*name=(-|[0-9?])' "$work/again.dump")" 0
is "full for a while: the end" "$(nesting again | tail -n 2)" "last:
open at the end:"
done_testing

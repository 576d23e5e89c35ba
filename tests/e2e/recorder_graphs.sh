#!/usr/bin/env bash
# CUDA graphs: each replayed kernel leads, by its node's id and that node's original, to the range in which it was
# captured; also when the capture was not profiled.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

graphs() { # graphs NAME THREADS REPLAYS: output and status as without the recorder; nothing is said
    local name=$1
    shift
    bare "$name.bare" "$helpers/cuda_graphs" "$@"
    run "$name" "$helpers/cuda_graphs" "$@"
    is "$name: exit status" "$status" 9
    ok "$name: output" cmp "$work/$name.bare.out" "$work/$name.out"
    is "$name: standard error" "$(cat "$work/$name.err")" ""
    ok "$name: dump" dump "$name"
    is "$name: nothing that no trace should have" "$(problems "$name")" ""
    $emulator "$helpers/trace_graphs" "$(traces "$name")" | sort >"$work/$name.graphs"
}
MOETRACE_CAPTURE=all graphs one 1 3
is "one thread: captured and launched where they were" "$(cat "$work/one.graphs")" "$(sort "$work/one.out")"
MOETRACE_CAPTURE=all graphs many 4 5
is "four threads: captured and launched where they were" "$(cat "$work/many.graphs")" "$(sort "$work/many.out")"
MOETRACE_CAPTURE=all MOETRACE_LEVEL=full graphs full 2 2
is "level full: captured and launched where they were" "$(cat "$work/full.graphs")" "$(sort "$work/full.out")"
# sample.0, with the capture in it, and sample.2 are not profiled.
graphs alternate 1 3
is "an unprofiled capture: captured and launched where they were" "$(cat "$work/alternate.graphs")" \
    "$(grep -v '\.2$' "$work/alternate.out" | sort)"
ok "report reads the trace" "$moetrace" report "$work/alternate"
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

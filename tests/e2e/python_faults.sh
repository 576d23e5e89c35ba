#!/usr/bin/env bash
# The Python helper under a fault in each of its functions in turn: the program computes what it computes without, and one line says that the
# helper stopped.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/python.sh
source "$(dirname "$0")/../python.sh"
if [ -z "$have_torch" ]; then
    skip "faults in the Python helper" "$why_no_torch"
    done_testing
    exit
fi
mkdir "$work/runs"
torch_python tests/python/faults.py >"$work/without" 2>&1
record_python "$work/traces" -- tests/python/faults.py "$work/runs" >"$work/with" 2>"$work/with.err"
functions=$(find "$work/runs" -type f | wc -l)
ok "there are functions to try" [ "$functions" -gt 50 ]
is "each process ended well" "$(tail -n 1 "$work/with")" "$functions"
different=$(for run in "$work/runs"/*; do grep -qxF "$(tail -n 1 "$work/without")" "$run" || basename "$run"; done)
is "with a fault in whichever function the program computes the same" "$different" ""
traces=$(find "$work/traces" -type f | wc -l)
stopped=$(for trace in "$work/traces"/*; do "$moetrace" dump "$trace" | grep -m 1 '^meta "note.annotate'; done | grep -c "the Python helper stopped: RuntimeError: a fault of the test's")
ok "the helper reported it where it was called ($stopped of $traces)" [ "$stopped" -ge 25 ]
unbalanced=$(for trace in "$work/traces"/*; do "$moetrace" dump "$trace" | awk '/^push/ {n++} /^pop/ {n--} n < 0 {bad = 1} END {exit !(bad || n)}' && echo "$trace"; done)
is "ranges are whole in all of them" "$unbalanced" ""
done_testing

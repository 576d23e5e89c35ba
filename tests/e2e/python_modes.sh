#!/usr/bin/env bash
# Ways in which unchanged Python programs run a model on a CPU: what they compute is the same, ranges are whole, and phases and steps are
# those of the program.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
# shellcheck source=tests/python.sh
source "$(dirname "$0")/../python.sh"
if [ -z "$have_torch" ]; then
    skip "Python programs" "$why_no_torch"
    done_testing
    exit
fi

# What the ranges of a mode's first request must be: its prefill and steps, each with its tokens.
declare -A wanted=(
    [generate]="prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
    [static]="prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
    [static_compiled]="prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
    [two_models]="prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1, prefill 12, decode.0 1, decode.1 1, decode.2 1"
    [nocache]="prefill 12, decode.0 13, decode.1 14, decode.2 15, decode.3 16"
    [chunked]="prefill 0, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
    [beams]="prefill 36, decode.0 3, decode.1 3, decode.2 3, decode.3 3"
    [batch]="prefill 48, decode.0 4, decode.1 4, decode.2 4, decode.3 4"
    [assisted]="prefill 12, decode.0 13, decode.1 2, decode.2 2, decode.3 2, decode.4 2, decode.5 2, decode.6 2"
    [prompt_lookup]=""
    [sampled]="prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
    [loop]="prefill 12, decode.0 1, decode.1 1, decode.2 1"
    [loop_compiled]="prefill 12, decode.0 1, decode.1 1, decode.2 1"
    [loop_static]="prefill 12, decode.0 1, decode.1 1, decode.2 1"
    [loop_nocache]="prefill 12"
    [base]="prefill 12"
    [train]="none"
    [exception]="prefill 12"
    [threads]=""
    [streamed]=""
    [kept_whole]=""
    [own_ranges]="prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
    [own_requests]="none"
    [own_phases]="decode.0, decode.1, decode.2, prefill 12, decode.0 1, decode.1 1, decode.2 1, decode.3 1"
)
modes=(generate static static_compiled two_models nocache chunked beams batch assisted prompt_lookup sampled loop loop_compiled loop_static loop_nocache base train exception threads
    streamed kept_whole own_ranges own_requests own_phases)

phases() { # phases TRACE: of the first request of the first thread; fails when ranges do not balance
    "$python" - "$("$moetrace" dump "$1" | grep -E '^(push|pop|counter|thread) ')" <<'PY'
import re, sys
depth, lost, seen, over = {}, 0, [], False
for line in sys.argv[1].splitlines():
    thread = re.search(r"thread=(\d+)", line)
    if line.startswith("push"):
        name, payload = re.search(r'name="([^"]*)"', line)[1], re.search(r"payload=(\S+)", line)[1]
        depth[thread[1]] = depth.get(thread[1], 0) + 1
        over = over or name.startswith("sample.")
        if not over and re.fullmatch(r"vision|prefill|decode\.\d+", name):
            seen.append(name + (f" {payload}" if payload != "-" else ""))
    elif line.startswith("pop"):
        depth[thread[1]] -= 1
        assert depth[thread[1]] >= 0, "a pop without a push"
    elif re.match(r'counter "(host.dropped|string.lost)" [^0]', line):
        lost += 1
assert not any(depth.values()) and not lost, (depth, lost)
print(", ".join(seen) or "none")
PY
}

torch_python tests/python/modes.py "${modes[@]}" >"$work/without" 2>"$work/without.err" &
record_python "$work/traces" -- tests/python/modes.py "${modes[@]}" >"$work/with" 2>"$work/with.err"
wait
is "what the programs compute is the same to the last bit" "$(grep -v '^#' "$work/with")" "$(grep -v '^#' "$work/without")"
is "all of them end well" "$(grep '^#' "$work/with" | grep -v ' 0$')" ""
is "nothing is said" "$(grep moetrace "$work/with.err" | grep -v '^moetrace record: ')" ""
whole() { # whole MODE TRACE: its ranges are whole, and begin as they must, where that does not depend on threads and chance
    local found=none
    if [ -e "$2" ]; then
        found=$(phases "$2") || return
    fi
    echo "$found"
    [ -z "${wanted[$1]}" ] || [ "$found" = "${wanted[$1]}" ]
}
while read -r _ mode pid _; do
    ok "$mode: prefill and steps" whole "$mode" "$(compgen -G "$work/traces/*-$pid.moetrace")"
done < <(grep '^#' "$work/with")

# The package by itself, with the recorder beside it, and with a recorder that annotates nothing: NVTX's ranges then.
torch_python tests/python/plain.py >"$work/plain" 2>&1
ok "the package runs without the recorder" grep -q '^\[222' "$work/plain"
for annotate in auto off; do
    is "... computes the same with it (--annotate=$annotate)" "$(record_python "$work/plain-$annotate" --annotate=$annotate -- \
        tests/python/plain.py 2>"$work/plain.err")" "$(cat "$work/plain")"
    is "... and its requests are there" "$("$moetrace" dump "$work/plain-$annotate" | grep -cE '^push .*"(warmup|sample)\.[0-9]"')" 3
done

# torch.compile: the same graphs and breaks.
torch_python tests/python/compile.py >"$work/compiled" 2>"$work/compiled.err" &
record_python "$work/traces" -- tests/python/compile.py >"$work/compiled-with" 2>"$work/compiled-with.err"
wait
ok "programs that compile run" [ "$(wc -l <"$work/compiled")" -eq 7 ]
is "what they compute, graphs and breaks are the same" "$(cat "$work/compiled-with")" "$(cat "$work/compiled")"
done_testing

#!/usr/bin/env bash
# What is profiled: GPU work and calls are recorded there only, ranges everywhere, and a mark stands before each switch.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
target=$helpers/cuda_requests

profiled() { # profiled NAME ARGUMENTS...: output and status as without the recorder; nothing is said
    local name=$1
    shift
    bare "$name.bare" "$target" "$@"
    run "$name" "$target" "$@"
    is "$name: exit status" "$status" 4
    ok "$name: output" cmp "$work/$name.bare.out" "$work/$name.out"
    is "$name: standard error" "$(cat "$work/$name.err")" ""
    ok "$name: dump" dump "$name"
    is "$name: nothing that no trace should have" "$(problems "$name")" ""
}
# The ranges that have kernels, with how many: `decode.0=1 inner=3`.
kernels() { ranges "$1" | awk '{split($4, k, "="); if (k[2]) printf "%s%s=%s", n++ ? " " : "", $3, k[2]}'; }
# Ranges that have calls.
called() { awk '/^push/ {match($0, /name="[^"]*"/); name = substr($0, RSTART + 6, RLENGTH - 7)} /^api/ && !seen[name]++ {printf "%s%s", n++ ? " " : "", name}' "$work/$1.dump"; }
# Switches and pushes in the order of the trace: `warm off sample.0 on sample.1`.
story() {
    grep -E '^push |^mark .*domain="moetrace"' "$work/$1.dump" | sed 's/^.* time=\([-0-9]*\) name="\([^"]*\)".*/\1 \2/' |
        sort -n | sed 's/^[^ ]* //; s/^watch //' | paste -sd ' '
}

# Requests, every second one.
profiled auto requests sample
is "auto: kernels" "$(kernels auto)" "sample.1=2 sample.3=4 sample.5=6 tail=8 warm=9"
is "auto: calls" "$(called auto)" "warm sample.1 sample.3 sample.5 tail"
is "auto: marks" "$(story auto)" "warm off sample.0 on sample.1 off sample.2 on sample.3 off sample.4 on sample.5 tail"
MOETRACE_CAPTURE=auto profiled auto-other requests other
is "auto, no requests: kernels" "$(kernels auto-other)" "other.0=1 other.1=2 other.2=3 other.3=4 other.4=5 other.5=6 tail=8 warm=9"
is "auto, no requests: no marks" "$(number_of auto-other mark)" 0
MOETRACE_CAPTURE=all profiled all requests sample
is "all: kernels" "$(kernels all)" "sample.0=1 sample.1=2 sample.2=3 sample.3=4 sample.4=5 sample.5=6 tail=8 warm=9"
is "all: no marks" "$(number_of all mark)" 0
MOETRACE_CAPTURE=alternate profiled alternate requests sample
is "alternate: kernels" "$(kernels alternate)" "sample.1=2 sample.3=4 sample.5=6 tail=8"
is "alternate: marks" "$(story alternate)" "off warm sample.0 on sample.1 off sample.2 on sample.3 off sample.4 on sample.5 tail"
MOETRACE_CAPTURE=alternate profiled never requests other
is "alternate, no requests: no kernels, no calls" "$(kernels never)$(called never)" ""
is "alternate, no requests: every range" "$(number_of never push)" 8
MOETRACE_REQUEST='job-[a-c].*' profiled glob requests job-b
is "a glob for requests: kernels" "$(kernels glob)" "job-b.1=2 job-b.3=4 job-b.5=6 tail=8 warm=9"
MOETRACE_REQUEST='job-[a-c].*' profiled glob-other requests job-d
is "a glob that nothing matches: no marks" "$(number_of glob-other mark)" 0
MOETRACE_LEVEL=full profiled full requests sample
is "level full: kernels" "$(kernels full)" "sample.1=2 sample.3=4 sample.5=6 tail=8 warm=9"
MOETRACE_LEVEL=phases profiled phases requests sample
is "level phases: calls that wait, everywhere" "$(called phases)" "warm sample.0 sample.1 sample.2 sample.3 sample.4 sample.5 tail"
ok "report reads the trace" "$moetrace" report "$work/auto"

# Windows.
export MOETRACE_CAPTURE_RANGE='decode.*'
profiled windows windows
is "windows: kernels" "$(kernels windows)" "b=5 decode.0=1 decode.1=2 inner=3 outside-a=4"
is "windows: marks" "$(story windows)" "off before on decode.0 decode.1 inner decode.2 outside-a b off outside-b"
profiled overlap overlap
is "a window that ends inside another domain's range: kernels" "$(kernels overlap)" "decode.0=1 decode.1=3 inside=4"
profiled unclosed unclosed
is "a window that nobody closes ends with its thread: kernels" "$(kernels unclosed)" "decode.0=1"
is "a window that nobody closes: marks" "$(number_of unclosed mark)" 3
MOETRACE_CAPTURE=all profiled windows-none requests sample
is "no such window: no kernels, no calls" "$(kernels windows-none)$(called windows-none)" ""
unset MOETRACE_CAPTURE_RANGE

# The profiler's switch.
MOETRACE_START=paused profiled paused profiler
is "paused: kernels" "$(kernels paused)" "first=2 second=4"
is "paused: marks" "$(story paused)" "off before on first off between on second off after"
for whose in driver hidden; do
    for level in kernels full; do
        MOETRACE_LEVEL=$level MOETRACE_START=paused profiled "paused-$whose-$level" profiler $whose
        is "paused, $whose switch, level $level: kernels" "$(kernels "paused-$whose-$level")" "first=2 second=4"
        is "paused, $whose switch, level $level: marks" "$(story "paused-$whose-$level")" \
            "off before on first off between on second off after"
    done
done
MOETRACE_LEVEL=phases MOETRACE_START=paused profiled paused-phases profiler driver
is "paused, level phases: calls that wait" "$(called paused-phases)" "first second"
profiled not-paused profiler
is "not paused: kernels" "$(kernels not-paused)" "after=5 before=1 between=3 first=2 second=4"

# A target that says itself when to watch. Before it first does, CUPTI is not touched beyond a subscription.
first_enabled() { head -n 1 "$work/$1.enabled" 2>/dev/null || echo none; }
end_of() { awk -v n="name=\"$2\"" '/^push / && index($0, n) {inside = 1} /^pop / && inside {match($0, /time=[0-9]+/); print substr($0, RSTART + 5, RLENGTH - 5); exit}' "$work/$1.dump"; }
mark_on() { awk '/^mark / && /name="watch on" domain="moetrace"/ {match($0, /time=[0-9]+/); print substr($0, RSTART + 5, RLENGTH - 5); exit}' "$work/$1.dump"; }
first_watch() { awk '/^meta / && /cupti.first_watch/ {gsub(/"/, ""); sub(/.*[= ]/, ""); print; exit}' "$work/$1.dump"; }
export FAKE_CUPTI_ENABLED=$work/directed.enabled
profiled directed directed
is "directed: kernels" "$(kernels directed)" "sample.2=3 sample.3=4"
is "directed: calls" "$(called directed)" "sample.2 sample.3"
is "directed: marks" "$(story directed)" "off warm sample.0 sample.1 nothing that is known on sample.2 sample.3 off sample.4"
ok "directed: CUPTI is not touched before" test "$(first_enabled directed)" -gt "$(end_of directed sample.1)"
ok "directed: CUPTI is used when profiling begins" test "$(first_enabled directed)" -le "$(mark_on directed)"
ok "directed: the trace has the time" test "$(first_watch directed)" -le "$(first_enabled directed)" -a "$(first_watch directed)" -gt "$(end_of directed sample.1)"
FAKE_CUPTI_ENABLED=$work/alternate.enabled MOETRACE_CAPTURE=alternate profiled directed-alternate directed
is "alternate overrules the target: kernels" "$(kernels directed-alternate)" "sample.1=2 sample.3=4"
FAKE_CUPTI_ENABLED=$work/all.enabled MOETRACE_CAPTURE=all profiled directed-all directed
is "all overrules the target: kernels" "$(kernels directed-all)" "sample.0=1 sample.1=2 sample.2=3 sample.3=4 sample.4=5 warm=9"
is "all overrules the target: its marks are not taken for the recorder's" "$(story directed-all)" \
    "warm sample.0 sample.1 nothing that is known sample.2 sample.3 sample.4"
export FAKE_CUPTI_ENABLED=$work/never.enabled
MOETRACE_START=paused profiled paused-never requests sample
is "paused for ever: CUPTI is not touched" "$(first_enabled never)" none
MOETRACE_CAPTURE=alternate profiled alternate-never requests other
is "no request: CUPTI is not touched" "$(first_enabled never)" none
unset FAKE_CUPTI_ENABLED
# Refused when watching begins.
FAKE_CUPTI_FAULT=enable run refused "$target" directed
is "refused late: exit status" "$status" 4
ok "refused late: output" cmp "$work/directed.bare.out" "$work/refused.out"
is "refused late: one line is said" "$(grep -c '^moetrace: kernels are not recorded: CUPTI refuses' "$work/refused.err")" 1
ok "refused late: dump" dump refused
is "refused late: nothing was profiled" "$(story refused)" "off warm sample.0 sample.1 nothing that is known sample.2 sample.3 sample.4"

# Refused when watching begins again: what was recorded before is kept, and CUPTI is as it was.
FAKE_CUPTI_FAULT=late run again "$target" directed-twice
is "refused again: exit status" "$status" 4
is "refused again: one line is said" "$(grep -c '^moetrace: kernels are not recorded: CUPTI refuses' "$work/again.err")" 1
ok "refused again: dump" dump again
is "refused again: the kernels of the first window" "$(kernels again)" "sample.0=1"
is "refused again: nothing lost that is not counted" "$(counter again gpu.dropped)" 0

# The target's own word counts, whatever requests come at the same moment.
overruled=0
for i in $(seq 15); do
    run "contested.$i" "$target" contested
    dump "contested.$i"
    [ "$(ranges "contested.$i" | grep -c ' end kernels=[1-9]')" -eq 0 ] || overruled=$((overruled + 1))
done
is "the target's own word is not overruled" "$overruled" 0

# A limit in time. The writer looks every 50 ms.
MOETRACE_TIME_LIMIT=0.3 profiled limit lasting 700
is "limit: every range" "$(number_of limit push)" 70
ok "limit: kernels of some 0.3 s" test "$(number_of limit kernel)" -ge 10 -a "$(number_of limit kernel)" -le 45
is "limit: the end is marked" "$(grep -c '^mark .*name="watch off" domain="moetrace"' "$work/limit.dump")" 1
profiled no-limit lasting 200
is "no limit: kernels" "$(number_of no-limit kernel)" 20

# Values that are none: one line, and the default.
for setting in MOETRACE_LEVEL=most MOETRACE_CAPTURE=some MOETRACE_START=later MOETRACE_MEMORY=lots MOETRACE_MEMORY=-5 \
    MOETRACE_MEMORY=1 MOETRACE_TIME_LIMIT=soon MOETRACE_TIME_LIMIT=-1 MOETRACE_TIME_LIMIT=nan; do
    status=0
    env "$setting" LD_PRELOAD="$(preload)" MOETRACE_OUTPUT="$work/$setting" timeout "$(time_limit 20)" "$target" requests sample \
        >"$work/$setting.out" 2>"$work/$setting.err" || status=$?
    is "$setting: exit status" "$status" 4
    ok "$setting: output" cmp "$work/auto.bare.out" "$work/$setting.out"
    is "$setting: one line is said" "$(grep -c . "$work/$setting.err")" 1
    ok "$setting: the warning names the value and the replacement" grep -q "^moetrace: $setting: must be .*; using " "$work/$setting.err"
    ok "$setting: dump" dump "$setting"
    is "$setting: as by default" "$(kernels "$setting")" "$(kernels auto)"
done
MOETRACE_LEVEL=most MOETRACE_TIME_LIMIT=soon run two "$target" requests sample
is "two such values: one line" "$(grep -c . "$work/two.err")" 1
ok "two such values: both are named" grep -q 'MOETRACE_LEVEL=most.*MOETRACE_TIME_LIMIT=soon' "$work/two.err"
MOETRACE_LEVLE=full MOETRACE_TORCH=/nowhere run misspelt "$target" requests sample
is "a variable that is no setting: one line names it" "$(cat "$work/misspelt.err")" \
    "moetrace: MOETRACE_LEVLE is not a setting (moetrace record --help lists all)"
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

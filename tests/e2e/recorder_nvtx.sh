#!/usr/bin/env bash
# All that NVTX has is in the trace: messages however they are given, payloads of each type, categories, names of
# resources; and requests and windows are found by their names however those are given.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
bare all.bare "$helpers/nvtx_all"
run all "$helpers/nvtx_all"
is "exit status" "$status" 7
ok "output" cmp "$work/all.bare.out" "$work/all.out"
is "standard error" "$(cat "$work/all.err")" ""
ok "dump" dump all

# events DOMAIN NAME: how many pushes, marks and starts there are.
events() {
    local kind n=()
    for kind in push mark start; do n+=("$(grep "^$kind " "$work/all.dump" | grep -F " name=\"$2\"" | grep -cF " domain=$1")"); done
    echo "${n[*]}"
}
for name in ascii 'wïde 🚀' registered 'régistered'; do
    is "default domain: $name" "$(events - "$name")" "2 2 2"
    is "own domain: $name" "$(events '"OTHER"' "$name")" "1 1 1"
done
for name in plain 'pläin'; do is "calls with a plain message: $name" "$(events - "$name")" "2 2 2"; done
is "a handle of nothing is no name" "$(grep -cE '^mark .* name=- ' "$work/all.dump")" 2
is "a domain with a wide name" "$(events '"WïDE"' 'in the wide domain')" "0 1 0"
is "as many pops and ends as pushes and starts" "$(number_of all pop),$(number_of all end)" "$(($(number_of all push) - 1)),$(number_of all start)"

# Another tool's injection gets the ranges, whoever it is; an empty variable names none.
NVTX_INJECTION64_PATH=$work/none.so run other "$helpers/nvtx_all"
is "another tool's ranges: exit status" "$status" 7
is "another tool's ranges: one line says whose they are" "$(cat "$work/other.err")" "moetrace: NVTX_INJECTION64_PATH is set: \
another tool ($work/none.so) receives the NVTX ranges of this process; none of them is recorded"
NVTX_INJECTION64_PATH='' run empty "$helpers/nvtx_all"
is "nobody's: exit status and standard error" "$status $(cat "$work/empty.err")" "7 "
ok "no owner: dump" dump empty
is "nobody's: they are ours" "$(number_of empty push)" "$(number_of all push)"

id=$(grep '^start .*"across threads"' "$work/all.dump" | grep -o ' id=[0-9]*')
is "a range that ends on another thread" \
    "$(grep -E "^(start|end) .*$id( |\$)" "$work/all.dump" | grep -o '^[a-z]* thread=[0-9]*' | sort | paste -sd ' ')" "end thread=1 start thread=0"

payload() { grep '^mark ' "$work/all.dump" | grep -F " name=\"$1\"" | grep -o ' payload=[^ ]*'; }
while read -r name wanted; do is "payload: $name" "$(payload "$name")" " payload=$wanted"; done <<'E2'
u64 18446744073709551615
i64 -9223372036854775808
f64 -0.10000000000000001
u32 4294967295
i32 -2
f32 1.5
none -
E2
is "payload: 0 is one" "$(payload 'u32 0')" " payload=0"
is "payload: a type that NVTX does not have" "$(payload 'unheard of')" " payload=-"
is "category and colour" "$(grep -c 'name="with style" .*category=5 .*color=[^ ]*102030' "$work/all.dump")" 3

resource() { grep '^name ' "$work/all.dump" | grep -F " of=$1 id=$2 " | grep -o 'name="[^"]*".*' | sed 's/ domain=-$//'; }
while IFS='|' read -r of id wanted; do is "name of a $of" "$(resource "$of" "$id")" "$wanted"; done <<'E2'
category|3|name="third"
category|4|name="föurth"
category|5|name="fifth" domain="OTHER"
category|6|name="sïxth" domain="OTHER"
thread|77|name="thread"
thread|78|name="thréad"
device|1|name="device"
device|2|name="dévice"
context|16|name="context"
stream|32|name="stream"
stream|33|name="stréam"
event|48|name="event"
event|49|name="évent"
other|64|name="mutéx" domain="OTHER"
E2

# Requests and windows, by each kind of message.
kernels() { ranges "$1" | awk '{split($4, k, "="); if (k[2]) printf "%s%s=%s", n++ ? " " : "", $3, k[2]}'; }
for how in plain wide attributes registered registered-wide; do
    run "requests-$how" "$helpers/cuda_requests" requests sample $how
    ok "$how: dump" dump "requests-$how"
    is "$how: every second request is profiled" "$(kernels "requests-$how")" "sample.1=2 sample.3=4 sample.5=6 tail=8 warm=9"
    MOETRACE_CAPTURE_RANGE='decode.*' run "windows-$how" "$helpers/cuda_requests" windows "" $how
    ok "$how: dump of windows" dump "windows-$how"
    is "$how: windows are profiled" "$(kernels "windows-$how")" "b=5 decode.0=1 decode.1=2 inner=3 outside-a=4"
done
is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

#!/usr/bin/env bash
# The sentences of the report's verdict: each where it is right, and each left out on a capture in which it would be wrong.
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
data=$PWD/tests/data
cp "$data/native/small_config.json" "$work"
cd "$work" || exit

# verdict [OPTION=VALUE]... [-- OPTION...]: the trace's verdict and doubts, as KEY: SENTENCE
verdict() {
    local made=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        made+=("$1")
        shift
    done
    [ $# -eq 0 ] || shift
    "$python" "$data/verdict_traces.py" trace.json "${made[@]}" || return 1
    "$moetrace" report -f json -S verdict -S doubts "$@" trace.json >tables.json || return 1
    "$python" - <<'PY'
import json
for table in json.load(open("tables.json"))["reports"][0]["tables"]:
    for key, _, value in table["rows"]:
        print(f"{table['id']}.{key}: {value}")
PY
}
# has NAME PATTERN ARGUMENT...: a line of the verdict matches
has() {
    local name=$1 pattern=$2
    shift 2
    verdict "$@" >said 2>&1
    grep -qE "^$pattern" said
    tap $? "$name"
    grep -qE "^$pattern" said || sed 's/^/# /' said
}
# lacks NAME PATTERN DOUBT ARGUMENT...: none does, and what is uncertain says why
lacks() {
    local name=$1 pattern=$2 doubt=$3 status
    shift 3
    verdict "$@" >said 2>&1 && ! grep -qE "^$pattern" said && { [ -z "$doubt" ] || grep -qE "^doubts.$doubt" said; }
    status=$?
    tap "$status" "$name"
    [ "$status" -eq 0 ] || sed 's/^/# /' said
}

echo "# cost of k"
has "tokens take twice as long at k = 8" 'verdict.cost: A decoded token takes 2.00. ms at k = 8, 2.00 times the 1.00. ms at k = 1; each additional expert costs 0.14'
lacks "too few requests" 'verdict.cost' 'few: Only 5 requests at some k' n=5
lacks "noise is greater than the difference" 'verdict.cost' 'noise' noise=0.6 ms=1,1.1
lacks "k had no effect on the experts that ran" 'verdict.(cost|free)' 'k: No more experts ran' active=2
has "no line describes the samples: the slope is left out" 'verdict.cost: .* times the 1.00. ms at k = 1.$' ks=1,2,8 ms=1,2,1.5
lacks "a faster k is nothing that k costs" 'verdict.(cost|free)' 'noise: .*or the larger k is the faster one' ms=2,1
lacks "one k" 'verdict.(cost|free)' '' ks=8 ms=1

echo "# a larger k for free"
has "at most 5 % longer" 'verdict.free: A k up to 4 is free: a decoded token takes at most [0-4]\.. % longer than at k = 1' ks=1,2,4,8 ms=1,1,1.01,2
has "at every k" 'verdict.free: Every k up to 8 is free' ms=1,1
lacks "10 % are not free" 'verdict.free' '' ms=1,1.1
lacks "latencies that differ by more than the difference allowed" 'verdict.free' 'noise' ms=1,1 noise=0.2
lacks "latencies that drift" 'verdict.free' 'variation: Of 4 latencies .* 4 drift' ms=1,1 drift=0.05 noise=0 n=12
lacks "a slow k between" 'verdict.free: .* (4|8) is' '' ks=1,2,4 ms=1,2,1

echo "# what limits it"
has "the host" 'verdict.limit: The host limits decode at k = 8: the GPU is idle for 80 % of the time; its work takes 0.400 of the 2.000 ms'
lacks "profiling may be what made the host slow" 'verdict.limit' 'bottleneck: The GPU is idle for 55 %' busy=0.45
lacks "no GPU work" 'verdict.(limit|help)' 'bottleneck: .* lack of: GPU work' gpu=0
lacks "no shapes" 'verdict.limit' "bottleneck: .* lack of: the model's shapes" busy=0.9
shapes=(--model small_config.json --dtype bf16 --prompt-tokens 10)
peaks() { # peaks BANDWIDTH FLOPS
    echo "{\"device\": \"any\", \"memory_bytes_per_s\": $1, \"flops\": {\"bf16\": $2}}" >peaks.json
}
peaks 1e11 1e14
"$moetrace" report -f json -S bottleneck "${shapes[@]}" --peaks peaks.json trace.json >tables.json
rates() {
    "$python" - <<'PY'
import json
table = json.load(open("tables.json"))["reports"][0]["tables"][0]
last = dict(zip([column["name"] for column in table["columns"]], table["rows"][-1]))
print(f"{last['bandwidth_percent'] * 1e9:.0f} {last['flops_percent'] * 1e12:.0f}")
PY
}
read -r bandwidth flops <<<"$(rates)" # what the trace reaches, bytes and FLOPs per second
times() { awk -v x="$1" -v y="$2" 'BEGIN {printf "%.6g", x * y}'; }
peaks "$(times "$bandwidth" 1.25)" "$(times "$flops" 50)"
has "memory bandwidth" 'verdict.limit: Memory bandwidth limits decode at k = 8: while busy the GPU reaches 80 % of its peak bandwidth' \
    busy=0.9 -- "${shapes[@]}" --peaks peaks.json
has "a larger batch would help" 'verdict.help: A larger batch, as the weights that are read are used at 2 % of' busy=0.9 -- "${shapes[@]}" --peaks peaks.json
peaks "$(times "$bandwidth" 1.25)" "$(times "$flops" 2.5)"
lacks "not where the FLOP/s are used, too" 'verdict.help' '' busy=0.9 -- "${shapes[@]}" --peaks peaks.json
peaks "$(times "$bandwidth" 50)" "$(times "$flops" 1.25)"
has "compute" 'verdict.limit: Compute limits decode at k = 8: while busy the GPU reaches 80 % of its peak FLOP/s' busy=0.9 -- "${shapes[@]}" --peaks peaks.json
lacks "for which nothing here would help" 'verdict.help' '' busy=0.9 -- "${shapes[@]}" --peaks peaks.json
peaks "$(times "$bandwidth" 10)" "$(times "$flops" 10)"
has "neither" 'verdict.limit: Neither host nor a peak limits decode at k = 8: the GPU is busy for 90 % of the time, at 10 % .* and 10 %' \
    busy=0.9 -- "${shapes[@]}" --peaks peaks.json
lacks "beyond the peaks: they are not those of the run" 'verdict.limit' 'peaks' busy=0.9 -- "${shapes[@]}" --peaks <(peaks "$(times "$bandwidth" 0.5)" "$flops"; cat peaks.json)

echo "# what would help"
has "CUDA graphs and grouped experts" 'verdict.help: CUDA graphs, as a decoded token takes 70 calls .*; grouped experts, as each additional expert launches 5 more'
lacks "graphs are in use" 'verdict.help' '' graph=1
lacks "few launches" 'verdict.help: CUDA graphs' '' kernels=10 per_k=0
lacks "a prefill is no graph" 'verdict.help: CUDA graphs' '' phase=prefill
has "but its experts may be grouped" 'verdict.help: Grouped experts' phase=prefill
lacks "a busy GPU" 'verdict.help' '' busy=0.9
lacks "kernels do not grow with k" 'verdict.help: .*rouped' '' per_k=0
lacks "no ranges of experts" 'verdict.help: .*rouped' '' experts=0
has "the host waits while the GPU is idle" 'verdict.help: Fewer synchronizing calls, in which the GPU is idle for 1\.' sync=0.6
lacks "in which case graphs are not the answer" 'verdict.help: .*CUDA graphs' '' sync=0.6

# Unprofiled requests show that it is not the profiling.
gunzip -c "$data/golden/small_auto.moetrace.gz" >auto.moetrace
ok "--all prints the values of the screen" diff <(COLUMNS=300 "$moetrace" report auto.moetrace | grep -E '^(cost of k|bottleneck|would help)' | tr -s ' ') \
    <(COLUMNS=300 "$moetrace" report -S verdict auto.moetrace | tail -n +2 | grep . | sed 's/^ *//' | tr -s ' ' | grep -E '^(cost of k|bottleneck|would help)')
done_testing

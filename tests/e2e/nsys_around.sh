#!/usr/bin/env bash
# `nsys profile` around a target that runs under the recorder: the target's output and exit status are what they are with
# neither, nsys's own trace is whole, and ours is whole or one line says why it is not. There is no GPU here: nsys records
# NVTX ranges.
set -u
# shellcheck source=tests/native.sh
source "$(dirname "$0")/../native.sh"
# shellcheck source=tests/nsys.sh
source tests/nsys.sh
profile_options=(-s none --cpuctxsw none)
[ -z "$SAN" ] || nsys='' no_nsys="nsys does not run beside a sanitizer's runtime"
if [ -n "$nsys" ] && ! "$nsys" profile -t nvtx "${profile_options[@]}" -o "$work/try" true >"$work/try.log" 2>&1; then
    nsys='' no_nsys="nsys profile does not run here: $(tail -n 1 "$work/try.log")"
fi
if [ -z "$nsys" ]; then
    skip "nsys profile around the recorder" "${no_nsys#setup: }"
    done_testing
fi
library=$(preload)
# What the target writes goes to files of its own, beside nsys's.
# shellcheck disable=SC2016
apart=(sh -c 'name=$1; shift; exec "$@" >"$name.out" 2>"$name.err"' sh)

# The agents that nsys then leaves behind: those that have our home.
end_agents() {
    local process
    for process in /proc/[0-9]*; do
        if grep -qsa -e --start-agent "$process/cmdline" && tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF "HOME=$HOME"; then
            kill "${process#/proc/}"
        fi
    done
}
# profile NAME TRACED OPTION... -- COMMAND...: under nsys, which watches TRACED. On a busy machine nsys now and then gives up
# before it starts its target ("End of file"), or writes a report without the target's ranges; then it is started again.
profile() {
    local name=$1 traced=$2 options=() status _
    shift 2
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    for _ in 1 2 3; do
        timeout "$(time_limit 60)" "$nsys" profile -t "$traced" "${profile_options[@]}" -o "$work/$name" "${options[@]}" "${apart[@]}" "$work/$name" "$@" \
            >"$work/$name.log" 2>&1
        status=$?
        if [ -e "$work/$name.out" ]; then
            [[ $traced == *nvtx* && $name != plain ]] || break
            counts "$name" >"$work/$name.counts"
            [ ! -s "$work/$name.counts" ] || break
            echo "# $name: nsys has no ranges; it says:"
            tail -n 5 "$work/$name.log" "$work/$name.export" 2>&1 | sed 's/^/# /'
        fi
        rm -f "$work/$name".{nsys-rep,sqlite,out,err} "$work/$name"*.t
        end_agents
    done
    return $status
}
counts() { # counts NAME: how many ranges of each name nsys has
    "$nsys" export --type sqlite -o "$work/$1.sqlite" "$work/$1.nsys-rep" >"$work/$1.export" 2>&1 &&
        "$nsys" stats -q -r nvtx_sum -f csv "$work/$1.sqlite" | awk -F, '/PushPop/ {print $NF, $3}' | sort
}
output() { sed -E "${mask:-}" "$work/$1.out"; }

# What holds of every run NAME with the recorder, which ended with STATUS. Its line says why ranges are missing in our trace.
holds() { # holds NAME STATUS
    is "$1: exit status" "$2" "$bare_status"
    [ "$2" -eq "$bare_status" ] || sed 's/^/# /' "$work/$1.log" | tail -n 5
    is "$1: the target's output" "$(output "$1")" "$(output "$target-bare")"
    ok "$1: nsys has the same ranges as without the recorder" cmp "$work/$target-alone.counts" "$work/$1.counts"
    is "$1: one line, which says that we have none" \
        "$(cat "$work/$1.err" "$work/$1.log" | grep -a moetrace: | sed -E 's/\(.*\)/(X)/')" \
        "moetrace: NVTX_INJECTION64_PATH is set: another tool (X) receives the NVTX ranges of this process; none of them is recorded"
}
around() { # around NAME COMMAND...: every way to have both
    local traced
    target=$1
    shift
    "$@" >"$work/$target-bare.out" 2>"$work/$target-bare.err"
    bare_status=$?
    profile "$target-alone" nvtx -- "$@"
    is "$target: under nsys alone its status is its own" $? "$bare_status"
    for traced in nvtx nvtx,cuda; do
        LD_PRELOAD=$library MOETRACE_OUTPUT=$work/$target-out-$traced.t profile "$target-out-$traced" $traced -- "$@"
        holds "$target-out-$traced" $?
    done
    profile "$target-in" nvtx -e "LD_PRELOAD=$library,MOETRACE_OUTPUT=$work/$target-in.t" -- "$@"
    holds "$target-in" $?
    profile "$target-record" nvtx -- "$moetrace" record -o "$work/$target-record.t" -- "$@"
    holds "$target-record" $?

    # nsys that does not ask for ranges leaves them to us.
    LD_PRELOAD=$library MOETRACE_OUTPUT=$work/$target-ours.t profile "$target-ours" cuda -- "$@"
    is "$target-ours: exit status" $? "$bare_status"
    is "$target-ours: the target's output" "$(output "$target-ours")" "$(output "$target-bare")"
    is "$target-ours: nothing is said" "$(cat "$work/$target-ours.err" "$work/$target-ours.log" | grep -a moetrace:)" ""
    "$moetrace" dump "$work/$target-ours.t" 2>/dev/null | sed -nE 's/^push .* name="([^"]*)" domain=- .*/\1/p' | sort | uniq -c |
        awk '{n = $1; sub(/^ *[0-9]+ /, ""); print $0, n}' | sort >"$work/$target-ours.counts"
    ok "$target-ours: the trace has the ranges of nsys" diff "$work/$target-alone.counts" "$work/$target-ours.counts"
}

for threads in one threads; do
    around "$threads" "$BUILD/tests/nvtx_requests" 3000 $threads
    # What the target says of itself, in nsys's trace.
    is "$threads: nsys's trace has the ranges that were made" \
        "$(awk '{n += $NF} END {print "ranges " n}' "$work/$threads-alone.counts")" "$(head -n 1 "$work/$threads-bare.out")"
done
if [ -n "$no_torch" ]; then
    skip "run_native on the CPU" "$no_torch"
else
    tiny_model "$work" && tiny_tensors tiny_a_request "$work/request.safetensors" || exit
    mask='s/[0-9]+\.[0-9]+/N/g; s/ +/ /g'
    around native "$run" --torch "$torch" --device cpu --checkpoint "$work" --request "$work/request.safetensors" --top-k 1,3 --warmup 1 \
        --samples 2 --max-new-tokens 3 --output-dir "$work"
fi

# Programs that have nothing to do with NVTX are told nothing.
plain() {
    LD_PRELOAD=$library profile plain nvtx,cuda -- "$python" -c 'import subprocess; subprocess.run(["ls", "/"]); raise SystemExit(4)'
    [ $? -eq 4 ] && [ "$(cat "$work/plain.out")" = "$(ls /)" ] && [ ! -s "$work/plain.err" ]
}
ok "a target without ranges: nothing is printed" plain
end_agents
done_testing

#!/usr/bin/env bash
# moetrace diff: what it concludes from two runs, and how often that is wrong.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
tmp=$work

pair() { "$python" tests/data/analysis_diff.py "$@"; }
row() { grep -E " $1\$" "$tmp/diff.txt"; }

# The same kernels under their mangled names, and as torch.profiler has them.
other_names() {
    pair write "$tmp/plain.moetrace" 1 && pair write "$tmp/names.moetrace" 2 slow=1.2 names=demangled &&
        "$moetrace" diff "$tmp/plain.moetrace" "$tmp/names.moetrace" >"$tmp/diff.txt" || return 1
    grep -q '3 of 3 by change' "$tmp/diff.txt" && ! grep -q 'only [AB]' "$tmp/diff.txt" &&
        row 'attn<float>' | grep -qE '^128  128 .* 1\.(19|2)[0-9]* .* <0.001  slower ' && row gemm | grep -qE '^320  320 '
}

# A change of the whole, a change of chance, and one of which nobody knows.
fails() {
    local status
    "$python" tests/data/analysis_sweep.py write "$tmp/a.moetrace" plain &&
        "$python" tests/data/analysis_sweep.py write "$tmp/b.moetrace" slower || return 1
    "$moetrace" diff --fail-above 5% "$tmp/a.moetrace" "$tmp/b.moetrace" >/dev/null 2>"$tmp/said.txt"
    status=$?
    cat "$tmp/said.txt"
    [ "$status" -eq 1 ] && [ "$(wc -l <"$tmp/said.txt")" -eq 1 ] &&
        grep -qE '^moetrace: --fail-above=5%: the median of decode(/token)? at k=8 grew by (19|20)\.[0-9] %$' "$tmp/said.txt" &&
        "$moetrace" diff --fail-above 30% "$tmp/a.moetrace" "$tmp/b.moetrace" >/dev/null
}

unknown() {
    local status
    pair write "$tmp/few_a.moetrace" 5 samples=16 && pair write "$tmp/few_b.moetrace" 1 samples=3 || return 1
    "$moetrace" diff --fail-above 0% "$tmp/few_a.moetrace" "$tmp/few_b.moetrace" >"$tmp/diff.txt" 2>"$tmp/said.txt"
    status=$?
    cat "$tmp/diff.txt" "$tmp/said.txt"
    [ "$status" -eq 2 ] && grep -q 'too few samples to decide' "$tmp/said.txt" &&
        [ "$(grep -c ' too few *$' "$tmp/diff.txt")" -ge 6 ] && ! grep -qE '^ *[0-9].* (slower|faster)( |$)' "$tmp/diff.txt"
}

ok "intervals and p-values of experts and kernels are numpy's" \
    pair intervals "$moetrace" "$tmp/x.moetrace" "$tmp/y.moetrace"
ok "runs of the same workload rarely differ" pair alarms "$moetrace" "$tmp"
ok "launches outside phases: few false differences, 10 % is found, intervals are numpy's" \
    "$python" tests/data/diff_launches.py "$moetrace" "$tmp" 120
ok "kernels are matched by demangled names where one side has no others" other_names
ok "--fail-above names what grew" fails
ok "too few samples give no verdict" unknown
done_testing

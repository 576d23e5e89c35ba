#!/usr/bin/env bash
# The sweep as one object, against numpy; moetrace verify and diff; rules; the formats.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
tmp=$work

agrees() {
    "$python" tests/data/analysis_sweep.py check "$moetrace" "$tmp/check.moetrace" "$1"
}

# The experiment's file keeps its shape, its latencies are the unprofiled ones, and the profiling overhead stands beside.
json_of_alternate() {
    "$moetrace" report --all --json "$tmp/alternate.json" "$tmp/alternate.moetrace" >"$tmp/alternate.txt" &&
        grep -q '^Latencies are the durations of unprofiled requests' "$tmp/alternate.txt" &&
        "$python" - "$tmp/alternate.json" <<'PY'
import json, sys
for entry in json.load(open(sys.argv[1])):
    assert list(entry) == ["top_k", "prefill", "profiled", "overhead", "decode", "decode_per_token"], list(entry)
    for phase, d in entry["overhead"].items():
        assert d["unprofiled_P50"] == entry[phase]["P50"] and d["profiled_P50"] == entry["profiled"][phase]["P50"]
        assert d["n_profiled"] == d["n_unprofiled"] == 12
        assert abs(d["ratio"] - d["profiled_P50"] / d["unprofiled_P50"]) < 1e-12
        assert d["ratio_low"] < d["ratio"] < d["ratio_high"]
PY
}

# verify KIND STATUS PATTERN: the exit status, and a line of the output.
verifies() {
    local status
    "$moetrace" verify "$tmp/$1.moetrace" >"$tmp/verify.txt" 2>&1
    status=$?
    cat "$tmp/verify.txt"
    [ "$status" -eq "$2" ] && grep -qF -- "$3" "$tmp/verify.txt"
}

verify_prompt() {
    "$moetrace" verify --prompt-tokens 10 "$tmp/plain.moetrace" >/dev/null || return 1
    "$moetrace" verify --prompt-tokens 11 "$tmp/plain.moetrace" >"$tmp/verify.txt"
    [ $? -eq 1 ] && grep -qF 'top_k=1, warmup.0, prefill, layer 0: 10 routed tokens, but k x 11 tokens are 11' "$tmp/verify.txt"
}

# Two prompts of 5 tokens, or a k of 4 that ran as 2: only who made them knows.
verify_flat() {
    verifies flat 1 'top_k=4, prefill: routed tokens over k make prompts of 5 tokens, but of 10 at top_k=1;' &&
        "$moetrace" verify --prompt-tokens any "$tmp/flat.moetrace" >/dev/null || return 1
    "$moetrace" verify --prompt-tokens 10 "$tmp/flat.moetrace" >/dev/null
    [ $? -eq 1 ]
}

# The verdict on an export for Nsight Systems is that on the trace.
# Each process of a directory is judged, and one without experts is left out.
verify_directory() {
    mkdir -p "$tmp/ranks" && cp "$tmp/plain.moetrace" "$tmp/ranks/0.moetrace" && cp "$tmp/foreign.moetrace" "$tmp/ranks/2.moetrace" &&
        "$moetrace" verify "$tmp/ranks" >"$tmp/verify.txt" && [ "$(grep -c 'All checks passed.' "$tmp/verify.txt")" -eq 1 ] || return 1
    cp "$tmp/odd.moetrace" "$tmp/ranks/1.moetrace"
    "$moetrace" verify "$tmp/ranks" >"$tmp/verify.txt"
    [ $? -eq 1 ] && grep -qF 'Violation: ' "$tmp/verify.txt" && grep -qF 'All checks passed.' "$tmp/verify.txt"
}
verify_capture() {
    local kind
    for kind in plain wrong-k; do
        "$moetrace" export -f nsys-sqlite -o "$tmp/$kind.sqlite" "$tmp/$kind.moetrace" || return 1
        cmp <("$moetrace" verify "$tmp/$kind.moetrace" && echo holds) \
            <("$moetrace" verify "$tmp/$kind.sqlite" && echo holds) || return 1
    done
}

diffs() {
    "$moetrace" diff "$tmp/plain.moetrace" "$tmp/slower.moetrace" >"$tmp/diff.txt" || return 1
    [ "$(grep -c ' slower$' "$tmp/diff.txt")" -eq 2 ] || return 1 # decode and decode/token at k = 8
    grep -qE '^8  decode  +24   24 .* 1\.(19|20)[0-9] .* slower$' "$tmp/diff.txt" || return 1
    "$moetrace" diff --fail-above 30% "$tmp/plain.moetrace" "$tmp/slower.moetrace" >/dev/null || return 1
    "$moetrace" diff --fail-above 5% "$tmp/slower.moetrace" "$tmp/plain.moetrace" >/dev/null || return 1 # it is faster
    "$moetrace" diff --fail-above 0% "$tmp/plain.moetrace" "$tmp/again.moetrace" >"$tmp/diff.txt" || return 1
    grep -qE ' 1\.00[1-9] .* 0\.9[0-9]* ' "$tmp/diff.txt" || return 1 # something is slower, by chance
    "$moetrace" diff --fail-above 5% "$tmp/plain.moetrace" "$tmp/slower.moetrace" >/dev/null
    [ $? -eq 1 ] || return 1
    mkdir "$tmp/a" "$tmp/b" && cp "$tmp/plain.moetrace" "$tmp/a" && cp "$tmp/slower.moetrace" "$tmp/b" || return 1
    diff <("$moetrace" diff "$tmp/a" "$tmp/b" | tail -n +2) <("$moetrace" diff "$tmp/plain.moetrace" "$tmp/slower.moetrace" | tail -n +2)
}

cat >"$tmp/rules.json" <<'JSON'
{"rules": [{"name": "K{k}", "is": "top_k"},
           {"name": "stage-prefill", "is": "prefill"},
           {"name": "stage-dec*", "is": "decode"},
           {"name": "blk{layer}", "is": "layer"},
           {"name": "ffn[{expert}]", "is": "expert"}]}
JSON

# The same sweep under other names says the same, once rules name them.
rules() {
    "$moetrace" report --all "$tmp/foreign.moetrace" | grep -q 'no finished vision, prefill or decode' || return 1
    "$moetrace" report --rules "$tmp/rules.json" --format csv "$tmp/foreign.moetrace" | grep -v moetrace >"$tmp/one"
    "$moetrace" report --format csv "$tmp/plain.moetrace" | grep -v moetrace >"$tmp/two"
    sed -i -E 's,stage-prefill,prefill,; s,stage-dec(ode)?,decode,; s,blk(\*|[0-9]+),layer.\1,g; s,ffn\[(\*|[0-9]+)\],expert.\1,g' "$tmp/one"
    sed -i '/bytes/d' "$tmp/one" "$tmp/two"
    # Rows of equal times are in the order of their names.
    diff <(sort "$tmp/one") <(sort "$tmp/two") && "$moetrace" verify --rules "$tmp/rules.json" "$tmp/foreign.moetrace"
}

bad_rules() { # bad_rules PATTERN JSON
    echo "$2" >"$tmp/bad.json"
    refuses "$1" "$moetrace" report --rules "$tmp/bad.json" "$tmp/plain.moetrace"
}

refusals() {
    bad_rules 'not a JSON object' '{' && bad_rules 'not a JSON object' '{"rules": 3}' &&
        bad_rules 'rule 1 needs the texts' '{"rules": [{"name": "x"}]}' &&
        bad_rules 'rule 2 has an "is" that is not a role' \
            '{"rules": [{"name": "x", "is": "norm"}, {"name": "x", "is": "y"}]}' &&
        bad_rules 'rule 1 lacks the number' '{"rules": [{"name": "x", "is": "layer"}]}' &&
        bad_rules 'rule 1 holds a {...} other' '{"rules": [{"name": "x{l}", "is": "norm"}]}' &&
        bad_rules 'rule 1 has more than three' '{"rules": [{"name": "*a*b*c*", "is": "norm"}]}' &&
        bad_rules 'rule 1 is empty' '{"rules": [{"name": "", "is": "norm"}]}' &&
        refuses 'missing.json: the rules cannot be read' "$moetrace" report --rules "$tmp/missing.json" "$tmp/plain.moetrace" &&
        refuses '--format=html' "$moetrace" report --format html "$tmp/plain.moetrace" &&
        refuses 'needs a trace' "$moetrace" verify && refuses 'missing' "$moetrace" verify "$tmp/missing" &&
        refuses 'no expert.s range' "$moetrace" verify "$tmp/foreign.moetrace" &&
        refuses 'needs two traces' "$moetrace" diff "$tmp/plain.moetrace" &&
        refuses 'as a third' "$moetrace" diff "$tmp/plain.moetrace" "$tmp/plain.moetrace" x &&
        refuses 'missing' "$moetrace" diff "$tmp/plain.moetrace" "$tmp/missing" &&
        refuses '--fail-above=lots' "$moetrace" diff --fail-above lots "$tmp/plain.moetrace" "$tmp/plain.moetrace"
}

# Every format holds the same tables, but for one that is for programs alone; numbers are those of the JSON.
formats() {
    local format
    for format in json csv markdown latex; do
        "$moetrace" report --format $format "$tmp/alternate.moetrace" >"$tmp/report.$format" || return 1
    done
    "$python" - "$tmp/report" <<'PY'
import csv, re, sys
sys.path.insert(0, "tests/data")
from report_tables import load
path = sys.argv[1]
tables = list(load(path + ".json").values())
assert len(tables) > 10 and all(len(row) == len(t.columns) for t in tables for row in t.rows)
for t in tables:
    assert len(set(t.columns)) == len(set(t.titles)) == len(t.columns), t.titles
    assert all(re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in [t.id, *t.columns]), t.columns
blocks = re.split(r"^# ", open(path + ".csv").read(), flags=re.M)[1:]
assert len(blocks) == len(tables)
for block, t in zip(blocks, tables):
    title, body = block.split("\n", 1)
    rows = list(csv.reader(body.strip().split("\n")))
    assert title == f"{t.id}: {t.title}" and rows[0] == t.columns, title
    assert len(rows) - 1 == len(t.rows), title
    for got, want in zip(rows[1:], t.rows):
        for a, b in zip(got, want):
            number = isinstance(b, (int, float))
            assert abs(float(a) - b) <= 1e-12 * abs(b) if number else a == ("" if b is None else "'" * (b != "-" and b.startswith(("=", "+", "-", "@"))) + b), (a, b)
command = tables[0].facts()["command"]
assert command == "sweep \"1, 2\" | a_b & 5% {x} #\\", command
tables = [t for t in tables if t.id != "completeness_counts"]  # for programs alone
markdown = open(path + ".markdown").read()
assert r'"1, 2" \| a\_b & 5% {x} \#\\' in markdown
assert markdown.count("\n## ") == len(tables)
latex = open(path + ".latex").read()
assert r'"1, 2" $|$ a\_b \& 5\% \{x\} \#\char`\\{}' in latex
assert "\n{}[first] & second" in latex  # else it would be the space behind the line before
assert len(re.findall(r"\\begin\{table\*?\}", latex)) == len(re.findall(r"\\end\{table\*?\}", latex)) == len(tables)
TOP_TABLES = ("layer_kernels", "experts", "layer_experts", "kernels", "ranges", "layer_load", "expert_costs", "tail_causes")
for t, body in zip(tables, re.findall(r"\\begin\{tabular\}\{(.*?)\}(.*?)\\end\{tabular\}", latex, flags=re.S)):
    lines = [l for l in body[1].split("\n") if l.endswith("\\\\")]
    rows = min(10, len(t.rows)) if t.id in TOP_TABLES else len(t.rows)
    columns = [name for name in t.columns if name != "key"]  # likewise
    assert len(body[0]) == len(columns) and len(lines) == rows + 1  # programs get all rows
    assert all(len(re.findall(r"(?<!\\)&", l)) == len(columns) - 1 for l in lines)
PY
}

# All that a person reads fits, whatever the command.
width() {
    { "$moetrace" report --all --top 100 "$tmp/alternate.moetrace" && "$moetrace" verify "$tmp/plain.moetrace" &&
        "$moetrace" diff "$tmp/plain.moetrace" "$tmp/alternate.moetrace" | tail -n +2; } >"$tmp/wide.txt"
    ! grep -vE '^.{0,100}$' "$tmp/wide.txt" | grep -v moetrace
}

for kind in plain again slower alternate wrong-k odd greedy foreign flat absent cut; do
    "$python" tests/data/analysis_sweep.py write "$tmp/$kind.moetrace" $kind
done

ok "statistics, intervals, scaling and fits are numpy's" agrees plain
ok "drift and outliers cause warnings" agrees drift
ok "latencies of unprofiled requests, and the profiling overhead, are numpy's" agrees alternate
ok "a change of slope over k, as numpy has it" agrees bend
ok "no change of slope where there is none" agrees straight
ok "--json also has the profiling overhead" json_of_alternate
ok "verify: all hold" verifies plain 0 'All checks passed.'
ok "verify: half of k was applied" verifies wrong-k 1 \
    'top_k=4, warmup.0, decode, decode.0, layer 0: 2 routed tokens, but k x 1 token are 4'
ok "verify: a token too many in one layer" verifies odd 1 \
    'top_k=8, warmup.0, prefill, layer 1: 81 routed tokens are not a multiple of k'
ok "verify: one expert has more tokens than there are" verifies greedy 1 \
    'top_k=2, warmup.0, prefill, layer 0: one expert received 11 tokens, but there are only 10'
ok "verify: a layer without any expert in one step" verifies absent 1 \
    'top_k=2, sample.5, decode, layer 1: its experts received tokens in 2 of 3 steps'
ok "verify: a k without effect on prefill" verify_flat
ok "verify: requests that the end of the trace truncates are not checked" verifies cut 0 'All checks that could be made passed.'
ok "verify: unprofiled requests count too" verifies alternate 0 'All checks passed.'
ok "verify: --prompt-tokens" verify_prompt
ok "verify: each process of a directory" verify_directory
ok "verify: an export for Nsight Systems has the same verdict" verify_capture
ok "diff finds the slower entries only" diffs
ok "rules give other names their meaning" rules
ok "bad rules and wrong usage are refused" refusals
ok "every format holds the same tables" formats
ok "nothing is wider than a terminal" width
done_testing

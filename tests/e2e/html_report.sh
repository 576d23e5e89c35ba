#!/usr/bin/env bash
# moetrace report --html: the page in a real browser, and what is written when.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
browser=${CHROMIUM-$(command -v chromium-headless-shell chromium google-chrome | head -n 1)} # CHROMIUM= leaves the browser out

for kind in sweep hostile bare; do
    "$python" tests/data/html_traces.py "$work/$kind.moetrace" $kind || exit
    "$moetrace" report --all --html "$work/$kind.html" "$work/$kind.moetrace" >"$work/$kind.txt" || exit
done
unpack golden/small_all small_all
unpack golden/small_graphs small_graphs
model=(--model tests/data/native/small_config.json --dtype bf16 --prompt-tokens 20 --crops 2)
for name in small_all small_graphs; do
    "$moetrace" report "${model[@]}" --html "$work/$name.html" "$work/$name.moetrace" >/dev/null || exit
done

in_browser() { # in_browser NAME PAGE CHECK [ARGUMENT]
    local name=$1 page=$2
    shift 2
    if [ -z "$browser" ]; then
        skip "$name" "no Chromium here (package chromium-headless-shell), or CHROMIUM is empty"
    else
        ok "$name" "$python" tests/data/html_checks.py "$browser" "$work/$page.html" "$@"
    fi
}

# Strings of the page's data and what the report says as JSON are the same tables.
same_as_report() {
    "$moetrace" report --top 500 --format json "$work/sweep.moetrace" >"$work/sweep.json" &&
        "$python" - "$work/sweep.html" "$work/sweep.json" <<'PY'
import json, re, sys
sys.path.insert(0, "tests/data")
from report_tables import load
page = open(sys.argv[1]).read()
data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))
tables = load(sys.argv[2])
want = [t for t in tables.values() if t.id != "completeness_counts"]  # for programs alone
assert [t["id"] for t in data["tables"]] == [t.id for t in want]
for t, page in zip(want, data["tables"]):
    columns = [column["name"] for column in page["columns"]]
    assert columns == [name for name in t.columns if name != "key"], columns  # likewise
    assert [column["title"] for column in page["columns"]] == [title for title in t.titles if title != "key"]
    rows = [row for row in t.select(*columns) if t.id != "run" or row[0] != "command"]  # a page has no arguments
    assert [tuple(c[0] if isinstance(c, list) else c for c in row) for row in page["rows"]] == rows, t.id
    assert (page["title"], page.get("notes", "")) == (t.title, t.notes)
latency = {(k, phase): p50 for k, phase, p50 in tables["latency"].select("k", "phase", "p50_ms")}
figures = {f["id"]: f for f in data["figures"]}
token = figures["latency-token"]
assert token["values"] == [1, 2, 4, 8, 16, 32]
assert token["series"][0]["y"] == [latency[k, "decode/token"] for k in token["values"]]
ratios = {(k, phase): ratio for k, phase, ratio in tables["scaling"].select("k", "phase", "slowdown")}
assert [s["y"] for s in figures["scaling"]["series"] if s["name"] == "prefill"] == [[ratios[k, "prefill"] for k in token["values"]]]
tokens = sum(z for row in figures["experts-tokens"]["maps"][0]["z"] for z in row if z)
assert tokens == sum(n for n, in tables["layer_experts"].select("tokens"))
PY
}

# The requests that are shown are the median and the longest, with all their kernels.
timelines() {
    sed -n 's,.*id="data">\(.*\)</script>.*,\1,p' "$work/sweep.html" >"$work/data.json"
    "$python" tests/data/html_traces.py "$work/data.json" check
}

# Nothing of the file can end the data's element, and the file says where its charts come from.
is_sealed() {
    "$python" - "$work/hostile.html" <<'PY'
import re, sys
page = open(sys.argv[1], "rb").read()
page.decode("utf-8")
data = page[page.index(b'id="data">') + 10:]
data = data[:data.index(b"</script>")]
assert b"<" not in data and b"window.pwned = 1" in data
assert page.startswith(b"<!doctype html>") and b"Permission is hereby granted, free of charge" in page
assert len(re.findall(rb"<script", page)) >= 4 and page.rstrip().endswith(b"</html>")
assert len(page) < 6 << 20, len(page)
PY
}

report_refuses() { # report_refuses PATTERN ARGUMENTS...: status 2 and one line; the report itself may have been printed
    local pattern=$1
    shift
    "$moetrace" report "$@" >"$work/out" 2>"$work/err"
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q -- "$pattern" "$work/err" && return
    cat "$work/err"
    return 1
}

keeps_files() {
    cp "$work/sweep.moetrace" "$work/precious.moetrace"
    report_refuses 'is an input' --force --html "$work/precious.moetrace" "$work/precious.moetrace" || return 1
    cmp "$work/sweep.moetrace" "$work/precious.moetrace" || return 1
    report_refuses 'no such directory\|No such' --html "$work/no/such.html" "$work/sweep.moetrace" || return 1
    report_refuses 'is not a regular file' --html "$work" "$work/sweep.moetrace" || return 1
    report_refuses 'is no moetrace\|not a\|no trace' --html "$work/none.html" Makefile || return 1
    [ ! -e "$work/none.html" ] && [ -z "$(find "$work" -name '*.html.*')" ] &&
        "$moetrace" report --html "$work/sweep.html" "$work/sweep.moetrace" >/dev/null # an older page gives way
}

directory() {
    mkdir "$work/two"
    cp "$work/sweep.moetrace" "$work/two/b.moetrace"
    head -c 64 "$work/sweep.moetrace" >"$work/two/a.moetrace"
    "$moetrace" report --html "$work/two.html" "$work/two" >/dev/null && grep -q 'two/b.moetrace' "$work/two.html" || return 1
    cp "$work/sweep.moetrace" "$work/two/c.moetrace"
    report_refuses 'several traces with phases' --html "$work/three.html" "$work/two" && [ ! -e "$work/three.html" ]
}

# Names may hold any bytes; what programs read is UTF-8.
utf8() {
    local format
    for format in json csv; do
        "$moetrace" report --format $format --top 1000 --json "$work/names.json" --samples "$work/names.csv" "$work/hostile.moetrace" \
            >"$work/names.$format.out" || return 1
    done
    "$python" - "$work"/names.* <<'PY'
import json, sys
texts = {path: open(path, "rb").read().decode() for path in sys.argv[1:]}
assert any("\ufffd" in text for text in texts.values())
for path, text in texts.items():
    if "json" in path:
        json.loads(text)
PY
}

ok "the page's data is the report's" same_as_report
ok "output for programs is UTF-8 whatever bytes the names hold" utf8
ok "the time lines are those of the median and the P99 request" timelines
ok "the text report is unchanged" cmp "$work/sweep.txt" <("$moetrace" report --all "$work/sweep.moetrace")
ok "names of a trace cannot escape from the data" is_sealed
ok "a page overwrites no foreign file" keeps_files
ok "for a directory the page is of the process with phases" directory
in_browser "a sweep: every chart is drawn" sweep drawn latency-,scaling,efficiency,fit-,imbalance,tails-step,phases,prefill-decode,gpu-,parts-,experts-time,experts-tokens,overhead,time-median,time-p99
in_browser "a capture of an H100: every chart is drawn" small_all drawn latency-,experts-time,time-median,roofline
in_browser "a capture with CUDA graphs: every chart is drawn" small_graphs drawn latency-,time-p99
in_browser "one request without a k: every chart is drawn" bare drawn latency-,phases,time-median
in_browser "tables show the data" sweep same_numbers
in_browser "tables sort" sweep sorts
in_browser "hovering shows numbers" sweep hovers
in_browser "dark and light" sweep dark
in_browser "a phone's width" sweep phone
in_browser "it prints" sweep prints
in_browser "hostile names do nothing" hostile harmless
in_browser "hostile names: every chart is drawn" hostile drawn
done_testing

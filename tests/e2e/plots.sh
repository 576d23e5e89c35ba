#!/usr/bin/env bash
# moetrace plot: the files, what is in them, and what is left when it fails.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

for kind in sweep hostile bare; do
    "$python" tests/data/html_traces.py "$work/$kind.moetrace" $kind || exit
done
unpack golden/small_all small_all

# Each plot is four whole files, and the tables' numbers are what was drawn.
draws() {
    "$moetrace" plot -o "$work/plots" "$work/sweep.moetrace" >"$work/said" || return 1
    "$moetrace" report --format json --top 1000 "$work/sweep.moetrace" >"$work/report.json" &&
        "$python" - "$work/plots" "$work/report.json" "$work/said" <<'PY'
import csv, glob, os, re, struct, sys
import xml.etree.ElementTree as ET
sys.path.insert(0, "tests/data")
from report_tables import load
folder, report, said = sys.argv[1:]
names = [os.path.basename(p)[:-3] for p in glob.glob(folder + "/*.gp")]
assert open(said).read() == f"{len(names)} plots in {folder}, each as .svg, .png, .tsv and .gp\n"
assert sorted(os.listdir(folder)) == sorted(n + e for n in names for e in (".gp", ".tsv", ".svg", ".png"))
wanted = {"fit-prefill", "fit-token", "imbalance", "tails-step", "latency-prefill", "latency-decode", "latency-token", "scaling", "efficiency", "phases", "prefill-decode",
          "gpu-prefill", "gpu-token", "overhead", "parts-prefill", "parts-decode", "experts-time", "experts-time-k32",
          "experts-tokens", "experts-tokens-k1"}
assert wanted <= set(names), wanted - set(names)
tables = load(report)

def read(name):
    return list(csv.reader(open(f"{folder}/{name}.tsv"), delimiter="\t"))

head, *rows = read("latency-prefill")
assert head == ["k", "P50", "P50 low", "P50 high", "P95", "P99"], head
latency = {row["k"]: row for row in tables["latency"].records() if row["phase"] == "prefill"}
intervals = {row["k"]: row for row in tables["confidence"].records() if row["phase"] == "prefill"}
assert [int(r[0]) for r in rows] == [1, 2, 4, 8, 16, 32]
for k, p50, low, high, p95, p99 in ([float(x) for x in row] for row in rows):
    wanted = [latency[k][name] for name in ("p50_ms", "p95_ms", "p99_ms")] + [intervals[k][name] for name in ("p50_low_ms", "p50_high_ms")]
    for got, want in zip((p50, p95, p99, low, high), wanted):
        assert abs(got - want) <= 1e-12 * want, (k, got, want)
head, *rows = read("experts-tokens")
assert head == ["layer", "expert", "tokens"]
experts = tables["layer_experts"].select("layer", "expert", "tokens")
assert {(int(l), int(e)): float(n) for l, e, n in rows if n} == {(l, e): n for l, e, n in experts if n is not None}
for name in names:
    svg = ET.parse(f"{folder}/{name}.svg").getroot()
    assert svg.tag.endswith("svg") and len(list(svg.iter())) > 30, name
    png = open(f"{folder}/{name}.png", "rb").read()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and png[-8:-4] == b"IEND" and struct.unpack(">I", png[16:20])[0] >= 1280, name
points = len(re.findall(r"href='#gpPt6'", open(f"{folder}/scaling.svg").read()))
assert points == 2 * 6 + 2, points  # two series, and their marks in the key
cells = open(f"{folder}/experts-tokens.svg").read().count("<polygon")
assert cells >= sum(1 for r in rows if r[2]), cells
PY
}

# The script that lies beside draws the same again, by itself.
draws_again() {
    cp -r "$work/plots" "$work/again" && rm "$work/again"/*.svg "$work/again"/*.png &&
        (cd "$work/again" && for script in *.gp; do gnuplot -d "$script" || exit 1; done) &&
        for file in "$work/plots"/*.svg; do cmp "$file" "$work/again/${file##*/}" || return 1; done
}

others() {
    local name
    for name in hostile bare; do
        "$moetrace" plot -o "$work/$name" "$work/$name.moetrace" && [ -s "$work/$name/latency-prefill.svg" ] || return 1
    done
    "$moetrace" plot -o "$work/roof/" --model tests/data/native/small_config.json --dtype bf16 --prompt-tokens 20 --crops 2 \
        "$work/small_all.moetrace" && grep -q 'peak of the device' "$work/roof/roofline.tsv" &&
        [ "$(grep -c '^prefill	k = ' "$work/roof/roofline.tsv")" -eq 2 ]
}

plot_refuses() { # plot_refuses PATTERN ARGUMENT...: and leaves no unfinished folder
    refuses "$1" "$moetrace" plot "${@:2}" && [ -z "$(find "$work" -name "*.??????" -type d)" ]
}

# What is there stays: files of other names in any case, those of the same names when drawing fails.
keeps_files() {
    mkdir "$work/mine" "$work/mine/phases.svg" && echo mine >"$work/mine/notes.txt" && echo old >"$work/mine/scaling.tsv" || return 1
    plot_refuses 'phases.svg: exists and is not a regular file' --force -o "$work/mine" "$work/sweep.moetrace" || return 1
    [ "$(cat "$work/mine/scaling.tsv")" = old ] && rmdir "$work/mine/phases.svg" || return 1
    plot_refuses 'scaling.tsv: exists and is not a file of a plot' -o "$work/mine" "$work/sweep.moetrace" || return 1
    [ "$(cat "$work/mine/scaling.tsv")" = old ] || return 1
    "$moetrace" plot --force -o "$work/mine" "$work/sweep.moetrace" && "$moetrace" plot -o "$work/mine" "$work/sweep.moetrace" || return 1
    [ "$(cat "$work/mine/notes.txt")" = mine ] && [ "$(wc -l <"$work/mine/scaling.tsv")" -eq 7 ] || return 1
    plot_refuses 'is no directory' -o "$work/mine/notes.txt" "$work/sweep.moetrace" && [ "$(cat "$work/mine/notes.txt")" = mine ]
}

# A gnuplot that does as little as its name needs.
fake() { # fake SCRIPT
    mkdir -p "$work/fake"
    printf '#!/bin/sh\n[ "$1" = --version ] && exit 0\n%s\n' "$1" >"$work/fake/gnuplot"
    chmod +x "$work/fake/gnuplot"
}

failing_gnuplot() {
    fake 'for f in *.gp; do echo half >"${f%.gp}.svg"; done; echo; echo "line 3: it hurts" >&2; exit 1'
    PATH=$work/fake:$PATH plot_refuses 'gnuplot failed: line 3: it hurts' -o "$work/failed" "$work/sweep.moetrace" || return 1
    fake 'for f in *.gp; do echo half >"${f%.gp}.svg"; done'
    PATH=$work/fake:$PATH plot_refuses 'gnuplot made no .*.png' -o "$work/failed" "$work/sweep.moetrace" || return 1
    [ ! -e "$work/failed" ]
}

no_gnuplot() {
    mkdir -p "$work/empty"
    cat >"$work/run" <<RUN
PATH=$work/empty exec $moetrace plot -o $work/none $work/sweep.moetrace
RUN
    bash "$work/run" 2>"$work/err" # not through plot_refuses: its own tools are on the PATH
    [ $? -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q 'gnuplot cannot be run.*gnuplot-nox' "$work/err" && [ ! -e "$work/none" ]
}

refusals() {
    plot_refuses 'give --output' "$work/sweep.moetrace" && plot_refuses 'needs a trace' -o "$work/none" &&
        plot_refuses 'cannot be made' -o "$work/no/such/dir" "$work/sweep.moetrace" &&
        plot_refuses 'No such file' -o "$work/none" "$work/missing.moetrace" || return 1
    mkdir "$work/two" && cp "$work/sweep.moetrace" "$work/two/a.moetrace" && cp "$work/bare.moetrace" "$work/two/b.moetrace" &&
        plot_refuses 'several traces with phases' -o "$work/none" "$work/two" && [ ! -e "$work/none" ]
}

drawing() { # drawing NAME COMMAND: where gnuplot is
    if command -v gnuplot >/dev/null; then
        ok "$@"
    else
        skip "$1" "no gnuplot here (package gnuplot-nox)"
    fi
}

drawing "every plot is four whole files with the report's numbers" draws
drawing "the scripts draw the same again" draws_again
drawing "hostile names, a trace without k, a roofline" others
drawing "what is there stays" keeps_files
ok "a gnuplot that fails leaves nothing" failing_gnuplot
ok "without gnuplot the message names what to install" no_gnuplot
drawing "wrong usage is refused" refusals
done_testing

#!/usr/bin/env bash
# docs/report.md against the programs: the same tables by id, with the same columns in the same order, and the columns of the
# samples file.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
for name in small_auto small_alternate python_graph; do
    unpack "golden/$name" "$name"
done

print_tables() { # each command's tables into a file of its own
    local auto=$work/small_auto.moetrace name
    for name in small_auto small_alternate python_graph; do
        "$moetrace" report -f json "$work/$name.moetrace" >"$work/report_$name.json" || return
    done
    mkdir -p "$work/runs/run-2" && cp "$auto" "$work/runs/" && cp "$auto" "$work/runs/run-2/"
    "$moetrace" report -f json "$work/runs" >"$work/runs.json" || return
    "$python" tests/data/server_trace.py vllm 1 20 "$work/server.trace" >/dev/null &&
        "$moetrace" report -f json "$work/server.trace" >"$work/report_server.json" || return
    "$moetrace" report -f json "k=8:$work/server.trace" >"$work/report_sweep.json" || return
    "$moetrace" verify -f json "$auto" >"$work/verify.json" || return
    "$moetrace" diff -f json "$auto" "$work/small_alternate.moetrace" >"$work/diff.json" || return
    "$moetrace" flops -f json --prompt-tokens 326 molmoe-1b >"$work/flops.json" || return
    if [ -e "$BUILD/fake/libcuda.so.1" ]; then
        LD_LIBRARY_PATH="$BUILD/fake" "$moetrace" peaks -f json >"$work/peaks.json" || return
    fi
}
ok "every command prints its tables" print_tables
ok "docs/report.md has each table with its columns" "$python" - "$work"/*.json <<'PY'
import json, re, sys
documented = {}
for line in open("docs/report.md", encoding="utf-8"):
    if match := re.fullmatch(r"\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| [^|]* \| ([^|]*) \|\n", line):
        columns = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", match[2]))
        for table in re.findall(r"`(\w+)`", match[1]):
            documented[table] = columns
documented["layer_experts"] = ["layer", *documented["experts"]]
printed = {}
for path in sys.argv[1:]:
    whole = json.load(open(path, encoding="utf-8"))
    assert whole["schema"] == 1, path
    for report in whole["reports"]:
        for table in report["tables"]:
            printed[table["id"]] = [column["name"] for column in table["columns"]]
if "peaks" not in printed:
    documented.pop("peaks")
assert len(printed) > 30, sorted(printed)
different = [table for table in sorted(documented.keys() | printed.keys()) if documented.get(table) != printed.get(table)]
for table in different:
    print(f"{table}: docs/report.md has {documented.get(table)}, the program prints {printed.get(table)}")
sys.exit(bool(different))
PY
"$moetrace" report --list-sections -f json >"$work/sections.list"
if [ -e "$work/peaks.json" ]; then
    "$python" scripts/output_schema.py "$work/sections.list" "$work"/*.json >"$work/schema.md"
    [ -z "${SCHEMA:-}" ] || cp "$work/schema.md" "$SCHEMA"
    ok "docs/output-schema.md is what scripts/output_schema.py writes" diff docs/output-schema.md "$work/schema.md"
else
    skip "docs/output-schema.md is what scripts/output_schema.py writes" "no fake CUDA for moetrace peaks"
fi
documented_samples() { # the names in the first column of the table below the heading
    sed -n '/^## The samples file$/,/^## moetrace verify$/p' docs/report.md | grep '^| `' | cut -d'|' -f2 | grep -o '[a-z_]*' | paste -sd,
}
printed_samples() {
    "$moetrace" report --all --samples "$work/samples.csv" "$work/small_auto.moetrace" >"$work/report.txt" && head -n 1 "$work/samples.csv"
}
is "docs/report.md has the columns of the samples file" "$(documented_samples)" "$(printed_samples)"
done_testing

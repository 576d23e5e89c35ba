#!/usr/bin/env bash
# Traces made to harm whoever reads them: names that move a terminal's cursor, that are not UTF-8, or that take for ever.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

for case in escape-c1 escape-labels json-utf8-names demangle16; do
    gzip -dc "tests/data/cases/hostile-$case.moetrace.gz" >"$work/$case.moetrace"
done

# harmless FILE: is UTF-8 without any character that a terminal obeys
harmless() {
    "$python" - "$1" <<'PY'
import sys, unicodedata
text = open(sys.argv[1], encoding="utf-8", newline="").read()
bad = sorted({c for c in text if c not in "\n\t" and (unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in
              ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))})
sys.exit(f"{sys.argv[1]}: holds {bad!r}" if bad else 0)
PY
}

# prints_harmlessly CASE COMMAND...
prints_harmlessly() {
    local trace=$work/$1.moetrace
    shift
    timeout "$(time_limit 60)" "$moetrace" "$@" "$trace" >"$work/out" 2>"$work/err"
    [ $? -le 2 ] && harmless "$work/out" && harmless "$work/err"
}
for case in escape-c1 escape-labels json-utf8-names demangle16; do
    for command in report "report --format json" "report --format csv" verify dump diff; do
        # shellcheck disable=SC2086
        ok "$case: $command prints no control character" prints_harmlessly "$case" $command
    done
    exports() {
        timeout "$(time_limit 60)" "$moetrace" export -f chrome -o "$work/$case.json" "$work/$case.moetrace" >"$work/out" &&
            harmless "$work/out" && "$python" -c 'import json, sys; json.load(open(sys.argv[1], encoding="utf-8"))' "$work/$case.json"
    }
    ok "$case: its Chrome export is JSON" exports
done
done_testing

#!/usr/bin/env bash
# An independent reading of captures, in exact decimals, beside moetrace's: of captures made at random, each as Chrome trace
# and as SQLite export. SEED repeats a run.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

# All cases but those that are no JSON, that are refused, and those of which a rule of their own tells what is right (see
# cases_captures.sh): text pids, impossible times, times that are texts, names with control characters.
cp tests/data/cases/*.json tests/data/cases/*.sqlite "$work"
for case in "$work"/*; do
    case $(basename "$case") in
    cut_object* | no_bracket* | trailing_* | two_* | ndjson* | array_* | hatchet* | jax* | legacy_* | events_empty* | nsys_cpu_only*) rm "$case" ;;
    merged_tp* | epoch_and_zero* | stream_overrun* | ts_ns* | ts_text* | controls* | raw_control*) rm "$case" ;;
    esac
done
ok "of $(find "$work" -type f | wc -l) cases" "$python" tests/data/capture_oracle.py check "$moetrace" "$work"/*

seed=${SEED:-$RANDOM$RANDOM}
echo "# seed $seed"
ok "kernels, ranges and inclusive times are those of the oracle, and the same in both forms (seed $seed)" \
    "$python" tests/data/capture_oracle.py random "$moetrace" "$work" 60 "$seed"
done_testing

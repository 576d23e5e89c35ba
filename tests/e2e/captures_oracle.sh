#!/usr/bin/env bash
# An independent reading of captures, in exact decimals, beside moetrace's: of captures made at random, each as Chrome trace
# and as SQLite export. SEED repeats a run.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

seed=${SEED:-$RANDOM$RANDOM}
echo "# seed $seed"
ok "kernels, ranges and inclusive times are those of the oracle, and the same in both forms (seed $seed)" \
    "$python" tests/data/capture_oracle.py random "$moetrace" "$work" 60 "$seed"
done_testing

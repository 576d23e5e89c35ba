#!/usr/bin/env bash
# What real programs do and a recorder gets wrong easily: each case ends as it would have ended, and is recorded.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"

# A fork waits for another thread's first call of NVTX: its child would wait for that thread for ever.
run first-call "$helpers/nvtx_cases" first-call
is "fork during the first call of NVTX: the child finds it done" "$status" 7

is "CUPTI was used as it is documented" "$(violations)" ""
done_testing

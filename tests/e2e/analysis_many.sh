#!/usr/bin/env bash
# Very many of one thing: no table of the report takes time in proportion to the square of what a file holds.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

ok "200,000 of any kind slow down no command" \
    "$python" tests/data/many_of_anything.py "$moetrace" "$work" 100
done_testing

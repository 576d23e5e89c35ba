#!/usr/bin/env bash
# The fuzz targets on their kept corpus, and for a few seconds on mutations of it.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
if [ -n "$SAN" ]; then
    skip "fuzz targets" "they are built with sanitizers of their own; make test without SAN runs them"
elif ! tests/fuzz/run.sh possible; then
    skip "fuzz targets" "clang has no libFuzzer here (package libclang-rt-VERSION-dev)"
else
    echo "# seed 1 for libFuzzer"
    ok "no content of a trace, a capture, rules or a model's files does harm" env BUILD="$BUILD" tests/fuzz/run.sh "${FUZZ_SECONDS:-3}" 1
    sed 's/^/# /' "$work/tap.out"
    is "the corpus is small" "$(($(cat tests/fuzz/corpus/*/* | wc -c) / 200000))" 0
fi
done_testing

#!/usr/bin/env bash
# On aarch64, cross-compiled without a warning and run by qemu-user: the unit tests, and suites of the recorder on the fake CUDA.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"
name="unit tests and suites of the recorder on aarch64"
if [ -n "$SAN" ]; then
    skip "$name" "sanitizers are not cross-compiled"
    done_testing
fi
if ! scripts/setup.sh try arm64 2>"$work/setup.err"; then
    skip "$name" "$(tail -n 1 "$work/setup.err")"
    done_testing
fi

arm=$BUILD/arm64
libraries=$PWD/build/deps/arm64/usr/lib/aarch64-linux-gnu
qemu="qemu-aarch64 -L /usr/aarch64-linux-gnu"
has_instruction() { # has_instruction PATTERN FILE
    aarch64-linux-gnu-objdump -d --no-show-raw-insn "$2" | grep -qE "$1"
}
ok "it compiles, warnings being errors" make -s BUILD="$BUILD" arm64
ok "checksums use the processor's instruction" has_instruction '\bcrc32cx\b' "$arm/libmoetrace.so"
ok "the clock reads the processor's counter" has_instruction '\bcntvct_el0\b' "$arm/libmoetrace.so"
for program in "$arm"/tests/unit/*/test_*; do
    [[ $program == *.d ]] || ok "$(basename "$program")" env CMOCKA_MESSAGE_OUTPUT=TAP $qemu -E LD_LIBRARY_PATH="$libraries" "$program"
done
for suite in recorder_paths recorder_nvtx recorder_graphs; do
    ok "$suite" env BUILD="$arm" EMULATOR="$qemu" "tests/e2e/$suite.sh"
done
done_testing

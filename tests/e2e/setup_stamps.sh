#!/usr/bin/env bash
# scripts/setup.sh in a folder of its own, with a package manager that only takes notes: each step runs once, and again when
# it asks for more than the stamp of an older checkout knows of.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

mkdir -p "$work/tree/scripts" "$work/tree/tests/fuzz" "$work/bin"
cp scripts/setup.sh scripts/setup_nsys.sh "$work/tree/scripts/"
cp Makefile VERSION "$work/tree/"
stub() { # stub NAME: a program of this name, its text on stdin
    { echo '#!/bin/sh' && cat; } >"$1"
    chmod +x "$1"
}
export NOTES=$work/notes
stub "$work/tree/tests/fuzz/run.sh" </dev/null
stub "$work/bin/dpkg-query" <<<'grep -qx "$4" "$NOTES.installed" 2>/dev/null && printf "install ok installed"'
stub "$work/bin/apt-get" <<'SH'
case " $* " in *" install "*) for p; do :; done; echo "apt $*" >>"$NOTES"; printf "%s\n" "$@" >>"$NOTES.installed" ;; esac
SH
stub "$work/bin/sudo" <<<'exec "$@"'
stub "$work/bin/clang" <<<'echo clang version 1.0'
stub "$work/bin/pip" <<'SH'
echo "pip $*" >>"$NOTES"
case $* in *nvidia-nvtx*)
    nvtx=$(dirname "$0")/../lib/python3.99/site-packages/nvidia/cu99/include/nvtx3
    mkdir -p "$nvtx" && echo "#define FETCHED 1" >"$nvtx/nvToolsExt.h" ;;
esac
SH
stub "$work/bin/python3" <<'SH'
if [ "$1" = -m ]; then mkdir -p "$3/bin" && cp "$(dirname "$0")/pip" "$0" "$3/bin/"; fi
SH
PATH=$work/bin:$PATH
export CUDA_HOME=$work/no-toolkit

setup() { # what it installs, one line for each call of apt-get or pip
    : >"$NOTES"
    "$work/tree/scripts/setup.sh" "$1" 2>"$work/said" || cat "$work/said"
    cat "$NOTES"
}
installs() { setup "$1" | grep -cE '^(apt|pip) '; }

is "nothing was run: both steps are due" "$("$work/tree/scripts/setup.sh" stale | xargs)" "build test"
setup test >"$work/first"
ok "the first run installs Debian packages" grep -q '^apt .*libcmocka-dev' "$work/first"
ok "the first run fetches wheels" grep -q '^pip .*numpy' "$work/first"
is "nothing is due after it" "$("$work/tree/scripts/setup.sh" stale)" ""
is "a second run installs nothing" "$(installs test)" 0
is "nor does a step that another ran" "$(installs torch)" 0

# On a machine where nothing is installed, one call of make fetches the headers and compiles with them.
mkdir -p "$work/fresh/preload"
cp -r "$work/tree/scripts" "$work/tree/tests" Makefile VERSION "$work/fresh"
printf '%s\n' '#include <nvtx3/nvToolsExt.h>' 'int made = FETCHED;' >"$work/fresh/preload/only.c"
: >"$NOTES"
ok "a fresh machine: the first make compiles against the headers that it fetched" \
    make -s -C "$work/fresh" BUILD=build build/obj/pic/preload/only.o

sed -i 's/libcmocka-dev/libcmocka-dev added-later/' "$work/tree/scripts/setup.sh"
is "a step that asks for more is due, and no other" "$("$work/tree/scripts/setup.sh" stale)" test
setup test >"$work/more"
is "what was added is installed, and nothing else by apt-get" \
    "$(sed -n 's/^apt .*--no-install-recommends //p' "$work/more")" added-later
is "nothing is due after that" "$("$work/tree/scripts/setup.sh" stale)" ""

: >"$work/tree/build/deps/.test-ready"
is "the empty stamp of an older checkout is not believed" "$("$work/tree/scripts/setup.sh" stale)" test
touch -d tomorrow "$work/tree/build/deps/.test-ready"
: >"$NOTES"
ok "make runs the step that is due, however new its stamp" make -s -C "$work/tree" deps
ok "and the step did run" grep -q '^pip .*numpy' "$NOTES"
: >"$NOTES"
ok "make deps again" make -s -C "$work/tree" deps
is "installs nothing" "$(cat "$NOTES")" ""
stub "$work/bin/pip" <<<'exit 1'
cp "$work/bin/pip" "$work/tree/build/deps/venv/bin/pip"
rm "$work/tree/build/deps/.torch-ready"
"$work/tree/scripts/setup.sh" torch 2>"$work/said"
is "a step that fails ends with status 2" $? 2
ok "and leaves no stamp" test ! -e "$work/tree/build/deps/.torch-ready"

# A step of a test that may be skipped: what failed is not tried again at once.
stub "$work/bin/apt-cache" </dev/null
stub "$work/bin/nsys" <<<'echo NVIDIA Nsight Systems version 2022.4.2.1-df9881f'
try_nsys() { "$work/tree/scripts/setup.sh" try nsys 2>"$work/said"; }
try_nsys
is "an nsys that is too old is not enough, and without an archive there is none" "$? $(cat "$work/said")" \
    "2 setup: no Nsight Systems 2023.1 or newer in this machine's apt, and no archive of Debian to look in"
stub "$work/bin/nsys" <<<'echo NVIDIA Nsight Systems version 2025.3.1.90-253135822126v0'
try_nsys
is "it is not looked for again at once" "$? $(grep -c 'some hours ago' "$work/said")" "2 1"
touch -d '11 hours ago' "$work/tree/build/deps/.nsys-failed"
ok "but later, and one that is on the PATH is enough" try_nsys
ok "then the failure is forgotten" test ! -e "$work/tree/build/deps/.nsys-failed" -a -e "$work/tree/build/deps/.nsys-ready"
done_testing

#!/usr/bin/env bash
# scripts/setup.sh in a folder of its own, with a package manager that only takes notes: each step runs once, and again when
# it asks for more than the stamp of an older checkout knows of.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

mkdir -p "$work/tree/scripts" "$work/tree/tests/fuzz" "$work/bin"
cp -r scripts/setup.sh scripts/setup_nsys.sh scripts/setup_arm64.sh scripts/requirements scripts/can_build.sh "$work/tree/scripts/"
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
# Python: -m venv makes a copy of itself, -m pip takes notes, and anything else is the unpacking of wheels.
stub "$work/bin/python3" <<'SH'
case "$1 $2" in
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/" && : >"$3/bin/pip" && chmod +x "$3/bin/pip" ;;
"-m pip") echo "$*" >>"$NOTES"; [ ! -e "$NOTES.fails" ] ;;
"- "*) mkdir -p "$3/nvtx/nvtx3" "$3/plotly" && echo "#define FETCHED 1" >"$3/nvtx/nvtx3/nvToolsExt.h" && echo x >"$3/plotly/plotly.min.js" ;;
esac
SH
PATH=$work/bin:$PATH

setup() { # what it installs, one line for each call of apt-get or pip
    : >"$NOTES"
    "$work/tree/scripts/setup.sh" "$1" 2>"$work/said" || cat "$work/said"
    cat "$NOTES"
}
installs() { setup "$1" | grep -cE '^(apt|-m pip) '; }
make_in() { make -s -C "$work/tree" BUILD=build "$@"; }

# make alone brings nothing.
mkdir -p "$work/tree/preload"
printf '%s\n' '#include <nvtx3/nvToolsExt.h>' 'int made = FETCHED;' >"$work/tree/preload/only.c"
make_in build/obj/pic/preload/only.o >"$work/out" 2>"$work/said"
is "make on a fresh machine: status" $? 2
is "one line says what is missing, and what brings it" "$(grep -v '^make' "$work/said" | sed "s,NVTX's headers\, ,,")" \
    "moetrace cannot be built here, missing: plotly.js; \`make deps\` brings it"
is "it installs and fetches nothing" "$(cat "$NOTES" 2>/dev/null)$(ls "$work/tree/build/deps" 2>/dev/null)" ""

setup test >"$work/first"
ok "the first run installs Debian packages" grep -q '^apt .*libcmocka-dev' "$work/first"
ok "the first run fetches wheels" grep -q '^-m pip install .*requirements/test.txt' "$work/first"
is "all of them by their hashes" "$(grep '^-m pip' "$work/first" | grep -cv -- --require-hashes)" 0
is "a second run installs nothing" "$(installs test)" 0
is "nor does a step that another ran" "$(installs torch)" 0
ok "make compiles against the headers that were fetched" make_in build/obj/pic/preload/only.o

sed -i 's/libcmocka-dev/libcmocka-dev added-later/' "$work/tree/scripts/setup.sh"
setup test >"$work/more"
is "what was added is installed, and nothing else by apt-get" \
    "$(sed -n 's/^apt .*--no-install-recommends //p' "$work/more")" added-later
is "no other step is run" "$(sed -n 's/^-m pip .*requirements.\([a-z]*\).txt.*/\1/p' "$work/more")" test
is "nothing is due after that" "$(installs test)" 0
echo "# another wheel" >>"$work/tree/scripts/requirements/torch.txt"
is "a step whose list of wheels has changed is run again" "$(installs torch)" 1

: >"$work/tree/build/deps/.ready-build"
touch -d tomorrow "$work/tree/build/deps/.ready-build"
: >"$NOTES"
ok "make deps runs the step that is due, however new its stamp" make_in deps
ok "and the step ran" grep -q '^-m pip download .*requirements/build.txt' "$NOTES"
: >"$NOTES"
ok "make deps again" make_in deps
is "installs nothing" "$(cat "$NOTES")" ""
: >"$NOTES.fails"
rm "$work/tree/build/deps/.ready-torch"
"$work/tree/scripts/setup.sh" torch 2>"$work/said"
is "a step that fails ends with status 2" $? 2
ok "and leaves no stamp" test ! -e "$work/tree/build/deps/.ready-torch"

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
touch -d '11 hours ago' "$work/tree/build/deps/.failed-nsys"
ok "but later; one on the PATH is enough" try_nsys
ok "then the failure is cleared" test ! -e "$work/tree/build/deps/.failed-nsys" -a -e "$work/tree/build/deps/.ready-nsys"
done_testing

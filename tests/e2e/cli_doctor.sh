#!/usr/bin/env bash
# moetrace doctor: each finding in surroundings that are made to have it, on the fake CUDA or without any.
# shellcheck source=tests/recorder.sh
source "$(dirname "$0")/../recorder.sh"
unset MOETRACE_CUPTI CUDA_INJECTION64_PATH NVTX_INJECTION64_PATH KINETO_USE_DAEMON LD_PRELOAD
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
mkdir "$work/here" && chmod 755 "$work" "$work/here"
cd "$work/here" || exit

doctor() { # doctor ARGUMENT...: findings in $work/out, status in $status
    status=0
    timeout -k 2 "$(time_limit 60)" "$moetrace" doctor "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
# shellcheck disable=SC2120
with_cuda() { LD_LIBRARY_PATH=$fake doctor "$@"; }
finding() { # finding SUBJECT: its state and its text, and what to do
    awk -v subject="$1" '/^(ok|warning|error)/ {found = index(substr($0, 10), subject) == 1} found' "$work/out" | paste -sd' ' | tr -s ' '
}
finds() { # finds NAME SUBJECT PATTERN
    local text
    text=$(finding "$2")
    [[ $text =~ $3 ]]
    local result=$?
    tap "$result" "$1"
    [ "$result" -eq 0 ] || sed 's/^/# /' "$work/out" "$work/err"
}

with_cuda
is "with everything there: status" "$status" 0
finds "the recorder" recorder '^ok recorder .*/libmoetrace.so$'
finds "the driver" driver '^ok driver CUDA 13.0, 1 GPU, the first: '
finds "CUPTI" CUPTI '^ok CUPTI version 130001, .*libcupti.so.13$'
finds "the directory" traces '^(ok|warning) traces .: can be written'
is "nothing on standard error" "$(cat "$work/err")" ""
is "no file stays" "$(ls -A)" ""
FAKE_CUDA_NO_DEVICE=1 with_cuda
finds "no GPU: a warning" driver '^warning driver CUDA .* but no GPU is visible record on the machine'
is "which is no error" "$status" 0
FAKE_CUPTI_VERSION=12 with_cuda
finds "a CUPTI that is too old" CUPTI '^error CUPTI .* has version 12, which the recorder does not know give a CUPTI'
is "is an error" "$status" 1
MOETRACE_CUPTI=$fake/old/libcupti.so.13 with_cuda
finds "the CUPTI that is given comes first" CUPTI "$fake/old/"
MOETRACE_CUPTI=$work/none doctor
finds "and no other then" CUPTI '^warning CUPTI no libcupti can be loaded where MOETRACE_CUPTI says'
mkdir none
# A driver without a function, and one that fails.
cat >driver.c <<'C'
int cuInit(unsigned flags) { return (void)flags, 999; }
int cuDriverGetVersion(int *version) { return *version = 12040, 0; }
C
if ${CC:-cc} -shared -fPIC driver.c -o none/libcuda.so.1 2>/dev/null; then
    echo 'int cuptiGetVersion(unsigned *version) { return *version = 130001, 0; }' | ${CC:-cc} -shared -fPIC -x c - -o none/libcupti.so.13
    LD_LIBRARY_PATH=$work/here/none doctor
    finds "cuInit that fails" driver '^error driver CUDA 12.4, but cuInit fails with 999 see whether nvidia-smi works'
    finds "a CUPTI that is newer than the driver" CUPTI '^error CUPTI .* is of CUDA 13, and the driver of CUDA 12 install'
    echo 'int cuInit(unsigned flags) { __builtin_trap(); }' >driver.c
    ${CC:-cc} -shared -fPIC driver.c -o none/libcuda.so.1
    LD_LIBRARY_PATH=$work/here/none doctor
    finds "a driver that crashes" driver '^warning driver no CUDA driver'
else
    skip "cuInit that fails" "no compiler"
fi

CUDA_INJECTION64_PATH=/opt/tool.so NVTX_INJECTION64_PATH=/opt/other.so with_cuda
finds "tools that CUDA and NVTX load" "other tools" 'CUDA_INJECTION64_PATH=/opt/tool.so: .*NVTX_INJECTION64_PATH=/opt/other.so: another tool receives'
is "are warnings" "$status $(tail -n 1 "$work/out")" "0 no errors, 2 warnings"
finds "permission" permission '^ok permission '
finds "the system" system '^(ok|warning) system '

# ---- The program ----

doctor -- ./missing
finds "a program that is not found" program '^error program ./missing is not found'
is "status" "$status" 1
doctor true --help
finds "its arguments are its own" program '^ok program .*/true$'
if printf 'int main(void) {return 3;}' | ${CC:-cc} -static -x c - -o fixed 2>/dev/null; then
    doctor ./fixed
    finds "a static program" program '^error program ./fixed is statically linked, .* link it dynamically'
else
    skip "a static program" "no static C library"
fi
cp "$(type -P true)" foreign && chmod u+w foreign
printf '\xf3\x00' | dd of=foreign bs=1 seek=18 conv=notrunc 2>/dev/null # RISC-V
doctor ./foreign
finds "a program for another processor" program '^error program ./foreign is made for another processor'
printf '#!%s/gone\n' "$work" >script && chmod +x script
doctor ./script
finds "a script without its interpreter" program '^error program ./script is not found.* a script whose interpreter is not found'
head -c 64 "$(type -P true)" >"cut" && chmod +x "cut"
doctor ./cut
finds "a truncated program" program '^warning program ./cut: its file format could not be read'
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [ "$(id -u)" -eq 0 ] && "${nobody[@]}" "$moetrace" --version >/dev/null 2>&1; then
    cp "$(type -P true)" special && chmod 4755 special
    "${nobody[@]}" "$moetrace" doctor ./special >"$work/out" 2>&1
    finds "a setuid program" program '^error program ./special is setuid'
    finds "a directory that may not be written" traces '^error traces .: no file can be made here: Permission denied give another'
else
    skip "a setuid program" "needs root, to become nobody"
fi
doctor -o "$work/new/deep" true
finds "a directory that is to be made" traces "^(ok|warning) traces $work: can be written"
doctor -o /proc/nothing true
finds "a directory where nothing can be made" traces '^error traces /proc: no file can be made here'

# ---- Python ----

mkdir -p site/torch/lib site/nvidia/cu13/lib
printf "raise SystemExit('torch was imported')\n" >site/torch/__init__.py
printf "from typing import Optional\n__version__ = '2.10.0+cu130'\ncuda: Optional[str] = '13.0'\n" >site/torch/version.py
[ ! -e none/libcupti.so.13 ] || cp none/libcupti.so.13 site/nvidia/cu13/lib/
printf '#!/usr/bin/env python3\nprint(1)\n' >exp.py && chmod +x exp.py
PYTHONPATH=$PWD/site doctor python3 exp.py
finds "torch is found, and not imported" torch '^ok torch 2.10.0.cu130 in Python 3[.0-9]+, CUDA 13.0, with NVTX'
[ ! -e none/libcupti.so.13 ] || finds "its CUPTI is the one" CUPTI "site/nvidia/cu13/lib/libcupti.so.13$"
PYTHONPATH=$PWD/site doctor ./exp.py
finds "of a script its Python is asked" torch '^ok torch 2.10.0'
printf "__version__ = '2.10.0+cpu'\ncuda = None\n" >site/torch/version.py
PYTHONPATH=$PWD/site doctor python3 exp.py
finds "a torch without CUDA" torch '^warning torch 2.10.0.cpu in Python .*, built without CUDA install'
python3 -m venv --without-pip "$work/venv" 2>/dev/null
if [ -x "$work/venv/bin/python3" ]; then
    PYTHONPATH='' doctor "$work/venv/bin/python3" exp.py
    finds "a Python without torch" torch '^warning torch this Python .* has no torch give the Python'
else
    skip "a Python without torch" "no module venv"
fi
printf '#!/bin/sh\nexit 3\n' >python9 && chmod +x python9
doctor ./python9
finds "a Python that does not answer" torch '^warning torch this Python did not answer'
doctor sh -c true
is "other programs are not asked for torch" "$(finding torch)" ""
done_testing

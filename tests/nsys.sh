# For suites that run NVIDIA's Nsight Systems; source it after tap.sh. $nsys is the program, or empty, and then $no_nsys says
# why. It is the one that the variable NSYS names (NSYS=no: none), else one on the PATH that is new enough, else the one that
# scripts/setup.sh fetches.
# shellcheck shell=bash disable=SC2034,SC2154
nsys=${NSYS:-} no_nsys="Nsight Systems cannot be had here"
export HOME=$work/home TMPDIR=$work/tmp # it keeps notes there
mkdir "$HOME" "$TMPDIR"
case $nsys in
no) nsys='' no_nsys="NSYS=no asks for none" ;;
'')
    if scripts/setup.sh try nsys >"$work/setup.log" 2>&1; then
        nsys=$PWD/build/deps/nsys/target/nsys
        [ -x "$nsys" ] || nsys=$(command -v nsys)
    else
        no_nsys=$(tail -n 1 "$work/setup.log")
    fi
    ;;
esac
nsys_ok() { # nsys_ok NAME COMMAND...: as ok, where there is an nsys
    if [ -n "$nsys" ]; then ok "$@"; else skip "$1" "${no_nsys#setup: }"; fi
}

#!/usr/bin/env bash
# make install into a folder of its own: what is installed runs from there, also after the folder was moved; its man pages and
# completions are found; make uninstall leaves nothing.
set -u
# shellcheck source=tests/tap.sh
source "$(dirname "$0")/../tap.sh"

stage=$work/stage
root=$stage/opt/moe
installs() { make -s "$1" BUILD="$BUILD" SAN="$SAN" DESTDIR="$stage" PREFIX="${2:-/opt/moe}"; }
content() { (cd "$1" && find . ! -type d | sort); }

mkdir -p "$root/bin" "$root/share/man/man1"
echo theirs >"$root/bin/other"
before=$(cd "$stage" && find . | sort)
ok "make install" installs install
is "programs, recorder and library" "$(cd "$root" && find bin lib ! -type d | grep -v other | sort | xargs)" \
    "bin/moetrace bin/run_native lib/libmoetrace.so lib/moetrace/installed-files lib/moetrace/libcjson.so.1"
is "all man pages" "$(cd "$root/share/man" && find . -type f | sort)" \
    "$(cd "$BUILD/man" && find . -type f ! -name .ready | sort)"
is "all docs" "$(cd "$root/share/doc/moetrace" && find docs README.md LICENSE | sort)" "$(find docs README.md LICENSE | sort)"
ok "and the licences of plotly and NVTX, which are in the programs" test -s "$root/share/doc/moetrace/plotly/LICENSE.txt" -a -s "$root/share/doc/moetrace/nvtx/License.txt"
is "modes" "$(stat -c %a "$root/bin/moetrace" "$root/bin/run_native" "$root/lib/libmoetrace.so" "$root/share/man/man1/moetrace.1" | xargs)" \
    "755 755 644 644"
# Everybody can use what root installs, whatever its umask is.
installs_with_umask() {
    (umask 077 && make -s install BUILD="$BUILD" SAN="$SAN" DESTDIR="$work/umask" PREFIX=/opt/moe >"$work/out") &&
        find "$work/umask" -type d ! -perm 755 -o -type f ! -perm 644 ! -path '*/bin/*' -o -path '*/bin/*' ! -perm 755 >"$work/odd" &&
        [ ! -s "$work/odd" ] || { cat "$work/odd" && return 1; }
}
ok "modes of files and folders do not depend on the umask" installs_with_umask

ok "make install again" installs install
# The sanitizer's runtime comes first in what the recorder is loaded into.
runtime=
case $SAN in
*address*) runtime=$(gcc -print-file-name=libasan.so) ;;
*thread*) runtime=$(gcc -print-file-name=libtsan.so) ;;
esac
export ASAN_OPTIONS=detect_leaks=0
runs_from() { # runs_from FOLDER: record, report, run_native with nothing of the build folder
    local out
    # Which library the recorded process has.
    out=$(cd / && LD_PRELOAD=$runtime "$1/bin/moetrace" record -o "$work/traces" -- sh -c 'grep -o "/[^ ]*libmoetrace.so" /proc/self/maps')
    [ "$(sort -u <<<"$out")" = "$1/lib/libmoetrace.so" ] || {
        echo "recorded with $out"
        return 1
    }
    [ "$(cd / && "$1/bin/moetrace" --version)" = "moetrace $(cat VERSION)" ] || return 1
    out=$(ldd "$1/bin/moetrace" "$1/bin/run_native" | grep cjson)
    [ "$(grep -c "$1/bin/../lib/moetrace/libcjson" <<<"$out")" -eq 2 ] || {
        echo "$out"
        return 1
    }
    (cd / && "$1/bin/run_native" --help >/dev/null)
}
ok "it runs from where it was installed" runs_from "$root"
mv "$stage/opt/moe" "$work/moved"
ok "and from where it was moved" runs_from "$work/moved"
mv "$work/moved" "$stage/opt/moe"

if command -v man >/dev/null; then
    finds_page() { MANPATH=$root/share/man man -w moetrace-report | grep -q "^$root/share/man/man1/"; }
    ok "man finds the pages" finds_page
else
    skip "man finds the pages" "no man on this machine"
fi
loads() { # bash, with the installed completion
    bash --norc -c ". '$root/share/bash-completion/completions/moetrace' && complete -p moetrace" | grep -q 'complete -F _moetrace moetrace'
}
ok "bash loads the completion" loads

stale=$root/share/man/man1/moetrace-gone.1
touch "$stale"
echo share/man/man1/moetrace-gone.1 >>"$root/lib/moetrace/installed-files"
ok "an upgrade" installs install
ok "files of the older version that no longer exist are removed" test ! -e "$stale"
ok "make uninstall" installs uninstall
is "leaves what was there before, and no other file or folder" "$(cd "$stage" && find . | sort)" "$before"
installs uninstall >"$work/out" 2>"$work/err"
is "nothing to uninstall is status 2" $? 2
ok "and reports it" grep -q "nothing is installed in $root" "$work/err"
installs install relative >"$work/out" 2>"$work/err"
ok "a relative PREFIX is refused" grep -q 'PREFIX=relative: give an absolute path' "$work/err"
is "and nothing is written" "$(cd "$stage" && find . | sort)" "$before"

ok "with PREFIX=/usr" installs install /usr
ok "zsh's completions are installed where Debian's zsh looks" test -e "$stage/usr/share/zsh/vendor-completions/_moetrace"
ok "make uninstall PREFIX=/usr" installs uninstall /usr
is "leaves no file there" "$(content "$stage/usr")" ""
done_testing

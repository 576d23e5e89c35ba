#!/usr/bin/env bash
# What `make install` and `make uninstall` do: copies what was built under $DESTDIR$PREFIX, and removes what a list says that
# was put there. The list lies in lib/moetrace and has paths below PREFIX, so that the whole can be moved.
#   PREFIX=/usr/local DESTDIR= BUILD=build PLOTLY=build/deps/plotly NVTX=build/deps/nvtx install.sh install|uninstall
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build} prefix=${PREFIX:-/usr/local}
plotly=${PLOTLY:-build/deps/plotly} nvtx=${NVTX:-build/deps/nvtx}
root=${DESTDIR:-}$prefix
list=lib/moetrace/installed-files

die() {
    printf 'install: %s\n' "$*" >&2
    exit 2
}
[[ $prefix == /* ]] || die "PREFIX=$prefix: give an absolute path"

# Every file: its mode, where it is, where it goes below PREFIX.
files() {
    local file zsh=share/zsh/site-functions
    [ "$prefix" != /usr ] || zsh=share/zsh/vendor-completions # where Debian's zsh looks in /usr
    printf '755|%s|bin\n' "$build/moetrace" "$build/run_native"
    printf '644|%s|lib\n' "$build/libmoetrace.so"
    printf '644|%s|lib/moetrace\n' "$build"/lib/*.so.*
    printf '644|%s|share/doc/moetrace\n' README.md LICENSE
    while read -r file; do
        printf '644|%s|share/doc/moetrace/%s\n' "$file" "$(dirname "$file")"
    done <<<"$(find docs -type f | sort)"
    for file in "$build"/man/man*/*; do
        printf '644|%s|share/man/%s\n' "$file" "$(basename "$(dirname "$file")")"
    done
    printf '644|%s|share/bash-completion/completions\n' "$build"/completions/bash/*
    printf "644|%s|$zsh\n" "$build"/completions/zsh/*
    printf '644|%s|share/fish/vendor_completions.d\n' "$build"/completions/fish/*
    # Of what comes along: the copy in lib/moetrace, the library that draws the charts of report --html, and NVTX's headers.
    file=/usr/share/doc/libcjson1/copyright
    [ ! -e "$file" ] || printf '644|%s|share/doc/moetrace/libcjson1\n' "$file"
    printf '644|%s|share/doc/moetrace/plotly\n' "$plotly/LICENSE.txt"
    printf '644|%s|share/doc/moetrace/nvtx\n' "$nvtx/License.txt"
}

# The loader finds a library by its bare name (LD_PRELOAD=libmoetrace.so) through its cache only.
refresh() {
    if [ -z "${DESTDIR:-}" ] && [ "$(id -u)" -eq 0 ]; then
        ldconfig || true
    fi
}

make_folder() { # below PREFIX; says which it made
    if [ ! -d "$root/$1" ]; then
        [[ $1 != */* ]] || make_folder "${1%/*}"
        mkdir -m 755 "$root/$1" || die "$root/$1 could not be made: become root, or give PREFIX=\$HOME/.local"
        echo "$1/"
    fi
}

uninstall() {
    local paths i
    mapfile -t paths <"$root/$list"
    # Files first, then the folders that install made, the innermost first, where nothing else lies in them now.
    for i in "${paths[@]}"; do
        [[ $i == */ ]] || rm -f "$root/$i"
    done
    rm -f "$root/$list"
    for ((i = ${#paths[@]} - 1; i >= 0; i--)); do
        [[ ${paths[i]} != */ ]] || rmdir --ignore-fail-on-non-empty "$root/${paths[i]}"
    done
}

install_all() {
    local mode file folder installed
    [ -e "$build/man/man1/moetrace.1" ] || die "$build is not built: run make first"
    [ ! -e "$root/$list" ] || uninstall # an older version may have files that this one has not
    (umask 022 && mkdir -p "$root") || die "$root could not be made: become root, or give PREFIX=\$HOME/.local"
    # The list comes first: what is cut short can be uninstalled.
    installed=$(make_folder "${list%/*}") || exit
    while IFS='|' read -r mode file folder; do
        installed+=$'\n'$(make_folder "$folder")$'\n'$folder/$(basename "$file") || exit
    done <<<"$(files)"
    sed '/^$/d' <<<"$installed" >"$root/$list"
    chmod 644 "$root/$list"
    while IFS='|' read -r mode file folder; do
        install -m "$mode" "$file" "$root/$folder/" || die "$root/$folder/$(basename "$file") could not be written"
    done <<<"$(files)"
    echo "install: $(files | wc -l) files are in $root; make uninstall with the same PREFIX and DESTDIR removes them"
}

case "${1:-}" in
install)
    install_all
    refresh
    ;;
uninstall)
    [ -e "$root/$list" ] || die "nothing is installed in $root: $list is not there"
    uninstall
    refresh
    ;;
*) die "usage: install.sh install|uninstall" ;;
esac

#!/usr/bin/env bash
# The checks that need no running program; prints TAP.
set -u
cd "$(dirname "$0")/.." || exit
n=0 failed=0
check() { # check NAME COMMAND...
    local name=$1 out status
    shift
    n=$((n + 1))
    out=$("$@" 2>&1)
    status=$?
    if [ "$status" -eq 0 ]; then
        echo "ok $n - $name"
    else
        failed=1
        echo "not ok $n - $name"
        printf '%s\n' "$out" | head -n 40 | sed 's/^/# /'
    fi
}

tools=build/deps/venv/bin # clang-format and clang-tidy, of the versions that scripts/setup.sh names
rooms=(preload cupti trace analysis native)
mapfile -t sources < <(git ls-files '*.c')
mapfile -t all_c < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)

# Which room may include which: preload -> cupti -> trace <- analysis; native knows none of them.
includes() {
    local bad=0 room allowed file
    for room in "${rooms[@]}"; do
        case $room in
        preload) allowed='preload|cupti|trace' ;;
        cupti) allowed='cupti|trace' ;;
        trace) allowed='trace' ;;
        analysis) allowed='analysis|trace' ;;
        native) allowed='native' ;;
        esac
        for file in "$room"/*.[ch]; do
            if grep -nE '^#include "' "$file" | grep -vE "#include \"($allowed)/"; then
                echo "$file includes across the rooms"
                bad=1
            fi
        done
    done
    if grep -nE '#include .*(cupti\.h|cuda\.h|cuda_runtime)' analysis/*.[ch]; then
        bad=1
    fi
    return $bad
}

exports() { # the recorder links libc alone and exports only what must be found by name
    local bad=0
    [ -e build/libmoetrace.so ] || return 0
    if objdump -p build/libmoetrace.so | awk '/NEEDED/{print $2}' | grep -vE '^(libc\.so|ld-linux|libpthread|libdl)'; then
        bad=1
    fi
    if nm -D --defined-only build/libmoetrace.so | awk '{print $3}' |
        grep -vE '^(_*cuda[A-Z]|cuProfilerSt|cupti[A-Z]|getenv$|_exit$|_Exit$|InitializeInjection)'; then
        bad=1
    fi
    return $bad
}

# Machine paths have no place in the repository.
paths() {
    ! git grep -nE '(^|[^A-Za-z0-9_.$])/(work|farm|root|home)/' -- . ':!scripts/lint.sh'
}

tidy() {
    local flags=(-std=c11 -D_GNU_SOURCE -I. '-DMOETRACE_VERSION="0"')
    printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 4 sh -c \
        "$tools/clang-tidy"' --quiet "$@" -- '"${flags[*]@Q} -isystem build/deps/include"' 2>/dev/null' sh
}

syntax_clang() {
    local f
    for f in "${sources[@]}"; do
        clang -std=c11 -D_GNU_SOURCE -I. '-DMOETRACE_VERSION="0"' -isystem build/deps/include -Wall -Wextra -Werror -Wshadow \
            -Wstrict-prototypes -Wmissing-prototypes -fsyntax-only "$f" || return 1
    done
}

settings_documented() {
    diff <(sed -n '/^<!-- scripts.settings_table.sh -->$/,/^<!-- end -->$/p' docs/recording.md | sed '1d;$d') \
        <(scripts/settings_table.sh)
}

check "clang-format" "$tools/clang-format" --dry-run -Werror "${all_c[@]}"
check "clang finds no warning" syntax_clang
check "clang-tidy" tidy
check "includes stay inside the rooms" includes
check "the recorder needs only libc and exports only its entries" exports
check "no machine paths" paths
check "docs/recording.md has the settings' table" settings_documented
check "links between pages of documentation" python3 scripts/check_links.py
check "shellcheck" shellcheck -x -S warning "${scripts[@]}"
echo "1..$n"
exit $failed

#!/usr/bin/env bash
# The checks that need no running program; prints TAP. BUILD is the build folder.
#   lint.sh [quick|tidy]   only what takes seconds, or only clang-tidy, which takes minutes
set -u
cd "$(dirname "$0")/.." || exit
build=${BUILD:-build}
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
        printf '%s\n' "$out" | head -n 200 | sed 's/^/# /'
    fi
}

tools=build/deps/venv/bin # clang-format and clang-tidy, of the versions that scripts/requirements names
# What git knows; in a source archive, all files but those that were built or are not ours.
mapfile -t files < <(git ls-files 2>/dev/null || find . -type f ! -path './build/*' ! -path './third_party/*' -printf '%P\n')
matching() { printf '%s\n' "${files[@]}" | grep -E "$1"; }
mapfile -t all_c < <(matching '\.[ch]$')
mapfile -t scripts < <(matching '\.sh$|^\.ci/run$')

# A header of the lowest module that includes one of the highest.
upward_is_refused() {
    local out status
    out=$(python3 scripts/rooms.py check analysis/base/alloc.h '#include "analysis/cli/cli_options.h"')
    status=$?
    [ "$status" -eq 1 ] && grep -q '^analysis/base/alloc.h:[0-9]*: base may not include analysis/cli/cli_options.h' <<<"$out" && return
    echo "status $status: $out"
    return 1
}

circle_is_refused() {
    local out status
    out=$(python3 scripts/rooms.py check analysis/base/alloc.h '#include "analysis/base/u64_map.h"')
    status=$?
    [ "$status" -eq 1 ] && grep -q '^circle: .*analysis/base/alloc' <<<"$out" && return
    echo "status $status: $out"
    return 1
}

# A file-local function with the name of another file's.
shared_name_is_refused() {
    local out status
    out=$(python3 scripts/rooms.py calls "$build" analysis/cli/main.c 'static int find_slot(int key) {')
    status=$?
    [ "$status" -eq 1 ] && [ "$out" = "find_slot() is a file-local function in analysis/base/u64_map.c, analysis/cli/main.c" ] && return
    echo "status $status: $out"
    return 1
}

# A conditional operator in an operand of another, and one in an argument of a call there, which is fine.
nested_conditional_is_refused() {
    local folder out status
    folder=$(mktemp -d) || return
    printf "int f(int a) {\n    return a ? g(a > 1 ? 1 : 2) : 3;\n}\nint g(int a) {\n    return a ? 1 : a >= 2 ? 2 : 3;\n}\n" >"$folder/x.c"
    out=$(python3 scripts/nested_conditionals.py "$folder/x.c")
    status=$?
    rm -r "$folder"
    [ "$status" -eq 1 ] && [[ $out == "$folder/x.c:5: "* ]] && return
    echo "status $status: $out"
    return 1
}

documented() { # documented FILE MARK COMMAND...: what the command prints stands in FILE between <!-- MARK --> and <!-- end -->
    diff <(sed -n "\\|^<!-- $2 -->\$|,/^<!-- end -->\$/p" "$1" | sed '1d;$d') <("${@:3}") && return
    echo "$1 has other text between the marks of $2"
    return 1
}
drawing() { echo '```' && python3 scripts/rooms.py draw && echo '```'; }

exports() { # the recorder links libc alone and exports only what must be found by name
    local bad=0
    if objdump -p "$build/libmoetrace.so" | awk '/NEEDED/{print $2}' | grep -vE '^(libc\.so|ld-linux|libpthread|libdl)'; then
        bad=1
    fi
    if nm -D --defined-only "$build/libmoetrace.so" | awk '{print $3}' |
        grep -vE '^(_*cuda[A-Z]|cuProfilerSt|cupti[A-Z]|getenv$|dlopen$|chroot$|unshare$|setns$|prctl$|syscall$|daemon$|set(re|res|e)?[ug]id$|(set|init)groups$|f?exec[lv][pe]*(at)?$|_exit$|_Exit$|InitializeInjection)'; then
        bad=1
    fi
    return $bad
}

hardened() { # what readelf finds in the programs and the recorder
    local file dynamic headers symbols bad=0
    lacks() { echo "$file lacks $1"; bad=1; }
    for file in "$build/moetrace" "$build/run_native" "$build/libmoetrace.so"; do
        dynamic=$(readelf -dW "$file") headers=$(readelf -lW "$file") symbols=$(readelf --dyn-syms -W "$file")
        [[ $file == *.so ]] || grep -q 'FLAGS_1.*PIE' <<<"$dynamic" || lacks PIE
        grep -q 'FLAGS_1.*NOW' <<<"$dynamic" && grep -q GNU_RELRO <<<"$headers" || lacks "full RELRO"
        grep 'GNU_STACK' <<<"$headers" | grep -q 'RW ' || lacks "a stack that is not executable"
        grep -q '__stack_chk_fail' <<<"$symbols" || lacks "the stack protector"
        grep -q '__[a-z]*printf_chk' <<<"$symbols" || lacks _FORTIFY_SOURCE
    done
    return $bad
}

# Machine paths have no place in the repository.
paths() {
    ! printf '%s\n' "${files[@]}" | grep -vx 'scripts/lint\.sh' | xargs -d '\n' grep -nIE '(^|[^A-Za-z0-9_.$])/(work|farm|root|home)/' --
}

quick() {
    check "clang-format" "$tools/clang-format" --dry-run -Werror "${all_c[@]}"
    check "includes point down, and none in a circle" python3 scripts/rooms.py check
    check "an include that is turned upward is refused" upward_is_refused
    check "includes that go in a circle are refused" circle_is_refused
    check "calls go in no circle, and file-local functions have names of their own" python3 scripts/rooms.py calls "$build"
    check "a file-local function with another's name is refused" shared_name_is_refused
    check "no conditional operator in another" python3 scripts/nested_conditionals.py "${all_c[@]}"
    check "a conditional operator in another is refused" nested_conditional_is_refused
    check "docs/architecture.md has the drawing of the modules" documented docs/architecture.md "scripts/rooms.py draw" drawing
    check "docs/recording.md has the settings' table" documented docs/recording.md scripts/settings_table.sh scripts/settings_table.sh
    if [ -e "$build/libmoetrace.so" ]; then
        check "the recorder needs only libc and exports only its entries" exports
        check "programs and recorder are hardened" hardened
    fi
    check "no machine paths" paths
    check "links between pages of documentation" python3 scripts/check_links.py
    check "shellcheck" shellcheck -x -S warning "${scripts[@]}"
}
tidy() {
    check "clang-tidy, and clang finds no warning" python3 scripts/tidy.py "$build/lint"
}

case "${1:-}" in
quick) quick ;;
tidy) tidy ;;
'')
    quick
    tidy
    ;;
*)
    echo "usage: lint.sh [quick|tidy]" >&2
    exit 2
    ;;
esac
echo "1..$n"
exit $failed

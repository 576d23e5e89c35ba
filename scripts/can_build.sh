#!/usr/bin/env bash
# Whether what building needs is there; else one line says what is missing, and the status is 2. make runs it before the first
# compilation, with CC, CFLAGS, LIBS and PLOTLY (the folder of plotly.min.js).
set -u
cd "$(dirname "$0")/.." || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
missing=()

has_header() { # has_header NAME
    # shellcheck disable=SC2086
    echo "#include <$1>" | eval "$CC $CFLAGS -x c -fsyntax-only -" 2>/dev/null
}

if ! command -v "${CC%% *}" >/dev/null; then
    missing+=("a C compiler (CC=$CC)")
else
    has_header stdio.h || missing+=("the C library's headers")
    has_header cjson/cJSON.h || missing+=(libcjson)
    has_header libiberty/demangle.h || missing+=(libiberty)
    has_header sqlite3.h || missing+=(libsqlite3)
    has_header zlib.h || missing+=(zlib)
    has_header nvtx3/nvToolsExt.h || missing+=("NVTX's headers")
    if [ ${#missing[@]} -eq 0 ]; then
        echo 'int main(void) { return 0; }' >"$work/main.c"
        eval "$CC -o $work/main $work/main.c $LIBS" 2>"$work/err" ||
            missing+=("$(sed -n 's/.*cannot find \(-l[^ ]*\).*/\1/p' "$work/err" | sort -u | tr -d ':\n' || true)")
    fi
fi
[ -s "$PLOTLY/plotly.min.js" ] || missing+=(plotly.js)
command -v python3 >/dev/null || missing+=(python3)
[ ${#missing[@]} -gt 0 ] || exit 0
printf -v list '%s, ' "${missing[@]}"
echo "moetrace cannot be built here, missing: ${list%, }; \`make deps\` brings it" >&2
exit 2

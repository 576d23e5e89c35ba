#!/usr/bin/env bash
# Prints the table of the recorder's settings, as docs/recording.md has it, from the list in trace/settings.h.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/table.c" <<'C'
#include "trace/settings.h"
#include <stdio.h>
static void row(const char *variable, const char *option, const char *argument, const char *fallback, const char *text) {
    printf("| `%s` | `--%s=", variable, option);
    for (; *argument; argument++) {
        printf(*argument == '|' ? "\\|" : "%c", *argument);
    }
    printf("` | %s | %s |\n", fallback, text);
}
#define ROW(variable, option, argument, fallback, text) row(variable, option, argument, fallback, text);
int main(void) {
    puts("| variable | option | default | meaning |\n|---|---|---|---|");
    TRACE_SETTINGS(ROW)
    return 0;
}
C
"${CC:-cc}" -I. -o "$work/table" "$work/table.c"
"$work/table"

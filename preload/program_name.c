/* The program's name: see program_name.h. */
#include "preload/program_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

static struct {
    char given[128];
    char for_files[128];
} program_name = {.given = "unknown", .for_files = "unknown"};

static bool may_stand_in_file_name(char c, bool first) {
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte != 0x7f && c != '/' && !(first && (c == '-' || c == '.'));
}

void preload_program_name_init(void) {
    const char *name = program_invocation_short_name;
    if (!name || !*name) {
        return;
    }
    snprintf(program_name.given, sizeof program_name.given, "%.100s", name);
    size_t i = 0;
    for (; program_name.given[i]; i++) {
        char c = program_name.given[i];
        program_name.for_files[i] = c;
        if (!may_stand_in_file_name(c, i == 0)) {
            program_name.for_files[i] = '_';
        }
    }
    program_name.for_files[i] = 0;
}

const char *preload_program_name(void) {
    return program_name.given;
}

const char *preload_program_file_name(void) {
    return program_name.for_files;
}

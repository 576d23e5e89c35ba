/* Kernels' names as people know them. */
#include "analysis/memory.h"
#include "analysis/table.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

static bool in_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Takes the names of namespaces and classes ("at::native::") out of a demangled name, in place. Templates and
 * functions as scopes stay: what they say is often all that tells two kernels apart. */
static void drop_scopes(char *name) {
    static const char unnamed[] = "(anonymous namespace)";
    size_t to = 0, begun = 0; /* of what is kept: its length, and where the current identifier began */
    for (const char *from = name; *from;) {
        if (strncmp(from, unnamed, sizeof unnamed - 1) == 0 &&
            strncmp(from + sizeof unnamed - 1, "::", 2) == 0) {
            from += sizeof unnamed - 1 + 2;
        } else if (from[0] == ':' && from[1] == ':' && to > begun) {
            to = begun;
            from += 2;
        } else {
            begun = in_identifier(*from) ? begun : to + 1;
            name[to++] = *from++;
        }
    }
    name[to] = '\0';
}

/* Empties the parentheses of a name, in place: parameters of functions that kernels were made for, mostly. */
static void drop_parameters(char *name) {
    size_t to = 0, depth = 0;
    for (const char *from = name; *from; from++) {
        depth -= *from == ')' && depth > 0;
        if (depth == 0) {
            name[to++] = *from;
        }
        depth += *from == '(';
    }
    name[to] = '\0';
}

char *analysis_kernel_name(const char *mangled, size_t width) {
    if (*mangled == '\0') {
        return analysis_copy("(no name)", strlen("(no name)"));
    }
    char *name = cplus_demangle_v3(mangled, DMGL_ANSI);
    if (!name) {
        return analysis_copy(mangled, strlen(mangled));
    }
    char *copy = analysis_copy(name, strlen(name)); /* the demangler's memory is its own */
    free(name);
    if (analysis_text_width(copy) > width) {
        drop_scopes(copy);
    }
    if (analysis_text_width(copy) > width) {
        drop_parameters(copy);
    }
    return copy;
}

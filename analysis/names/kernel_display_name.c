/* Kernels' names as people know them. */
#include "analysis/names/kernel_display_name.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"
#include "analysis/names/demangle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* Of a name that came demangled from another profiler ("void ns::f<4>(int, float*)"): without the type that
 * the function returns and without its parameters, in place, which is how ours are. */
static void drop_signature(char *name) {
    size_t len = strlen(name), depth = 0, at = len;
    if (len == 0 || name[len - 1] != ')') {
        return;
    }
    do {
        at--;
        depth += name[at] == ')';
        depth -= name[at] == '(';
    } while (at > 0 && depth > 0);
    if (at == 0 || name[at - 1] == ' ') { /* no function's parameters */
        return;
    }
    name[at] = '\0';
    size_t begin = 0;
    depth = 0;
    for (size_t i = 0; i < at && depth < at; i++) {
        bool opens = name[i] == '<' || name[i] == '(' || name[i] == '[' || name[i] == '{';
        bool closes = name[i] == '>' || name[i] == ')' || name[i] == ']' || name[i] == '}';
        depth += opens;
        depth -= closes && depth > 0;
        begin = name[i] == ' ' && depth == 0 ? i + 1 : begin;
    }
    memmove(name, name + begin, at - begin + 1);
}

char *names_kernel_display(const char *mangled, size_t width) {
    if (*mangled == '\0') {
        return base_copy("(no name)", strlen("(no name)"));
    }
    char *copy = names_demangle(mangled, DMGL_ANSI);
    if (!copy) {
        copy = base_copy(mangled, strlen(mangled));
        drop_signature(copy);
    }
    if (base_text_width(copy) > width) {
        drop_scopes(copy);
    }
    if (base_text_width(copy) > width) {
        drop_parameters(copy);
    }
    return copy;
}

char *names_kernel_signature(const char *mangled) {
    char *name = names_demangle(mangled, DMGL_PARAMS | DMGL_ANSI);
    return name ? name : base_copy(mangled, strlen(mangled));
}

/* The tree that libiberty makes of a mangled name, and the text that is made of the tree. */
#include "analysis/names/demangle_printer.h"

#include "analysis/base/alloc.h"
#include "analysis/names/demangle.h"

#include <string.h>

/* Deeper trees are printed by libiberty. */
#define COMPONENT_DEPTH_MAX 512
/* Substitutions can make a short name very long. */
#define TEXT_MAX NAMES_DEMANGLED_MAX

void names_demangle_print_bytes(names_demangle_printer *p, const char *s, size_t len) {
    if (p->len + len > TEXT_MAX) {
        p->failed = true;
        return;
    }
    p->text = base_grow(p->text, &p->cap, p->len + len + 1, 1);
    memcpy(p->text + p->len, s, len);
    p->len += len;
    p->text[p->len] = '\0';
}

void names_demangle_print(names_demangle_printer *p, const char *s) {
    names_demangle_print_bytes(p, s, strlen(s));
}

bool names_demangle_print_enter(names_demangle_printer *p) {
    if (p->depth >= COMPONENT_DEPTH_MAX || p->failed) {
        p->failed = true;
        return false;
    }
    p->depth++;
    return true;
}

static void put_libiberty(const char *s, size_t len, void *p) {
    names_demangle_print_bytes(p, s, len);
}

void names_demangle_print_leaf(names_demangle_printer *p, const names_demangle_component *c) {
    if (!names_demangle_component_to(c, DMGL_PARAMS | DMGL_ANSI, put_libiberty, p)) {
        p->failed = true;
    }
}

/* How a qualifier behind the parameters is written; NULL when the component is none. */
static const char *function_qualifier(const names_demangle_component *c) {
    switch (c->type) {
    case DEMANGLE_COMPONENT_CONST_THIS:
        return " const";
    case DEMANGLE_COMPONENT_VOLATILE_THIS:
        return " volatile";
    case DEMANGLE_COMPONENT_RESTRICT_THIS:
        return " restrict";
    case DEMANGLE_COMPONENT_REFERENCE_THIS:
        return " &";
    case DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS:
        return " &&";
    default:
        return NULL;
    }
}

void names_demangle_print_qualifiers(names_demangle_printer *p, const names_demangle_component *c) {
    for (; c && function_qualifier(c); c = names_demangle_left(c)) {
        names_demangle_print(p, function_qualifier(c));
    }
}

const names_demangle_component *names_demangle_without_qualifiers(const names_demangle_component *c) {
    while (c && function_qualifier(c)) {
        c = names_demangle_left(c);
    }
    return c;
}

/* Whether the component refers to `other`. Leaves hold no components, and what they leave out is not set. */
static bool refers_to(const names_demangle_component *c, const names_demangle_component *other) {
    switch (c->type) {
    case DEMANGLE_COMPONENT_NAME:
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
    case DEMANGLE_COMPONENT_FUNCTION_PARAM:
    case DEMANGLE_COMPONENT_SUB_STD:
    case DEMANGLE_COMPONENT_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_EXTENDED_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_OPERATOR:
    case DEMANGLE_COMPONENT_CHARACTER:
    case DEMANGLE_COMPONENT_NUMBER:
    case DEMANGLE_COMPONENT_UNNAMED_TYPE:
        return false;
    case DEMANGLE_COMPONENT_LAMBDA:
    case DEMANGLE_COMPONENT_DEFAULT_ARG:
    case DEMANGLE_COMPONENT_FIXED_TYPE:
        return names_demangle_left(c) == other;
    default:
        return names_demangle_left(c) == other || names_demangle_right(c) == other;
    }
}

/* libiberty takes it out of the tree, but not out of its memory: components stand there in the order in which
 * they were parsed, the returned type between the name and the parameters, and it is the one there that
 * nothing refers to. */
const names_demangle_component *names_demangle_lost_return_type(const names_demangle_component *name,
                                                                const names_demangle_component *function) {
    name = names_demangle_without_qualifiers(name);
    if (!name || name->type != DEMANGLE_COMPONENT_TEMPLATE) {
        return NULL;
    }
    for (const names_demangle_component *c = name + 1; c < function; c++) {
        bool wanted = false;
        for (const names_demangle_component *user = c + 1; user <= function && !wanted; user++) {
            wanted = refers_to(user, c);
        }
        if (!wanted) {
            return c;
        }
    }
    return NULL;
}

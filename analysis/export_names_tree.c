/* The tree that libiberty makes of a mangled name, and the text that is made of the tree. */
#include "analysis/export_names_parts.h"

#include "analysis/memory.h"

#include <string.h>

/* Deeper trees are printed by libiberty. */
#define DEPTH_MAX 512
/* Substitutions can make a short name very long. */
#define TEXT_MAX (1u << 20)

void analysis_print_bytes(analysis_printer *p, const char *s, size_t len) {
    if (p->len + len > TEXT_MAX) {
        p->failed = true;
        return;
    }
    p->text = analysis_grow(p->text, &p->cap, p->len + len + 1, 1);
    memcpy(p->text + p->len, s, len);
    p->len += len;
    p->text[p->len] = '\0';
}

void analysis_print(analysis_printer *p, const char *s) {
    analysis_print_bytes(p, s, strlen(s));
}

bool analysis_print_enter(analysis_printer *p) {
    if (p->depth >= DEPTH_MAX || p->failed) {
        p->failed = true;
        return false;
    }
    p->depth++;
    return true;
}

static void put_libiberty(const char *s, size_t len, void *p) {
    analysis_print_bytes(p, s, len);
}

void analysis_print_leaf(analysis_printer *p, const analysis_component *c) {
    if (!cplus_demangle_print_callback(DMGL_PARAMS | DMGL_ANSI, (analysis_component *)c, put_libiberty, p)) {
        p->failed = true;
    }
}

static bool is_function_qualifier(const analysis_component *c) {
    return c->type == DEMANGLE_COMPONENT_CONST_THIS || c->type == DEMANGLE_COMPONENT_VOLATILE_THIS ||
           c->type == DEMANGLE_COMPONENT_RESTRICT_THIS || c->type == DEMANGLE_COMPONENT_REFERENCE_THIS ||
           c->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS;
}

void analysis_print_qualifiers(analysis_printer *p, const analysis_component *c) {
    for (; c && is_function_qualifier(c); c = analysis_left(c)) {
        analysis_print(p, c->type == DEMANGLE_COMPONENT_CONST_THIS       ? " const"
                          : c->type == DEMANGLE_COMPONENT_VOLATILE_THIS  ? " volatile"
                          : c->type == DEMANGLE_COMPONENT_REFERENCE_THIS ? " &"
                          : c->type == DEMANGLE_COMPONENT_RESTRICT_THIS  ? " restrict"
                                                                         : " &&");
    }
}

const analysis_component *analysis_without_qualifiers(const analysis_component *c) {
    while (c && is_function_qualifier(c)) {
        c = analysis_left(c);
    }
    return c;
}

/* Whether the component refers to `other`. Leaves hold no components, and what they leave out is not set. */
static bool refers(const analysis_component *c, const analysis_component *other) {
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
        return analysis_left(c) == other;
    default:
        return analysis_left(c) == other || analysis_right(c) == other;
    }
}

/* libiberty takes it out of the tree, but not out of its memory: components stand there in the order in which
 * they were parsed, the returned type between the name and the parameters, and it is the one there that
 * nothing refers to. */
const analysis_component *analysis_lost_return_type(const analysis_component *name,
                                                    const analysis_component *function) {
    name = analysis_without_qualifiers(name);
    if (!name || name->type != DEMANGLE_COMPONENT_TEMPLATE) {
        return NULL;
    }
    for (const analysis_component *c = name + 1; c < function; c++) {
        bool wanted = false;
        for (const analysis_component *user = c + 1; user <= function && !wanted; user++) {
            wanted = refers(user, c);
        }
        if (!wanted) {
            return c;
        }
    }
    return NULL;
}

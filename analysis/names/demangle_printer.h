/* The tree that libiberty makes of a mangled name, and the text that is made of it: what the printer of whole names
 * (demangle_tree.h) needs of both. */
#ifndef NAMES_DEMANGLE_PRINTER_H
#define NAMES_DEMANGLE_PRINTER_H

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct demangle_component names_demangle_component;

/* Zeroed at first; the caller frees the text. */
typedef struct {
    char *text; /* NULL while nothing was printed */
    size_t len, cap;
    unsigned depth;
    bool failed; /* a part that this printer does not know: the caller falls back */
} names_demangle_printer;

/* The two components that a component holds; leaves hold none. */
static inline const names_demangle_component *names_demangle_left(const names_demangle_component *c) {
    return c->u.s_binary.left;
}

static inline const names_demangle_component *names_demangle_right(const names_demangle_component *c) {
    return c->u.s_binary.right;
}

void names_demangle_print_bytes(names_demangle_printer *p, const char *s, size_t len);
void names_demangle_print(names_demangle_printer *p, const char *s);

/* One component deeper, which p->depth-- ends; false, and failed, where the tree is too deep or something
 * failed. */
bool names_demangle_print_enter(names_demangle_printer *p);

/* A leaf (a builtin type, an operator) in libiberty's words. */
void names_demangle_print_leaf(names_demangle_printer *p, const names_demangle_component *c);

/* What stands behind the arguments of a member function; and the component inside of that. */
void names_demangle_print_qualifiers(names_demangle_printer *p, const names_demangle_component *c);
const names_demangle_component *names_demangle_without_qualifiers(const names_demangle_component *c);

/* What a template function returns that a local name lies in; NULL when it is not found. */
const names_demangle_component *names_demangle_lost_return_type(const names_demangle_component *name,
                                                                const names_demangle_component *function);

#endif

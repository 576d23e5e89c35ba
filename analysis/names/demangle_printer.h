/* Basic operations on libiberty's tree of a mangled name and on the output text, for the printer of names
 * (demangle_tree.h). */
#ifndef NAMES_DEMANGLE_PRINTER_H
#define NAMES_DEMANGLE_PRINTER_H

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct demangle_component names_demangle_component;

/* The output. Zeroed at first; the caller frees `text`. */
typedef struct {
    char *text; /* NULL before any output */
    size_t len, cap;
    unsigned depth; /* of the component that is printed now */
    bool
        failed; /* the name has a component that this printer does not support: the caller uses libiberty's text */
} names_demangle_printer;

/* The two operands of a binary component; not for leaves. */
static inline const names_demangle_component *names_demangle_left(const names_demangle_component *c) {
    return c->u.s_binary.left;
}

static inline const names_demangle_component *names_demangle_right(const names_demangle_component *c) {
    return c->u.s_binary.right;
}

/* Append text. Beyond NAMES_DEMANGLED_MAX bytes they set `failed`. */
void names_demangle_print_bytes(names_demangle_printer *p, const char *s, size_t len);
void names_demangle_print(names_demangle_printer *p, const char *s);

/* Enters a component: increments p->depth, which the caller decrements afterwards. False, with `failed` set, when the tree
 * is too deep or an earlier step failed. */
bool names_demangle_print_enter(names_demangle_printer *p);

/* Prints a leaf (a built-in type, an operator) as libiberty does. */
void names_demangle_print_leaf(names_demangle_printer *p, const names_demangle_component *c);

/* Prints the qualifiers that follow the parameters of a member function ("const", "&"); and returns the component
 * without them. */
void names_demangle_print_qualifiers(names_demangle_printer *p, const names_demangle_component *c);
const names_demangle_component *names_demangle_without_qualifiers(const names_demangle_component *c);

/* Returns the return type of the template function that encloses a local name, which libiberty's tree drops; NULL when it
 * is not found. */
const names_demangle_component *names_demangle_lost_return_type(const names_demangle_component *name,
                                                                const names_demangle_component *function);

#endif

/* The parts of the printer of kernel names (export_names.h): the text and the tree, names, types. Names have
 * types in them, and types names, so that each calls the other. */
#ifndef ANALYSIS_EXPORT_NAMES_PARTS_H
#define ANALYSIS_EXPORT_NAMES_PARTS_H

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct demangle_component analysis_component;

/* Zeroed at first; the caller frees the text. */
typedef struct {
    char *text; /* NULL while nothing was printed */
    size_t len, cap;
    unsigned depth;
    bool failed; /* a part that this printer does not know: the caller falls back */
} analysis_printer;

static inline const analysis_component *analysis_left(const analysis_component *c) {
    return c->u.s_binary.left;
}

static inline const analysis_component *analysis_right(const analysis_component *c) {
    return c->u.s_binary.right;
}

void analysis_print_bytes(analysis_printer *p, const char *s, size_t len);
void analysis_print(analysis_printer *p, const char *s);

/* One component deeper, which p->depth-- ends; false, and failed, where the tree is too deep or something
 * failed. */
bool analysis_print_enter(analysis_printer *p);

/* A leaf (a builtin type, an operator) in libiberty's words. */
void analysis_print_leaf(analysis_printer *p, const analysis_component *c);

/* What stands behind the arguments of a member function; and the component inside of that. */
void analysis_print_qualifiers(analysis_printer *p, const analysis_component *c);
const analysis_component *analysis_without_qualifiers(const analysis_component *c);

/* What a template function returns that a local name lies in; NULL when it is not found. */
const analysis_component *analysis_lost_return_type(const analysis_component *name,
                                                    const analysis_component *function);

/* A name, qualified as far as the tree has it. */
void analysis_print_name(analysis_printer *p, const analysis_component *c);

/* A type, or the value of a template argument. */
void analysis_print_type(analysis_printer *p, const analysis_component *c);

/* Types or template arguments with commas between them; an empty pack leaves no trace. *first is true before
 * the first of them. */
void analysis_print_list(analysis_printer *p, const analysis_component *c, bool *first);

/* The types of a function's parameters, in parentheses. */
void analysis_print_parameters(analysis_printer *p, const analysis_component *args);

#endif

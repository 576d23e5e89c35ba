/* Mangled C++ names with bounds: libiberty's demangler refuses names of more than 1,024 characters (CUTLASS has longer ones),
 * and a short name whose substitutions double at each level has no end. */
#ifndef NAMES_DEMANGLE_H
#define NAMES_DEMANGLE_H

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stddef.h>

/* The longest mangled name that is parsed: libiberty's parser takes stack in proportion. */
#define NAMES_MANGLED_MAX 16384
/* The longest demangled name; what is longer is cut. */
#define NAMES_DEMANGLED_MAX 65536

/* The demangled name; `options` are libiberty's (DMGL_PARAMS, DMGL_ANSI). Of a name that is too long the beginning, and a
 * remark that says so. NULL when the name is not mangled. The caller frees it. */
char *names_demangle(const char *mangled, int options);

/* Prints a component of a parsed name to `put`, at most NAMES_DEMANGLED_MAX bytes; false where there would be more, or the
 * component cannot be printed. */
bool names_demangle_component_to(const struct demangle_component *c, int options,
                                 void (*put)(const char *s, size_t len, void *ctx), void *ctx);

#endif

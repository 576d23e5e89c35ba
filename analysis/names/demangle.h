/* Demangling of C++ names (Itanium C++ ABI) with limits on size: libiberty's demangler alone refuses names of more than
 * 1,024 characters, which CUTLASS exceeds, and expands a short name whose substitutions double at each level without
 * limit. */
#ifndef NAMES_DEMANGLE_H
#define NAMES_DEMANGLE_H

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stddef.h>

/* Longest mangled name in bytes that is parsed: libiberty's parser uses stack in proportion to it. */
#define NAMES_MANGLED_MAX 16384
/* Longest demangled name in bytes; longer ones are truncated. */
#define NAMES_DEMANGLED_MAX 65536

/* Returns the demangled name, which the caller frees; `options` are libiberty's (DMGL_PARAMS, DMGL_ANSI). A name beyond
 * the limits is truncated, with a remark. NULL when the name is not mangled. */
char *names_demangle(const char *mangled, int options);

/* Prints a component of a parsed name through `put`, at most NAMES_DEMANGLED_MAX bytes. False when it is longer, or
 * libiberty cannot print it. */
bool names_demangle_component_to(const struct demangle_component *c, int options,
                                 void (*put)(const char *s, size_t len, void *ctx), void *ctx);

#endif

/* The version of a symbol with which a library was linked. A process may hold two CUDA runtimes that export the same names: the
 * dynamic linker distinguishes them by version. */
#ifndef PRELOAD_SYMBOL_VERSION_H
#define PRELOAD_SYMBOL_VERSION_H

#include <link.h>
#include <stdbool.h>

/* Returns the version of `name` that the library with the code at `caller` requires; NULL when it requires none or does not refer
 * to `name`. The text is valid as long as the library is loaded. */
const char *preload_symbol_version(const void *caller, const char *name);
/* Returns whether the library that defines the function gives it a version; a function without one satisfies any. */
bool preload_symbol_is_versioned(const void *function);
/* Returns the address to which `name` is bound in the library; NULL when the library does not refer to it or has not called it
 * yet. */
const void *preload_symbol_bound(const struct dl_phdr_info *library, const char *name);

#endif

/* Which version of a symbol a library was linked with. A process may hold two CUDA runtimes, which export the
 * same names: the dynamic linker tells them apart by version. */
#ifndef PRELOAD_SYMBOL_VERSION_H
#define PRELOAD_SYMBOL_VERSION_H

#include <link.h>
#include <stdbool.h>

/* The version that the library at `caller` (an address in its code) wants `name` in; NULL when it wants none, or
 * does not refer to `name`. It lives as long as the library. */
const char *preload_symbol_version(const void *caller, const char *name);
/* Whether the library that defines the function gives it a version. One that does not serves any. */
bool preload_symbol_is_versioned(const void *function);
/* What `name` is bound to in a library that refers to it; NULL when it does not, or has not called it yet. */
const void *preload_symbol_bound(const struct dl_phdr_info *library, const char *name);

#endif

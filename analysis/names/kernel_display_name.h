/* Kernels' names as people know them. */
#ifndef NAMES_KERNEL_DISPLAY_NAME_H
#define NAMES_KERNEL_DISPLAY_NAME_H

#include <stddef.h>

/* A kernel's mangled name as people know it, without its parameters. While it takes more than `width`
 * columns, the names of namespaces go first and then what stands in parentheses; it may still be longer. "(no
 * name)" when it has none. The caller frees it. */
char *names_kernel_display(const char *mangled, size_t width);

/* The full signature as torch.profiler gives it, which is what C++ compilers' libraries make of a mangled
 * name: "void ns::f<4, float>(float*, int)". A name that is not mangled comes back as it is. The caller frees
 * it. */
char *names_kernel_signature(const char *mangled);

#endif

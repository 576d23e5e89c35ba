/* Kernel names for people. */
#ifndef NAMES_KERNEL_DISPLAY_NAME_H
#define NAMES_KERNEL_DISPLAY_NAME_H

#include <stddef.h>

/* Returns the demangled name without parameters, for tables. A name wider than `width` columns is shortened: first its
 * namespaces are removed, then text in parentheses; the result may still be wider. "(no name)" for "". The caller frees
 * it. */
char *names_kernel_display(const char *mangled, size_t width);

/* Returns the full signature in torch.profiler's style, which is that of __cxa_demangle: "void ns::f<4, float>(float*,
 * int)". A name that is not mangled is returned as a copy. The caller frees it. */
char *names_kernel_signature(const char *mangled);

#endif

/* The three names of a kernel in Nsight Systems, made from the mangled one. */
#ifndef NAMES_DEMANGLE_NSYS_H
#define NAMES_DEMANGLE_NSYS_H

/* The full signature in the style that Nsight Systems shows ("void ns::f<(int)4, float>(T1 *, int)"): types
 * of literals are spelled out, and template parameters of the signature stay parameters. A name that is not
 * mangled comes back as it is. The caller frees it. */
char *names_kernel_demangled(const char *mangled);

/* The function's own name: no namespace, no arguments. The caller frees it. */
char *names_kernel_short(const char *mangled);

#endif

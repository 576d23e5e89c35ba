/* The demangled and short kernel names of Nsight Systems (columns demangledName and shortName), from the mangled name. */
#ifndef NAMES_DEMANGLE_NSYS_H
#define NAMES_DEMANGLE_NSYS_H

/* Returns the full signature in Nsight Systems' style, "void ns::f<(int)4, float>(T1 *, int)": literals have their types,
 * and template parameters in the signature are not substituted. A name that is not mangled is returned as a copy. The
 * caller frees it. */
char *names_kernel_demangled(const char *mangled);

/* Returns the function's name without namespaces, template arguments and parameters. The caller frees it. */
char *names_kernel_short(const char *mangled);

#endif

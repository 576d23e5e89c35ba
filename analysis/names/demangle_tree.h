/* Prints the names and types of a demangled tree in Nsight Systems' style. */
#ifndef NAMES_DEMANGLE_TREE_H
#define NAMES_DEMANGLE_TREE_H

#include "analysis/names/demangle_printer.h"

/* Prints a name with its enclosing namespaces, classes and template arguments; sets p->failed on a component that it does
 * not support. */
void names_demangle_print_name(names_demangle_printer *p, const names_demangle_component *c);

#endif

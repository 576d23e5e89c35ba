/* Names and types of a mangled name's tree, as Nsight Systems spells them. */
#ifndef NAMES_DEMANGLE_TREE_H
#define NAMES_DEMANGLE_TREE_H

#include "analysis/names/demangle_printer.h"

/* A name, qualified as far as the tree has it. */
void names_demangle_print_name(names_demangle_printer *p, const names_demangle_component *c);

#endif

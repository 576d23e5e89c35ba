/* Kernel names as Nsight Systems spells them. */
#include "analysis/names/demangle_nsys.h"

#include "analysis/base/alloc.h"
#include "analysis/names/demangle.h"
#include "analysis/names/demangle_tree.h"
#include "analysis/names/kernel_display_name.h"

#include <stdlib.h>
#include <string.h>

static names_demangle_component *parse_mangled(const char *mangled, void **memory) {
    *memory = NULL;
    if (strncmp(mangled, "_Z", 2) != 0 || strlen(mangled) > NAMES_MANGLED_MAX) {
        return NULL;
    }
    return cplus_demangle_v3_components(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT, memory);
}

char *names_kernel_demangled(const char *mangled) {
    void *memory;
    names_demangle_printer p = {0};
    names_demangle_component *tree = parse_mangled(mangled, &memory);
    if (tree) {
        names_demangle_print_name(&p, tree);
    }
    free(memory);
    if (tree && !p.failed && p.text) {
        return p.text;
    }
    free(p.text);
    return names_kernel_signature(mangled);
}

char *names_kernel_short(const char *mangled) {
    void *memory;
    names_demangle_printer p = {0};
    const names_demangle_component *c = parse_mangled(mangled, &memory);
    while (c) {
        c = names_demangle_without_qualifiers(c);
        if (c && (c->type == DEMANGLE_COMPONENT_QUAL_NAME || c->type == DEMANGLE_COMPONENT_LOCAL_NAME)) {
            c = names_demangle_right(c);
        } else if (c &&
                   (c->type == DEMANGLE_COMPONENT_TYPED_NAME || c->type == DEMANGLE_COMPONENT_TEMPLATE)) {
            c = names_demangle_left(c);
        } else {
            break;
        }
    }
    if (c) {
        names_demangle_print_name(&p, c);
    }
    free(memory);
    if (c && !p.failed && p.text) {
        return p.text;
    }
    free(p.text);
    return base_copy(mangled, strlen(mangled));
}

/* Kernel names as Nsight Systems spells them. libiberty parses the mangled name; this printer prints the tree
 * that it makes, since its own one resolves template parameters and leaves the types of literals out. */
#include "analysis/names/demangle_nsys.h"

#include "analysis/base/alloc.h"
#include "analysis/names/demangle.h"
#include "analysis/names/demangle_internal.h"
#include "analysis/names/kernel_display_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A function with its name: what it returns (of templates only), name, parameters, qualifiers. */
static void encoding(names_demangle_printer *p, const names_demangle_component *c) {
    const names_demangle_component *function = names_demangle_right(c), *name = names_demangle_left(c);
    if (function->type != DEMANGLE_COMPONENT_FUNCTION_TYPE) {
        p->failed = true;
        return;
    }
    const names_demangle_component *returned = names_demangle_left(function)
                                                   ? names_demangle_left(function)
                                                   : names_demangle_lost_return_type(name, function);
    if (returned) {
        names_demangle_print_type(p, returned);
        names_demangle_print(p, " ");
    }
    /* The qualifiers of a local function's name are wrapped around its last part. */
    names_demangle_print_name(p, names_demangle_without_qualifiers(name));
    names_demangle_print_parameters(p, names_demangle_right(function));
    const names_demangle_component *last = names_demangle_without_qualifiers(name);
    while (last && last->type == DEMANGLE_COMPONENT_LOCAL_NAME) {
        last = names_demangle_right(last);
        names_demangle_print_qualifiers(p, last);
        last = names_demangle_without_qualifiers(last);
    }
    names_demangle_print_qualifiers(p, name);
}

static void operator_name(names_demangle_printer *p, const names_demangle_component *c) {
    names_demangle_printer word = {0};
    names_demangle_print_leaf(&word, c);
    const char *text = word.text ? word.text : "";
    if (strncmp(text, "operator", 8) == 0 && text[8] != ' ') {
        names_demangle_print(p, "operator ");
        names_demangle_print(p, text + 8);
    } else {
        names_demangle_print(p, text);
    }
    free(word.text);
}

static void plain_name(names_demangle_printer *p, const names_demangle_component *c) {
    static const char anonymous[] = "(anonymous namespace)";
    if (c->u.s_name.len == (int)sizeof anonymous - 1 &&
        memcmp(c->u.s_name.s, anonymous, sizeof anonymous - 1) == 0) {
        names_demangle_print(p, "<unnamed>");
    } else {
        names_demangle_print_bytes(p, c->u.s_name.s, (size_t)c->u.s_name.len);
    }
}

static void lambda(names_demangle_printer *p, const names_demangle_component *c) {
    char number[40];
    names_demangle_print(p, "[lambda");
    names_demangle_print_parameters(p, c->u.s_unary_num.sub);
    snprintf(number, sizeof number, " (instance %d)]", c->u.s_unary_num.num + 1);
    names_demangle_print(p, number);
}

void names_demangle_print_name(names_demangle_printer *p, const names_demangle_component *c) {
    if (!c || !names_demangle_print_enter(p)) {
        p->failed = true;
        return;
    }
    bool first = true;
    c = names_demangle_without_qualifiers(c);
    switch (c->type) {
    case DEMANGLE_COMPONENT_NAME:
        plain_name(p, c);
        break;
    case DEMANGLE_COMPONENT_QUAL_NAME:
    case DEMANGLE_COMPONENT_LOCAL_NAME:
        names_demangle_print_name(p, names_demangle_left(c));
        names_demangle_print(p, "::");
        names_demangle_print_name(p, names_demangle_right(c));
        break;
    case DEMANGLE_COMPONENT_TYPED_NAME:
        encoding(p, c);
        break;
    case DEMANGLE_COMPONENT_TEMPLATE:
        names_demangle_print_name(p, names_demangle_left(c));
        names_demangle_print(p, "<");
        names_demangle_print_list(p, names_demangle_right(c), &first);
        names_demangle_print(p, ">");
        break;
    case DEMANGLE_COMPONENT_OPERATOR:
        operator_name(p, c);
        break;
    case DEMANGLE_COMPONENT_LAMBDA:
        lambda(p, c);
        break;
    case DEMANGLE_COMPONENT_CTOR:
        names_demangle_print_name(p, c->u.s_ctor.name);
        break;
    case DEMANGLE_COMPONENT_TAGGED_NAME:
        names_demangle_print_name(p, names_demangle_left(c));
        break;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
        names_demangle_print_type(p, c);
        break;
    case DEMANGLE_COMPONENT_SUB_STD:
        names_demangle_print_bytes(p, c->u.s_string.string, (size_t)c->u.s_string.len);
        break;
    default:
        names_demangle_print_leaf(p, c);
    }
    p->depth--;
}

static names_demangle_component *parse(const char *mangled, void **memory) {
    *memory = NULL;
    if (strncmp(mangled, "_Z", 2) != 0 || strlen(mangled) > NAMES_MANGLED_MAX) {
        return NULL;
    }
    return cplus_demangle_v3_components(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT, memory);
}

char *names_kernel_demangled(const char *mangled) {
    void *memory;
    names_demangle_printer p = {0};
    names_demangle_component *tree = parse(mangled, &memory);
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
    const names_demangle_component *c = parse(mangled, &memory);
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

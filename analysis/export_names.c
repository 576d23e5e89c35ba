/* Kernel names as Nsight Systems spells them. libiberty parses the mangled name; this printer prints the tree
 * that it makes, since its own one resolves template parameters and leaves the types of literals out. */
#include "analysis/export_names.h"

#include "analysis/export_names_parts.h"
#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A function with its name: what it returns (of templates only), name, parameters, qualifiers. */
static void encoding(analysis_printer *p, const analysis_component *c) {
    const analysis_component *function = analysis_right(c), *name = analysis_left(c);
    if (function->type != DEMANGLE_COMPONENT_FUNCTION_TYPE) {
        p->failed = true;
        return;
    }
    const analysis_component *returned =
        analysis_left(function) ? analysis_left(function) : analysis_lost_return_type(name, function);
    if (returned) {
        analysis_print_type(p, returned);
        analysis_print(p, " ");
    }
    /* The qualifiers of a local function's name are wrapped around its last part. */
    analysis_print_name(p, analysis_without_qualifiers(name));
    analysis_print_parameters(p, analysis_right(function));
    const analysis_component *last = analysis_without_qualifiers(name);
    while (last && last->type == DEMANGLE_COMPONENT_LOCAL_NAME) {
        last = analysis_right(last);
        analysis_print_qualifiers(p, last);
        last = analysis_without_qualifiers(last);
    }
    analysis_print_qualifiers(p, name);
}

static void operator_name(analysis_printer *p, const analysis_component *c) {
    analysis_printer word = {0};
    analysis_print_leaf(&word, c);
    const char *text = word.text ? word.text : "";
    if (strncmp(text, "operator", 8) == 0 && text[8] != ' ') {
        analysis_print(p, "operator ");
        analysis_print(p, text + 8);
    } else {
        analysis_print(p, text);
    }
    free(word.text);
}

static void plain_name(analysis_printer *p, const analysis_component *c) {
    static const char anonymous[] = "(anonymous namespace)";
    if (c->u.s_name.len == (int)sizeof anonymous - 1 &&
        memcmp(c->u.s_name.s, anonymous, sizeof anonymous - 1) == 0) {
        analysis_print(p, "<unnamed>");
    } else {
        analysis_print_bytes(p, c->u.s_name.s, (size_t)c->u.s_name.len);
    }
}

static void lambda(analysis_printer *p, const analysis_component *c) {
    char number[40];
    analysis_print(p, "[lambda");
    analysis_print_parameters(p, c->u.s_unary_num.sub);
    snprintf(number, sizeof number, " (instance %d)]", c->u.s_unary_num.num + 1);
    analysis_print(p, number);
}

void analysis_print_name(analysis_printer *p, const analysis_component *c) {
    if (!c || !analysis_print_enter(p)) {
        p->failed = true;
        return;
    }
    bool first = true;
    c = analysis_without_qualifiers(c);
    switch (c->type) {
    case DEMANGLE_COMPONENT_NAME:
        plain_name(p, c);
        break;
    case DEMANGLE_COMPONENT_QUAL_NAME:
    case DEMANGLE_COMPONENT_LOCAL_NAME:
        analysis_print_name(p, analysis_left(c));
        analysis_print(p, "::");
        analysis_print_name(p, analysis_right(c));
        break;
    case DEMANGLE_COMPONENT_TYPED_NAME:
        encoding(p, c);
        break;
    case DEMANGLE_COMPONENT_TEMPLATE:
        analysis_print_name(p, analysis_left(c));
        analysis_print(p, "<");
        analysis_print_list(p, analysis_right(c), &first);
        analysis_print(p, ">");
        break;
    case DEMANGLE_COMPONENT_OPERATOR:
        operator_name(p, c);
        break;
    case DEMANGLE_COMPONENT_LAMBDA:
        lambda(p, c);
        break;
    case DEMANGLE_COMPONENT_CTOR:
        analysis_print_name(p, c->u.s_ctor.name);
        break;
    case DEMANGLE_COMPONENT_TAGGED_NAME:
        analysis_print_name(p, analysis_left(c));
        break;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
        analysis_print_type(p, c);
        break;
    case DEMANGLE_COMPONENT_SUB_STD:
        analysis_print_bytes(p, c->u.s_string.string, (size_t)c->u.s_string.len);
        break;
    default:
        analysis_print_leaf(p, c);
    }
    p->depth--;
}

static analysis_component *parse(const char *mangled, void **memory) {
    *memory = NULL;
    return strncmp(mangled, "_Z", 2) == 0
               ? cplus_demangle_v3_components(mangled, DMGL_PARAMS | DMGL_ANSI, memory)
               : NULL;
}

char *analysis_kernel_demangled(const char *mangled) {
    void *memory;
    analysis_printer p = {0};
    analysis_component *tree = parse(mangled, &memory);
    if (tree) {
        analysis_print_name(&p, tree);
    }
    free(memory);
    if (tree && !p.failed && p.text) {
        return p.text;
    }
    free(p.text);
    char *plain = tree ? cplus_demangle_v3(mangled, DMGL_PARAMS | DMGL_ANSI) : NULL;
    char *copy = analysis_copy(plain ? plain : mangled, strlen(plain ? plain : mangled));
    free(plain);
    return copy;
}

char *analysis_kernel_short(const char *mangled) {
    void *memory;
    analysis_printer p = {0};
    const analysis_component *c = parse(mangled, &memory);
    while (c) {
        c = analysis_without_qualifiers(c);
        if (c && (c->type == DEMANGLE_COMPONENT_QUAL_NAME || c->type == DEMANGLE_COMPONENT_LOCAL_NAME)) {
            c = analysis_right(c);
        } else if (c &&
                   (c->type == DEMANGLE_COMPONENT_TYPED_NAME || c->type == DEMANGLE_COMPONENT_TEMPLATE)) {
            c = analysis_left(c);
        } else {
            break;
        }
    }
    if (c) {
        analysis_print_name(&p, c);
    }
    free(memory);
    if (c && !p.failed && p.text) {
        return p.text;
    }
    free(p.text);
    return analysis_copy(mangled, strlen(mangled));
}

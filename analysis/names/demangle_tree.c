/* Names and types as Nsight Systems spells them. libiberty parses the mangled name; this prints the tree that it
 * makes, since its own printer resolves template parameters and leaves the types of literals out. Names have types in
 * them, and types names, so that each calls the other. */
#include "analysis/names/demangle_tree.h"

#include "analysis/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints a type; `inner` is what is declared: empty, or the stars around a function or array. */
static void print_declaration(names_demangle_printer *p, const names_demangle_component *c,
                              const char *inner);

/* A type, or the value of a template argument. */
static void print_type(names_demangle_printer *p, const names_demangle_component *c) {
    print_declaration(p, c, "");
}

/* ---- Types ---- */

static bool is_void_type(const names_demangle_component *c) {
    if (!c || c->type != DEMANGLE_COMPONENT_BUILTIN_TYPE) {
        return false;
    }
    names_demangle_printer p = {0};
    names_demangle_print_leaf(&p, c);
    bool same = p.text && strcmp(p.text, "void") == 0;
    free(p.text);
    return same;
}

/* Types or template arguments with commas between them; an empty pack leaves no trace. *first is true before the first
 * of them. */
static void print_list(names_demangle_printer *p, const names_demangle_component *c, bool *first) {
    for (; c && !p->failed; c = names_demangle_right(c)) {
        const names_demangle_component *item = names_demangle_left(c);
        if (item &&
            (item->type == DEMANGLE_COMPONENT_TEMPLATE_ARGLIST || item->type == DEMANGLE_COMPONENT_ARGLIST)) {
            print_list(p, item, first); /* a pack */
        } else if (item) {
            names_demangle_print(p, *first ? "" : ", ");
            *first = false;
            print_type(p, item);
        }
    }
}

/* The types of a function's parameters, in parentheses. */
static void print_parameters(names_demangle_printer *p, const names_demangle_component *args) {
    bool first = true;
    names_demangle_print(p, "(");
    if (!(args && !names_demangle_right(args) && is_void_type(names_demangle_left(args)))) {
        print_list(p, args, &first);
    }
    names_demangle_print(p, ")");
}

/* (int)4, (int)-2 */
static void print_literal(names_demangle_printer *p, const names_demangle_component *c) {
    names_demangle_print(p, "(");
    print_type(p, names_demangle_left(c));
    names_demangle_print(p, c->type == DEMANGLE_COMPONENT_LITERAL_NEG ? ")-" : ")");
    names_demangle_print_name(p, names_demangle_right(c));
}

/* An operator between or before its operands. */
static void print_expression(names_demangle_printer *p, const names_demangle_component *c) {
    names_demangle_printer sign = {0};
    names_demangle_print_leaf(&sign, names_demangle_left(c));
    const char *text = sign.text ? sign.text : "";
    if (strncmp(text, "operator", 8) == 0) {
        text += 8;
    }
    const names_demangle_component *args = names_demangle_right(c);
    if (c->type == DEMANGLE_COMPONENT_UNARY) {
        names_demangle_print(p, text);
        print_type(p, args);
    } else if (args && args->type == DEMANGLE_COMPONENT_BINARY_ARGS) {
        names_demangle_print(p, "(");
        print_type(p, names_demangle_left(args));
        names_demangle_print(p, text);
        print_type(p, names_demangle_right(args));
        names_demangle_print(p, ")");
    } else {
        p->failed = true;
    }
    free(sign.text);
}

static void print_pointer(names_demangle_printer *p, const names_demangle_component *c, const char *sign,
                          const char *inner) {
    const names_demangle_component *to = names_demangle_left(c);
    size_t len = strlen(sign) + strlen(inner) + 1;
    char *next = base_alloc(len, 1);
    snprintf(next, len, "%s%s", sign, inner);
    print_declaration(p, to, next);
    free(next);
}

static void print_function_type(names_demangle_printer *p, const names_demangle_component *c,
                                const char *inner) {
    print_type(p, names_demangle_left(c));
    names_demangle_print(p, *inner ? " (" : " ");
    names_demangle_print(p, inner);
    names_demangle_print(p, *inner ? ")" : "");
    print_parameters(p, names_demangle_right(c));
}

static void print_array_type(names_demangle_printer *p, const names_demangle_component *c,
                             const char *inner) {
    print_type(p, names_demangle_right(c));
    names_demangle_print(p, *inner ? " (" : " ");
    names_demangle_print(p, inner);
    names_demangle_print(p, *inner ? ")[" : "[");
    if (names_demangle_left(c)) {
        print_type(p, names_demangle_left(c));
    }
    names_demangle_print(p, "]");
}

static bool is_pointer_type(const names_demangle_component *c) {
    return c && (c->type == DEMANGLE_COMPONENT_POINTER || c->type == DEMANGLE_COMPONENT_REFERENCE ||
                 c->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE);
}

/* const and volatile stand before a type, but behind a pointer's star. */
static void print_qualified(names_demangle_printer *p, const names_demangle_component *c, const char *word,
                            const char *inner) {
    if (is_pointer_type(names_demangle_left(c))) {
        size_t len = strlen(word) + strlen(inner) + 1;
        char *next = base_alloc(len, 1);
        snprintf(next, len, "%s%s", word, inner);
        print_declaration(p, names_demangle_left(c), next);
        free(next);
        return;
    }
    names_demangle_print(p, word);
    names_demangle_print(p, " ");
    print_declaration(p, names_demangle_left(c), inner);
}

static void print_declaration(names_demangle_printer *p, const names_demangle_component *c,
                              const char *inner) {
    if (!c || !names_demangle_print_enter(p)) {
        p->failed = true;
        return;
    }
    char number[32];
    bool function = false;
    switch (c->type) {
    case DEMANGLE_COMPONENT_POINTER:
        print_pointer(p, c, "*", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_REFERENCE:
        print_pointer(p, c, "&", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_RVALUE_REFERENCE:
        print_pointer(p, c, "&&", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_CONST:
        print_qualified(p, c, "const", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_VOLATILE:
        print_qualified(p, c, "volatile", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_RESTRICT:
        print_declaration(p, names_demangle_left(c), inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_FUNCTION_TYPE:
        print_function_type(p, c, inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_ARRAY_TYPE:
        print_array_type(p, c, inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
        snprintf(number, sizeof number, "T%ld", c->u.s_number.number + 1);
        names_demangle_print(p, number);
        break;
    case DEMANGLE_COMPONENT_LITERAL:
    case DEMANGLE_COMPONENT_LITERAL_NEG:
        print_literal(p, c);
        break;
    case DEMANGLE_COMPONENT_UNARY:
    case DEMANGLE_COMPONENT_BINARY:
        print_expression(p, c);
        break;
    case DEMANGLE_COMPONENT_PACK_EXPANSION:
        print_declaration(p, names_demangle_left(c), "");
        names_demangle_print(p, "...");
        break;
    default:
        names_demangle_print_name(p, c);
    }
    if (!function && *inner) {
        names_demangle_print(p, " ");
        names_demangle_print(p, inner);
    }
    p->depth--;
}

/* ---- Names ---- */

/* A function with its name: what it returns (of templates only), name, parameters, qualifiers. */
static void print_function(names_demangle_printer *p, const names_demangle_component *c) {
    const names_demangle_component *function = names_demangle_right(c), *name = names_demangle_left(c);
    if (function->type != DEMANGLE_COMPONENT_FUNCTION_TYPE) {
        p->failed = true;
        return;
    }
    const names_demangle_component *returned = names_demangle_left(function)
                                                   ? names_demangle_left(function)
                                                   : names_demangle_lost_return_type(name, function);
    if (returned) {
        print_type(p, returned);
        names_demangle_print(p, " ");
    }
    /* The qualifiers of a local function's name are wrapped around its last part. */
    names_demangle_print_name(p, names_demangle_without_qualifiers(name));
    print_parameters(p, names_demangle_right(function));
    const names_demangle_component *last = names_demangle_without_qualifiers(name);
    while (last && last->type == DEMANGLE_COMPONENT_LOCAL_NAME) {
        last = names_demangle_right(last);
        names_demangle_print_qualifiers(p, last);
        last = names_demangle_without_qualifiers(last);
    }
    names_demangle_print_qualifiers(p, name);
}

static void print_operator_name(names_demangle_printer *p, const names_demangle_component *c) {
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

static void print_plain_name(names_demangle_printer *p, const names_demangle_component *c) {
    static const char anonymous[] = "(anonymous namespace)";
    if (c->u.s_name.len == (int)sizeof anonymous - 1 &&
        memcmp(c->u.s_name.s, anonymous, sizeof anonymous - 1) == 0) {
        names_demangle_print(p, "<unnamed>");
    } else {
        names_demangle_print_bytes(p, c->u.s_name.s, (size_t)c->u.s_name.len);
    }
}

static void print_lambda(names_demangle_printer *p, const names_demangle_component *c) {
    char number[40];
    names_demangle_print(p, "[lambda");
    print_parameters(p, c->u.s_unary_num.sub);
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
        print_plain_name(p, c);
        break;
    case DEMANGLE_COMPONENT_QUAL_NAME:
    case DEMANGLE_COMPONENT_LOCAL_NAME:
        names_demangle_print_name(p, names_demangle_left(c));
        names_demangle_print(p, "::");
        names_demangle_print_name(p, names_demangle_right(c));
        break;
    case DEMANGLE_COMPONENT_TYPED_NAME:
        print_function(p, c);
        break;
    case DEMANGLE_COMPONENT_TEMPLATE:
        names_demangle_print_name(p, names_demangle_left(c));
        names_demangle_print(p, "<");
        print_list(p, names_demangle_right(c), &first);
        names_demangle_print(p, ">");
        break;
    case DEMANGLE_COMPONENT_OPERATOR:
        print_operator_name(p, c);
        break;
    case DEMANGLE_COMPONENT_LAMBDA:
        print_lambda(p, c);
        break;
    case DEMANGLE_COMPONENT_CTOR:
        names_demangle_print_name(p, c->u.s_ctor.name);
        break;
    case DEMANGLE_COMPONENT_TAGGED_NAME:
        names_demangle_print_name(p, names_demangle_left(c));
        break;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
        print_type(p, c);
        break;
    case DEMANGLE_COMPONENT_SUB_STD:
        names_demangle_print_bytes(p, c->u.s_string.string, (size_t)c->u.s_string.len);
        break;
    default:
        names_demangle_print_leaf(p, c);
    }
    p->depth--;
}

/* Types in kernel names as Nsight Systems spells them. */
#include "analysis/names/demangle_internal.h"

#include "analysis/base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void declare(names_demangle_printer *p, const names_demangle_component *c, const char *inner);

static bool is_void(const names_demangle_component *c) {
    if (!c || c->type != DEMANGLE_COMPONENT_BUILTIN_TYPE) {
        return false;
    }
    names_demangle_printer p = {0};
    names_demangle_print_leaf(&p, c);
    bool same = p.text && strcmp(p.text, "void") == 0;
    free(p.text);
    return same;
}

void names_demangle_print_list(names_demangle_printer *p, const names_demangle_component *c, bool *first) {
    for (; c && !p->failed; c = names_demangle_right(c)) {
        const names_demangle_component *item = names_demangle_left(c);
        if (item &&
            (item->type == DEMANGLE_COMPONENT_TEMPLATE_ARGLIST || item->type == DEMANGLE_COMPONENT_ARGLIST)) {
            names_demangle_print_list(p, item, first); /* a pack */
        } else if (item) {
            names_demangle_print(p, *first ? "" : ", ");
            *first = false;
            names_demangle_print_type(p, item);
        }
    }
}

void names_demangle_print_parameters(names_demangle_printer *p, const names_demangle_component *args) {
    bool first = true;
    names_demangle_print(p, "(");
    if (!(args && !names_demangle_right(args) && is_void(names_demangle_left(args)))) {
        names_demangle_print_list(p, args, &first);
    }
    names_demangle_print(p, ")");
}

/* (int)4, (int)-2 */
static void literal(names_demangle_printer *p, const names_demangle_component *c) {
    names_demangle_print(p, "(");
    names_demangle_print_type(p, names_demangle_left(c));
    names_demangle_print(p, c->type == DEMANGLE_COMPONENT_LITERAL_NEG ? ")-" : ")");
    names_demangle_print_name(p, names_demangle_right(c));
}

/* An operator between or before its operands. */
static void expression(names_demangle_printer *p, const names_demangle_component *c) {
    names_demangle_printer sign = {0};
    names_demangle_print_leaf(&sign, names_demangle_left(c));
    const char *text = sign.text ? sign.text : "";
    if (strncmp(text, "operator", 8) == 0) {
        text += 8;
    }
    const names_demangle_component *args = names_demangle_right(c);
    if (c->type == DEMANGLE_COMPONENT_UNARY) {
        names_demangle_print(p, text);
        names_demangle_print_type(p, args);
    } else if (args && args->type == DEMANGLE_COMPONENT_BINARY_ARGS) {
        names_demangle_print(p, "(");
        names_demangle_print_type(p, names_demangle_left(args));
        names_demangle_print(p, text);
        names_demangle_print_type(p, names_demangle_right(args));
        names_demangle_print(p, ")");
    } else {
        p->failed = true;
    }
    free(sign.text);
}

/* `inner` is what is declared: empty, or the stars around a function or array. */
static void pointer(names_demangle_printer *p, const names_demangle_component *c, const char *sign,
                    const char *inner) {
    const names_demangle_component *to = names_demangle_left(c);
    size_t len = strlen(sign) + strlen(inner) + 1;
    char *next = base_alloc(len, 1);
    snprintf(next, len, "%s%s", sign, inner);
    declare(p, to, next);
    free(next);
}

static void function_type(names_demangle_printer *p, const names_demangle_component *c, const char *inner) {
    names_demangle_print_type(p, names_demangle_left(c));
    names_demangle_print(p, *inner ? " (" : " ");
    names_demangle_print(p, inner);
    names_demangle_print(p, *inner ? ")" : "");
    names_demangle_print_parameters(p, names_demangle_right(c));
}

static void array_type(names_demangle_printer *p, const names_demangle_component *c, const char *inner) {
    names_demangle_print_type(p, names_demangle_right(c));
    names_demangle_print(p, *inner ? " (" : " ");
    names_demangle_print(p, inner);
    names_demangle_print(p, *inner ? ")[" : "[");
    if (names_demangle_left(c)) {
        names_demangle_print_type(p, names_demangle_left(c));
    }
    names_demangle_print(p, "]");
}

static bool is_pointer(const names_demangle_component *c) {
    return c && (c->type == DEMANGLE_COMPONENT_POINTER || c->type == DEMANGLE_COMPONENT_REFERENCE ||
                 c->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE);
}

/* const and volatile stand before a type, but behind a pointer's star. */
static void qualified(names_demangle_printer *p, const names_demangle_component *c, const char *word,
                      const char *inner) {
    if (is_pointer(names_demangle_left(c))) {
        size_t len = strlen(word) + strlen(inner) + 1;
        char *next = base_alloc(len, 1);
        snprintf(next, len, "%s%s", word, inner);
        declare(p, names_demangle_left(c), next);
        free(next);
        return;
    }
    names_demangle_print(p, word);
    names_demangle_print(p, " ");
    declare(p, names_demangle_left(c), inner);
}

static void declare(names_demangle_printer *p, const names_demangle_component *c, const char *inner) {
    if (!c || !names_demangle_print_enter(p)) {
        p->failed = true;
        return;
    }
    char number[32];
    bool function = false;
    switch (c->type) {
    case DEMANGLE_COMPONENT_POINTER:
        pointer(p, c, "*", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_REFERENCE:
        pointer(p, c, "&", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_RVALUE_REFERENCE:
        pointer(p, c, "&&", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_CONST:
        qualified(p, c, "const", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_VOLATILE:
        qualified(p, c, "volatile", inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_RESTRICT:
        declare(p, names_demangle_left(c), inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_FUNCTION_TYPE:
        function_type(p, c, inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_ARRAY_TYPE:
        array_type(p, c, inner);
        function = true;
        break;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
        snprintf(number, sizeof number, "T%ld", c->u.s_number.number + 1);
        names_demangle_print(p, number);
        break;
    case DEMANGLE_COMPONENT_LITERAL:
    case DEMANGLE_COMPONENT_LITERAL_NEG:
        literal(p, c);
        break;
    case DEMANGLE_COMPONENT_UNARY:
    case DEMANGLE_COMPONENT_BINARY:
        expression(p, c);
        break;
    case DEMANGLE_COMPONENT_PACK_EXPANSION:
        declare(p, names_demangle_left(c), "");
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

void names_demangle_print_type(names_demangle_printer *p, const names_demangle_component *c) {
    declare(p, c, "");
}

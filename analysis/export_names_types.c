/* Types in kernel names as Nsight Systems spells them. */
#include "analysis/export_names_parts.h"

#include "analysis/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void declare(analysis_printer *p, const analysis_component *c, const char *inner);

static bool is_void(const analysis_component *c) {
    if (!c || c->type != DEMANGLE_COMPONENT_BUILTIN_TYPE) {
        return false;
    }
    analysis_printer p = {0};
    analysis_print_leaf(&p, c);
    bool same = p.text && strcmp(p.text, "void") == 0;
    free(p.text);
    return same;
}

void analysis_print_list(analysis_printer *p, const analysis_component *c, bool *first) {
    for (; c && !p->failed; c = analysis_right(c)) {
        const analysis_component *item = analysis_left(c);
        if (item &&
            (item->type == DEMANGLE_COMPONENT_TEMPLATE_ARGLIST || item->type == DEMANGLE_COMPONENT_ARGLIST)) {
            analysis_print_list(p, item, first); /* a pack */
        } else if (item) {
            analysis_print(p, *first ? "" : ", ");
            *first = false;
            analysis_print_type(p, item);
        }
    }
}

void analysis_print_parameters(analysis_printer *p, const analysis_component *args) {
    bool first = true;
    analysis_print(p, "(");
    if (!(args && !analysis_right(args) && is_void(analysis_left(args)))) {
        analysis_print_list(p, args, &first);
    }
    analysis_print(p, ")");
}

/* (int)4, (int)-2 */
static void literal(analysis_printer *p, const analysis_component *c) {
    analysis_print(p, "(");
    analysis_print_type(p, analysis_left(c));
    analysis_print(p, c->type == DEMANGLE_COMPONENT_LITERAL_NEG ? ")-" : ")");
    analysis_print_name(p, analysis_right(c));
}

/* An operator between or before its operands. */
static void expression(analysis_printer *p, const analysis_component *c) {
    analysis_printer sign = {0};
    analysis_print_leaf(&sign, analysis_left(c));
    const char *text = sign.text ? sign.text : "";
    if (strncmp(text, "operator", 8) == 0) {
        text += 8;
    }
    const analysis_component *args = analysis_right(c);
    if (c->type == DEMANGLE_COMPONENT_UNARY) {
        analysis_print(p, text);
        analysis_print_type(p, args);
    } else if (args && args->type == DEMANGLE_COMPONENT_BINARY_ARGS) {
        analysis_print(p, "(");
        analysis_print_type(p, analysis_left(args));
        analysis_print(p, text);
        analysis_print_type(p, analysis_right(args));
        analysis_print(p, ")");
    } else {
        p->failed = true;
    }
    free(sign.text);
}

/* `inner` is what is declared: empty, or the stars around a function or array. */
static void pointer(analysis_printer *p, const analysis_component *c, const char *sign, const char *inner) {
    const analysis_component *to = analysis_left(c);
    size_t len = strlen(sign) + strlen(inner) + 1;
    char *next = analysis_alloc(len, 1);
    snprintf(next, len, "%s%s", sign, inner);
    declare(p, to, next);
    free(next);
}

static void function_type(analysis_printer *p, const analysis_component *c, const char *inner) {
    analysis_print_type(p, analysis_left(c));
    analysis_print(p, *inner ? " (" : " ");
    analysis_print(p, inner);
    analysis_print(p, *inner ? ")" : "");
    analysis_print_parameters(p, analysis_right(c));
}

static void array_type(analysis_printer *p, const analysis_component *c, const char *inner) {
    analysis_print_type(p, analysis_right(c));
    analysis_print(p, *inner ? " (" : " ");
    analysis_print(p, inner);
    analysis_print(p, *inner ? ")[" : "[");
    if (analysis_left(c)) {
        analysis_print_type(p, analysis_left(c));
    }
    analysis_print(p, "]");
}

static bool is_pointer(const analysis_component *c) {
    return c && (c->type == DEMANGLE_COMPONENT_POINTER || c->type == DEMANGLE_COMPONENT_REFERENCE ||
                 c->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE);
}

/* const and volatile stand before a type, but behind a pointer's star. */
static void qualified(analysis_printer *p, const analysis_component *c, const char *word, const char *inner) {
    if (is_pointer(analysis_left(c))) {
        size_t len = strlen(word) + strlen(inner) + 1;
        char *next = analysis_alloc(len, 1);
        snprintf(next, len, "%s%s", word, inner);
        declare(p, analysis_left(c), next);
        free(next);
        return;
    }
    analysis_print(p, word);
    analysis_print(p, " ");
    declare(p, analysis_left(c), inner);
}

static void declare(analysis_printer *p, const analysis_component *c, const char *inner) {
    if (!c || !analysis_print_enter(p)) {
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
        declare(p, analysis_left(c), inner);
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
        analysis_print(p, number);
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
        declare(p, analysis_left(c), "");
        analysis_print(p, "...");
        break;
    default:
        analysis_print_name(p, c);
    }
    if (!function && *inner) {
        analysis_print(p, " ");
        analysis_print(p, inner);
    }
    p->depth--;
}

void analysis_print_type(analysis_printer *p, const analysis_component *c) {
    declare(p, c, "");
}

/* Kernel names as Nsight Systems spells them. libiberty parses the mangled name; this file prints the tree
 * that it makes, since its own printer resolves template parameters and leaves the types of literals out. */
#include "analysis/export_names.h"

#include "analysis/memory.h"

#include <libiberty/demangle.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper trees are printed by libiberty. */
#define DEPTH_MAX 512
/* Substitutions can make a short name very long. */
#define TEXT_MAX (1u << 20)

typedef struct demangle_component component;

typedef struct {
    char *text;
    size_t len, cap;
    unsigned depth;
    bool failed; /* a part that this printer does not know: the caller falls back */
} printer;

static void name_of(printer *p, const component *c);
static void type_of(printer *p, const component *c);
static void declare(printer *p, const component *c, const char *inner);

static void put_bytes(printer *p, const char *s, size_t len) {
    if (p->len + len > TEXT_MAX) {
        p->failed = true;
        return;
    }
    p->text = analysis_grow(p->text, &p->cap, p->len + len + 1, 1);
    memcpy(p->text + p->len, s, len);
    p->len += len;
    p->text[p->len] = '\0';
}

static void put(printer *p, const char *s) {
    put_bytes(p, s, strlen(s));
}

static bool enter(printer *p) {
    if (p->depth >= DEPTH_MAX || p->failed) {
        p->failed = true;
        return false;
    }
    p->depth++;
    return true;
}

static void put_libiberty(const char *s, size_t len, void *p) {
    put_bytes(p, s, len);
}

/* A leaf (a builtin type, an operator) in libiberty's words. */
static void leaf(printer *p, const component *c) {
    if (!cplus_demangle_print_callback(DMGL_PARAMS | DMGL_ANSI, (component *)c, put_libiberty, p)) {
        p->failed = true;
    }
}

static const component *left(const component *c) {
    return c->u.s_binary.left;
}

static const component *right(const component *c) {
    return c->u.s_binary.right;
}

static bool is_function_qualifier(const component *c) {
    return c->type == DEMANGLE_COMPONENT_CONST_THIS || c->type == DEMANGLE_COMPONENT_VOLATILE_THIS ||
           c->type == DEMANGLE_COMPONENT_RESTRICT_THIS || c->type == DEMANGLE_COMPONENT_REFERENCE_THIS ||
           c->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS;
}

/* What stands behind the arguments of a member function. */
static void function_qualifiers(printer *p, const component *c) {
    for (; c && is_function_qualifier(c); c = left(c)) {
        put(p, c->type == DEMANGLE_COMPONENT_CONST_THIS       ? " const"
               : c->type == DEMANGLE_COMPONENT_VOLATILE_THIS  ? " volatile"
               : c->type == DEMANGLE_COMPONENT_REFERENCE_THIS ? " &"
               : c->type == DEMANGLE_COMPONENT_RESTRICT_THIS  ? " restrict"
                                                              : " &&");
    }
}

static const component *without_qualifiers(const component *c) {
    while (c && is_function_qualifier(c)) {
        c = left(c);
    }
    return c;
}

static bool is_void(const component *c) {
    if (!c || c->type != DEMANGLE_COMPONENT_BUILTIN_TYPE) {
        return false;
    }
    printer p = {0};
    leaf(&p, c);
    bool same = p.text && strcmp(p.text, "void") == 0;
    free(p.text);
    return same;
}

/* Types or template arguments with commas between them; an empty pack leaves no trace. */
static void list(printer *p, const component *c, bool *first) {
    for (; c && !p->failed; c = right(c)) {
        const component *item = left(c);
        if (item &&
            (item->type == DEMANGLE_COMPONENT_TEMPLATE_ARGLIST || item->type == DEMANGLE_COMPONENT_ARGLIST)) {
            list(p, item, first); /* a pack */
        } else if (item) {
            put(p, *first ? "" : ", ");
            *first = false;
            type_of(p, item);
        }
    }
}

static void parameters(printer *p, const component *args) {
    bool first = true;
    put(p, "(");
    if (!(args && !right(args) && is_void(left(args)))) {
        list(p, args, &first);
    }
    put(p, ")");
}

/* Whether the component refers to `other`. Leaves hold no components, and what they leave out is not set. */
static bool refers(const component *c, const component *other) {
    switch (c->type) {
    case DEMANGLE_COMPONENT_NAME:
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
    case DEMANGLE_COMPONENT_FUNCTION_PARAM:
    case DEMANGLE_COMPONENT_SUB_STD:
    case DEMANGLE_COMPONENT_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_EXTENDED_BUILTIN_TYPE:
    case DEMANGLE_COMPONENT_OPERATOR:
    case DEMANGLE_COMPONENT_CHARACTER:
    case DEMANGLE_COMPONENT_NUMBER:
    case DEMANGLE_COMPONENT_UNNAMED_TYPE:
        return false;
    case DEMANGLE_COMPONENT_LAMBDA:
    case DEMANGLE_COMPONENT_DEFAULT_ARG:
    case DEMANGLE_COMPONENT_FIXED_TYPE:
        return left(c) == other;
    default:
        return left(c) == other || right(c) == other;
    }
}

/* What a template function returns that a local name lies in. libiberty takes it out of the tree, but not out
 * of its memory: components stand there in the order in which they were parsed, the returned type between the
 * name and the parameters, and it is the one there that nothing refers to. NULL when it is not found. */
static const component *lost_return_type(const component *name, const component *function) {
    name = without_qualifiers(name);
    if (!name || name->type != DEMANGLE_COMPONENT_TEMPLATE) {
        return NULL;
    }
    for (const component *c = name + 1; c < function; c++) {
        bool wanted = false;
        for (const component *user = c + 1; user <= function && !wanted; user++) {
            wanted = refers(user, c);
        }
        if (!wanted) {
            return c;
        }
    }
    return NULL;
}

/* A function with its name: what it returns (of templates only), name, parameters, qualifiers. */
static void encoding(printer *p, const component *c) {
    const component *function = right(c), *name = left(c);
    if (function->type != DEMANGLE_COMPONENT_FUNCTION_TYPE) {
        p->failed = true;
        return;
    }
    const component *returned = left(function) ? left(function) : lost_return_type(name, function);
    if (returned) {
        type_of(p, returned);
        put(p, " ");
    }
    /* The qualifiers of a local function's name are wrapped around its last part. */
    name_of(p, without_qualifiers(name));
    parameters(p, right(function));
    const component *last = without_qualifiers(name);
    while (last && last->type == DEMANGLE_COMPONENT_LOCAL_NAME) {
        last = right(last);
        function_qualifiers(p, last);
        last = without_qualifiers(last);
    }
    function_qualifiers(p, name);
}

static void operator_name(printer *p, const component *c) {
    printer word = {0};
    leaf(&word, c);
    const char *text = word.text ? word.text : "";
    if (strncmp(text, "operator", 8) == 0 && text[8] != ' ') {
        put(p, "operator ");
        put(p, text + 8);
    } else {
        put(p, text);
    }
    free(word.text);
}

static void plain_name(printer *p, const component *c) {
    static const char anonymous[] = "(anonymous namespace)";
    if (c->u.s_name.len == (int)sizeof anonymous - 1 &&
        memcmp(c->u.s_name.s, anonymous, sizeof anonymous - 1) == 0) {
        put(p, "<unnamed>");
    } else {
        put_bytes(p, c->u.s_name.s, (size_t)c->u.s_name.len);
    }
}

static void lambda(printer *p, const component *c) {
    char number[40];
    put(p, "[lambda");
    parameters(p, c->u.s_unary_num.sub);
    snprintf(number, sizeof number, " (instance %d)]", c->u.s_unary_num.num + 1);
    put(p, number);
}

/* A name, qualified as far as the tree has it. */
static void name_of(printer *p, const component *c) {
    if (!c || !enter(p)) {
        p->failed = true;
        return;
    }
    bool first = true;
    c = without_qualifiers(c);
    switch (c->type) {
    case DEMANGLE_COMPONENT_NAME:
        plain_name(p, c);
        break;
    case DEMANGLE_COMPONENT_QUAL_NAME:
    case DEMANGLE_COMPONENT_LOCAL_NAME:
        name_of(p, left(c));
        put(p, "::");
        name_of(p, right(c));
        break;
    case DEMANGLE_COMPONENT_TYPED_NAME:
        encoding(p, c);
        break;
    case DEMANGLE_COMPONENT_TEMPLATE:
        name_of(p, left(c));
        put(p, "<");
        list(p, right(c), &first);
        put(p, ">");
        break;
    case DEMANGLE_COMPONENT_OPERATOR:
        operator_name(p, c);
        break;
    case DEMANGLE_COMPONENT_LAMBDA:
        lambda(p, c);
        break;
    case DEMANGLE_COMPONENT_CTOR:
        name_of(p, c->u.s_ctor.name);
        break;
    case DEMANGLE_COMPONENT_TAGGED_NAME:
        name_of(p, left(c));
        break;
    case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
        type_of(p, c);
        break;
    case DEMANGLE_COMPONENT_SUB_STD:
        put_bytes(p, c->u.s_string.string, (size_t)c->u.s_string.len);
        break;
    default:
        leaf(p, c);
    }
    p->depth--;
}

/* (int)4, (int)-2 */
static void literal(printer *p, const component *c) {
    put(p, "(");
    type_of(p, left(c));
    put(p, c->type == DEMANGLE_COMPONENT_LITERAL_NEG ? ")-" : ")");
    name_of(p, right(c));
}

/* An operator between or before its operands. */
static void expression(printer *p, const component *c) {
    printer sign = {0};
    leaf(&sign, left(c));
    const char *text = sign.text ? sign.text : "";
    if (strncmp(text, "operator", 8) == 0) {
        text += 8;
    }
    const component *args = right(c);
    if (c->type == DEMANGLE_COMPONENT_UNARY) {
        put(p, text);
        type_of(p, args);
    } else if (args && args->type == DEMANGLE_COMPONENT_BINARY_ARGS) {
        put(p, "(");
        type_of(p, left(args));
        put(p, text);
        type_of(p, right(args));
        put(p, ")");
    } else {
        p->failed = true;
    }
    free(sign.text);
}

/* `inner` is what is declared: empty, or the stars around a function or array. */
static void pointer(printer *p, const component *c, const char *sign, const char *inner) {
    const component *to = left(c);
    size_t len = strlen(sign) + strlen(inner) + 1;
    char *next = analysis_alloc(len, 1);
    snprintf(next, len, "%s%s", sign, inner);
    declare(p, to, next);
    free(next);
}

static void function_type(printer *p, const component *c, const char *inner) {
    type_of(p, left(c));
    put(p, *inner ? " (" : " ");
    put(p, inner);
    put(p, *inner ? ")" : "");
    parameters(p, right(c));
}

static void array_type(printer *p, const component *c, const char *inner) {
    type_of(p, right(c));
    put(p, *inner ? " (" : " ");
    put(p, inner);
    put(p, *inner ? ")[" : "[");
    if (left(c)) {
        type_of(p, left(c));
    }
    put(p, "]");
}

static bool is_pointer(const component *c) {
    return c && (c->type == DEMANGLE_COMPONENT_POINTER || c->type == DEMANGLE_COMPONENT_REFERENCE ||
                 c->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE);
}

/* const and volatile stand before a type, but behind a pointer's star. */
static void qualified(printer *p, const component *c, const char *word, const char *inner) {
    if (is_pointer(left(c))) {
        size_t len = strlen(word) + strlen(inner) + 1;
        char *next = analysis_alloc(len, 1);
        snprintf(next, len, "%s%s", word, inner);
        declare(p, left(c), next);
        free(next);
        return;
    }
    put(p, word);
    put(p, " ");
    declare(p, left(c), inner);
}

static void declare(printer *p, const component *c, const char *inner) {
    if (!c || !enter(p)) {
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
        declare(p, left(c), inner);
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
        put(p, number);
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
        declare(p, left(c), "");
        put(p, "...");
        break;
    default:
        name_of(p, c);
    }
    if (!function && *inner) {
        put(p, " ");
        put(p, inner);
    }
    p->depth--;
}

static void type_of(printer *p, const component *c) {
    declare(p, c, "");
}

static component *parse(const char *mangled, void **memory) {
    *memory = NULL;
    return strncmp(mangled, "_Z", 2) == 0
               ? cplus_demangle_v3_components(mangled, DMGL_PARAMS | DMGL_ANSI, memory)
               : NULL;
}

char *analysis_kernel_demangled(const char *mangled) {
    void *memory;
    printer p = {0};
    component *tree = parse(mangled, &memory);
    if (tree) {
        name_of(&p, tree);
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
    printer p = {0};
    const component *c = parse(mangled, &memory);
    while (c) {
        c = without_qualifiers(c);
        if (c && (c->type == DEMANGLE_COMPONENT_QUAL_NAME || c->type == DEMANGLE_COMPONENT_LOCAL_NAME)) {
            c = right(c);
        } else if (c &&
                   (c->type == DEMANGLE_COMPONENT_TYPED_NAME || c->type == DEMANGLE_COMPONENT_TEMPLATE)) {
            c = left(c);
        } else {
            break;
        }
    }
    if (c) {
        name_of(&p, c);
    }
    free(memory);
    if (c && !p.failed && p.text) {
        return p.text;
    }
    free(p.text);
    return analysis_copy(mangled, strlen(mangled));
}

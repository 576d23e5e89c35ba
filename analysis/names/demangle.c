#include "analysis/names/demangle.h"

#include "analysis/base/alloc.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a name that is cut: bytes that are kept at its beginning, and of a mangled one at its end. */
#define HEAD 1024
#define TAIL 64

/* libiberty's printer cannot be told to end, so that the bound leaves it by longjmp: it holds no memory but its stack. */
typedef struct {
    jmp_buf full;
    size_t len;
    void (*put)(const char *s, size_t len, void *ctx);
    void *ctx;
} bounded_output;

static void put_bounded(const char *s, size_t len, void *ctx) {
    bounded_output *out = ctx;
    if (out->len + len > NAMES_DEMANGLED_MAX) {
        longjmp(out->full, 1);
    }
    out->len += len;
    out->put(s, len, out->ctx);
}

typedef struct {
    char *text;
    size_t len, cap;
} growing_text;

static void append_text(const char *s, size_t len, void *ctx) {
    growing_text *t = ctx;
    t->text = base_grow(t->text, &t->cap, t->len + len + 1, 1);
    memcpy(t->text + t->len, s, len);
    t->len += len;
    t->text[t->len] = '\0';
}

/* Too long to be parsed: as it is, but without its middle. */
static char *shorten_mangled(const char *mangled, size_t len) {
    char *text = base_alloc(HEAD + TAIL + 64, 1);
    sprintf(text, "%.*s...%s [mangled, %zu bytes]", HEAD, mangled, mangled + len - TAIL, len);
    return text;
}

typedef enum { NOT_MANGLED, WHOLE, CUT } demangle_result;

static demangle_result demangle_bounded(const char *mangled, int options, growing_text *text) {
    bounded_output out = {.put = append_text, .ctx = text};
    if (setjmp(out.full) != 0) {
        return CUT;
    }
    int rc = cplus_demangle_v3_callback(mangled, options | DMGL_NO_RECURSE_LIMIT, put_bounded, &out);
    if (!text->text) {
        return NOT_MANGLED;
    }
    return rc ? WHOLE : CUT; /* libiberty prints nothing behind a component that is too deep for it */
}

char *names_demangle(const char *mangled, int options) {
    static const char remark[] = "...[cut]";
    size_t len = strlen(mangled);
    if (strncmp(mangled, "_Z", 2) != 0) {
        return NULL;
    }
    if (len > NAMES_MANGLED_MAX) {
        return shorten_mangled(mangled, len);
    }
    growing_text text = {0};
    demangle_result result = demangle_bounded(mangled, options, &text);
    if (result == NOT_MANGLED) {
        free(text.text);
        return NULL;
    }
    if (result == CUT) {
        text.len = text.len > HEAD ? HEAD : text.len;
        append_text(remark, sizeof remark - 1, &text);
    }
    return text.text;
}

bool names_demangle_component_to(const struct demangle_component *c, int options,
                                 void (*put)(const char *s, size_t len, void *ctx), void *ctx) {
    bounded_output out = {.put = put, .ctx = ctx};
    if (setjmp(out.full) != 0) {
        return false;
    }
    return cplus_demangle_print_callback(options, (struct demangle_component *)c, put_bounded, &out) != 0;
}

/* Tables and labelled lines for terminals. */
#include "analysis/table.h"

#include "analysis/memory.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#define LABEL 24 /* columns of a field's label, with the space behind it */

static bool continues(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t analysis_text_width(const char *text) {
    size_t n = 0;
    for (; *text; text++) {
        n += !continues(*text);
    }
    return n;
}

/* The byte behind the first n characters. */
static const char *skip(const char *text, size_t n) {
    while (*text && n > 0) {
        text++;
        while (continues(*text)) {
            text++;
        }
        n--;
    }
    return text;
}

char *analysis_shorten(const char *text, size_t width) {
    size_t has = analysis_text_width(text);
    if (has <= width) {
        return analysis_copy(text, strlen(text));
    }
    size_t keep = width > 3 ? width - 3 : 0, head = keep - keep / 5; /* names differ early */
    const char *cut = skip(text, head), *tail = skip(text, has - (keep - head));
    char *out = analysis_alloc((size_t)(cut - text) + 3 + strlen(tail) + 1, 1);
    memcpy(out, text, (size_t)(cut - text));
    memcpy(out + (cut - text), "...", 3);
    memcpy(out + (cut - text) + 3, tail, strlen(tail));
    return out;
}

void analysis_put_text(FILE *out, const char *text, size_t len) {
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        putc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

/* ---- Tables ---- */

static void add_cell(analysis_table *t, char *text) {
    t->cells = analysis_grow(t->cells, &t->cap, t->count + 1, sizeof *t->cells);
    t->cells[t->count++] = text;
}

void analysis_table_begin(analysis_table *t, const char *alignment, size_t flexible,
                          const char *const *headers) {
    *t = (analysis_table){.columns = strlen(alignment), .alignment = alignment, .flexible = flexible};
    for (size_t i = 0; i < t->columns; i++) {
        add_cell(t, analysis_copy(headers[i], strlen(headers[i])));
    }
}

static char *formatted(const char *format, va_list args) {
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        return analysis_copy("", 0);
    }
    return text;
}

void analysis_table_cell(analysis_table *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add_cell(t, formatted(format, args));
    va_end(args);
}

static void pad(FILE *out, size_t n) {
    while (n-- > 0) {
        putc(' ', out);
    }
}

static void print_cell(const analysis_table *t, FILE *out, size_t i, const size_t *widths) {
    size_t column = i % t->columns;
    char *text = analysis_shorten(t->cells[i], widths[column]);
    size_t missing = widths[column] - analysis_text_width(text);
    if (t->alignment[column] == 'r') {
        pad(out, missing);
    }
    analysis_put_text(out, text, strlen(text));
    if (column + 1 == t->columns) {
        putc('\n', out);
    } else {
        pad(out, (t->alignment[column] == 'r' ? 0 : missing) + 2);
    }
    free(text);
}

void analysis_table_end(analysis_table *t, FILE *out) {
    size_t *widths = analysis_alloc(t->columns, sizeof *widths), total = 2 * (t->columns - 1);
    for (size_t i = 0; i < t->count; i++) {
        size_t width = analysis_text_width(t->cells[i]);
        widths[i % t->columns] = width > widths[i % t->columns] ? width : widths[i % t->columns];
    }
    for (size_t i = 0; i < t->columns; i++) {
        total += widths[i];
    }
    if (total > ANALYSIS_WIDTH) {
        size_t over = total - ANALYSIS_WIDTH, *width = &widths[t->flexible];
        *width = *width > over + 12 ? *width - over : *width < 12 ? *width : 12;
    }
    for (size_t i = 0; i < t->count; i++) {
        print_cell(t, out, i, widths);
        free(t->cells[i]);
    }
    free(widths);
    free(t->cells);
    memset(t, 0, sizeof *t);
}

/* ---- Fields ---- */

void analysis_field(FILE *out, const char *label, const char *value) {
    size_t has = (size_t)fprintf(out, "  %-*s", LABEL - 3, label);
    putc(' ', out);
    for (has++; value && analysis_text_width(value) > ANALYSIS_WIDTH - has;) {
        const char *limit = skip(value, ANALYSIS_WIDTH - has), *cut = limit;
        while (cut > value && *cut != ' ') {
            cut--;
        }
        cut = cut == value ? limit : cut;
        analysis_put_text(out, value, (size_t)(cut - value));
        putc('\n', out);
        has = LABEL;
        pad(out, has);
        value = *cut == ' ' ? cut + 1 : cut;
    }
    analysis_put_text(out, value ? value : "-", value ? strlen(value) : 1);
    putc('\n', out);
}

void analysis_fieldf(FILE *out, const char *label, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = formatted(format, args);
    va_end(args);
    analysis_field(out, label, text);
    free(text);
}

/* ---- Values ---- */

const char *analysis_format_ms(char buf[32], double value) {
    int digits = value < 1000 ? 3 : value < 10000 ? 2 : value < 100000 ? 1 : 0;
    snprintf(buf, 32, "%.*f", digits, value);
    return buf;
}

static bool in_identifier(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Takes the names of namespaces and classes ("at::native::") out of a demangled name, in place. Templates and
 * functions as scopes stay: what they say is often all that tells two kernels apart. */
static void drop_scopes(char *name) {
    static const char unnamed[] = "(anonymous namespace)";
    size_t to = 0, begun = 0; /* of what is kept: its length, and where the current identifier began */
    for (const char *from = name; *from;) {
        if (strncmp(from, unnamed, sizeof unnamed - 1) == 0 &&
            strncmp(from + sizeof unnamed - 1, "::", 2) == 0) {
            from += sizeof unnamed - 1 + 2;
        } else if (from[0] == ':' && from[1] == ':' && to > begun) {
            to = begun;
            from += 2;
        } else {
            begun = in_identifier(*from) ? begun : to + 1;
            name[to++] = *from++;
        }
    }
    name[to] = '\0';
}

/* Empties the parentheses of a name, in place: parameters of functions that kernels were made for, mostly. */
static void drop_parameters(char *name) {
    size_t to = 0, depth = 0;
    for (const char *from = name; *from; from++) {
        depth -= *from == ')' && depth > 0;
        if (depth == 0) {
            name[to++] = *from;
        }
        depth += *from == '(';
    }
    name[to] = '\0';
}

char *analysis_kernel_name(const char *mangled, size_t width) {
    if (*mangled == '\0') {
        return analysis_copy("(no name)", strlen("(no name)"));
    }
    char *name = cplus_demangle_v3(mangled, DMGL_ANSI);
    if (!name) {
        return analysis_copy(mangled, strlen(mangled));
    }
    char *copy = analysis_copy(name, strlen(name)); /* the demangler's memory is its own */
    free(name);
    if (analysis_text_width(copy) > width) {
        drop_scopes(copy);
    }
    if (analysis_text_width(copy) > width) {
        drop_parameters(copy);
    }
    return copy;
}
